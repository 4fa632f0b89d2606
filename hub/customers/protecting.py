"""Protection: for a time a customer does not exist for anybody but those it concerns.

Who these are the access rule says (`hub.access.predicates.RecordRule`); it ends by itself.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hub.configuration import current
from hub.customers.models import Customer
from hub.customers.policy import ProtectionPolicy
from hub.db import among
from hub.errors import ConflictError, ValidationError
from hub.history.models import Event
from hub.history.recording import origin_of, plain, record
from hub.i18n import N_

ENTITY = Customer.entity()
PROTECTED = f"{ENTITY}.protected"
RENEWED = f"{ENTITY}.protection_renewed"
RELEASED = f"{ENTITY}.protection_released"
_TOLD = 100  # events of one customer's protection, the newest


@dataclass
class Room:
    """How many of one owner's customers are protected, and how many may be."""

    protected: int
    most: int

    def take(self) -> None:
        """Count one more that is his and protected.

        Raises:
            ConflictError: ``too_many_protected``: he has as many as the policy allows.
        """
        if self.protected >= self.most:
            raise ConflictError(
                "too_many_protected",
                N_("Of one owner's customers {most} are protected at a time at most."),
                details={"most": self.most},
                most=self.most,
            )
        self.protected += 1


def rooms(session: Session, owner_ids: Collection[UUID]) -> dict[UUID, Room]:
    """Return what room some owners have.

    Who protects what is an owner's, or gives him what is protected, waits for all others who do, so
    that the count holds until the commit.
    """
    for owner_id in sorted(owner_ids):
        session.execute(
            text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"),
            {"key": f"protection:{owner_id}"},
        )
    counted = session.execute(
        select(Customer.owner_user_id, func.count())
        .where(
            among(Customer.owner_user_id, owner_ids),
            Customer.is_protected,
            Customer.deleted_at.is_(None),
        )
        .group_by(Customer.owner_user_id)
    )
    protected = {row[0]: row[1] for row in counted}
    most = current(session, ProtectionPolicy).most_per_owner
    return {each: Room(protected.get(each, 0), most) for each in owner_ids}


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
        rooms(session, [customer.owner_user_id])[customer.owner_user_id].take()
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
