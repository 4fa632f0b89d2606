"""Dashboards and scorecards as the API shows them."""

from datetime import date
from uuid import UUID

from pydantic import Field

from api.schemas.breakdowns import BreakdownView
from api.schemas.fields import Amount
from api.schemas.shapes import Query, View


class SpanQuery(Query):
    """The days that count, where you are."""

    since: date | None = Field(
        None, description="The first day; by default that of the month eleven months ago."
    )
    until: date | None = Field(None, description="The last day; today by default.")


class DashboardQuery(SpanQuery):
    """Whose records count, on which days."""

    user: UUID | None = Field(None, description="Only what is of this person.")
    team: UUID | None = Field(None, description="Only what is of the people of this team.")


class DashboardSummary(View):
    """A dashboard that you may look at."""

    name: str
    title: str
    link: str = Field(description="Where its figures are.")


class DashboardsView(View):
    """The dashboards that you may look at."""

    items: list[DashboardSummary]


class ChartView(BreakdownView):
    """A chart; the filters of its groups are put to the list under `link`."""

    name: str
    title: str
    link: str = Field(description="The list of the rows that are counted.")


class DashboardView(View):
    """A dashboard with its figures, of what you see."""

    name: str
    title: str
    since: date
    until: date
    charts: list[ChartView]


class ScoreView(View):
    """One figure of a person."""

    name: str
    label: str
    count: int
    amounts: dict[str, Amount] = Field(description="What it is worth, by currency.")
    link: str = Field(description="The list of the rows that are counted.")


class CardView(View):
    """A person with his figures."""

    user_id: UUID
    name: str
    figures: list[ScoreView]


class TeamFigureView(View):
    """One figure of the whole team."""

    name: str
    label: str
    count: int
    mean: float = Field(description="Of a person.")
    amounts: dict[str, Amount]


class ScorecardView(View):
    """The figures of a team's people, everybody's by the same rules; of what you see."""

    since: date
    until: date
    team: list[TeamFigureView]
    people: list[CardView] = Field(description="In the order of their names.")
