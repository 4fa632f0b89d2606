"""Pairs of records that may be the same: found in batches, or compared because they are known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from hub.matching import meeting
from hub.matching.agreeing import agreeing, meeting_keys
from hub.matching.comparing import Comparable
from hub.matching.evidence import Evidence
from hub.matching.fingerprints import fingerprint
from hub.matching.frequencies import Frequencies, of_both
from hub.matching.meeting import Member
from hub.matching.scoring import WARN, Scored, compare, compare_if


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records, the lesser id first, how surely they are the same (0..1), and why.

    `agrees` are the fields in which both say the same.
    """

    first_id: UUID
    second_id: UUID
    score: float
    evidence: tuple[Evidence, ...]
    fingerprint: Mapping[str, str]
    agrees: tuple[str, ...]
    first_entity: str
    second_entity: str


def find_pairs(
    session: Session,
    entity: str,
    record_ids: Sequence[UUID],
    *,
    among: str | None = None,
    later_only: bool = False,
    least: float = WARN,
) -> list[Pair]:
    """Return the pairs that some records make with any record, each once, in order of ids.

    Args:
        session: the caller's.
        entity: whose records.
        record_ids: which; some hundreds at a time.
        among: with records of which entity; of their own where None.
        later_only: only pairs with a record of a greater id, so that one pass over all records
            meets each pair once.
        least: the score from which a pair is returned.
    """
    asked = _Asked.of(session, entity, record_ids, among or entity)
    found: dict[tuple[UUID, UUID], Pair] = {}
    for met in meeting.meet(
        session, asked.among, asked.members, asked.sizes, later_only=later_only,
        fewest=asked.fewest,
    ):  # fmt: skip
        if _ordered(met.one, met.other) not in found:
            one, other = asked.members[met.one].facts, met.facts
            scored = compare_if(one, other, asked.known, least)
            if scored is not None:
                pair = asked.pair(met, scored)
                found[pair.first_id, pair.second_id] = pair
    return [found[ids] for ids in sorted(found)]


def find_agreeing(
    session: Session,
    entity: str,
    record_ids: Sequence[UUID],
    fields: Iterable[str],
    *,
    among: str | None = None,
    later_only: bool = False,
) -> list[Pair]:
    """Return the pairs of records that say the same in some fields, whatever their score.

    Of very many that agree each is paired with the nearest (`meeting.NEAREST`), so that they hang
    together and cost no more than they are. `fields` name one that has keys at least
    (`MEETING_FIELDS`). For the other arguments, see `find_pairs`.
    """
    asked = _Asked.of(session, entity, record_ids, among or entity)
    wanted = set(fields)
    keys = [
        (record_id, digest)
        for record_id, member in asked.members.items()
        for digest in _rarest(member.facts, wanted, asked)
    ]
    found: dict[tuple[UUID, UUID], Pair] = {}
    near: dict[UUID, int] = {}
    for met in meeting.follow(session, asked.among, keys, later_only=later_only):
        ids, place = _ordered(met.one, met.other), near.get(met.one, 0)
        if ids in found or place == meeting.NEAREST:
            continue
        one = asked.members[met.one].facts
        if wanted <= set(agreeing(one, met.facts)):
            near[met.one] = place + 1
            found[ids] = asked.pair(met, compare(one, met.facts, asked.known))
    return [found[ids] for ids in sorted(found)]


def compare_pairs(
    session: Session,
    entity: str,
    pairs: Iterable[tuple[UUID, UUID]],
    *,
    among: str | None = None,
) -> dict[tuple[UUID, UUID], Pair]:
    """Return known pairs as they are now, whatever their score; keys are ordered ids.

    A pair is absent where one of its records is not in any more. The first id of each is a record
    of `entity`, the second one of `among`.
    """
    other_entity = among or entity
    wanted = list(pairs)
    if not wanted:
        return {}
    firsts, seconds = {one for one, _ in wanted}, {other for _, other in wanted}
    is_one_kind = other_entity == entity
    ids = sorted(firsts | seconds if is_one_kind else firsts)
    asked = _Asked.of(session, entity, ids, other_entity)
    others = asked.members if is_one_kind else meeting.load(session, other_entity, sorted(seconds))
    found = {}
    for one, other in wanted:
        if one in asked.members and other in others:
            met = meeting.Met(one, other, others[other].facts)
            scored = compare(asked.members[one].facts, met.facts, asked.known)
            found[_ordered(one, other)] = asked.pair(met, scored)
    return found


@dataclass(frozen=True, slots=True)
class _Asked:
    """Records of one entity, with the keys by which they meet those of the same or another one."""

    entity: str
    among: str
    members: Mapping[UUID, Member]
    sizes: Mapping[int, int]
    known: Frequencies

    @classmethod
    def of(cls, session: Session, entity: str, record_ids: Sequence[UUID], among: str) -> "_Asked":
        members = meeting.load(session, entity, record_ids)
        sizes = meeting.sizes_of(session, members)
        if among == entity:
            return cls(entity, among, members, sizes, Frequencies(entity, sizes))
        theirs = meeting.keyed_for(among, members)
        their_sizes = meeting.sizes_of(session, theirs)
        parties = (member.facts for member in members.values())
        known = of_both(among, their_sizes, entity, sizes, parties)
        return cls(entity, among, theirs, their_sizes, known)

    @property
    def fewest(self) -> int:
        """How many have a key by which anybody is met: the record itself has it as well."""
        return 2 if self.among == self.entity else 1

    def pair(self, met: meeting.Met, scored: Scored) -> Pair:
        one, other = self.members[met.one].facts, met.facts
        entities = (self.entity, self.among)
        if met.other < met.one:
            entities = (self.among, self.entity)
        return Pair(
            *_ordered(met.one, met.other), scored.score, scored.evidence, fingerprint(one, other),
            agreeing(one, other), *entities,
        )  # fmt: skip


def _rarest(party: Comparable, fields: Iterable[str], asked: _Asked) -> list[int]:
    """Return the keys of that field, of some, whose value the fewest have; none if nobody does."""
    by_field = [
        digests
        for field in sorted(fields)
        if (digests := [key.digest(asked.among) for key in meeting_keys(party, field)])
    ]
    if not by_field:
        return []
    rarest = min(by_field, key=lambda digests: sum(asked.sizes[each] for each in digests))
    return [digest for digest in rarest if asked.sizes[digest] >= asked.fewest]


def _ordered(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return (one, other) if one < other else (other, one)
