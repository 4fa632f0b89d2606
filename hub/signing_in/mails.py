"""The mails of signing in: asked for, wanted as long as their ticket is good."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.access.people import find_active_user
from hub.clock import utcnow
from hub.db import new_id
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.tasks import TaskName
from hub.mail import services as mail
from hub.mail.models import Delivery, DeliveryKind, DeliveryState
from hub.signing_in import attempts, tickets
from hub.signing_in.attempts import Limit, TooManyAttemptsError
from hub.signing_in.models import Ticket, TicketPurpose

SOURCE = "ticket"
_JUST = timedelta(minutes=1)
RESETS_OF_ONE = Limit("resets of an account", 3, timedelta(hours=1))
KIND_OF = {
    TicketPurpose.INVITATION: DeliveryKind.WELCOME,
    TicketPurpose.PASSWORD_RESET: DeliveryKind.PASSWORD_RESET,
    TicketPurpose.ADDRESS_VERIFICATION: DeliveryKind.ADDRESS_VERIFICATION,
}


def send_ticket(session: Session, user: User, purpose: TicketPurpose, *, now: datetime) -> Enqueued:
    """Mail a user a ticket, at the address of his profile."""
    made = tickets.make(session, user, purpose, now=now)
    tickets.keep_for_mail(made)
    _, job = mail.request(
        session,
        KIND_OF[purpose],
        mail.Recipient.of(user),
        source=(SOURCE, made.ticket.id),
    )
    return job


def ask_for_reset(session: Session, user_id: UUID | None) -> None:
    """Ask for the mail that lets a user choose a new password; None where nobody has the address.

    A worker finds out that there is no such user: who asks is not to tell by the time it takes.
    """
    asked = user_id or new_id()
    enqueue(session, TaskName.SEND_RESET, key=str(asked), user_id=asked)


def send_reset(session: Session, user_id: UUID, *, now: datetime) -> bool:
    """Mail a user what sets a new password; False where there is none, or he has had enough."""
    user = find_active_user(session, user_id)
    if user is None:
        return False
    try:
        attempts.take(session, RESETS_OF_ONE, str(user_id))
    except TooManyAttemptsError:
        return False
    send_ticket(session, user, TicketPurpose.PASSWORD_RESET, now=now)
    return True


def was_just_asked(session: Session, user: User, *, now: datetime) -> bool:
    """Say whether a user's present address is on its way to being checked already."""
    return (
        session.scalar(
            select(Ticket.id)
            .where(
                Ticket.user_id == user.id,
                Ticket.purpose == TicketPurpose.ADDRESS_VERIFICATION,
                Ticket.address == user.email,
                Ticket.used_at.is_(None),
                Ticket.created_at > now - _JUST,
            )
            .limit(1)
        )
        is not None
    )


class TicketMails:
    """Tickets as a source of mail: see `hub.mail.sources.Source`."""

    def wants(self, session: Session, delivery: Delivery) -> bool:
        """Say whether the ticket would still be of use to its reader."""
        return (
            session.scalar(
                select(Ticket.id)
                .join(User, User.id == Ticket.user_id)
                .where(Ticket.id == delivery.source_id, tickets.is_good(utcnow()))
                .with_for_update(of=Ticket)
            )
            is not None
        )

    def settled(self, session: Session, delivery: Delivery) -> None:
        """Forget the ticket's secret once its mail is out."""
        if delivery.state is DeliveryState.SENT:
            ticket = session.get(Ticket, delivery.source_id)
            if ticket is not None:
                ticket.sealed_secret = None
