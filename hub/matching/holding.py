"""Holds the like of a party: of two who are about to write the same, one waits for the other."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.matching.parties import Party
from hub.matching.preparing import Prepared, prepare

BUCKETS = 512
"""So many locks a transaction takes at most for however many parties: the server's table of locks
has room for some thousands, of all transactions together."""

_MOST_KEYS = 64  # above, whole buckets are held instead of keys
_SPACE = 7_215_004  # any constant of our own: the buckets' locks are no other's

# Whoever holds keys holds their buckets shared, so that he waits for those who hold whole buckets,
# and they for him. Buckets come before keys and each in its order, so that nobody waits in a ring;
# `unnest` gives them as they were given, and the parts of a union come one after the other.
_HOLD_KEYS = text("""
    select pg_advisory_xact_lock_shared(:space, bucket)
    from unnest(cast(:buckets as integer[])) as b (bucket)
    union all
    select pg_advisory_xact_lock(digest) from unnest(cast(:digests as bigint[])) as d (digest)
""")
_HOLD_BUCKETS = text("""
    select pg_advisory_xact_lock(:space, bucket)
    from unnest(cast(:buckets as integer[])) as b (bucket)
""")


def hold(session: Session, entity: str, parties: Iterable[Party | Prepared]) -> None:
    """Make others who are about to write the like of some parties wait until the transaction ends.

    Call it before `find` where nothing of the kind may be made twice: of two who look at the same
    moment both would find nothing. Once in a transaction, for all parties it will write, and before
    it locks rows: two who hold in several steps may wait for one another.
    """
    digests = sorted({digest for party in parties for digest in _held(entity, party)})
    if not digests:
        return
    buckets = sorted({(digest >> 2) % BUCKETS for digest in digests})  # the last two bits are flags
    if len(digests) > _MOST_KEYS:
        session.execute(_HOLD_BUCKETS, {"space": _SPACE, "buckets": buckets})
    else:
        session.execute(_HOLD_KEYS, {"space": _SPACE, "buckets": buckets, "digests": digests})


def _held(entity: str, party: Party | Prepared) -> Iterable[int]:
    return prepare(entity, party).held
