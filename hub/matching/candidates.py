"""Finds the records that may be the same as a party; the work is bounded however many there are."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.matching.comparing import Comparable
from hub.matching.counting import BLOCK, count
from hub.matching.evidence import Evidence
from hub.matching.frequencies import Frequencies, of_both
from hub.matching.keys import DECIDES, MEETS, keys_of
from hub.matching.parties import Party
from hub.matching.preparing import Prepared, prepare
from hub.matching.scoring import WARN, compare_if

COMPARED = 60
"""So many records at most are compared, those that share the rarest keys first."""
LEAST_CLOSE = 0.05
"""So much two records must share to be compared: the sum of 1 / size over the keys they share, so
one key that 20 records have, or several more common ones."""

# Each key is looked up in one index, no further than BLOCK rows; the counts found on the way are
# the frequencies that weigh a shared value.
_FIND = text("""
    with wanted as (
        select * from unnest(cast(:digests as bigint[])) as w (digest)
    ), met as (
        select w.digest, k.record_id, count(*) over (partition by w.digest) as size
        from wanted w
        cross join lateral (
            select record_id from match_key
            where digest = w.digest and not record_id = any(cast(:unseen as uuid[]))
            limit :block + 1
        ) k
    ), ranked as (
        select record_id, sum(case when digest & :decides > 0 then 1.0 else 1.0 / size end)
            as closeness
        from met
        where digest & :meets > 0 and (size <= :block or digest & :decides > 0)
            and record_id is distinct from cast(:exclude as uuid)
        group by record_id
        order by closeness desc, record_id limit :compared
    )
    select null as record_id, null as compared, digest, max(size) as size from met group by digest
    union all
    select p.record_id, p.compared, null, null
    from ranked join match_party p on p.entity = :entity and p.record_id = ranked.record_id
    where ranked.closeness >= :least_close
""")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that may be the same, how surely (0..1), and why, the weightiest reason first."""

    record_id: UUID
    score: float
    evidence: tuple[Evidence, ...]

    def shown(self) -> dict[str, Any]:
        """Return it as JSON carries it."""
        return {
            "id": str(self.record_id),
            "score": self.score,
            "evidence": [item.shown() for item in self.evidence],
        }


_MEET = text("""
    select distinct k.record_id
    from unnest(cast(:digests as bigint[])) as w (digest)
    cross join lateral (
        select record_id from match_key where digest = w.digest limit :block + 1
    ) k
""")


def met(session: Session, entity: str, party: Party | Prepared) -> list[UUID]:
    """Return the records that share a key with a party, of each key no more than are counted."""
    ready = prepare(entity, party)
    if not ready.digests:
        return []
    return list(session.scalars(_MEET, {"digests": ready.digests, "block": BLOCK}))


def find(
    session: Session,
    entity: str,
    party: Party | Prepared,
    *,
    exclude: UUID | None = None,
    unseen: Collection[UUID] = (),
    own: str | None = None,
    limit: int = 10,
    least: float = WARN,
) -> list[Candidate]:
    """Return the records of an entity that may be the same as a party, the best first.

    Args:
        session: the caller's; what it has flushed is seen.
        entity: whose records are asked, such as ``customer``.
        party: the facts to look for.
        exclude: the record the party itself is.
        unseen: records that are passed over as if they were not there, in the weights too.
        own: the entity that the party is of itself; where it is another one, it counts as well
            how many records of that have what the two share.
        limit: so many at most.
        least: the score from which a record is returned.
    """
    ready = prepare(entity, party)
    if not ready.digests:
        return []
    rows = session.execute(
        _FIND,
        {
            "entity": entity,
            "digests": ready.digests,
            "block": BLOCK,
            "compared": COMPARED,
            "least_close": LEAST_CLOSE,
            "meets": MEETS,
            "decides": DECIDES,
            "exclude": exclude,
            "unseen": list(unseen),
        },
    ).all()
    sizes = {row.digest: row.size for row in rows if row.digest is not None}
    known = Frequencies(entity, sizes)
    if own is not None and own != entity:
        own_digests = (key.digest(own) for key in keys_of(ready.facts))
        own_sizes = count(session, own_digests, unseen=unseen)
        known = of_both(entity, sizes, own, own_sizes, [ready.facts])
    found = []
    for row in rows:
        if row.record_id is not None:
            scored = compare_if(ready.facts, Comparable.of_stored(row.compared), known, least)
            if scored is not None:
                found.append(Candidate(row.record_id, scored.score, scored.evidence))
    found.sort(key=lambda candidate: (-candidate.score, candidate.record_id))
    return found[:limit]
