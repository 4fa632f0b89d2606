"""How surely two parties are the same, and why.

Every observation adds log-odds; their sum, from a start that supposes two parties, becomes a score
between 0 and 1. The weights are set by hand and by rule, not learnt: what unsupervised learning
makes of sister companies and shared telephone numbers is wrong. (The tests hold the figures on
labelled data.) Knowledge is no weight but a bound:

- another registration number, VAT number of one country, EAN or production unit: another party;
- a word or number that tells sisters apart: another party, unless an identifier says otherwise;
- the same registration number, EAN or production unit: the same party as far as creating another
  goes; whether records may be linked is asked of `Candidate.may_link`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from hub.i18n import N_
from hub.matching.comparing import Comparable
from hub.matching.contact_evidence import of_contacts, of_domains
from hub.matching.evidence import Evidence
from hub.matching.frequencies import Frequencies
from hub.matching.identifiers import of_identifiers
from hub.matching.name_evidence import are_sisters, of_names
from hub.matching.place_evidence import of_places

WARN = 0.6
"""From here on a pair is shown to people."""
FORBID = 0.9
"""From here on a second record is refused unless somebody says that it is meant."""

_START = -4.0  # of two records that share a key about one pair in fifty is the same
_WRITTEN_TWICE = 1.6
_SISTERS = -0.5  # 0.38


@dataclass(frozen=True, slots=True)
class Scored:
    """The score of a pair, 0..1, and what it rests on, the weightiest first."""

    score: float
    evidence: tuple[Evidence, ...]


def compare(first: Comparable, second: Comparable, known: Frequencies) -> Scored:
    """Compare two parties; the same whichever comes first."""
    evidence = of_names(first, second, known)
    evidence += of_domains(first, second, known, name_weight=sum(item.weight for item in evidence))
    evidence += of_contacts(first, second, known)
    evidence += of_places(first, second, known)
    total = _START + math.fsum(item.weight for item in evidence)
    if _is_written_twice(first, second, evidence):
        total += _WRITTEN_TWICE
    bounds = of_identifiers(first, second)
    evidence += bounds.evidence
    if are_sisters(first, second):
        evidence.append(
            Evidence("name", "sister", N_("A word or number tells the names apart."), -2.0)
        )
        total = min(total, _SISTERS)
    if bounds.least is not None:
        total = max(total, bounds.least)
    if bounds.most is not None:
        total = min(total, bounds.most)
    return Scored(round(1 / (1 + math.exp(-total)), 4), _ordered(evidence))


def may_be_same(first: Comparable, second: Comparable) -> bool:
    """Say whether a comparison can come to `WARN` at all; most often, and quickly, it cannot."""
    most = of_identifiers(first, second).most
    return most is None or most > 0


def _is_written_twice(first: Comparable, second: Comparable, evidence: Iterable[Evidence]) -> bool:
    """Say whether the same was written twice: one name, one legal form, nothing against it."""
    kinds = {(item.field, item.kind) for item in evidence}
    return (
        first.forms == second.forms
        and ("name", "same") in kinds
        and not any(item.weight < 0 for item in evidence)
    )


def _ordered(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(sorted(evidence, key=lambda item: (-abs(item.weight), item.field, item.kind)))
