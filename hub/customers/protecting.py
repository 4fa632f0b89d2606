"""Protection: for a time a customer does not exist for anybody but those it concerns.

Who these are the access rule says (`hub.access.predicates.RecordRule`); it ends by itself.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hub.configuration import current
from hub.customers.models import Customer
from hub.customers.policy import ProtectionPolicy
from hub.errors import ConflictError, ValidationError
from hub.history.models import Event
from hub.history.recording import origin_of, plain, record
from hub.i18n import N_

ENTITY = Customer.entity()
PROTECTED = f"{ENTITY}.protected"
RENEWED = f"{ENTITY}.protection_renewed"
RELEASED = f"{ENTITY}.protection_released"
_TOLD = 100  # events of one customer's protection, the newest


def protect(
    session: Session,
    customer: Customer,
    *,
    until: datetime | None,
    reason: str | None,
    now: datetime,
) -> Customer:
    """Protect a customer, or renew its protection; without `until` for as long as the policy says.

    That the caller may is for whoever calls to check, by `get_record` with `Verb.PROTECT`.

    Raises:
        ValidationError: it would be over from the start, or last longer than the policy allows.
        ConflictError: ``no_owner``: nobody's customer cannot be protected; ``too_many_protected``:
            its owner has as many as the policy allows.
    """
    policy = current(session, ProtectionPolicy)
    if customer.owner_user_id is None:
        raise ConflictError(
            "no_owner", N_("Only a customer with an owner can be protected: somebody must know it.")
        )
    if until is None:
        until = now + timedelta(days=min(policy.default_days, policy.longest_days))
    _check_time(until, policy, now)
    is_renewal = customer.is_protected
    if not is_renewal:
        _require_room(session, customer, customer.owner_user_id, policy)
        customer.protected_at = now
    before = customer.protected_until if is_renewal else None
    customer.protected_until = until
    customer.protected_by = origin_of(session).user_id
    session.flush()
    _note(session, RENEWED if is_renewal else PROTECTED, customer, before=before, reason=reason)
    return customer


def release(session: Session, customer: Customer, *, reason: str | None = None) -> Customer:
    """End a customer's protection; one that is over already is not ended again."""
    before, was_protected = customer.protected_until, customer.is_protected
    customer.protected_at = customer.protected_by = customer.protected_until = None
    session.flush()
    if was_protected:
        _note(session, RELEASED, customer, before=before, reason=reason)
    return customer


def history(session: Session, customer: Customer, types: Sequence[str]) -> list[Event]:
    """Return the newest events of some types that a customer's protection has seen."""
    found = session.scalars(
        select(Event)
        .where(Event.subject_type == ENTITY, Event.subject_id == customer.id, Event.type.in_(types))
        .order_by(Event.at.desc(), Event.id.desc())
        .limit(_TOLD)
    )
    return list(found)


def _check_time(until: datetime, policy: ProtectionPolicy, now: datetime) -> None:
    if until <= now:
        raise ValidationError.of("/until", "past", N_("Must lie in the future."))
    if until > now + timedelta(days=policy.longest_days):
        raise ValidationError.of(
            "/until",
            "too_long",
            N_("A customer is protected for {days} days at a time at most."),
            days=policy.longest_days,
        )


def _require_room(
    session: Session, customer: Customer, owner_id: UUID, policy: ProtectionPolicy
) -> None:
    # Those who protect one owner's customers wait for one another, so that the count holds.
    session.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"),
        {"key": f"protection:{owner_id}"},
    )
    count = session.scalar(
        select(func.count())
        .select_from(Customer)
        .where(
            Customer.owner_user_id == owner_id,
            Customer.is_protected,
            Customer.id != customer.id,
            Customer.deleted_at.is_(None),
        )
    )
    if (count or 0) >= policy.most_per_owner:
        raise ConflictError(
            "too_many_protected",
            N_("Of one owner's customers {most} are protected at a time at most."),
            details={"protected": count, "most": policy.most_per_owner},
            most=policy.most_per_owner,
        )


def _note(
    session: Session, kind: str, customer: Customer, *, before: datetime | None, reason: str | None
) -> None:
    data = {"until": customer.protected_until, "before": before, "reason": reason}
    record(
        session,
        kind,
        subject_type=ENTITY,
        subject_id=customer.id,
        data={name: plain(value) for name, value in data.items() if value is not None},
    )
