"""What may be done with reminders."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub import external_refs
from hub.access.models import User
from hub.access.people import get_active_user
from hub.calendar_time import check_zone
from hub.db import new_id
from hub.errors import ConflictError, ValidationError
from hub.i18n import N_
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.tasks import TaskName
from hub.mail.identity import domain
from hub.reminders.invitations import ENTITY, invite, withdraw
from hub.reminders.models import Reminder, ReminderState
from hub.reminders.timing import Moment
from hub.subjects import customer_id_of

ALLOWED: dict[ReminderState, tuple[ReminderState, ...]] = {
    ReminderState.SCHEDULED: (ReminderState.DONE, ReminderState.CANCELLED),
    ReminderState.DUE_SENT: (ReminderState.DONE, ReminderState.CANCELLED),
    # What was not reminded of may have been done all the same, and people must be able to say so.
    ReminderState.FAILED: (
        ReminderState.SCHEDULED,
        ReminderState.DONE,
        ReminderState.CANCELLED,
    ),
    ReminderState.DONE: (),
    ReminderState.CANCELLED: (),
}
"""What people may do; that the due mail went out, or could not, is not theirs to say."""

_CHANGEABLE = frozenset({ReminderState.SCHEDULED, ReminderState.FAILED})


def create(
    session: Session,
    subject: Any,
    *,
    title: str,
    moment: Moment,
    zone: str,
    recipient_user_id: UUID,
    now: datetime,
    note_id: UUID | None = None,
    external_ref: str | None = None,
) -> Reminder:
    """Remind a person of a subject; the invitation to his calendar goes out at once.

    Raises:
        ValidationError: the time has passed, the zone is unknown or the person is no active user.
        ConflictError: ``taken``: the external reference is in use.
    """
    external_refs.refuse_taken(session, Reminder, external_ref)
    recipient = _recipient(session, recipient_user_id)
    _refuse_past(moment, check_zone(zone), now)
    identifier = new_id()
    reminder = Reminder(
        id=identifier,
        subject_type=subject.entity(),
        subject_id=subject.id,
        customer_id=customer_id_of(subject),
        note_id=note_id,
        external_ref=external_ref,
        title=title,
        recipient_user_id=recipient.id,
        fire_at_local=str(moment),
        zone=zone,
        all_day=moment.at is None,
        fire_at=moment.due_at(zone),
        uid=f"{identifier}@{domain()}",
        sequence=0,
    )
    session.add(reminder)
    session.flush()
    invite(session, reminder, recipient)
    ask_for_due_mail(session, reminder)
    return reminder


def change(
    session: Session, reminder: Reminder, changes: Mapping[str, Any], *, now: datetime
) -> Reminder:
    """Change `title`, `moment`, `zone` or `recipient_user_id`; the calendar changes with it.

    What changes nothing sends nothing, whatever its state. A failed reminder is scheduled again.

    Raises:
        ValidationError: as `create`.
        ConflictError: ``reminder_state``: it was sent, is done or cancelled.
    """
    moment = changes.get("moment") or Moment.of(reminder.fire_at_local)
    wanted = {
        "title": changes.get("title", reminder.title),
        "fire_at_local": str(moment),
        "zone": check_zone(changes.get("zone", reminder.zone)),
        "recipient_user_id": changes.get("recipient_user_id", reminder.recipient_user_id),
    }
    changed = {name for name, value in wanted.items() if getattr(reminder, name) != value}
    if not changed:
        return reminder
    if reminder.state not in _CHANGEABLE:
        raise _refused(reminder, N_("The reminder is {state} and cannot be changed any more."))
    recipient = _recipient(session, wanted["recipient_user_id"])
    if changed & {"fire_at_local", "zone"} or reminder.state is ReminderState.FAILED:
        _refuse_past(moment, wanted["zone"], now)
    for name in changed:
        setattr(reminder, name, wanted[name])
    reminder.all_day = moment.at is None
    reminder.fire_at = moment.due_at(reminder.zone)
    reminder.sequence += 1
    reminder.state = ReminderState.SCHEDULED
    reminder.message = None
    session.flush()
    invite(session, reminder, recipient)
    ask_for_due_mail(session, reminder)
    return reminder


def mark_done(session: Session, reminder: Reminder, *, now: datetime) -> Reminder:
    """Say that what it reminds of is done: no mail when due, no event in the calendar.

    Raises:
        ConflictError: ``reminder_state``: it is done or cancelled already.
    """
    return _close(session, reminder, ReminderState.DONE, now)


def cancel(session: Session, reminder: Reminder, *, now: datetime) -> Reminder:
    """Call a reminder off: no mail when due, no event in the calendar.

    Raises:
        ConflictError: ``reminder_state``: it is done or cancelled already.
    """
    return _close(session, reminder, ReminderState.CANCELLED, now)


def ask_for_due_mail(session: Session, reminder: Reminder) -> Enqueued:
    """Ask for the job that finds the reminder due; one that comes too early asks again."""
    return enqueue(
        session,
        TaskName.SEND_DUE_REMINDER,
        key=str(reminder.id),
        run_at=reminder.fire_at,
        subject=(ENTITY, reminder.id),
        reminder_id=reminder.id,
    )


def _close(session: Session, reminder: Reminder, state: ReminderState, now: datetime) -> Reminder:
    if state not in ALLOWED[reminder.state]:
        raise _refused(
            reminder, N_("The reminder is {state}; it cannot become {wanted}."), wanted=state.value
        )
    reminder.state = state
    reminder.closed_at = now
    if Moment.of(reminder.fire_at_local).over_at(reminder.zone) > now:
        reminder.sequence += 1
        withdraw(session, reminder)
    session.flush()
    return reminder


def _recipient(session: Session, user_id: UUID) -> User:
    return get_active_user(session, user_id, pointer="/recipient_user_id")


def _refuse_past(moment: Moment, zone: str, now: datetime) -> None:
    if moment.over_at(zone) <= now:
        pointer = "/on" if moment.at is None else "/at"
        raise ValidationError.of(pointer, "past", N_("Must lie in the future."))


def _refused(reminder: Reminder, message: str, **params: object) -> ConflictError:
    return ConflictError(
        "reminder_state",
        message,
        details={
            "state": reminder.state.value,
            "allowed": [allowed.value for allowed in ALLOWED[reminder.state]],
        },
        state=reminder.state.value,
        **params,
    )
