"""A note and the reminder that it asks for: written together or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from hub.errors import under
from hub.history.recording import PendingEvent
from hub.notes import services as notes
from hub.notes.models import Note
from hub.reminders import services as reminders
from hub.reminders.models import Reminder
from hub.reminders.timing import Moment


@dataclass(frozen=True, slots=True)
class ReminderWish:
    """What a reminder is to be."""

    title: str
    moment: Moment
    zone: str
    recipient_user_id: UUID


def react(session: Session, made: PendingEvent) -> None:
    """Let what was noted about a record follow it to the customer that it belongs to now.

    The newest note of either customer is that of what is his (domain.md §3.7).
    """
    if "customer_id" not in made.changes or made.type.endswith(".created"):
        return
    before, after = made.changes["customer_id"]
    for model in (Note, Reminder):
        session.execute(
            update(model)
            .where(model.subject_type == made.subject_type, model.subject_id == made.subject_id)
            .values(customer_id=after)
            .execution_options(synchronize_session=False)
        )
    for customer_id in sorted(each for each in (before, after) if each is not None):
        notes.refresh_customer(session, customer_id)


def write_note(
    session: Session,
    subject: Any,
    fields: Mapping[str, Any],
    wish: ReminderWish | None,
    *,
    now: datetime,
) -> tuple[Note, Reminder | None]:
    """Note something about a subject, and remind somebody of it.

    Args:
        session: the caller's.
        subject: what it is about: a customer, a lead, an opportunity (`hub.subjects`).
        fields: `body`, and `type` and `at` where they are given.
        wish: the reminder; None for none.
        now: the present.

    Raises:
        ValidationError: as `notes.create` and, under ``/reminder``, `reminders.create`.
    """
    note = notes.create(session, subject, now=now, **fields)
    if wish is None:
        return note, None
    with under("/reminder"):
        reminder = reminders.create(
            session,
            subject,
            title=wish.title,
            moment=wish.moment,
            zone=wish.zone,
            recipient_user_id=wish.recipient_user_id,
            now=now,
            note_id=note.id,
        )
    return note, reminder
