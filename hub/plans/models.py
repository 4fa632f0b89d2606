"""Tables of plans."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, EnumText
from hub.history.records import AskedWithToken, Record


class PlanState(StrEnum):
    """The life of a plan."""

    DRAFT = "draft"
    APPLYING = "applying"
    APPLIED = "applied"
    STALE = "stale"
    UNDONE = "undone"
    SEALED = "sealed"


class Plan(Record, AskedWithToken):
    """A set of operations, previewed, applied exactly as previewed, undone.

    `counters` say how many items have which action and outcome; they add up to the items.
    """

    __tablename__ = "plan"
    __derived__: ClassVar = frozenset({"counters"})

    kind: Mapped[str]  # import, sync, merge, convert, assign, erase
    state: Mapped[PlanState] = mapped_column(EnumText(PlanState), default=PlanState.DRAFT)
    scope: Mapped[dict[str, Any]] = mapped_column(default=dict)
    counters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    expires_at: Mapped[datetime | None]
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(f"state in ({', '.join(repr(s.value) for s in PlanState)})", name="state"),
    )


class PlanItem(Base):
    """One operation of a plan: what it does to which version of a record, and what became of it.

    `action`: create, update, link, assign, skip, conflict, refuse. `outcome` is None until applied:
    done, skipped, failed, undone, kept (an undo that found the record changed since).
    """

    __tablename__ = "plan_item"

    plan_id: Mapped[UUID] = mapped_column(ForeignKey("plan.id"))
    position: Mapped[int]
    action: Mapped[str]
    entity: Mapped[str]
    record_id: Mapped[UUID | None]
    record_version: Mapped[int | None]
    applied_version: Mapped[int | None]
    external_id: Mapped[str | None]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    source: Mapped[dict[str, Any] | None]  # the row or remote record it was made from
    outcome: Mapped[str | None]
    errors: Mapped[list[Any] | None]  # [{pointer, code, message, params}]

    __table_args__ = (
        Index("uq_plan_item_position", "plan_id", "position", unique=True),
        Index("ix_plan_item_record", "entity", "record_id"),
        CheckConstraint(
            "action in ('create', 'update', 'link', 'assign', 'skip', 'conflict', 'refuse')",
            name="action",
        ),
        CheckConstraint(
            "outcome in ('done', 'skipped', 'failed', 'undone', 'kept')", name="outcome"
        ),
    )
