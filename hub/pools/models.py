"""Tables of pools."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, EnumText
from hub.history.records import Record


class DrawOrder(StrEnum):
    """In which order a draw deals (`hub.pools.dealing`)."""

    RANDOM = "random"
    LOAD = "load"
    OLDEST = "oldest"


class ClaimMode(StrEnum):
    """How somebody came by a customer."""

    APPLY = "apply"
    ASSIGN = "assign"
    RANDOM = "random"
    SELF = "self"


SELLERS_MODES = (ClaimMode.APPLY, ClaimMode.RANDOM, ClaimMode.SELF)
"""What sellers may do of themselves; assigning is for those who decide."""


class ClaimState(StrEnum):
    """The life of a claim; all but the first two are ends.

    `PASSED_ON`: its owner gave the customer to somebody else without the pool, or it was deleted.
    """

    APPLIED = "applied"
    OWNED = "owned"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    RELEASED = "released"
    TAKEN_BACK = "taken_back"
    RECALLED = "recalled"
    PASSED_ON = "passed_on"


LIVE = (ClaimState.APPLIED, ClaimState.OWNED)
NEVER_OWNED = (ClaimState.REFUSED, ClaimState.WITHDRAWN, ClaimState.EXPIRED)


class Pool(Record):
    """Customers that belong to nobody for now, and the rules by which they find an owner.

    People of `claim_team_ids` may claim; those in `manager_user_ids` and the people of
    `manager_team_ids` decide. None means no limit: of `held_quota` and `daily_quota` for each
    person, of `recall_after_days` without a note, of `daily_views` of cards. `recall_exceptions`
    are those of `hub.pools.recall_rules`. An inactive pool gives nothing out and recalls nothing.
    """

    __tablename__ = "pool"

    name: Mapped[str]
    entity_name: Mapped[str] = mapped_column(default="customer", server_default="customer")
    active: Mapped[bool] = mapped_column(default=True, server_default="true")
    claim_team_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    manager_user_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    manager_team_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    modes: Mapped[list[str]] = mapped_column(ARRAY(Text), default=lambda: ["apply", "random"])
    held_quota: Mapped[int | None]
    daily_quota: Mapped[int | None]
    cooldown_days: Mapped[int] = mapped_column(default=0, server_default="0")
    recall_after_days: Mapped[int | None]
    recall_exceptions: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    notice_days: Mapped[int] = mapped_column(default=0, server_default="0")
    application_days: Mapped[int] = mapped_column(default=7, server_default="7")
    escalation_hours: Mapped[int | None]
    batch_limit: Mapped[int] = mapped_column(default=100, server_default="100")
    draw_order: Mapped[DrawOrder] = mapped_column(EnumText(DrawOrder), default=DrawOrder.RANDOM)
    daily_views: Mapped[int | None]

    __table_args__ = (
        Index(
            "uq_pool_name", text("casefold(name)"), unique=True,
            postgresql_where=text("deleted_at is null"),
        ),
        CheckConstraint("entity_name = 'customer'", name="entity_name"),
        CheckConstraint("modes <@ array['apply', 'random', 'self']", name="modes"),
        CheckConstraint("draw_order in ('random', 'load', 'oldest')", name="draw_order"),
        CheckConstraint(
            "held_quota >= 0 and daily_quota >= 0 and cooldown_days >= 0 and notice_days >= 0"
            " and application_days >= 1 and batch_limit >= 1 and daily_views >= 0",
            name="limits",
        ),
        CheckConstraint("recall_after_days > notice_days", name="notice"),
        CheckConstraint(
            "escalation_hours >= 1 and escalation_hours < application_days * 24", name="escalation"
        ),
    )  # fmt: skip

    @property
    def escalates_after(self) -> timedelta | None:
        """After how long an application goes up; None for what is set for all requests."""
        return None if self.escalation_hours is None else timedelta(hours=self.escalation_hours)


class PoolDraw(Record):
    """One draw, with all that is needed to draw it again (`hub.pools.dealing.deal`).

    `candidates` are the ids that stood to be drawn, sixteen bytes each, in the order in which they
    had come into the pool; `candidates_sha256` is of those ids as text, one a line. `hands` are
    [{user_id, asked, room, load, absent, barred}] in the order of their ids.
    """

    __tablename__ = "pool_draw"
    __derived__: ClassVar = frozenset({"candidates", "hands"})

    pool_id: Mapped[UUID] = mapped_column(ForeignKey("pool.id"))
    draw_order: Mapped[DrawOrder] = mapped_column(EnumText(DrawOrder))
    seed: Mapped[str]
    candidates: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    candidates_sha256: Mapped[str]
    candidate_count: Mapped[int]
    hands: Mapped[list[Any]]
    reason: Mapped[str | None]

    __table_args__ = (Index("ix_pool_draw_pool", "pool_id", "id"),)

    @classmethod
    def collection(cls) -> str:
        """See `Record.collection`: it is reached by those."""
        return "pools"


class PoolClaim(Record):
    """A person's hold on a customer of a pool, from the application or the moment it was his.

    `mode` is None where he had it before it came into any pool. `taken_on` is the business day
    that the daily quota counts it on. `warned_since` is the last sign of care that the newest
    warning counted from, so that another note makes it void; `recall_on` is what it told.
    """

    __tablename__ = "pool_claim"
    __derived__: ClassVar = frozenset({"warned_since", "recall_on", "warnings", "warning_out_on"})

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    pool_id: Mapped[UUID] = mapped_column(ForeignKey("pool.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    mode: Mapped[ClaimMode | None] = mapped_column(EnumText(ClaimMode))
    state: Mapped[ClaimState] = mapped_column(EnumText(ClaimState))
    reason: Mapped[str | None]
    taken_on: Mapped[date]
    approval_id: Mapped[UUID | None] = mapped_column(ForeignKey("approval.id"))
    draw_id: Mapped[UUID | None] = mapped_column(ForeignKey("pool_draw.id"))
    draw_position: Mapped[int | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    owned_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    ended_reason: Mapped[str | None]
    warned_since: Mapped[datetime | None]
    warnings: Mapped[int] = mapped_column(default=0, server_default="0")
    warning_out_on: Mapped[date | None]
    recall_on: Mapped[date | None]

    __table_args__ = (
        CheckConstraint(
            f"state in ({', '.join(repr(s.value) for s in ClaimState)})", name="state"
        ),
        CheckConstraint("mode in ('apply', 'assign', 'random', 'self')", name="mode"),
        CheckConstraint(
            "(state in ('applied', 'owned')) = (ended_at is null)"
            " and (state <> 'owned' or owned_at is not null)",
            name="ended",
        ),
        CheckConstraint("(draw_id is null) = (draw_position is null)", name="draw"),
        Index(
            "uq_pool_claim_live", "customer_id", unique=True,
            postgresql_where=text("state in ('applied', 'owned')"),
        ),
        Index("uq_pool_claim_draw", "draw_id", "draw_position", unique=True),
        Index("uq_pool_claim_approval", "approval_id", unique=True),
        Index("ix_pool_claim_customer", "customer_id", "user_id", "ended_at"),
        Index("ix_pool_claim_taken", "pool_id", "user_id", "taken_on"),
        Index("ix_pool_claim_owned", "id", postgresql_where=text("state = 'owned'")),
        Index("ix_pool_claim_created_at", "created_at", "id"),
    )  # fmt: skip

    @classmethod
    def collection(cls) -> str:
        """See `Record.collection`: it is reached by those."""
        return "pools"


class SeenCard(Base):
    """That a person was shown a card of a pool on a day; counted where the pool limits it."""

    __tablename__ = "pool_seen_card"

    pool_id: Mapped[UUID] = mapped_column(ForeignKey("pool.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    seen_on: Mapped[date]

    __table_args__ = (
        Index("uq_pool_seen_card", "user_id", "pool_id", "seen_on", "customer_id", unique=True),
    )
