"""How many records have each of some keys."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

BLOCK = 200
"""A key that more records have says too little to compare them all: it is passed over, but for a
registration number and its like, of which so many are taken."""

_COUNT = text("""
    select digest, size from unnest(cast(:digests as bigint[])) as w (digest)
    cross join lateral (
        select count(*) as size from (
            select from match_key k
            where k.digest = w.digest and not k.record_id = any(cast(:unseen as uuid[]))
            limit :block + 1
        ) counted
    ) s
""")


def count(
    session: Session, digests: Iterable[int], *, unseen: Iterable[UUID] = ()
) -> dict[int, int]:
    """Return how many records have each of some keys, no further than `BLOCK` and one.

    Those in `unseen` are passed over as if they were not there.
    """
    wanted = {"digests": sorted(set(digests)), "block": BLOCK, "unseen": list(unseen)}
    return {row.digest: row.size for row in session.execute(_COUNT, wanted)}
