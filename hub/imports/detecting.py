"""Which customers a whole batch of rows may be: as `hub.matching.find`, for many at once."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.imports.staging import StagedRow
from hub.matching import WARN, Candidate
from hub.matching.candidates import COMPARED, LEAST_CLOSE
from hub.matching.comparing import Comparable
from hub.matching.counting import BLOCK
from hub.matching.frequencies import Frequencies
from hub.matching.keys import DECIDES, MEETS
from hub.matching.scoring import compare_if

_SIZES = text("""
    select w.digest, counted.size
    from (select distinct unnest(cast(:digests as bigint[])) as digest) w
    cross join lateral (
        select count(*) as size from (
            select from match_key k where k.digest = w.digest limit :block + 1
        ) k
    ) counted
    where counted.size > 0
""")

_MEET = text("""
    with wanted as (
        select * from unnest(
            cast(:places as int[]), cast(:digests as bigint[]), cast(:weights as float8[])
        ) as w (place, digest, weight)
    ), met as (
        select w.place, k.record_id, sum(w.weight) as closeness
        from wanted w
        cross join lateral (
            select record_id from match_key where digest = w.digest limit :block + 1
        ) k
        group by 1, 2
        having sum(w.weight) >= :least_close
    ), ranked as (
        select *, row_number() over (
            partition by place order by closeness desc, record_id
        ) as rank
        from met
    )
    select r.place, r.record_id, p.compared
    from ranked r join match_party p on p.entity = :entity and p.record_id = r.record_id
    where r.rank <= :compared
""")


def find_similar(
    session: Session, entity: str, rows: Sequence[StagedRow], *, least: float = WARN
) -> dict[int, list[Candidate]]:
    """Return the candidates of each row by its index, the best first; rows without any are absent.

    Args:
        session: the caller's.
        entity: whose records are asked.
        rows: some hundreds at a time.
        least: the score from which a record is returned.
    """
    digests = {digest for row in rows for digest in row.digests}
    if not digests:
        return {}
    sizes = {
        found.digest: found.size
        for found in session.execute(_SIZES, {"digests": list(digests), "block": BLOCK})
    }
    wanted = [
        (place, digest, 1.0 if digest & DECIDES else 1.0 / sizes[digest])
        for place, row in enumerate(rows)
        for digest in row.digests
        if digest & MEETS and digest in sizes and (sizes[digest] <= BLOCK or digest & DECIDES)
    ]
    if not wanted:
        return {}
    met = session.execute(
        _MEET,
        {
            "entity": entity,
            "places": [place for place, _, _ in wanted],
            "digests": [digest for _, digest, _ in wanted],
            "weights": [weight for _, _, weight in wanted],
            "block": BLOCK,
            "least_close": LEAST_CLOSE,
            "compared": COMPARED,
        },
    )
    known = Frequencies(entity, sizes)
    found: dict[int, list[Candidate]] = {}
    for place, record_id, compared in met:
        row = rows[place]
        if row.prepared is None:
            continue
        scored = compare_if(row.prepared.facts, Comparable.of_stored(compared), known, least)
        if scored is not None:
            candidate = Candidate(record_id, scored.score, scored.evidence)
            found.setdefault(row.index, []).append(candidate)
    for candidates in found.values():
        candidates.sort(key=lambda candidate: (-candidate.score, candidate.record_id))
    return found
