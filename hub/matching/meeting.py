"""Which records meet some records by the keys they share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.matching.candidates import BLOCK, COMPARED, LEAST_CLOSE
from hub.matching.comparing import Comparable
from hub.matching.keys import DECIDES, MEETS


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

_SIZES = text("""
    select digest, size from unnest(cast(:digests as bigint[])) as w (digest)
    cross join lateral (
        select count(*) as size from (
            select from match_key k where k.digest = w.digest limit :block + 1
        ) counted
    ) s
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


def sizes_of(session: Session, members: Mapping[UUID, Member]) -> dict[int, int]:
    """Return how many records have each of the members' keys, no further than `BLOCK` and one."""
    digests = {digest for member in members.values() for digest in member.keys}
    rows = session.execute(_SIZES, {"digests": sorted(digests), "block": BLOCK})
    return {row.digest: row.size for row in rows}


def meet(
    session: Session,
    entity: str,
    members: Mapping[UUID, Member],
    sizes: Mapping[int, int],
    *,
    later_only: bool,
) -> Iterator[Met]:
    """Return who meets the members closely enough to be compared."""
    asked = [
        (one, digest, 1.0 if digest & DECIDES else 1.0 / sizes[digest])
        for one, member in members.items()
        for digest in member.keys
        if digest & MEETS and 1 < sizes[digest] <= BLOCK
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
