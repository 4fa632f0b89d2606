"""Asking, deciding, withdrawing, and letting requests go up and expire."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.approvals import telling
from hub.approvals.actions import action_of, actions
from hub.approvals.models import ALLOWED, Approval, ApprovalState
from hub.approvals.policy import ApprovalPolicy
from hub.configuration import current
from hub.db import savepoint
from hub.errors import ConflictError, ForbiddenError, ValidationError
from hub.history.recording import record
from hub.history.records import Record
from hub.i18n import N_

ENTITY = "approval"
EXPIRED_AT_ONCE = 100
ESCALATED_AT_ONCE = 20


def request(
    session: Session,
    *,
    action: str,
    subject: Record,
    requested_by: UUID,
    now: datetime,
    reason: str | None = None,
    data: Mapping[str, Any] | None = None,
    reference: str | None = None,
    expires_at: datetime | None = None,
    escalates_after: timedelta | None = None,
) -> Approval:
    """Ask for an approval; those who may decide, so many at most, are told by mail.

    Whether the requester may ask is for the caller to check. `data` is the action's own, and
    becomes part of the history. Where nobody has decided after `escalates_after`, it goes up; None
    takes what is set for all. One that would have expired by then does not.

    Raises:
        ConflictError: ``already_requested``: the same is asked for and not decided yet.
        ValidationError: it would have expired from the start.
    """
    declared = action_of(action)
    policy = current(session, ApprovalPolicy)
    if expires_at is None:
        expires_at = now + (declared.expires_after or timedelta(days=policy.expires_after_days))
    if expires_at <= now:
        raise ValidationError.of("/expires_at", "past", N_("Must lie in the future."))
    approval = Approval(
        subject_type=subject.entity(),
        subject_id=subject.id,
        action=action,
        reference=reference,
        requested_by=requested_by,
        reason=reason,
        data=dict(data or {}),
        expires_at=expires_at,
        escalates_at=_escalates_at(now, escalates_after or policy.escalates_after, expires_at),
    )
    _refuse_second(session, approval, now)
    try:
        with savepoint(session):
            session.add(approval)
            session.flush()
    except IntegrityError as error:  # he asked twice at this very moment
        raise _already_requested(None) from error
    _note(session, approval)
    telling.ask(session, declared, approval, limit=policy.told_at_most, now=now)
    return approval


def decide(
    session: Session,
    approval: Approval,
    state: ApprovalState,
    *,
    by: UUID,
    now: datetime,
    reason: str | None = None,
) -> Approval:
    """Approve or refuse; what follows from it happens in the same transaction.

    That the decider may decide is for the caller to check, by `get_record` with `Verb.APPROVE`,
    which locks the row: of two deciders one wins.

    Raises:
        ForbiddenError: it is his own.
        ConflictError: ``approval_state``: it is decided, withdrawn or expired.
        ValidationError: a refusal says why.
        DomainError: what was asked for cannot be done any more; nothing is decided then.
    """
    if approval.requested_by == by:
        raise ForbiddenError(N_("Nobody decides over his own request."))
    reason = (reason or "").strip() or None
    if state is ApprovalState.REFUSED and reason is None:
        raise ValidationError.of("/reason", "required", N_("Say why it is refused."))
    action = action_of(approval.action)
    _end(session, approval, state, by=by, reason=reason, now=now)
    follow = action.approved if state is ApprovalState.APPROVED else action.ended
    follow(session, approval, now)
    telling.tell_decision(session, approval)
    return approval


def withdraw(
    session: Session, approval: Approval, *, by: UUID, now: datetime, reason: str | None = None
) -> Approval:
    """Take a request back; nobody but its requester can.

    Raises:
        ForbiddenError: it is another's.
        ConflictError: ``approval_state``: it is decided, withdrawn or expired.
    """
    if approval.requested_by != by:
        raise ForbiddenError(N_("Only whoever asked takes a request back."))
    _end(session, approval, ApprovalState.WITHDRAWN, by=by, reason=reason, now=now)
    action_of(approval.action).ended(session, approval, now)
    return approval


def expire_due(session: Session, *, now: datetime, limit: int = EXPIRED_AT_ONCE) -> int:
    """Let requests expire whose time is over by the database's clock; returns how many."""
    due = session.scalars(
        select(Approval)
        .where(
            Approval.state == ApprovalState.REQUESTED,
            Approval.expires_at <= func.clock_timestamp(),
        )
        .order_by(Approval.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for approval in due:
        _expire(session, approval, now)
    return len(due)


def escalate_due(session: Session, *, now: datetime, limit: int = ESCALATED_AT_ONCE) -> int:
    """Let requests go up that nobody has decided over in time; returns how many were looked at.

    Those who lead the deciders are told, and may decide from now on as the deciders may. When it is
    time the database's clock says, as of expiring.
    """
    due = session.scalars(
        select(Approval)
        .where(
            Approval.state == ApprovalState.REQUESTED,
            Approval.escalated_at.is_(None),
            Approval.escalates_at <= func.clock_timestamp(),
            Approval.expires_at > func.clock_timestamp(),
            Approval.action.in_(actions()),
        )
        .order_by(Approval.escalates_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    told_at_most = current(session, ApprovalPolicy).told_at_most
    for approval in due:
        action = action_of(approval.action)
        approval.escalated_at = now
        approval.escalated_to = telling.go_up(
            session, action, approval, limit=told_at_most, now=now
        )
        session.flush()
        action.escalated(session, approval, now)
        _note(session, approval, "escalated", escalated_to=approval.escalated_to)
    return len(due)


def find_latest(
    session: Session, *, action: str, subject_id: UUID, reference: str | None
) -> Approval | None:
    """Return the newest approval of an action for a subject and reference, whoever asked."""
    return session.scalar(
        select(Approval)
        .where(
            Approval.subject_id == subject_id,
            Approval.action == action,
            Approval.reference.is_not_distinct_from(reference),
            Approval.deleted_at.is_(None),
        )
        .order_by(Approval.id.desc())
        .limit(1)
    )


def _escalates_at(now: datetime, after: timedelta | None, expires_at: datetime) -> datetime | None:
    return now + after if after is not None and now + after < expires_at else None


def _end(
    session: Session,
    approval: Approval,
    state: ApprovalState,
    *,
    by: UUID | None,
    reason: str | None,
    now: datetime,
) -> None:
    session.refresh(approval, with_for_update=True)
    if state is not ApprovalState.EXPIRED and _is_overdue(session, approval):
        raise _wrong_state(ApprovalState.EXPIRED, state)  # the sweep has not come by yet
    if state not in ALLOWED[approval.state]:
        raise _wrong_state(approval.state, state)
    approval.state = state
    approval.decided_by = by
    approval.decided_at = now
    approval.decision_reason = reason
    session.flush()
    _note(session, approval)


def _expire(session: Session, approval: Approval, now: datetime) -> None:
    _end(session, approval, ApprovalState.EXPIRED, by=None, reason=None, now=now)
    action = actions().get(approval.action)
    if action is not None:  # one that a later release knows no more expires all the same
        action.ended(session, approval, now)
    telling.tell_decision(session, approval)


def _refuse_second(session: Session, wanted: Approval, now: datetime) -> None:
    earlier = session.scalar(
        select(Approval)
        .where(
            Approval.subject_id == wanted.subject_id,
            Approval.action == wanted.action,
            Approval.requested_by == wanted.requested_by,
            Approval.reference.is_not_distinct_from(wanted.reference),
            Approval.state == ApprovalState.REQUESTED,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if earlier is None:
        return
    if not _is_overdue(session, earlier):
        raise _already_requested(earlier.id)
    _expire(session, earlier, now)


def _is_overdue(session: Session, approval: Approval) -> bool:
    return approval.state is ApprovalState.REQUESTED and bool(
        session.scalar(select(func.clock_timestamp() >= approval.expires_at))
    )


def _note(session: Session, approval: Approval, what: str | None = None, **told: object) -> None:
    record(
        session,
        f"{ENTITY}.{what or approval.state.value}",
        subject_type=ENTITY,
        subject_id=approval.id,
        data={
            "action": approval.action,
            "subject_type": approval.subject_type,
            "subject_id": approval.subject_id,
            "reference": approval.reference,
            "requested_by": approval.requested_by,
            "reason": approval.decision_reason or approval.reason,
            **told,
        },
    )


def _already_requested(existing_id: UUID | None) -> ConflictError:
    return ConflictError(
        "already_requested",
        N_("You have asked for this already; nobody has decided yet."),
        details={"existing_id": str(existing_id)} if existing_id else {},
    )


def _wrong_state(state: ApprovalState, wanted: ApprovalState) -> ConflictError:
    return ConflictError(
        "approval_state",
        N_("The request is {state}; it cannot become {wanted}."),
        details={"state": state.value, "allowed": [allowed.value for allowed in ALLOWED[state]]},
        state=state.value,
        wanted=wanted.value,
    )
