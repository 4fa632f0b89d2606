"""The table of approvals."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import EnumText
from hub.history.records import Record


class ApprovalState(StrEnum):
    """The life of an approval; all but the first are ends."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


ALLOWED: Mapping[ApprovalState, tuple[ApprovalState, ...]] = {
    ApprovalState.REQUESTED: tuple(ApprovalState)[1:],
    ApprovalState.APPROVED: (),
    ApprovalState.REFUSED: (),
    ApprovalState.WITHDRAWN: (),
    ApprovalState.EXPIRED: (),
}


class Approval(Record):
    """A request of one person to do something to a record, and what was decided.

    `action` is one of `hub.approvals.actions`; `reference` tells two of the same action apart, for
    example an order's number. `data` is the action's own. Subject and data are shown only to those
    who may see the subject: somebody may ask for what he cannot see.
    `decided_by` is also who withdrew it; nobody, where it expired.
    Where nobody has decided at `escalates_at`, it goes up: `escalated_to` may decide as well then.
    """

    __tablename__ = "approval"

    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    action: Mapped[str]
    reference: Mapped[str | None]
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    reason: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    state: Mapped[ApprovalState] = mapped_column(
        EnumText(ApprovalState), default=ApprovalState.REQUESTED, server_default="requested"
    )
    expires_at: Mapped[datetime | None]
    escalates_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    escalated_to: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list, server_default="{}")
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint(
            f"state in ({', '.join(repr(s.value) for s in ApprovalState)})", name="state"
        ),
        CheckConstraint("(state = 'requested') = (decided_at is null)", name="decided"),
        CheckConstraint(
            "state not in ('approved', 'refused') or decided_by <> requested_by", name="not_own"
        ),
        CheckConstraint("escalates_at < expires_at", name="escalation"),
        Index(
            "uq_approval_open",
            "subject_id", "action", "requested_by", "reference",
            unique=True,
            postgresql_where=text("state = 'requested'"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_approval_subject", "subject_id", "action", "reference"),
        Index("ix_approval_requested_by", "requested_by", "id"),
        Index("ix_approval_decided_by", "decided_by", "id"),
        Index("ix_approval_created_at", "created_at", "id"),
        Index("ix_approval_decided_at", "decided_at", "id"),
        Index("ix_approval_expires_at", "expires_at", postgresql_where=text("state = 'requested'")),
        Index(
            "ix_approval_escalates_at", "escalates_at",
            postgresql_where=text("state = 'requested' and escalated_at is null"),
        ),
    )  # fmt: skip
