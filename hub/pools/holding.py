"""The moves of a customer between its pool and an owner; every act of a pool is made of these.

Whoever calls holds the row of the customer and, to give it to somebody, the lock of that person.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import owning
from hub.clock import business_date
from hub.customers import ownership
from hub.customers.models import Customer, Lifecycle, PoolState
from hub.customers.pool_states import require_state
from hub.errors import ConflictError
from hub.history.recording import explain_change, origin_of
from hub.i18n import N_
from hub.pools.models import LIVE, ClaimMode, ClaimState, Pool, PoolClaim
from hub.settings import get_settings

CUSTOMER = "customer"
ACTS = f"{CUSTOMER}.pool_"
"""What the events of a pool's acts begin with."""


def put_in(
    session: Session,
    pool: Pool,
    customer: Customer,
    *,
    how: ClaimState,
    reason: str,
    now: datetime,
) -> None:
    """Let a customer wait in a pool; owner, team and representatives are left behind.

    Raises:
        ConflictError: ``pool_state``: it waits in a pool already, or is protected;
            ``lifecycle``: it is not active.
    """
    require_state(customer, None, PoolState.OWNED)
    if customer.lifecycle is not Lifecycle.ACTIVE:
        raise ConflictError(
            "lifecycle",
            N_("The customer is {state}; only active ones wait in a pool."),
            state=customer.lifecycle.value,
        )
    former = customer.owner_user_id
    if former is not None:
        _leave(session, pool, customer, former, how=how, reason=reason, now=now)
    for field in (*owning.FIELDS, *ownership.PROTECTION):  # protection that is over
        setattr(customer, field, None)
    customer.pool_id, customer.pool_state, customer.pooled_at = pool.id, PoolState.IN_POOL, now
    session.flush()
    _note(session, customer, how.value, pool, former=former, reason=reason)


def give(
    session: Session,
    pool: Pool,
    customer: Customer,
    user_id: UUID,
    *,
    mode: ClaimMode,
    reason: str | None,
    now: datetime,
    draw: tuple[UUID, int] | None = None,
) -> PoolClaim:
    """Make somebody the owner of a customer that waits; `draw` is its draw and position there.

    Raises:
        ConflictError: ``pool_state``: it does not wait any more.
    """
    require_state(customer, PoolState.IN_POOL)
    claim = PoolClaim(
        customer_id=customer.id,
        pool_id=pool.id,
        user_id=user_id,
        mode=mode,
        state=ClaimState.OWNED,
        reason=reason,
        taken_on=business_date(now, get_settings().zone),
        decided_by=origin_of(session).user_id,
        owned_at=now,
        draw_id=draw[0] if draw else None,
        draw_position=draw[1] if draw else None,
    )
    session.add(claim)
    _own(session, pool, customer, claim)
    return claim


def apply_for(
    session: Session,
    pool: Pool,
    customer: Customer,
    user_id: UUID,
    *,
    reason: str | None,
    now: datetime,
) -> PoolClaim:
    """Keep a customer that waits for one who applies for it, until it is decided.

    Raises:
        ConflictError: ``pool_state``: it does not wait any more.
    """
    require_state(customer, PoolState.IN_POOL)
    claim = PoolClaim(
        customer_id=customer.id,
        pool_id=pool.id,
        user_id=user_id,
        mode=ClaimMode.APPLY,
        state=ClaimState.APPLIED,
        reason=reason,
        taken_on=business_date(now, get_settings().zone),
    )
    session.add(claim)
    customer.pool_state = PoolState.APPLIED
    session.flush()
    _note(session, customer, ClaimState.APPLIED.value, pool, user_id=user_id, reason=reason)
    return claim


def grant(
    session: Session,
    pool: Pool,
    customer: Customer,
    claim: PoolClaim,
    *,
    by: UUID | None,
    now: datetime,
) -> None:
    """Make whoever applied for a customer its owner.

    Raises:
        ConflictError: ``pool_state``: it is not applied for any more.
    """
    require_state(customer, PoolState.APPLIED)
    claim.state, claim.decided_by, claim.owned_at = ClaimState.OWNED, by, now
    _own(session, pool, customer, claim)


def turn_down(
    session: Session,
    pool: Pool,
    customer: Customer,
    claim: PoolClaim,
    *,
    how: ClaimState,
    by: UUID | None,
    reason: str | None,
    now: datetime,
) -> None:
    """Let a customer wait again, where it was before, since an application came to nothing."""
    _end(claim, how, by=by, reason=reason, now=now)
    customer.pool_state = PoolState.IN_POOL
    session.flush()
    _note(session, customer, how.value, pool, user_id=claim.user_id, reason=reason)


def pass_on(
    session: Session,
    claim: PoolClaim,
    owner_user_id: UUID | None,
    *,
    now: datetime,
    reason: str | None,
) -> None:
    """End a claim whose owner has the customer no longer, though it did not come back to the pool.

    A new owner holds it from now on, as one to whom it was assigned.
    """
    _end(claim, ClaimState.PASSED_ON, by=origin_of(session).user_id, reason=reason, now=now)
    session.flush()
    if owner_user_id is not None:
        following = PoolClaim(
            customer_id=claim.customer_id,
            pool_id=claim.pool_id,
            user_id=owner_user_id,
            mode=ClaimMode.ASSIGN,
            state=ClaimState.OWNED,
            reason=reason,
            taken_on=business_date(now, get_settings().zone),
            decided_by=origin_of(session).user_id,
            owned_at=now,
        )
        session.add(following)
        session.flush()


def live_claim(session: Session, customer_id: UUID) -> PoolClaim | None:
    """Return the one claim that holds a customer, locked; None where there is none."""
    return session.scalar(
        select(PoolClaim)
        .where(PoolClaim.customer_id == customer_id, PoolClaim.state.in_(LIVE))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _own(session: Session, pool: Pool, customer: Customer, claim: PoolClaim) -> None:
    customer.owner_user_id, customer.pool_state = claim.user_id, PoolState.OWNED
    customer.pooled_at = None
    session.flush()
    _note(
        session,
        customer,
        "claimed",
        pool,
        user_id=claim.user_id,
        mode=claim.mode,
        claim_id=claim.id,
        draw_id=claim.draw_id,
        reason=claim.reason,
    )


def _leave(
    session: Session,
    pool: Pool,
    customer: Customer,
    former: UUID,
    *,
    how: ClaimState,
    reason: str,
    now: datetime,
) -> None:
    claim = live_claim(session, customer.id)
    if claim is None:  # it was his before it came into any pool: he had it all the same
        claim = PoolClaim(
            customer_id=customer.id,
            pool_id=pool.id,
            user_id=former,
            taken_on=business_date(now, get_settings().zone),
        )
        session.add(claim)
    _end(claim, how, by=origin_of(session).user_id, reason=reason, now=now)


def _end(
    claim: PoolClaim, how: ClaimState, *, by: UUID | None, reason: str | None, now: datetime
) -> None:
    claim.state, claim.ended_at, claim.ended_by, claim.ended_reason = how, now, by, reason


def _note(session: Session, customer: Customer, act: str, pool: Pool, **data: object) -> None:
    explain_change(
        session,
        ACTS + act,
        subject_type=CUSTOMER,
        subject_id=customer.id,
        data={
            "pool_id": pool.id,
            **{name: each for name, each in data.items() if each is not None},
        },
    )
