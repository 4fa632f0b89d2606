"""Into the pool: released by whoever has a customer, or taken back by those who decide."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hub.access.lookup import get_record
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.customers.models import Customer, PoolState
from hub.customers.pool_states import require_state
from hub.errors import MergedError, NotFoundError
from hub.pools import holding
from hub.pools.batches import Outcome, check_batch, each_customer
from hub.pools.finding import get_of_pool, require_open
from hub.pools.models import ClaimState, Pool


def enter(
    session: Session,
    principal: Principal,
    pool: Pool,
    customer_ids: Sequence[UUID],
    *,
    reason: str,
    now: datetime,
) -> list[Outcome]:
    """Put customers into a pool: the caller's own, those of his people, and nobody's.

    Raises:
        ConflictError: ``pool_inactive``.
        NotFoundError: the pool was taken away meanwhile.
        ValidationError: these are more than the pool takes at a time.
    """
    session.refresh(pool, with_for_update={"read": True, "key_share": True})  # it stays meanwhile
    if pool.deleted_at is not None:
        raise NotFoundError(Pool.entity(), pool.id)
    require_open(pool)
    check_batch(pool, customer_ids)

    def put_in(customer_id: UUID) -> None:
        customer = get_record(session, principal, Verb.ASSIGN, Customer, customer_id)
        if customer.merged_into_id is not None:
            raise MergedError(Customer.entity(), customer.id, customer.merged_into_id)
        holding.put_in(session, pool, customer, how=ClaimState.RELEASED, reason=reason, now=now)

    return each_customer(session, customer_ids, put_in)


def take_back(
    session: Session,
    principal: Principal,
    pool: Pool,
    customer_ids: Sequence[UUID],
    *,
    reason: str,
    now: datetime,
) -> list[Outcome]:
    """Take customers of a pool from their owners, back into it.

    That the caller decides over the pool is for him to have checked.

    Raises:
        ValidationError: these are more than the pool takes at a time.
    """
    check_batch(pool, customer_ids)

    def take(customer_id: UUID) -> None:
        customer = get_of_pool(session, principal, pool, customer_id)
        require_state(customer, PoolState.OWNED)
        holding.put_in(session, pool, customer, how=ClaimState.TAKEN_BACK, reason=reason, now=now)

    return each_customer(session, customer_ids, take)
