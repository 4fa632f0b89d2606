"""Tables of reminders."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import EnumText
from hub.external_refs import Referable, unique_reference


class ReminderState(StrEnum):
    """The life of a reminder."""

    SCHEDULED = "scheduled"
    DUE_SENT = "due_sent"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Reminder(Referable):
    """Something to be reminded of, at a time on a wall clock or on a day.

    `fire_at_local` is ISO wall time of `zone`, or a bare date for all day: what people mean, which
    stays as it is when the clocks change. `fire_at` is the instant when the mail is due, reckoned
    from it. `uid` names the calendar event for life and `sequence` rises with every change of it.
    `invited_address` is where the event stands in a calendar now. `message` says what went wrong.
    """

    __tablename__ = "reminder"
    __derived__: ClassVar = frozenset({"fire_at", "sequence", "invited_address", "message"})

    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    note_id: Mapped[UUID | None] = mapped_column(ForeignKey("note.id"))
    title: Mapped[str]
    recipient_user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    channel: Mapped[str] = mapped_column(default="mail", server_default="mail")
    fire_at_local: Mapped[str]
    zone: Mapped[str]
    all_day: Mapped[bool]
    fire_at: Mapped[datetime]
    state: Mapped[ReminderState] = mapped_column(
        EnumText(ReminderState), default=ReminderState.SCHEDULED, server_default="scheduled"
    )
    uid: Mapped[str] = mapped_column(unique=True)
    sequence: Mapped[int] = mapped_column(default=0, server_default="0")
    invited_address: Mapped[str | None]
    due_sent_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]  # done or cancelled
    message: Mapped[dict[str, Any] | None]

    @property
    def activity_id(self) -> UUID | None:
        """The activity that it reminds of, where that is its subject."""
        return self.subject_id if self.subject_type == "activity" else None

    __table_args__ = (
        CheckConstraint(
            f"state in ({', '.join(repr(s.value) for s in ReminderState)})", name="state"
        ),
        CheckConstraint("all_day = (length(fire_at_local) = 10)", name="all_day"),
        CheckConstraint(
            "(state in ('done', 'cancelled')) = (closed_at is not null)", name="closed"
        ),
        Index("ix_reminder_customer", "customer_id", "fire_at", "id"),
        Index("ix_reminder_subject", "subject_type", "subject_id", "fire_at", "id"),
        Index("ix_reminder_note", "note_id"),
        Index("ix_reminder_recipient", "recipient_user_id", "fire_at"),
        Index("ix_reminder_fire_at", "fire_at", "id"),
        Index("ix_reminder_created_at", "created_at", "id"),
        unique_reference("reminder"),
        Index("ix_reminder_due", "fire_at", postgresql_where=text("state = 'scheduled'")),
    )
