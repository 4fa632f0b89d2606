"""Tables of activities."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Uuid, and_, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, object_session
from sqlalchemy.sql.elements import ColumnElement

from hub.clock import utcnow
from hub.custom_fields.models import Customised
from hub.db import Base, EnumText
from hub.external_refs import Referable, unique_reference
from hub.listing.search import Searchable, search_index


class ActivityKind(StrEnum):
    """What is done; a memo is for the team, an event an occasion such as a trade show."""

    CALL = "call"
    MEETING = "meeting"
    EVENT = "event"
    TASK = "task"
    MAIL = "mail"
    MEMO = "memo"
    TODO = "todo"


CONTACTS = (ActivityKind.CALL, ActivityKind.MEETING)
"""Kinds in which somebody was spoken with, once they are done."""


class ActivityState(StrEnum):
    """The life of an activity."""

    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"


OPEN = (ActivityState.PLANNED, ActivityState.IN_PROGRESS)


class Activity(Customised, Referable, Searchable):
    """Something to be done, or that was done, about records or about nothing.

    It has a beginning, perhaps with an end, or a time by which it is due, or neither: each is ISO
    wall time of `zone`, or a bare date for a whole day. Reckoned from these, `at` is where it
    stands in time: while it is open, when it begins or is due, else when it was made; done, when it
    happened. `over_at` is when it is overdue.

    `attendees` are users, contacts, or others by their address: [{user_id}, {contact_id},
    {email, name}]. `people_ids` are the users for whose sake it is seen. `done_by_user_id` is whom
    it counts for. `team_id` is a team that it is for, as memos are. `category` and `outcome` are
    codes of catalogues. What it is about is in `ActivitySubject`.
    """

    __tablename__ = "activity"
    __derived__: ClassVar = frozenset({"search_text", "at", "over_at", "people_ids"})
    __secret__: ClassVar = frozenset({"attendees", "contact_ids", "subjects"})
    """Whoever sees an activity need not see all whom it is about."""

    kind: Mapped[ActivityKind] = mapped_column(EnumText(ActivityKind))
    title: Mapped[str]
    body: Mapped[str | None]
    category: Mapped[str | None]
    outcome: Mapped[str | None]
    location: Mapped[str | None]
    state: Mapped[ActivityState] = mapped_column(
        EnumText(ActivityState), default=ActivityState.PLANNED, server_default="planned"
    )
    starts_local: Mapped[str | None]
    ends_local: Mapped[str | None]
    due_local: Mapped[str | None]
    zone: Mapped[str]
    at: Mapped[datetime]
    over_at: Mapped[datetime | None]
    author_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    assignee_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    attendees: Mapped[list[Any]] = mapped_column(default=list)
    contact_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    people_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    done_by_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    closed_at: Mapped[datetime | None]  # done or cancelled

    __table_args__ = (
        CheckConstraint(f"kind in ({', '.join(repr(k.value) for k in ActivityKind)})", name="kind"),
        CheckConstraint(
            f"state in ({', '.join(repr(s.value) for s in ActivityState)})", name="state"
        ),
        CheckConstraint(
            "(state in ('done', 'cancelled')) = (closed_at is not null)", name="closed"
        ),
        CheckConstraint("done_by_user_id is null or state = 'done'", name="done_by"),
        CheckConstraint(
            "(ends_local is null or starts_local is not null)"
            " and (due_local is null or starts_local is null)",
            name="timing",
        ),
        Index("ix_activity_at", "at", "id"),
        Index("ix_activity_created_at", "created_at", "id"),
        Index("ix_activity_people", "people_ids", postgresql_using="gin"),
        Index("ix_activity_assignees_open", "assignee_ids", postgresql_using="gin",
              postgresql_where=text("state in ('planned', 'in_progress')")),
        Index("ix_activity_contacts", "contact_ids", postgresql_using="gin",
              postgresql_where=text("contact_ids <> '{}'")),
        Index("ix_activity_attendees", "attendees", postgresql_using="gin",
              postgresql_ops={"attendees": "jsonb_path_ops"},
              postgresql_where=text("attendees <> '[]'::jsonb")),
        Index("ix_activity_author", "author_user_id", "at", "id"),
        Index("ix_activity_team", "team_id", "at", "id",
              postgresql_where=text("team_id is not null")),
        # By whom, of which kind, on which days: what statistics and objectives count.
        Index("ix_activity_done", "done_by_user_id", "kind", "at",
              postgresql_where=text("state = 'done' and deleted_at is null")),
        Index("ix_activity_over", "over_at", "id",
              postgresql_where=text("state in ('planned', 'in_progress')")),
        Index("ix_activity_category", "category", "state",
              postgresql_where=text("category is not null")),
        Index("ix_activity_outcome", "outcome", postgresql_where=text("outcome is not null")),
        unique_reference("activity"),
        search_index("activity"),
    )  # fmt: skip

    @hybrid_property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.state in OPEN

    @is_open.inplace.expression
    @classmethod
    def _is_open(cls) -> ColumnElement[bool]:
        return cls.state.in_(OPEN)

    @hybrid_property
    def is_overdue(self) -> bool:
        """Whether it should be done by now."""
        return self.is_open and self.over_at is not None and self.over_at <= utcnow()

    @is_overdue.inplace.expression
    @classmethod
    def _is_overdue(cls) -> ColumnElement[bool]:
        return and_(cls.state.in_(OPEN), func.coalesce(cls.over_at <= func.now(), False))

    @property
    def subject_ids(self) -> list[UUID]:
        """What it is about, by ids alone."""
        session = object_session(self)
        if session is None:
            return []
        rows = session.scalars(
            select(ActivitySubject.subject_id).where(ActivitySubject.activity_id == self.id)
        )
        return sorted(rows)

    @property
    def customer_id(self) -> UUID | None:
        """The first customer that it is about, for what hangs on it."""
        session = object_session(self)
        if session is None:
            return None
        return session.scalar(
            select(ActivitySubject.customer_id)
            .where(ActivitySubject.activity_id == self.id, ActivitySubject.customer_id.is_not(None))
            .order_by(ActivitySubject.id)
            .limit(1)
        )


class ActivitySubject(Base):
    """A record that an activity is about: a customer, a lead.

    `customer_id` is the customer that it is, or belongs to; None where it belongs to none, or
    another subject of the activity names the same already. `at` is the activity's, so that a
    subject's activities are read from one index.
    """

    __tablename__ = "activity_subject"

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activity.id"))
    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    at: Mapped[datetime]

    __table_args__ = (
        Index(
            "uq_activity_subject", "activity_id", "subject_type", "subject_id", unique=True
        ),
        Index("uq_activity_subject_customer", "activity_id", "customer_id", unique=True,
              postgresql_where=text("customer_id is not null")),
        Index("ix_activity_subject_at", "subject_type", "subject_id", "at", "activity_id"),
        Index("ix_activity_subject_customer", "customer_id", "at", "activity_id",
              postgresql_where=text("customer_id is not null")),
    )  # fmt: skip


class ActivityComment(Base):
    """What somebody said of an activity; said once, it stays."""

    __tablename__ = "activity_comment"

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activity.id"))
    author_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    body: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (Index("ix_activity_comment", "activity_id", "id"),)
