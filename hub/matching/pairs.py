"""Pairs of records that may be the same: found in batches, or compared because they are known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from hub.matching import meeting
from hub.matching.comparing import Comparable
from hub.matching.evidence import Evidence
from hub.matching.fingerprints import fingerprint
from hub.matching.frequencies import Frequencies
from hub.matching.scoring import WARN, Scored, compare, compare_if


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records, the lesser id first, how surely they are the same (0..1), and why."""

    first_id: UUID
    second_id: UUID
    score: float
    evidence: tuple[Evidence, ...]
    fingerprint: Mapping[str, str]


def find_pairs(
    session: Session,
    entity: str,
    record_ids: Sequence[UUID],
    *,
    later_only: bool = False,
    least: float = WARN,
) -> list[Pair]:
    """Return the pairs that some records make with any record, each once, in order of ids.

    Args:
        session: the caller's.
        entity: whose records.
        record_ids: which; some hundreds at a time.
        later_only: only pairs with a record of a greater id, so that one pass over all records
            meets each pair once.
        least: the score from which a pair is returned.
    """
    members = meeting.load(session, entity, record_ids)
    sizes = meeting.sizes_of(session, members)
    known = Frequencies(entity, sizes)
    found: dict[tuple[UUID, UUID], Pair] = {}
    for met in meeting.meet(session, entity, members, sizes, later_only=later_only):
        ids = _ordered(met.one, met.other)
        if ids not in found:
            one, other = members[met.one].facts, met.facts
            scored = compare_if(one, other, known, least)
            if scored is not None:
                found[ids] = _pair(ids, scored, one, other)
    return [found[ids] for ids in sorted(found)]


def compare_pairs(
    session: Session, entity: str, pairs: Iterable[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], Pair]:
    """Return known pairs as they are now, whatever their score; keys are ordered ids.

    A pair is absent where one of its records is not in any more.
    """
    wanted = {_ordered(*pair) for pair in pairs}
    if not wanted:
        return {}
    members = meeting.load(session, entity, sorted({one for pair in wanted for one in pair}))
    known = Frequencies(entity, meeting.sizes_of(session, members))
    found = {}
    for ids in wanted:
        if ids[0] in members and ids[1] in members:
            first, second = (members[record_id].facts for record_id in ids)
            found[ids] = _pair(ids, compare(first, second, known), first, second)
    return found


def _pair(ids: tuple[UUID, UUID], scored: Scored, one: Comparable, other: Comparable) -> Pair:
    return Pair(*ids, scored.score, scored.evidence, fingerprint(one, other))


def _ordered(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return (one, other) if one < other else (other, one)
