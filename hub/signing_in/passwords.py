"""Passwords of users: looked up, set, changed; what ends when one changes."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.access.people import are_active
from hub.db import new_id
from hub.history.recording import record
from hub.mail import services as mail
from hub.mail.models import DeliveryKind
from hub.signing_in import sessions
from hub.signing_in.attempts import Limit
from hub.signing_in.models import EndReason, UserPassword

PER_ACCOUNT = Limit("password of an account", 5, timedelta(minutes=1))
PER_DEVICE = Limit("password on a known device", 5, timedelta(minutes=1))
PER_CALLER = Limit("present password of whoever is in", 5, timedelta(minutes=1))
PER_ADDRESS = Limit("secrets from an address", 20, timedelta(minutes=1))

# One writer at a time: a new password of one that has none finds no row to lock.
_STORE = text("""
    insert into user_password (id, user_id, hash, changed_at)
    values (:id, :user_id, :hash, :now)
    on conflict (user_id) do update set hash = excluded.hash, changed_at = excluded.changed_at
""")


@dataclass(frozen=True, slots=True)
class Account:
    """What an address leads to; the user is None where nobody active has it."""

    user: User | None
    hash: str | None = field(repr=False, default=None)

    @property
    def user_id(self) -> UUID | None:
        """Whose it is."""
        return self.user.id if self.user else None


def account_of(session: Session, email: str) -> Account:
    """Return the account of a mail address; one statement, whether there is one or not."""
    row = session.execute(
        select(User, UserPassword.hash)
        .outerjoin(UserPassword, UserPassword.user_id == User.id)
        .where(User.email == email.strip().casefold(), are_active())
    ).one_or_none()
    return Account(row.User, row.hash) if row else Account(None)


def hash_of(session: Session, user_id: UUID) -> str | None:
    """Return the hash of a user's password; None where he has none."""
    return session.scalar(select(UserPassword.hash).where(UserPassword.user_id == user_id))


def is_still(session: Session, account: Account) -> bool:
    """Say whether an account is what it was when it was looked up; locks its password."""
    current = session.scalar(
        select(UserPassword.hash)
        .join(User, User.id == UserPassword.user_id)
        .where(UserPassword.user_id == account.user_id, are_active())
        .with_for_update(of=UserPassword)
    )
    return current is not None and current == account.hash


def store(session: Session, user: User, hashed: str, *, now: datetime) -> None:
    """Set a user's password, given as its hash: ends his sessions, and tells him by mail."""
    had_one = hash_of(session, user.id) is not None
    _write(session, user.id, hashed, now)
    sessions.end_all(session, user.id, EndReason.PASSWORD_CHANGED, now=now)
    event_id = record(
        session, "user.password_changed", subject_type=User.entity(), subject_id=user.id
    )
    if had_one:
        mail.request(
            session,
            DeliveryKind.PASSWORD_CHANGED,
            mail.Recipient.of(user),
            source=("password_change", event_id),
            facts={"changed_at": now.isoformat()},
        )


def store_again(session: Session, user_id: UUID, hashed: str, *, now: datetime) -> None:
    """Keep the same password under a hash of today's cost: no change to anybody."""
    _write(session, user_id, hashed, now)


def _write(session: Session, user_id: UUID, hashed: str, now: datetime) -> None:
    session.execute(_STORE, {"id": new_id(), "user_id": user_id, "hash": hashed, "now": now})
