"""Tables of workflows, and what a record that moves through one has."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from hub.clock import utcnow
from hub.db import Base, EnumText
from hub.history.records import Record


class StateKind(StrEnum):
    """What a state means, whatever an installation calls it."""

    NEW = "new"
    WORKING = "working"
    WON = "won"
    LOST = "lost"
    PARKED = "parked"


class Status(StrEnum):
    """The life of one revision of a workflow; a live one is followed, not changed."""

    DRAFT = "draft"
    LIVE = "live"
    RETIRED = "retired"


class Workflow(Record):
    """One revision of a workflow of one kind of records.

    All revisions of a workflow share `entity_name` and `code`; one of them is live at most. New
    records of the kind go into the live one that `is_default`, unless another is asked for. Records
    of former revisions follow into the live one, those in a state that it lacks as `moves` says.
    """

    __tablename__ = "workflow"

    entity_name: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    status: Mapped[Status] = mapped_column(EnumText(Status), default=Status.DRAFT)
    is_default: Mapped[bool] = mapped_column(default=False, server_default="false")
    moves: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")

    __table_args__ = (
        CheckConstraint("status in ('draft', 'live', 'retired')", name="status"),
        CheckConstraint("status = 'live' or not is_default", name="default_is_live"),
        Index("uq_workflow_revision", "entity_name", "code", "revision", unique=True),
        Index("uq_workflow_live", "entity_name", "code", unique=True,
              postgresql_where=text("status = 'live'")),
        Index("uq_workflow_draft", "entity_name", "code", unique=True,
              postgresql_where=text("status = 'draft' and deleted_at is null")),
        Index("uq_workflow_default", "entity_name", unique=True,
              postgresql_where=text("is_default")),
    )  # fmt: skip


class WorkflowState(Base):
    """A state of a revision; records name it by its `key`.

    A record that comes to it gets the `forced_probability`, which then cannot be written
    otherwise, or the `default_probability`. `on_enter` is done whenever one is moved there
    (`hub.workflow.errands`). One that is `fixed` is in every later revision as it
    is here, but for its place and colour.
    """

    __tablename__ = "workflow_state"

    workflow_id: Mapped[UUID] = mapped_column(ForeignKey("workflow.id", ondelete="CASCADE"))
    key: Mapped[str]
    label: Mapped[str]
    kind: Mapped[StateKind] = mapped_column(EnumText(StateKind))
    colour: Mapped[str | None]
    forced_probability: Mapped[int | None]
    default_probability: Mapped[int | None]
    on_enter: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    fixed: Mapped[bool] = mapped_column(default=False, server_default="false")
    sort: Mapped[int]

    __table_args__ = (
        UniqueConstraint("workflow_id", "key"),
        CheckConstraint("kind in ('new', 'working', 'won', 'lost', 'parked')", name="kind"),
        CheckConstraint("forced_probability between 0 and 100", name="forced_probability"),
        CheckConstraint("default_probability between 0 and 100", name="default_probability"),
        CheckConstraint(
            "case kind when 'won' then forced_probability is not distinct from 100"
            " when 'lost' then forced_probability is not distinct from 0 else true end",
            name="over_is_certain",
        ),
    )


class WorkflowTransition(Base):
    """A way from one state of a revision to another.

    Whoever has one of `roles` may go it, or everybody where there are none; `guard` names a
    condition of the kind of records (`hub.workflow.guards`). `on_enter` is done when one goes it,
    after what its state does.
    """

    __tablename__ = "workflow_transition"

    workflow_id: Mapped[UUID] = mapped_column(ForeignKey("workflow.id", ondelete="CASCADE"))
    origin: Mapped[str]
    target: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    guard: Mapped[str | None]
    needs_assignee: Mapped[bool] = mapped_column(default=False, server_default="false")
    needs_reason: Mapped[bool] = mapped_column(default=False, server_default="false")
    on_enter: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")

    __table_args__ = (
        UniqueConstraint("workflow_id", "origin", "target"),
        ForeignKeyConstraint(
            ["workflow_id", "origin"], ["workflow_state.workflow_id", "workflow_state.key"],
            name="fk_workflow_transition_origin", ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["workflow_id", "target"], ["workflow_state.workflow_id", "workflow_state.key"],
            name="fk_workflow_transition_target", ondelete="CASCADE",
        ),
        CheckConstraint("origin <> target", name="moves"),
    )  # fmt: skip


class InWorkflow:
    """What a record that moves through a workflow has: where it stands, and since when.

    `state_kind` is that of its state, kept with it for lists. `is_open` is an axis of its own
    (C29): closing and reopening are acts. A state in use cannot be removed: the row refers to it.
    """

    state: Mapped[str]
    state_kind: Mapped[StateKind] = mapped_column(EnumText(StateKind))
    state_since: Mapped[datetime] = mapped_column(default=utcnow)
    probability: Mapped[int] = mapped_column(default=0, server_default="0")
    is_open: Mapped[bool] = mapped_column(default=True, server_default="true")
    closed_at: Mapped[datetime | None]

    @declared_attr
    @classmethod
    def workflow_id(cls) -> Mapped[UUID]:
        """The revision that it is in."""
        return mapped_column(ForeignKey("workflow.id"))

    def take_probability(self, percent: int) -> None:
        """Take on the probability that its state gives it."""
        self.probability = percent

    @classmethod
    def constraints(cls, table: str) -> tuple[Any, ...]:
        """Return what the arguments of a table must hold for this."""
        return (
            ForeignKeyConstraint(
                ["workflow_id", "state"], ["workflow_state.workflow_id", "workflow_state.key"],
                name=f"fk_{table}_state",
            ),
            CheckConstraint(
                "state_kind in ('new', 'working', 'won', 'lost', 'parked')", name="state_kind"
            ),
            CheckConstraint("probability between 0 and 100", name="probability"),
            CheckConstraint(
                "(state_kind <> 'won' or probability = 100)"
                " and (state_kind <> 'lost' or probability = 0)",
                name="over_is_certain",
            ),
            CheckConstraint("is_open = (closed_at is null)", name="closed"),
        )  # fmt: skip
