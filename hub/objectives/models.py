"""Tables of objectives."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, EnumText
from hub.history.records import Record


class Measure(StrEnum):
    """What is counted; the first one adds up amounts of one currency."""

    OPP_AMOUNT_WON = "opp_amount_won"
    OPP_CREATED = "opp_created"
    OPP_WON = "opp_won"
    CALLS = "calls"
    MEETINGS = "meetings"
    LEADS_CONVERTED = "leads_converted"


AMOUNTS = frozenset({Measure.OPP_AMOUNT_WON})
"""The measures that are amounts and not counts."""


class Frequency(StrEnum):
    """How often an objective is to be reached: once in its range of days, or each day, and so on.

    A period of one that comes back begins on the day on which the objective begins, or so many
    days, weeks or months later.
    """

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


_FREQUENCY = f"frequency in ({', '.join(repr(each.value) for each in Frequency)})"


class Objective(Record):
    """What one person, or one team, is to reach.

    `targets` are by measure; a count is a number, an amount its decimals as text, of `currency`.
    Days are whole days of `zone`, the last one included; without `ends_on` it comes back for ever.
    `met` says of the newest period whether all of it is reached, `computed_at` since when that and
    its progress are known to be so.
    """

    __tablename__ = "objective"
    __derived__: ClassVar = frozenset({"measures", "met", "computed_at"})
    __unfolded__: ClassVar = frozenset({"targets"})

    name: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    template_id: Mapped[UUID | None] = mapped_column(ForeignKey("objective_template.id"))
    frequency: Mapped[Frequency] = mapped_column(EnumText(Frequency))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    zone: Mapped[str]
    targets: Mapped[dict[str, Any]]
    currency: Mapped[str | None]
    measures: Mapped[list[str]] = mapped_column(ARRAY(Text))
    met: Mapped[bool | None]
    computed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("(user_id is null) <> (team_id is null)", name="subject"),
        CheckConstraint(_FREQUENCY, name="frequency"),
        CheckConstraint(
            "ends_on >= starts_on and (ends_on is not null or frequency <> 'once')", name="window"
        ),
        CheckConstraint("targets <> '{}'", name="targets"),
        CheckConstraint("not targets ? 'opp_amount_won' or currency is not null", name="currency"),
        Index("ix_objective_name", "name", "id"),
        Index("ix_objective_starts_on", "starts_on", "id"),
        Index("ix_objective_created_at", "created_at", "id"),
        Index("ix_objective_user", "user_id", "id", postgresql_where=text("user_id is not null")),
        Index("ix_objective_team", "team_id", "id", postgresql_where=text("team_id is not null")),
    )  # fmt: skip

    @property
    def subject_field(self) -> str:
        """The field that says whose it is."""
        return "user_id" if self.team_id is None else "team_id"


class ObjectiveTemplate(Record):
    """A configuration of objectives (A10): measures with their targets, and how often.

    One that is not `active` is retired: objectives keep what was taken from it, none is made any
    more.
    """

    __tablename__ = "objective_template"
    __unfolded__: ClassVar = frozenset({"targets"})

    name: Mapped[str]
    frequency: Mapped[Frequency] = mapped_column(EnumText(Frequency))
    targets: Mapped[dict[str, Any]]
    currency: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True, server_default="true")
    sort: Mapped[int] = mapped_column(default=0, server_default="0")

    __table_args__ = (
        CheckConstraint(_FREQUENCY, name="frequency"),
        CheckConstraint("targets <> '{}'", name="targets"),
        CheckConstraint("not targets ? 'opp_amount_won' or currency is not null", name="currency"),
        Index("uq_objective_template_name", text("casefold(name)"), unique=True),
        Index("ix_objective_template_name", "name", "id"),
        Index("ix_objective_template_sort", "sort", "id"),
    )


class ObjectiveProgress(Base):
    """How far one measure of an objective is in one period; kept by workers, and never by hand.

    `user_id`, `team_id` and `currency` are the objective's. `computed_at` is when it was found to
    be so; what finds the same again leaves it.
    """

    __tablename__ = "objective_progress"

    objective_id: Mapped[UUID] = mapped_column(ForeignKey("objective.id"))
    measure: Mapped[Measure] = mapped_column(EnumText(Measure))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    currency: Mapped[str | None]
    value: Mapped[Decimal] = mapped_column(Numeric(22, 4))
    target: Mapped[Decimal] = mapped_column(Numeric(22, 4))
    ratio: Mapped[Decimal] = mapped_column(
        Numeric(24, 4), Computed("round(value / target, 4)", persisted=True)
    )
    met: Mapped[bool] = mapped_column(Computed("value >= target", persisted=True))
    computed_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(
            f"measure in ({', '.join(repr(each.value) for each in Measure)})", name="measure"
        ),
        CheckConstraint("target > 0", name="target"),
        Index(
            "uq_objective_progress", "objective_id", "starts_on", "measure", unique=True
        ),
        Index("ix_objective_progress_starts_on", "starts_on", "id"),
        Index("ix_objective_progress_ratio", "ratio", "id"),
        Index("ix_objective_progress_user", "user_id", "starts_on",
              postgresql_where=text("user_id is not null")),
        Index("ix_objective_progress_team", "team_id", "starts_on",
              postgresql_where=text("team_id is not null")),
    )  # fmt: skip

    @classmethod
    def collection(cls) -> str:
        """Return the name of the rights over it: whoever reads an objective reads its progress."""
        return Objective.collection()
