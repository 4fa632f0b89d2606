"""What goes together: a note or an activity, and the reminders that it asks for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.access.principals import Principal
from hub.activities import services as activities
from hub.activities.models import Activity, ActivityState
from hub.errors import under
from hub.history.recording import PendingEvent
from hub.notes import services as notes
from hub.notes.models import Note
from hub.reminders import services as reminders
from hub.reminders.models import Reminder, ReminderState
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
    activities.follow_customer(session, made.subject_type, made.subject_id)
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
    return note, _remind(session, subject, wish, now=now, note_id=note.id)


def plan_activity(
    session: Session,
    subjects: Sequence[Any],
    fields: Mapping[str, Any],
    wish: ReminderWish | None,
    *,
    zone: str,
    now: datetime,
    state: ActivityState = ActivityState.PLANNED,
    happened_at: datetime | None = None,
    caller: Principal | None = None,
) -> tuple[Activity, Reminder | None]:
    """Make an activity, and remind somebody of it.

    Raises:
        ValidationError: as `activities.create` and, under ``/reminder``, `reminders.create`.
    """
    activity = activities.create(
        session, subjects, fields, zone=zone, now=now, state=state, happened_at=happened_at,
        caller=caller,
    )  # fmt: skip
    return activity, _remind(session, activity, wish, now=now)


def move_activity(
    session: Session, activity: Activity, state: ActivityState, *, now: datetime, **said: Any
) -> Activity:
    """Move an activity as `activities.move` does; done or cancelled, nobody is reminded of it."""
    activities.move(session, activity, state, now=now, **said)
    if state is ActivityState.DONE:
        _close_reminders(session, activity, reminders.mark_done, now=now)
    elif state is ActivityState.CANCELLED:
        cancel_reminders(session, activity, now=now)
    return activity


def delete_activity(session: Session, activity: Activity, *, now: datetime) -> None:
    """Take an activity away; nobody is reminded of it any more."""
    cancel_reminders(session, activity, now=now)
    activities.delete(session, activity, now=now)


def cancel_reminders(session: Session, subject: Any, *, now: datetime) -> None:
    """Have nobody reminded any more of what is called off or taken away."""
    _close_reminders(session, subject, reminders.cancel, now=now)


def _remind(
    session: Session,
    subject: Any,
    wish: ReminderWish | None,
    *,
    now: datetime,
    note_id: UUID | None = None,
) -> Reminder | None:
    if wish is None:
        return None
    with under("/reminder"):
        return reminders.create(
            session,
            subject,
            title=wish.title,
            moment=wish.moment,
            zone=wish.zone,
            recipient_user_id=wish.recipient_user_id,
            now=now,
            note_id=note_id,
        )


def _close_reminders(
    session: Session, subject: Any, close: Callable[..., Reminder], *, now: datetime
) -> None:
    still_open = session.scalars(
        select(Reminder)
        .where(
            Reminder.subject_type == subject.entity(), Reminder.subject_id == subject.id,
            Reminder.state.not_in([ReminderState.DONE, ReminderState.CANCELLED]),
            Reminder.deleted_at.is_(None),
        )
        .order_by(Reminder.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()  # fmt: skip
    for reminder in still_open:
        close(session, reminder, now=now)
