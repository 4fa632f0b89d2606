"""Tables of outgoing mail."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import EnumText
from hub.history.records import Record
from hub.mail_kinds import DeliveryKind

__all__ = ["CALENDAR", "UNSETTLED", "Delivery", "DeliveryKind", "DeliveryState"]

CALENDAR = frozenset({DeliveryKind.INVITATION, DeliveryKind.UPDATE, DeliveryKind.CANCELLATION})
"""Kinds that carry a calendar event: of one source they go out in the order of their sequence."""


class DeliveryState(StrEnum):
    """The life of a delivery; the last four are ends.

    `SENDING` is committed before the message is handed over. `HELD` waits for a person, since
    nobody knows whether the mail went out; `WITHDRAWN` was no longer wanted when its turn came.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    HELD = "held"
    WITHDRAWN = "withdrawn"


UNSETTLED = frozenset({DeliveryState.PENDING, DeliveryState.SENDING})


class Delivery(Record):
    """One mail to one address, unique for (source, kind, sequence, recipient, channel).

    `facts` are what the source knew when it asked, so that a later change does not get into an
    earlier message. `raw` and `composed_at` are stored at the first try and sent at every try
    (`hub.mail.keeping`).
    `unsure` says that a try has begun whose end nobody noted: the next one may be a repeat, and is
    counted in `possible_repeats` (reliability.md R-20). `message` says what went wrong.
    """

    __tablename__ = "delivery"
    __derived__: ClassVar = frozenset(
        {
            "facts", "state", "unsure", "possible_repeats", "tries", "last_tried_at", "sender",
            "raw", "composed_at", "sent_at", "provider_response", "message",
        }
    )  # fmt: skip

    source_type: Mapped[str]
    source_id: Mapped[UUID]
    kind: Mapped[DeliveryKind] = mapped_column(EnumText(DeliveryKind))
    sequence: Mapped[int]
    recipient: Mapped[str]
    channel: Mapped[str] = mapped_column(default="mail", server_default="mail")
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    message_id: Mapped[str] = mapped_column(unique=True)
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)

    state: Mapped[DeliveryState] = mapped_column(
        EnumText(DeliveryState), default=DeliveryState.PENDING, server_default="pending"
    )
    unsure: Mapped[bool] = mapped_column(default=False, server_default="false")
    possible_repeats: Mapped[int] = mapped_column(default=0, server_default="0")
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    last_tried_at: Mapped[datetime | None]
    composed_at: Mapped[datetime | None]
    sender: Mapped[str | None]
    raw: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    sent_at: Mapped[datetime | None]
    provider_response: Mapped[str | None]
    message: Mapped[dict[str, Any] | None]

    __table_args__ = (
        CheckConstraint(
            f"state in ({', '.join(repr(s.value) for s in DeliveryState)})", name="state"
        ),
        CheckConstraint(f"kind in ({', '.join(repr(k.value) for k in DeliveryKind)})", name="kind"),
        CheckConstraint(
            "(raw is null or composed_at is not null)"
            " and (composed_at is null) = (sender is null)",
            name="composed",
        ),
        CheckConstraint("(state = 'sent') = (sent_at is not null)", name="sent"),
        Index(
            "uq_delivery_identity",
            "source_type", "source_id", "kind", "sequence", "recipient", "channel",
            unique=True,
        ),
        Index("ix_delivery_user", "user_id", "id"),
        Index("ix_delivery_created_at", "created_at", "id"),
        Index("ix_delivery_sent_at", "sent_at", "id"),
        Index(
            "ix_delivery_unsettled",
            "created_at",
            postgresql_where=text("state in ('pending', 'sending')"),
        ),
        Index(
            "ix_delivery_trouble",
            "recipient",
            postgresql_where=text("state in ('failed', 'held')"),
        ),
        Index("ix_delivery_recipient_sent", "recipient", "sent_at",
              postgresql_where=text("state = 'sent'")),
    )  # fmt: skip
