"""Which records meet some records by the keys they share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.matching.candidates import COMPARED, LEAST_CLOSE
from hub.matching.comparing import Comparable
from hub.matching.counting import BLOCK, count
from hub.matching.keys import DECIDES, MEETS, keys_of


@dataclass(frozen=True, slots=True)
class Member:
    """A record's facts and the digests of its keys."""

    facts: Comparable
    keys: Sequence[int]


@dataclass(frozen=True, slots=True)
class Met:
    """A record that meets another, and its facts."""

    one: UUID
    other: UUID
    facts: Comparable


_LOAD = text("""
    select record_id, compared, keys from match_party
    where entity = :entity and record_id = any(:record_ids)
""")

# `offset 0` keeps the planner at looking each key up in the index, whatever it takes their number
# to be; joining whole tables would make each batch as dear as all of them.
_MEET = """
    with met as (
        select w.one, k.record_id as other, sum(w.weight) as closeness
        from unnest(cast(:ones as uuid[]), cast(:digests as bigint[]), cast(:weights as real[]))
            as w (one, digest, weight)
        cross join lateral (
            select record_id from match_key
            where digest = w.digest {which} offset 0
        ) k
        where k.record_id <> w.one
        group by 1, 2
        having sum(w.weight) >= :least_close
    )
    select one, other from (
        select *, row_number() over (partition by one order by closeness desc, other) as place
        from met
    ) ranked
    where place <= :compared
"""
_MEET_ALL = text(_MEET.format(which=""))
_MEET_LATER = text(_MEET.format(which="and record_id > w.one"))

# Two registration numbers are two companies: `hub.matching.identifiers` would say so of most pairs
# that meet, but at ten times the price.
_FACTS = text("""
    select w.one, w.other, p.compared
    from unnest(
        cast(:ones as uuid[]), cast(:others as uuid[]), cast(:numbers as text[]),
        cast(:eans as text[]), cast(:p_numbers as text[])
    ) as w (one, other, number, ean, p_number)
    cross join lateral (
        select compared from match_party
        where entity = :entity and record_id = w.other and (
            coalesce(compared ->> 'number', w.number) = w.number or w.number = ''
            or compared ->> 'ean' = w.ean or compared ->> 'p_number' = w.p_number
        )
        offset 0
    ) p
""")


def load(session: Session, entity: str, record_ids: Sequence[UUID]) -> dict[UUID, Member]:
    """Return the facts and keys of those records that are in."""
    rows = session.execute(_LOAD, {"entity": entity, "record_ids": list(record_ids)})
    return {row.record_id: Member(Comparable.of_stored(row.compared), row.keys) for row in rows}


def keyed_for(entity: str, members: Mapping[UUID, Member]) -> dict[UUID, Member]:
    """Return members with the digests by which records of another entity are met."""
    return {
        record_id: Member(member.facts, [key.digest(entity) for key in keys_of(member.facts)])
        for record_id, member in members.items()
    }


def sizes_of(session: Session, members: Mapping[UUID, Member]) -> dict[int, int]:
    """Return how many records have each of the members' keys, no further than `BLOCK` and one."""
    return count(session, (digest for member in members.values() for digest in member.keys))


def meet(
    session: Session,
    entity: str,
    members: Mapping[UUID, Member],
    sizes: Mapping[int, int],
    *,
    later_only: bool,
    fewest: int = 2,
) -> Iterator[Met]:
    """Return the records of an entity that meet the members closely enough to be compared.

    `fewest` have a key by which anybody is met: the member itself is one, if it is of the entity.
    """
    asked = [
        (one, digest, 1.0 if digest & DECIDES else 1.0 / sizes[digest])
        for one, member in members.items()
        for digest in member.keys
        if digest & MEETS and fewest <= sizes[digest] <= BLOCK
    ]
    rows = session.execute(
        _MEET_LATER if later_only else _MEET_ALL,
        {
            "ones": [one for one, _, _ in asked],
            "digests": [digest for _, digest, _ in asked],
            "weights": [weight for _, _, weight in asked],
            "least_close": LEAST_CLOSE,
            "compared": COMPARED,
        },
    ).all()
    facts = session.execute(
        _FACTS,
        {
            "entity": entity,
            "ones": [row.one for row in rows],
            "others": [row.other for row in rows],
            "numbers": [members[row.one].facts.number for row in rows],
            "eans": [members[row.one].facts.ean for row in rows],
            "p_numbers": [members[row.one].facts.p_number for row in rows],
        },
    )
    for row in facts:
        yield Met(row.one, row.other, Comparable.of_stored(row.compared))


NEAREST = 10
"""Of many records that agree in some fields each is paired with so many that follow it: they are
one group, and it costs no more the larger it is."""

_LOOKED_AT = 100  # that share the rarest key, of which the other fields are then compared

_FOLLOW = text("""
    select w.one, k.record_id as other, p.compared
    from unnest(cast(:ones as uuid[]), cast(:digests as bigint[]), cast(:after as uuid[]))
        as w (one, digest, after)
    cross join lateral (
        select record_id from match_key
        where digest = w.digest and record_id > w.after
        order by record_id limit :looked_at
    ) k
    join match_party p on p.entity = :entity and p.record_id = k.record_id
    where k.record_id <> w.one
    order by w.one, k.record_id
""")
_FIRST = UUID(int=0)


def follow(
    session: Session,
    entity: str,
    asked: Sequence[tuple[UUID, int]],
    *,
    later_only: bool,
) -> Iterator[Met]:
    """Return the records of an entity that share a key with others, in the order of their ids.

    Args:
        session: the caller's.
        entity: whose records are met.
        asked: members and the digests of their keys.
        later_only: only those of a greater id than the member.
    """
    rows = session.execute(
        _FOLLOW,
        {
            "entity": entity,
            "ones": [one for one, _ in asked],
            "digests": [digest for _, digest in asked],
            "after": [one if later_only else _FIRST for one, _ in asked],
            "looked_at": _LOOKED_AT,
        },
    )
    for row in rows:
        yield Met(row.one, row.other, Comparable.of_stored(row.compared))
