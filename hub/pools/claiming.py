"""Getting customers out of a pool: assigned by those who decide, or taken by oneself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hub.access.principals import Principal
from hub.clock import business_date
from hub.pools import holding
from hub.pools.batches import Outcome, check_batch, each_customer
from hub.pools.finding import get_of_pool, refuse_cooling, require_open
from hub.pools.models import ClaimMode, Pool, PoolClaim
from hub.pools.people import require_assignable
from hub.pools.quotas import lock_people, rooms
from hub.settings import get_settings


def assign(
    session: Session,
    principal: Principal,
    pool: Pool,
    wanted: Mapping[UUID, UUID],
    *,
    reason: str,
    now: datetime,
) -> list[Outcome]:
    """Give customers that wait to people; `wanted` says to whom each goes.

    That the caller decides over the pool is for him to have checked. Quotas and cooldown hold for
    what is assigned, too.

    Raises:
        ConflictError: ``pool_inactive``.
        ValidationError: these are more than the pool takes at a time.
    """
    require_open(pool)
    check_batch(pool, list(wanted), pointer="/items")
    return _give_each(
        session, principal, pool, wanted, mode=ClaimMode.ASSIGN, reason=reason, now=now
    )


def take(
    session: Session,
    principal: Principal,
    pool: Pool,
    customer_ids: Sequence[UUID],
    *,
    reason: str | None,
    now: datetime,
) -> list[Outcome]:
    """Make the caller the owner of customers that wait.

    Raises:
        ConflictError: ``pool_inactive``, or ``mode``: the pool does not let people help themselves.
        ValidationError: these are more than the pool takes at a time.
    """
    require_open(pool, ClaimMode.SELF)
    check_batch(pool, customer_ids)
    wanted = dict.fromkeys(customer_ids, principal.user_id)
    return _give_each(session, principal, pool, wanted, mode=ClaimMode.SELF, reason=reason, now=now)


def _give_each(
    session: Session,
    principal: Principal,
    pool: Pool,
    wanted: Mapping[UUID, UUID],
    *,
    mode: ClaimMode,
    reason: str | None,
    now: datetime,
) -> list[Outcome]:
    today = business_date(now, get_settings().zone)
    lock_people(session, pool, wanted.values())
    room_of = rooms(session, pool, wanted.values(), on=today)

    def give(customer_id: UUID) -> PoolClaim:
        user_id = wanted[customer_id]
        require_assignable(session, pool, user_id)
        customer = get_of_pool(session, principal, pool, customer_id)
        refuse_cooling(session, pool, customer_id, user_id, today=today)
        room_of[user_id].require()
        claim = holding.give(session, pool, customer, user_id, mode=mode, reason=reason, now=now)
        room_of[user_id].take()  # only what was given: a refused item costs nothing
        return claim

    return each_customer(session, list(wanted), give)
