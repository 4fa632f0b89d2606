"""What happens when a reminder is due, and what becomes of its mails."""

from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.ledger.setbacks import Setback
from hub.mail import services as mail
from hub.mail.models import Delivery, DeliveryKind, DeliveryState
from hub.mail.services import Recipient
from hub.reminders.invitations import ENTITY, facts_of
from hub.reminders.models import Reminder, ReminderState
from hub.reminders.services import ask_for_due_mail

_WAITING = frozenset({ReminderState.SCHEDULED, ReminderState.FAILED})


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


def note_setback(session: Session, setback: Setback) -> None:
    """Show on a reminder that its due job died or was cancelled before it asked for the mail."""
    if setback.next_try_at is not None:
        return
    reminder = _locked(session, UUID(setback.args["reminder_id"]))
    if reminder is None or reminder.state is not ReminderState.SCHEDULED:
        return
    reminder.state = ReminderState.FAILED
    reminder.message = setback.message


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
