"""Finding a pool, and a customer for an act of it, as far as the caller may know of them."""

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from hub.access.lookup import get_record
from hub.access.predicates import allowed, visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.calendar_time import instant_on
from hub.clock import business_date
from hub.customers.models import Customer
from hub.errors import ConflictError, ForbiddenError, NotFoundError
from hub.i18n import N_
from hub.pools.access import cards_seen
from hub.pools.models import LIVE, NEVER_OWNED, ClaimMode, Pool, PoolClaim
from hub.settings import get_settings

CUSTOMER = "customer"


def get_pool(session: Session, principal: Principal, verb: Verb, pool_id: UUID) -> Pool:
    """Return a pool that the caller may do `verb` to.

    Unlike `get_record` it does not lock the pool, so that its people need not stand in line.

    Raises:
        NotFoundError: there is none, or the caller may not see it.
        ForbiddenError: he may see it, and no more.
    """
    pool = get_record(session, principal, Verb.READ, Pool, pool_id)
    if not allowed(principal, verb, pool):
        raise ForbiddenError(
            N_("This {entity} is not yours: you may read it, but not {verb} it."),
            entity=Pool.entity(),
            verb=verb.value,
        )
    return pool


def require_open(pool: Pool, mode: ClaimMode | None = None) -> None:
    """Pass where a pool gives customers out, by a mode where that is for sellers.

    Raises:
        ConflictError: ``pool_inactive``, or ``mode``: the pool does not allow it.
    """
    if not pool.active:
        raise ConflictError("pool_inactive", N_("The pool is not active."))
    if mode is not None and mode.value not in pool.modes:
        raise ConflictError(
            "mode",
            N_("In this pool people do not get customers by {mode}; it has {allowed}."),
            details={"allowed": list(pool.modes)},
            mode=mode.value,
            allowed=", ".join(pool.modes),
        )


def get_of_pool(session: Session, principal: Principal, pool: Pool, customer_id: UUID) -> Customer:
    """Return a customer of a pool, locked: one whose card or record the caller is shown.

    Raises:
        NotFoundError: there is none in it that he may know of.
    """
    customer = session.scalar(
        select(Customer)
        .where(
            Customer.id == customer_id,
            Customer.pool_id == pool.id,
            Customer.deleted_at.is_(None),
            or_(cards_seen(principal), visible(principal, Verb.READ, Customer)),
        )
        .with_for_update(of=Customer, key_share=True)
        .execution_options(populate_existing=True)
    )
    if customer is None:
        raise NotFoundError(CUSTOMER, customer_id)
    return customer


def refuse_cooling(
    session: Session, pool: Pool, customer_id: UUID, user_id: UUID, *, today: date
) -> None:
    """Pass where somebody did not have a customer too shortly ago.

    Raises:
        ConflictError: ``cooldown``; `details` says until when, that day excluded.
    """
    if not pool.cooldown_days:
        return
    left_at = session.scalar(
        select(func.max(PoolClaim.ended_at)).where(
            PoolClaim.customer_id == customer_id,
            PoolClaim.user_id == user_id,
            PoolClaim.state.not_in((*LIVE, *NEVER_OWNED)),
        )
    )
    if left_at is None:
        return
    until = business_date(left_at, get_settings().zone) + timedelta(days=pool.cooldown_days)
    if until > today:
        raise ConflictError(
            "cooldown",
            N_("Who had the customer before gets it back from {until} on at the earliest."),
            details={"until": until.isoformat(), "user_id": str(user_id)},
            until=until.isoformat(),
        )


def cooling(session: Session, pool: Pool, user_id: UUID, *, today: date) -> set[UUID]:
    """Return the customers that wait in a pool and that somebody had too shortly ago."""
    if not pool.cooldown_days:
        return set()
    since = instant_on(today - timedelta(days=pool.cooldown_days - 1), get_settings().zone)
    return set(
        session.scalars(
            select(PoolClaim.customer_id)
            .join(Customer, Customer.id == PoolClaim.customer_id)
            .where(
                PoolClaim.user_id == user_id,
                PoolClaim.state.not_in((*LIVE, *NEVER_OWNED)),
                PoolClaim.ended_at >= since,
                Customer.pool_id == pool.id,
                Customer.is_pooled,
            )
        )
    )
