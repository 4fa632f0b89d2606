"""What happens when a reminder is due, and what becomes of its mails."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.i18n import N_
from hub.ledger.models import Job, JobState
from hub.mail import services as mail
from hub.mail.models import Delivery, DeliveryKind, DeliveryState
from hub.mail.services import Recipient
from hub.reminders.invitations import ENTITY, facts_of
from hub.reminders.models import Reminder, ReminderState
from hub.reminders.services import ask_for_due_mail

_WAITING = frozenset({ReminderState.SCHEDULED, ReminderState.FAILED})
_GRACE = timedelta(minutes=1)


def come_due(session: Session, reminder_id: UUID) -> bool:
    """Ask for the due mail of a reminder; returns whether it was due.

    One that was moved to a later time, by the database's clock, is asked for again at that time;
    one that was done, cancelled or sent is left alone. A failed one, whose job was replayed, is
    scheduled again.
    """
    found = session.execute(
        _lock(reminder_id).add_columns((Reminder.fire_at <= func.clock_timestamp()).label("due"))
    ).one_or_none()
    if found is None or found.Reminder.state not in _WAITING:
        return False
    reminder: Reminder = found.Reminder
    reminder.state = ReminderState.SCHEDULED
    if not found.due:
        ask_for_due_mail(session, reminder)
        return False
    mail.request(
        session,
        DeliveryKind.DUE,
        Recipient.of(session.get_one(User, reminder.recipient_user_id)),
        source=(ENTITY, reminder.id),
        sequence=reminder.sequence,
        facts=facts_of(reminder),
    )
    return True


def fail_abandoned(session: Session, *, now: datetime, limit: int = 100) -> int:
    """Mark reminders as failed whose due job died before it asked for the mail; returns how many.

    Of a mail that was asked for, its delivery says what became of it.
    """
    live = select(Job.id).where(
        Job.subject_type == ENTITY,
        Job.subject_id == Reminder.id,
        Job.state.in_((JobState.QUEUED, JobState.RUNNING)),
    )
    asked = select(Delivery.id).where(
        Delivery.source_type == ENTITY,
        Delivery.source_id == Reminder.id,
        Delivery.kind == DeliveryKind.DUE,
        Delivery.sequence == Reminder.sequence,
    )
    found = session.scalars(
        select(Reminder)
        .where(
            Reminder.state == ReminderState.SCHEDULED,
            Reminder.fire_at < now - _GRACE,
            ~live.exists(),
            ~asked.exists(),
        )
        .order_by(Reminder.fire_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for reminder in found:
        reminder.state = ReminderState.FAILED
        reminder.message = {"code": "due_job_ended", "text": _ENDED, "params": {}}
    return len(found)


class ReminderMails:
    """What reminders say of their mails; see `hub.mail.sources.Source`."""

    def wants(self, session: Session, delivery: Delivery) -> bool:
        """See `hub.mail.sources.Source.wants`: a due mail of an earlier sequence is stale."""
        if delivery.kind is not DeliveryKind.DUE:
            return True
        reminder = _locked(session, delivery.source_id)
        return (
            reminder is not None
            and reminder.state in _WAITING
            and reminder.sequence == delivery.sequence
        )

    def settled(self, session: Session, delivery: Delivery) -> None:
        """See `hub.mail.sources.Source.settled`."""
        if delivery.kind is not DeliveryKind.DUE:
            return
        reminder = _locked(session, delivery.source_id)
        if (
            reminder is None
            or reminder.state not in _WAITING
            or reminder.sequence != delivery.sequence
        ):
            return
        if delivery.state is DeliveryState.SENT:
            reminder.state = ReminderState.DUE_SENT
            reminder.due_sent_at = delivery.sent_at
            reminder.message = None
        else:
            reminder.state = ReminderState.FAILED
            reminder.message = delivery.message


def _locked(session: Session, reminder_id: UUID) -> Reminder | None:
    return session.scalar(_lock(reminder_id))


def _lock(reminder_id: UUID) -> Select[Reminder]:
    return (
        select(Reminder)
        .where(Reminder.id == reminder_id, Reminder.deleted_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )


_ENDED = N_("The job that was to send the reminder ended without doing so.")
