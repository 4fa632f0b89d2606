"""Objectives as the API takes and shows them."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.customers import Money
from api.schemas.fields import Amount, Integer, Line, OneLine, Whole, ZoneName
from api.schemas.shapes import Body, Patch, Query, RecordView, View, absent
from hub.objectives.boards import Subject
from hub.objectives.models import Frequency, Measure

Often = Literal["once", "daily", "weekly", "monthly"]
Currency = Annotated[str, OneLine(3, 3)]
Count = Annotated[int, Whole(1)]
TEMPLATE = "The template's where it is left out."


class TargetsBody(Body):
    """What is to be reached in each period: one target or several, each above 0."""

    opp_amount_won: Money | None = Field(None, description="Of opportunities won; in `currency`.")
    opp_created: Count | None = Field(None, description="Opportunities created.")
    opp_won: Count | None = Field(None, description="Opportunities won.")
    calls: Count | None = Field(None, description="Calls done.")
    meetings: Count | None = Field(None, description="Meetings held.")
    leads_converted: Count | None = Field(None, description="Leads converted.")

    def fields(self) -> dict[str, Any]:
        """Return the targets by measure, amounts as decimals."""
        given = {name: value for name, value in self.given().items() if value is not None}
        return {
            name: Decimal(value) if isinstance(value, str) else value
            for name, value in given.items()
        }


class TargetsView(View):
    """What is to be reached in each period; null is not asked for."""

    opp_amount_won: Amount | None = None
    opp_created: int | None = None
    opp_won: int | None = None
    calls: int | None = None
    meetings: int | None = None
    leads_converted: int | None = None


class ObjectiveCreate(Body):
    """A new objective, for a person or a team; for yourself where neither is named."""

    name: Line | None = Field(None, description=TEMPLATE)
    user_id: UUID | None = None
    team_id: UUID | None = None
    template_id: UUID | None = Field(
        None, description="Takes name, targets and how often from it, but for what is given here."
    )
    frequency: Often | None = Field(
        None, description=f"Once from `starts_on` to `ends_on`, or each period. {TEMPLATE}"
    )
    starts_on: date
    ends_on: date | None = Field(
        None, description="The last day; needed of what is to be reached once."
    )
    zone: ZoneName | None = Field(None, description="Whose days; yours where it is left out.")
    targets: TargetsBody | None = Field(None, description=TEMPLATE)
    currency: Currency | None = Field(None, description="Of the amount, where there is one.")

    def fields(self) -> dict[str, Any]:
        """Return the fields of the objective."""
        return _with_targets(self.given(), self.targets)


class ObjectivePatch(Patch):
    """What changes of an objective; for whom it is, and its periods, stay."""

    name: Line = absent()
    ends_on: date | None = absent()
    targets: TargetsBody = absent()
    currency: Currency = absent()

    def changes(self) -> dict[str, Any]:
        """Return the fields to change."""
        return _with_targets(self.given(), self.given().get("targets"))


class ObjectiveView(RecordView):
    """An objective."""

    name: str
    user_id: UUID | None
    team_id: UUID | None
    template_id: UUID | None
    frequency: Frequency
    starts_on: date
    ends_on: date | None
    zone: str
    targets: TargetsView
    currency: str | None
    met: bool | None = Field(
        description="Whether all of it is reached in the newest period; null until that is known."
    )
    computed_at: AwareDatetime | None = Field(description="When its progress was last reckoned.")


class ObjectiveTemplateCreate(Body):
    """A new template of objectives."""

    name: Line
    frequency: Often = "once"
    targets: TargetsBody
    currency: Currency | None = None
    active: bool = True
    sort: Integer | None = Field(None, description="Its place; last where it is left out.")

    def fields(self) -> dict[str, Any]:
        """Return the fields of the template."""
        return {**self.model_dump(), "targets": self.targets.fields()}


class ObjectiveTemplatePatch(Patch):
    """What changes of a template of objectives."""

    name: Line = absent()
    frequency: Often = absent()
    targets: TargetsBody = absent()
    currency: Currency = absent()
    active: bool = absent()
    sort: Integer = absent()

    def changes(self) -> dict[str, Any]:
        """Return the fields to change."""
        return _with_targets(self.given(), self.given().get("targets"))


class ObjectiveTemplateView(RecordView):
    """A template of objectives."""

    name: str
    frequency: Frequency
    targets: TargetsView
    currency: str | None
    active: bool = Field(description="False: retired, no objective is made from it any more.")
    sort: int


class FigureView(View):
    """What a measure comes to in a period, and its target."""

    measure: Measure
    label: str
    currency: str | None = Field(description="Of an amount; null of a count.")
    value: Amount
    target: Amount
    ratio: Annotated[float, Field(description="value / target: 1 and more is reached.")]
    met: bool


class PeriodView(View):
    """A period with its figures."""

    starts_on: date
    ends_on: date
    figures: list[FigureView]


class ProgressQuery(Query):
    """As of which day, and how many periods."""

    as_of: date | None = Field(
        None,
        description="The progress as it stood when this day was over, where the objective is;"
        " what workers keep where it is left out.",
    )
    periods: int = Field(12, ge=1, le=400, description="How many at most, the newest.")


class ProgressView(View):
    """The progress of an objective, the earliest period first."""

    objective_id: UUID
    as_of: date | None
    computed_at: AwareDatetime | None = Field(
        description="When it was reckoned; null before a worker came to it."
    )
    periods: list[PeriodView]


class ProgressRowView(View):
    """One measure of an objective in one period, as workers keep it."""

    id: UUID
    objective_id: UUID
    user_id: UUID | None
    team_id: UUID | None
    measure: Measure
    currency: str | None
    starts_on: date
    ends_on: date
    value: Amount
    target: Amount
    ratio: float
    met: bool
    computed_at: AwareDatetime


class BoardQuery(Query):
    """Whose objectives, on which day."""

    by: Subject = Subject.USER
    on: date | None = Field(None, description="Those that run on this day; today's by default.")
    periods: int = Field(12, ge=1, le=60, description="How many of each at most, the newest.")
    subject_id: UUID | None = Field(None, description="Only those of this person or team.")


class PointView(View):
    """One point of a chart."""

    starts_on: date
    ends_on: date
    value: Amount
    target: Amount
    ratio: float
    met: bool


class LineView(View):
    """One measure of an objective: a line of a chart, the earliest period first."""

    objective_id: UUID
    name: str
    measure: Measure
    label: str
    currency: str | None
    frequency: Frequency
    computed_at: AwareDatetime | None
    series: list[PointView] = Field(description="Empty before a worker came to it.")


class BoardGroupView(View):
    """The objectives of one person or team."""

    subject_id: UUID
    name: str
    lines: list[LineView]


class BoardView(View):
    """Objectives by person or by team, ready for charts."""

    by: Subject
    on: date
    groups: list[BoardGroupView] = Field(description="In the order of their names.")
    complete: bool = Field(description="false where there were more objectives than are shown.")


def _with_targets(values: dict[str, Any], targets: TargetsBody | None) -> dict[str, Any]:
    return values if targets is None else {**values, "targets": targets.fields()}
