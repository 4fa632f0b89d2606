"""Keeps a person's calendar in step with a reminder: asks for the mails that carry its event."""

from typing import Any

from sqlalchemy.orm import Session

from hub.access.models import User
from hub.access.people import find_active_by_email
from hub.mail import services as mail
from hub.mail.models import DeliveryKind
from hub.mail.services import Recipient
from hub.reminders.models import Reminder
from hub.reminders.timing import Moment

ENTITY = "reminder"


def invite(session: Session, reminder: Reminder, recipient: User) -> None:
    """Put the event into the recipient's calendar, or bring it up to date there.

    Where it stands in somebody else's, or at an address he no longer has, it is taken out first.
    """
    earlier, now = reminder.invited_address, Recipient.of(recipient)
    if earlier is not None and earlier != now.address:
        withdraw(session, reminder)
    kind = DeliveryKind.UPDATE if earlier == now.address else DeliveryKind.INVITATION
    _ask(session, reminder, kind, now)
    reminder.invited_address = now.address


def withdraw(session: Session, reminder: Reminder) -> None:
    """Take the event out of the calendar in which it stands."""
    if reminder.invited_address is not None:
        recipient = _recipient_at(session, reminder.invited_address)
        _ask(session, reminder, DeliveryKind.CANCELLATION, recipient)
        reminder.invited_address = None


def facts_of(reminder: Reminder) -> dict[str, Any]:
    """Return what a mail of this sequence tells, whatever becomes of the reminder later."""
    moment = Moment.of(reminder.fire_at_local)
    starts = moment.on.isoformat() if moment.at is None else reminder.fire_at.isoformat()
    return {"uid": reminder.uid, "title": reminder.title, "starts": starts}


def _recipient_at(session: Session, address: str) -> Recipient:
    """Return an address with the active user who has it; it may have been given up since."""
    user = find_active_by_email(session, address)
    return Recipient(address, user.id if user is not None else None)


def _ask(session: Session, reminder: Reminder, kind: DeliveryKind, recipient: Recipient) -> None:
    mail.request(
        session,
        kind,
        recipient,
        source=(ENTITY, reminder.id),
        sequence=reminder.sequence,
        facts=facts_of(reminder),
    )
