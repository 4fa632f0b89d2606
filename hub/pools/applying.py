"""Applying for customers: kept for whoever asks until those who decide over the pool have."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from hub.access.lookup import get_record
from hub.access.models import User
from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Reach, Verb
from hub.access.row_filters import narrowed
from hub.approvals import services as approvals
from hub.approvals.actions import Action, declare_action
from hub.approvals.models import Approval, ApprovalState
from hub.clock import business_date
from hub.customers.models import Customer, PoolState
from hub.customers.pool_states import require_state
from hub.db import among, locked
from hub.history.records import Record
from hub.i18n import N_
from hub.pools import holding
from hub.pools.access import cards_seen
from hub.pools.batches import Outcome, check_batch, each_customer
from hub.pools.finding import get_of_pool, refuse_cooling, require_open
from hub.pools.models import ClaimMode, ClaimState, Pool, PoolClaim
from hub.pools.people import managers, require_assignable
from hub.pools.quotas import lock_people, rooms
from hub.settings import get_settings

ACTION = "pools.application"
_ENDS: Mapping[ApprovalState, ClaimState] = {
    ApprovalState.REFUSED: ClaimState.REFUSED,
    ApprovalState.WITHDRAWN: ClaimState.WITHDRAWN,
    ApprovalState.EXPIRED: ClaimState.EXPIRED,
}


class PoolManagers:
    """Those who decide over the pool that the customer waits in."""

    def predicate(
        self, principal: Principal, subject: type[Record], reach: Reach
    ) -> ColumnElement[bool]:
        """See `hub.approvals.actions.Deciders.predicate`."""
        del subject, reach
        decided_over = select(Customer.id).where(
            among(Customer.pool_id, principal.standing.pool_ids)
        )
        return Approval.subject_id.in_(decided_over.correlate(None))

    def candidates(
        self, session: Session, approval: Approval, subject: Record | None
    ) -> Iterable[User]:
        """See `hub.approvals.actions.Deciders.candidates`."""
        del approval
        pool = session.get(Pool, subject.pool_id) if isinstance(subject, Customer) else None
        return managers(session, pool) if pool is not None else ()


def apply(
    session: Session,
    principal: Principal,
    pool: Pool,
    customer_ids: Sequence[UUID],
    *,
    reason: str | None,
    now: datetime,
) -> list[Outcome]:
    """Apply for customers that wait; each is an approval of its own.

    Raises:
        ConflictError: ``pool_inactive``, ``mode``, or ``not_assignable``.
        ValidationError: these are more than the pool takes at a time.
    """
    require_open(pool, ClaimMode.APPLY)
    check_batch(pool, customer_ids)
    user_id, today = principal.user_id, business_date(now, get_settings().zone)
    require_assignable(session, pool, user_id)
    lock_people(session, pool, [user_id])
    room = rooms(session, pool, [user_id], on=today)[user_id]

    def apply_for(customer_id: UUID) -> PoolClaim:
        customer = get_of_pool(session, principal, pool, customer_id)
        refuse_cooling(session, pool, customer_id, user_id, today=today)
        room.require()
        claim = holding.apply_for(session, pool, customer, user_id, reason=reason, now=now)
        claim.approval_id = approvals.request(
            session,
            action=ACTION,
            subject=customer,
            requested_by=user_id,
            now=now,
            reason=reason,
            data={"pool_id": str(pool.id), "claim_id": str(claim.id)},
            expires_at=now + timedelta(days=pool.application_days),
            escalates_after=pool.escalates_after,
        ).id
        session.flush()
        room.take()
        return claim

    return each_customer(session, customer_ids, apply_for)


def decide(
    session: Session,
    principal: Principal,
    pool: Pool,
    customer_ids: Sequence[UUID],
    state: ApprovalState,
    *,
    reason: str | None,
    now: datetime,
) -> list[Outcome]:
    """Approve or refuse what is applied for, many at once; as `hub.approvals` does for one.

    Raises:
        ValidationError: these are more than the pool takes at a time.
    """
    check_batch(pool, customer_ids)

    def decide_over(customer_id: UUID) -> PoolClaim | None:
        claim = session.scalar(_applied(pool, customer_id))
        if claim is None or claim.approval_id is None:
            require_state(get_of_pool(session, principal, pool, customer_id), PoolState.APPLIED)
            return None
        approval = get_record(session, principal, Verb.APPROVE, Approval, claim.approval_id)
        approvals.decide(session, approval, state, by=principal.user_id, reason=reason, now=now)
        return claim

    return each_customer(session, customer_ids, decide_over)


def shown(principal: Principal, subject: type[Record]) -> ColumnElement[bool]:
    """Return the condition under which a caller is shown what is applied for: at least its card.

    An application that went up to him shows it to him, too.
    """
    del subject
    went_up = select(Approval.subject_id).where(
        Approval.action == ACTION,
        Approval.escalated_to.contains([principal.user_id]),
        or_(Approval.state == ApprovalState.REQUESTED, Approval.decided_by == principal.user_id),
    )
    return or_(
        visible(principal, Verb.READ, Customer),
        cards_seen(principal),
        and_(Customer.id.in_(went_up.correlate(None)), *narrowed(principal, Customer)),
    )


def _applied(pool: Pool, customer_id: UUID) -> Select[PoolClaim]:
    return select(PoolClaim).where(
        PoolClaim.customer_id == customer_id,
        PoolClaim.pool_id == pool.id,
        PoolClaim.state == ClaimState.APPLIED,
    )


def _approved(session: Session, approval: Approval, now: datetime) -> None:
    claim, customer, pool = _locked(session, approval)
    require_open(pool)
    require_assignable(session, pool, claim.user_id)
    today = business_date(now, get_settings().zone)
    room = rooms(session, pool, [claim.user_id], on=today)[claim.user_id]
    # What he applied for counts as held already: only a quota lowered since can stand in the way.
    room.held -= 1
    room.taken = 0
    room.require()
    holding.grant(session, pool, customer, claim, by=approval.decided_by, now=now)


def _ended(session: Session, approval: Approval, now: datetime) -> None:
    claim, customer, pool = _locked(session, approval)
    if claim.state is ClaimState.APPLIED:
        holding.turn_down(
            session, pool, customer, claim, how=_ENDS[approval.state], by=approval.decided_by,
            reason=approval.decision_reason, now=now,
        )  # fmt: skip


def _escalated(session: Session, approval: Approval, now: datetime) -> None:
    claim = session.scalars(select(PoolClaim).where(PoolClaim.approval_id == approval.id)).one()
    claim.escalated_at = now
    session.flush()


def _locked(session: Session, approval: Approval) -> tuple[PoolClaim, Customer, Pool]:
    customer = locked(session, Customer, approval.subject_id)
    claim = session.scalars(
        select(PoolClaim)
        .where(PoolClaim.approval_id == approval.id)
        .execution_options(populate_existing=True)
    ).one()
    return claim, customer, session.get_one(Pool, claim.pool_id)


def declare_actions() -> None:
    """Make applications known to the approvals."""
    declare_action(
        Action(
            ACTION,
            N_("Get a customer of a pool"),
            Customer,
            PoolManagers(),
            sees=shown,
            approved=_approved,
            ended=_ended,
            escalated=_escalated,
        )
    )
