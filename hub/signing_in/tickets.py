"""Tickets: what a mail carries, so that its reader may set a password or prove his address."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hub import sealing
from hub.access.models import User
from hub.access.people import are_active
from hub.errors import ValidationError
from hub.history.recording import origin_of, record
from hub.i18n import N_
from hub.signing_in.models import Ticket, TicketPurpose
from hub.signing_in.secrets import digest, make_secret

LASTS = {
    TicketPurpose.INVITATION: timedelta(days=7),
    TicketPurpose.PASSWORD_RESET: timedelta(hours=1),
    TicketPurpose.ADDRESS_VERIFICATION: timedelta(days=3),
}
SETS_PASSWORD = frozenset({TicketPurpose.INVITATION, TicketPurpose.PASSWORD_RESET})
KEPT = timedelta(days=30)  # beyond its end: a mail held for so long is withdrawn, and not in error


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a good ticket is for, and what it lets him do."""

    ticket: Ticket
    user: User

    @property
    def sets_password(self) -> bool:
        """Whether it sets a password; otherwise it only proves the address."""
        return self.ticket.purpose in SETS_PASSWORD


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket just made; its secret goes into a mail and is nowhere in the clear."""

    ticket: Ticket
    secret: str = field(repr=False)


def make(session: Session, user: User, purpose: TicketPurpose, *, now: datetime) -> NewTicket:
    """Make a ticket for a user at his present address."""
    secret = make_secret("ticket")
    ticket = Ticket(
        user_id=user.id,
        purpose=purpose,
        address=user.email,
        secret_hash=digest(secret),
        created_at=now,
        created_by=origin_of(session).user_id,
        expires_at=now + LASTS[purpose],
    )
    session.add(ticket)
    session.flush()
    return NewTicket(ticket, secret)


def keep_for_mail(made: NewTicket) -> None:
    """Keep a ticket's secret, sealed, until its mail is out."""
    made.ticket.sealed_secret = sealing.seal(made.secret.encode(), place(made.ticket.id))


def secret_for_mail(ticket: Ticket) -> str | None:
    """Return what the mail is to carry; None where it is out."""
    if ticket.sealed_secret is None:
        return None
    return sealing.unseal(ticket.sealed_secret, place(ticket.id)).decode()


def place(ticket_id: UUID) -> str:
    """Return for which place a ticket's secret is sealed."""
    return f"ticket.sealed_secret:{ticket_id}"


def holder_of(session: Session, secret: str, *, now: datetime, lock: bool = False) -> Holder:
    """Return whom a ticket is for.

    Raises:
        ValidationError: it is unknown, used or expired, or its address is not the user's any more.
    """
    query = (
        select(Ticket, User)
        .join(User, User.id == Ticket.user_id)
        .where(Ticket.secret_hash == digest(secret), is_good(now))
    )
    if lock:
        query = query.with_for_update(of=(Ticket, User), key_share=True)
        query = query.execution_options(populate_existing=True)
    row = session.execute(query).one_or_none()
    if row is None:
        raise ValidationError.of(
            "/ticket",
            "ticket",
            N_("This link was used before, or its time is up. Ask for a new one."),
        )
    return Holder(row.Ticket, row.User)


def is_good(now: datetime) -> Any:
    """Return the condition under which a ticket (joined with its user) may be used."""
    return (
        Ticket.used_at.is_(None)
        & (Ticket.expires_at > now)
        & (Ticket.address == User.email)
        & are_active()
    )


def use(session: Session, holder: Holder, *, now: datetime) -> None:
    """Use a ticket up: whoever holds it has read the mail of the address.

    A new password makes the user's other tickets for one worthless.
    """
    ticket, user = holder.ticket, holder.user
    used = [ticket.purpose] if not holder.sets_password else list(SETS_PASSWORD)
    session.execute(
        update(Ticket)
        .where(Ticket.user_id == user.id, Ticket.purpose.in_(used), Ticket.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session="fetch")
    )
    if user.email_verified_at is None:
        user.email_verified_at = now
        record(session, "user.address_verified", subject_type=User.entity(), subject_id=user.id)
    session.flush()


def prune(session: Session, now: datetime, limit: int) -> int:
    """Remove tickets that are over; returns how many, at most `limit`."""
    due = (
        select(Ticket.id)
        .where(Ticket.expires_at < now - KEPT)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone: Any = session.execute(
        delete(Ticket).where(Ticket.id.in_(due)).execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)
