"""Whether a process may take one that is like a record for the same, without asking a person.

A number says so: that of a company, an EAN, a production unit. Else the two are reached alike: by
one mail address, one telephone number, or, of companies, one domain, whose people have addresses of
their own. Else name and place agree, and nothing that is known of both speaks against it: another
mail address does, and of a person another telephone number, for companies have many. What is not
sure is another record, and a pair for people to look at.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from hub.matching.candidates import Candidate
from hub.matching.evidence import Evidence
from hub.matching.scoring import FORBID

_SHARED = frozenset({"cvr", "country", "city", "postcode"})
"""What says nothing by itself: municipalities and chains share one number over many units."""
_NUMBERS = frozenset({"cvr", "ean", "p_number"})


class _Sureness(IntEnum):
    UNLIKE = 0
    CONTRADICTED = 1
    UNCONTRADICTED = 2
    REACHED_ALIKE = 3
    NUMBERED_ALIKE = 4


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether two are surely the same, and if not, what keeps those apart that are else alike."""

    is_sure: bool
    against: tuple[Evidence, ...] = ()


def judge(
    candidates: Iterable[Candidate], *, of_companies: bool, known_apart: bool = False
) -> Judgement:
    """Say whether a party is surely the one that some candidates are.

    Args:
        candidates: what a party has in common with one record; with several of them where they are
            known to be one, such as rows of a file. What keeps it from one keeps it from all then,
            unless it is reached or numbered as one of them.
        of_companies: neither of the two is known to be a person.
        known_apart: somebody who keeps records of the two has them under two ids, as a shop has its
            accounts: only a number may say that they are one.
    """
    found = [(_sureness(each, of_companies=of_companies), each) for each in candidates]
    best = max((sureness for sureness, _ in found), default=_Sureness.UNLIKE)
    against = [
        item
        for sureness, each in found
        if sureness is _Sureness.CONTRADICTED
        for item in _against(each, of_companies=of_companies)
    ]
    if known_apart:
        is_sure = best is _Sureness.NUMBERED_ALIKE
    elif against:
        is_sure = best >= _Sureness.REACHED_ALIKE
    else:
        is_sure = best >= _Sureness.UNCONTRADICTED
    return Judgement(is_sure, () if is_sure else tuple({i.field: i for i in against}.values()))


def _sureness(candidate: Candidate, *, of_companies: bool) -> _Sureness:
    if not _is_alike(candidate):
        return _Sureness.UNLIKE
    same = {item.field for item in candidate.evidence if item.kind == "same"}
    if same & _NUMBERS:
        return _Sureness.NUMBERED_ALIKE
    if same & {"phone", "email"} or (of_companies and "website" in same):
        return _Sureness.REACHED_ALIKE
    if _against(candidate, of_companies=of_companies):
        return _Sureness.CONTRADICTED
    return _Sureness.UNCONTRADICTED


def _is_alike(candidate: Candidate) -> bool:
    supports = {item.field for item in candidate.evidence if item.weight > 0} - _SHARED
    contradicted = any(
        item.kind in {"sister", "unit"} or (item.field == "cvr" and item.weight < 0)
        for item in candidate.evidence
    )
    return candidate.score >= FORBID and bool(supports) and not contradicted


def _against(candidate: Candidate, *, of_companies: bool) -> list[Evidence]:
    fields = {"email"} if of_companies else {"email", "phone"}
    return [
        item for item in candidate.evidence if item.kind == "different" and item.field in fields
    ]
