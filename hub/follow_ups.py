"""A note and the reminder that it asks for: written together or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.errors import FieldError, ValidationError
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
    try:
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
    except ValidationError as error:
        raise ValidationError(
            *(FieldError(f"/reminder{e.pointer}", e.code, e.message, e.params)
              for e in error.errors)
        ) from error  # fmt: skip
    return note, reminder
