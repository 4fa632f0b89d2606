"""Tables of incoming webhooks."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, EnumText


class DeliveryState(StrEnum):
    """What became of a delivery; a failed one may be tried again."""

    STORED = "stored"
    IMPORTED = "imported"
    REPEATED = "repeated"  # the same body was imported before, under another delivery's name
    LATE = "late"  # a newer state of the same record is known
    IGNORED = "ignored"  # it says nothing of customers, orders or leads, or somebody gave it up
    FAILED = "failed"


class HookDelivery(Base):
    """A believed delivery, or a message of a mailbox, raw: `body` as it came.

    `headers` are those that its reader may need. `message` says why it failed or is not taken:
    {code, text, params}.
    """

    __tablename__ = "hook_delivery"

    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connection.id"))
    deduplication_id: Mapped[str]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    body_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    state: Mapped[DeliveryState] = mapped_column(
        EnumText(DeliveryState), default=DeliveryState.STORED, server_default="stored"
    )
    topic: Mapped[str | None]
    summary: Mapped[str | None]
    customer_id: Mapped[UUID | None]
    lead_id: Mapped[UUID | None]
    message: Mapped[dict[str, Any] | None]
    imported_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            f"state in ({', '.join(repr(s.value) for s in DeliveryState)})", name="state"
        ),
        Index("uq_hook_delivery", "connection_id", "deduplication_id", unique=True),
        Index("ix_hook_delivery_body", "connection_id", "body_sha256"),
    )


class HookResource(Base):
    """A record of a shop as far as we were told: whose it is, and how new our news of it is.

    Of a mail, under its Message-ID, it says to what its thread belongs.
    """

    __tablename__ = "hook_resource"

    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connection.id"))
    kind: Mapped[str]  # customer, order, lead; of mails `hub.hooks.threads`
    resource_id: Mapped[str]
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    lead_id: Mapped[UUID | None] = mapped_column(ForeignKey("lead.id"))
    occurred_at: Mapped[datetime | None]
    deleted: Mapped[bool] = mapped_column(default=False, server_default="false")

    __table_args__ = (
        Index("uq_hook_resource", "connection_id", "kind", "resource_id", unique=True),
        Index("ix_hook_resource_customer", "customer_id"),
    )
