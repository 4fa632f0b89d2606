"""The table of idempotency keys."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base


class IdempotencyKey(Base):
    """One key of one caller for one method and route, with the answer that its write gave.

    `status` is None only inside the transaction that claimed the key: a committed row is finished.
    """

    __tablename__ = "idempotency_key"

    principal_id: Mapped[UUID]
    method: Mapped[str]
    route: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, Any] | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    subject_id: Mapped[UUID | None]  # the record answered with: a replay reads it again first
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("principal_id", "method", "route", "key"),
        Index("ix_idempotency_key_expires_at", "expires_at"),
    )
