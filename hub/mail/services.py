"""Asking for mail, and what people do with deliveries."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.db import new_id
from hub.errors import ConflictError, NotFoundError
from hub.history.recording import record
from hub.i18n import N_
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.tasks import TaskName
from hub.mail.identity import message_id
from hub.mail.models import CALENDAR, Delivery, DeliveryKind, DeliveryState

ENTITY = "delivery"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a mail is for; `user_id` is None for somebody who is no user."""

    address: str
    user_id: UUID | None = None

    @classmethod
    def of(cls, user: User) -> "Recipient":
        """Return a user at the address of his profile."""
        return cls(user.email, user.id)


def request(
    session: Session,
    kind: DeliveryKind,
    recipient: Recipient,
    *,
    source: tuple[str, UUID],
    sequence: int = 0,
    facts: Mapping[str, Any] | None = None,
) -> tuple[Delivery, Enqueued]:
    """Ask for a mail; it goes out soon after the commit.

    Asked for twice it is one delivery: one not sent yet is only asked for again.

    Args:
        session: the caller's.
        kind: which renderer makes it.
        recipient: whom it is for.
        source: the record that asks, as (entity, id).
        sequence: counts the source's messages of this kind that differ.
        facts: what the source knows now, for the renderer; ids, dates and short texts.
    """
    source_type, source_id = source
    delivery = session.scalar(
        select(Delivery).where(
            Delivery.source_type == source_type,
            Delivery.source_id == source_id,
            Delivery.kind == kind,
            Delivery.sequence == sequence,
            Delivery.recipient == recipient.address,
            Delivery.channel == "mail",
        )
    )
    if delivery is None:
        delivery = Delivery(
            source_type=source_type,
            source_id=source_id,
            kind=kind,
            sequence=sequence,
            recipient=recipient.address,
            user_id=recipient.user_id,
            message_id=message_id(kind, source_id, sequence, recipient.address),
            facts=dict(facts or {}),
        )
        session.add(delivery)
        session.flush()
    return delivery, ask_for_sending(session, delivery)


def request_test(session: Session, user: User) -> Enqueued:
    """Ask for a mail that only proves that mail arrives; each is one of its own."""
    _, job = request(session, DeliveryKind.TEST, Recipient.of(user), source=("test_mail", new_id()))
    return job


def resend(session: Session, delivery: Delivery) -> Enqueued:
    """Send a failed or held delivery after all, under its own message id.

    A held one may have gone out before: the repeat is a person's decision and is noted.

    Raises:
        ConflictError: ``delivery_state``: it is on its way, was sent, or is no longer wanted.
    """
    if delivery.state not in {DeliveryState.FAILED, DeliveryState.HELD}:
        raise ConflictError(
            "delivery_state",
            N_("The delivery is {state}; only a failed or held one is sent again."),
            details={"state": delivery.state.value, "allowed": []},
            state=delivery.state.value,
        )
    if delivery.unsure:
        note_possible_repeat(session, delivery)
        delivery.unsure = False
    delivery.state = DeliveryState.PENDING
    session.flush()
    return ask_for_sending(session, delivery)


def ask_for_sending(session: Session, delivery: Delivery) -> Enqueued:
    """Ask for the job that sends a delivery; while one is queued there is no second."""
    in_order = f"mail:{delivery.source_id}" if delivery.kind in CALENDAR else None
    return enqueue(
        session,
        TaskName.SEND_DELIVERY,
        key=str(delivery.id),
        serial_key=in_order,
        subject=(ENTITY, delivery.id),
        delivery_id=delivery.id,
    )


def get(session: Session, delivery_id: UUID, *, lock: bool = False) -> Delivery:
    """Return a delivery.

    Raises:
        NotFoundError: there is none.
    """
    query = select(Delivery).where(Delivery.id == delivery_id, Delivery.deleted_at.is_(None))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotFoundError(ENTITY, delivery_id)
    return found


def note_possible_repeat(session: Session, delivery: Delivery) -> None:
    """List that a message may reach its reader twice (reliability.md R-20)."""
    delivery.possible_repeats += 1
    record(
        session,
        "delivery.possible_repeat",
        subject_type=ENTITY,
        subject_id=delivery.id,
        data={"message_id": delivery.message_id, "tries": delivery.tries},
    )
