"""Putting customers on hold and releasing them: by hand, and by themselves as the policy says."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.clock import business_date
from hub.configuration import current
from hub.credit.figures import Owed, overdue_before, owed_by
from hub.credit.policy import AutomaticHold, CreditPolicy
from hub.credit.rules import Message
from hub.customers.models import Customer, HoldState
from hub.errors import ConflictError, ValidationError
from hub.history.recording import record
from hub.i18n import N_
from hub.settings import get_settings

ENTITY = "customer"
ALLOWED_BY_HAND = {
    HoldState.CLEAR: (HoldState.HELD_MANUAL,),
    HoldState.HELD_AUTO: (HoldState.HELD_MANUAL,),
    HoldState.HELD_MANUAL: (HoldState.CLEAR,),
}
"""What people may make of a hold; one that came by itself goes by itself."""


def put_on_hold(
    session: Session, customer: Customer, *, reason: str, by: UUID, now: datetime
) -> Customer:
    """Put a customer on hold by hand; no rule takes that back.

    Raises:
        ConflictError: ``hold_state``: it is on hold by hand already.
        ValidationError: no reason was given.
    """
    _lock(session, customer.id)
    _require(customer, HoldState.HELD_MANUAL)
    given = _reason(reason)
    message = {"code": HoldState.HELD_MANUAL.value, "text": _BY_HAND, "params": {"reason": given}}
    _change(session, customer, HoldState.HELD_MANUAL, message, by=by, now=now)
    return customer


def release(
    session: Session, customer: Customer, *, reason: str, by: UUID, now: datetime
) -> Customer:
    """End a hold by hand; where the policy says so, the customer is on hold by itself at once.

    Raises:
        ConflictError: ``hold_state``: it is not on hold by hand.
        ValidationError: no reason was given.
    """
    _lock(session, customer.id)
    _require(customer, HoldState.CLEAR)
    message = {"code": "released", "text": _RELEASED, "params": {"reason": _reason(reason)}}
    _change(session, customer, HoldState.CLEAR, message, by=by, now=now)
    policy = current(session, CreditPolicy)
    _follow(session, customer, policy, business_date(now, get_settings().zone), now)
    return customer


def evaluate(
    session: Session, customer_id: UUID, policy: CreditPolicy, *, today: date, now: datetime
) -> HoldState | None:
    """Put a customer on hold by itself, or end that, as the documents say.

    Returns the state it has come to, None where nothing changed. A hold by hand stays.
    """
    customer = _lock(session, customer_id)
    if customer is None or customer.hold is HoldState.HELD_MANUAL:
        return None
    return _follow(session, customer, policy, today, now)


def why_held(policy: CreditPolicy, customer: Customer, owed: Owed) -> Message | None:
    """Return why a customer is to be on hold by itself, None where it is not."""
    match policy.automatic:
        case AutomaticHold.CREDIT_LIMIT:
            limit = customer.credit_limit
            if limit is None or owed.balance <= limit:
                return None
            return {"code": "over_limit", "text": _OVER_LIMIT, "params": {}}
        case AutomaticHold.PAST_DUE if owed.oldest_due_on is not None:
            due_on = owed.oldest_due_on.isoformat()
            return {"code": "past_due", "text": _PAST_DUE, "params": {"due_on": due_on}}
        case _:
            return None


def _follow(
    session: Session, customer: Customer, policy: CreditPolicy, today: date, now: datetime
) -> HoldState | None:
    owed = owed_by(session, customer, overdue_before=overdue_before(policy, today))
    why = why_held(policy, customer, owed)
    if why is None:
        if customer.hold is HoldState.CLEAR:
            return None
        _change(session, customer, HoldState.CLEAR, _SETTLED, by=None, now=now)
        return customer.hold
    if customer.hold is HoldState.HELD_AUTO:
        customer.hold_message = dict(why)  # the reason may be another one by now
        session.flush()
        return None
    _change(session, customer, HoldState.HELD_AUTO, why, by=None, now=now)
    return customer.hold


def _change(
    session: Session,
    customer: Customer,
    state: HoldState,
    message: Message,
    *,
    by: UUID | None,
    now: datetime,
) -> None:
    before = customer.hold
    is_clear = state is HoldState.CLEAR
    customer.hold = state
    customer.hold_message = None if is_clear else dict(message)
    customer.hold_by = None if is_clear else by
    customer.hold_at = None if is_clear else now
    session.flush()
    data: dict[str, Any] = {"message": message, "by": by}
    if "reason" in message["params"]:
        data["reason"] = message["params"]["reason"]
    record(
        session,
        f"{ENTITY}.{'hold_released' if is_clear else 'held'}",
        subject_type=ENTITY,
        subject_id=customer.id,
        changes={"hold": (before, state)},
        data=data,
    )


def _lock(session: Session, customer_id: UUID) -> Customer | None:
    return session.scalar(
        select(Customer)
        .where(
            Customer.id == customer_id,
            Customer.deleted_at.is_(None),
            Customer.merged_into_id.is_(None),
        )
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


def _require(customer: Customer, wanted: HoldState) -> None:
    allowed = ALLOWED_BY_HAND[customer.hold]
    if wanted not in allowed:
        raise ConflictError(
            "hold_state",
            N_("The hold is {state}; it cannot become {wanted} by hand."),
            details={"state": customer.hold.value, "allowed": [each.value for each in allowed]},
            state=customer.hold.value,
            wanted=wanted.value,
        )


def _reason(given: str) -> str:
    reason = given.strip()
    if not reason:
        raise ValidationError.of("/reason", "required", N_("Say why."))
    return reason


_BY_HAND = N_("On hold by hand: {reason}")
_RELEASED = N_("Released by hand: {reason}")
_OVER_LIMIT = N_("On hold by itself: what is owed exceeds the credit limit.")
_PAST_DUE = N_("On hold by itself: an invoice that was due on {due_on} is not paid.")
_SETTLED: Message = {
    "code": "settled",
    "text": N_("The hold that came by itself is over: its reason is gone."),
    "params": {},
}
