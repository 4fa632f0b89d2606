"""Tables of registry look-ups."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base


class RegistryLookup(Base):
    """A search for candidates; nothing is created from it, a person chooses.

    While it waits, `message` says why, and `next_try_at` when the registry is asked again.
    `candidates` are what the registry said, kept for a day, each with `existing_customer_id` added
    when it is shown.
    """

    __tablename__ = "registry_lookup"

    query: Mapped[str]
    connection_id: Mapped[UUID | None]
    source: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="waiting", server_default="waiting")
    candidates: Mapped[list[Any] | None]
    message: Mapped[dict[str, Any] | None]
    next_try_at: Mapped[datetime | None]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('waiting', 'answered', 'failed')", name="state"),
        Index("ix_registry_lookup_created_at", "created_at"),
    )

    @classmethod
    def collection(cls) -> str:
        """Return the name of the collection whose rights decide."""
        return "customers"
