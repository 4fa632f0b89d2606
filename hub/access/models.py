"""Tables of people and their tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Mapped, mapped_column, validates

from hub.access.roles import Role
from hub.db import EnumText
from hub.history.records import Record


class User(Record):
    """A person, or a program that has rights of its own; `email` is kept case-folded."""

    __tablename__ = "app_user"  # "user" is a function of SQL: a query that forgets to quote it lies

    email: Mapped[str]
    name: Mapped[str]
    locale: Mapped[str | None]
    zone: Mapped[str | None]
    phone: Mapped[str | None]
    role: Mapped[Role] = mapped_column(EnumText(Role))
    active: Mapped[bool] = mapped_column(default=True, server_default="true")

    __table_args__ = (
        Index(
            "uq_app_user_email", "email", unique=True, postgresql_where=text("deleted_at is null")
        ),
        CheckConstraint(f"role in ({', '.join(repr(r.value) for r in Role)})", name="role"),
    )

    @classmethod
    def entity(cls) -> str:
        """See `Record.entity`: people say user."""
        return "user"

    @validates("email")
    def _fold(self, key: str, email: str) -> str:
        del key
        return email.strip().casefold()


class ApiToken(Record):
    """A token of a user: only its prefix and its SHA-256 are known here."""

    __tablename__ = "api_token"
    __derived__ = frozenset({"last_used_at"})
    __secret__ = frozenset({"hash"})

    prefix: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"), index=True)
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
