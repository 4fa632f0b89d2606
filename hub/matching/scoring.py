"""How surely two parties are the same, and why.

Every observation adds log-odds; their sum, from a start that supposes two parties, becomes a score
between 0 and 1. The weights are set by hand and by rule, not learnt: what unsupervised learning
makes of sister companies and shared telephone numbers is wrong. (The tests hold the figures on
labelled data.) Knowledge is no weight but a bound:

- another registration number, VAT number of one country, EAN or production unit: another party;
- a word or number that tells sisters apart: another party, unless an identifier says otherwise;
- the same registration number, EAN or production unit: the same party as far as creating another
  goes; whether records may be linked is asked of `hub.matching.sureness`.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from hub.i18n import N_
from hub.matching.comparing import Comparable
from hub.matching.contact_evidence import BEST_DOMAIN, of_contacts, of_domains
from hub.matching.evidence import Evidence
from hub.matching.frequencies import Frequencies
from hub.matching.identifiers import Bounds, of_identifiers
from hub.matching.name_evidence import BEST_NAME, are_sisters, of_names
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
    around = [*of_contacts(first, second, known), *of_places(first, second, known)]
    return _scored(first, second, known, around, of_identifiers(first, second))


def compare_if(
    first: Comparable, second: Comparable, known: Frequencies, least: float
) -> Scored | None:
    """Compare two parties as far as it takes to see that they stay below a score; None then."""
    bounds = of_identifiers(first, second)
    wanted = math.log(least / (1 - least))
    if bounds.most is not None and bounds.most < wanted:
        return None
    around = [*of_contacts(first, second, known), *of_places(first, second, known)]
    if bounds.least is None and _best(first, second, around) < wanted:
        return None
    found = _scored(first, second, known, around, bounds)
    return found if found.score >= least else None


def _best(first: Comparable, second: Comparable, around: list[Evidence]) -> float:
    """Return the sum that the names could bring about at best."""
    best = _START + BEST_NAME + math.fsum(item.weight for item in around)
    if not any(item.weight < 0 for item in around):
        best += _WRITTEN_TWICE
    return best if set(first.domains).isdisjoint(second.domains) else best + BEST_DOMAIN


def _scored(
    first: Comparable,
    second: Comparable,
    known: Frequencies,
    around: list[Evidence],
    bounds: Bounds,
) -> Scored:
    evidence = of_names(first, second, known)
    named = math.fsum(item.weight for item in evidence)
    evidence += of_domains(first, second, known, name_weight=named)
    evidence += around
    total = _START + math.fsum(item.weight for item in evidence)
    if _is_written_twice(first, second, evidence):
        total += _WRITTEN_TWICE
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
