"""Pairs of records that may be the same: found in batches, or compared because they are known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.matching.candidates import BLOCK, COMPARED, LEAST_CLOSE
from hub.matching.comparing import Comparable
from hub.matching.evidence import Evidence
from hub.matching.fingerprints import fingerprint
from hub.matching.frequencies import Frequencies
from hub.matching.keys import DECIDES, MEETS
from hub.matching.scoring import WARN, compare, compare_if


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records, the lesser id first, how surely they are the same (0..1), and why."""

    first_id: UUID
    second_id: UUID
    score: float
    evidence: tuple[Evidence, ...]
    fingerprint: Mapping[str, str]


# Of every key of the records asked about: how many have it, no further than BLOCK.
_SIZES = text("""
    select d.digest, (
        select count(*) from (
            select from match_key k where k.digest = d.digest limit :block + 1
        ) counted
    ) as size
    from (
        select distinct digest from match_party p, unnest(p.keys) as digest
        where p.entity = :entity and p.record_id = any(:record_ids)
    ) d
""")

_MEET = text("""
    with mine as (
        select p.record_id as one, w.digest, w.weight
        from match_party p, unnest(p.keys) as digest
        join unnest(cast(:digests as bigint[]), cast(:weights as real[])) as w (digest, weight)
            using (digest)
        where p.entity = :entity and p.record_id = any(:record_ids)
    ), met as (
        select mine.one, k.record_id as other, sum(mine.weight) as closeness
        from mine join match_key k on k.digest = mine.digest
            and k.record_id <> mine.one and (not :later_only or k.record_id > mine.one)
        group by 1, 2
        having sum(mine.weight) >= :least_close
    )
    select one, other from (
        select *, row_number() over (partition by one order by closeness desc, other) as place
        from met
    ) ranked
    where place <= :compared
""")

_LOAD = text("""
    select record_id, compared from match_party
    where entity = :entity and record_id = any(:record_ids)
""")


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
    sizes = _sizes(session, entity, record_ids)
    narrow = {
        digest: size for digest, size in sizes.items() if 1 < size <= BLOCK and digest & MEETS
    }
    met = session.execute(
        _MEET,
        {
            "entity": entity,
            "record_ids": list(record_ids),
            "digests": list(narrow),
            "weights": [1.0 if digest & DECIDES else 1.0 / size for digest, size in narrow.items()],
            "later_only": later_only,
            "least_close": LEAST_CLOSE,
            "compared": COMPARED,
        },
    ).all()
    wanted = {_ordered(row.one, row.other) for row in met}
    found = _compared(session, entity, wanted, sizes, least)
    return sorted(found, key=lambda pair: (pair.first_id, pair.second_id))


def compare_pairs(
    session: Session, entity: str, pairs: Iterable[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], Pair]:
    """Return known pairs as they are now, whatever their score; keys are ordered ids.

    A pair is absent where one of its records is not in any more.
    """
    wanted = {_ordered(*pair) for pair in pairs}
    if not wanted:
        return {}
    sizes = _sizes(session, entity, sorted({record_id for pair in wanted for record_id in pair}))
    found = _compared(session, entity, wanted, sizes, least=None)
    return {(pair.first_id, pair.second_id): pair for pair in found}


def _compared(
    session: Session,
    entity: str,
    wanted: Iterable[tuple[UUID, UUID]],
    sizes: Mapping[int, int],
    least: float | None,
) -> list[Pair]:
    facts = _load(session, entity, {record_id for pair in wanted for record_id in pair})
    known = Frequencies(entity, sizes)
    found = []
    for one, other in wanted:
        if one not in facts or other not in facts:
            continue
        first, second = facts[one], facts[other]
        scored = (
            compare(first, second, known)
            if least is None
            else compare_if(first, second, known, least)
        )
        if scored is not None:
            found.append(
                Pair(one, other, scored.score, scored.evidence, fingerprint(first, second))
            )
    return found


def _load(session: Session, entity: str, record_ids: Iterable[UUID]) -> dict[UUID, Comparable]:
    rows = session.execute(_LOAD, {"entity": entity, "record_ids": list(record_ids)})
    return {row.record_id: Comparable.of_stored(row.compared) for row in rows}


def _sizes(session: Session, entity: str, record_ids: Sequence[UUID]) -> dict[int, int]:
    parameters: dict[str, Any] = {
        "entity": entity, "record_ids": list(record_ids), "block": BLOCK
    }  # fmt: skip
    return {row.digest: row.size for row in session.execute(_SIZES, parameters)}


def _ordered(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return (one, other) if one < other else (other, one)
