"""Tables of signing in: passwords, sessions, tickets, and counted attempts."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, EnumText
from hub.history.records import Record


class UserPassword(Base):
    """The Argon2id hash of a user's password: in a table of its own, past the history."""

    __tablename__ = "user_password"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"), unique=True)
    hash: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())

    def __repr__(self) -> str:
        """Keep the hash out of logs."""
        return f"UserPassword({self.user_id})"


class EndReason(StrEnum):
    """Why a session is over before its time."""

    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"
    REPLACED = "replaced"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a reason
    USER_INACTIVE = "user_inactive"


class UserSession(Record):
    """A person signed in from one place: of the cookie only its SHA-256 is known here.

    `address` and `agent` let him know his own sessions from others'.
    """

    __tablename__ = "user_session"
    __derived__: ClassVar = frozenset({"last_seen_at", "address", "agent"})
    __secret__: ClassVar = frozenset({"secret_hash"})

    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    expires_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    address: Mapped[str | None]
    agent: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[EndReason | None] = mapped_column(EnumText(EndReason))

    __table_args__ = (
        CheckConstraint("(ended_at is null) = (end_reason is null)", name="ended"),
        CheckConstraint(
            f"end_reason in ({', '.join(repr(r.value) for r in EndReason)})", name="end_reason"
        ),
        Index("ix_user_session_user", "user_id", "id"),
        Index(
            "ix_user_session_live", "user_id", postgresql_where=text("ended_at is null")
        ),
        Index("ix_user_session_expires_at", "expires_at"),
    )  # fmt: skip

    @classmethod
    def entity(cls) -> str:
        """See `Record.entity`: people say session."""
        return "session"


class TicketPurpose(StrEnum):
    """What a ticket lets its holder do, once."""

    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a purpose
    ADDRESS_VERIFICATION = "address_verification"


class Ticket(Base):
    """Proof that somebody reads the mail of an address: a secret of 256 bits, good once.

    Of the secret only its SHA-256 stays. Until the mail is out it is there a second time, sealed.
    """

    __tablename__ = "ticket"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"), index=True)
    purpose: Mapped[TicketPurpose] = mapped_column(EnumText(TicketPurpose))
    address: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[UUID | None]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            f"purpose in ({', '.join(repr(p.value) for p in TicketPurpose)})", name="purpose"
        ),
        Index("ix_ticket_expires_at", "expires_at"),
    )


class AttemptCount(Base):
    """When something limited was last attempted; its id is reckoned from what is counted."""

    __tablename__ = "attempt_count"

    at: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))
    last_at: Mapped[datetime] = mapped_column(index=True)
