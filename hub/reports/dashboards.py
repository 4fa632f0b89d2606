"""Dashboards: charts of what was done over some days, each a breakdown of a list (A9).

A chart counts what its list would show the reader, by the filters that it is shown with, so that
every figure leads to its rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.orm import Session

from hub import links
from hub.access.predicates import visible
from hub.access.principals import Permission, Principal
from hub.access.roles import Verb
from hub.activities.listing import ACTIVITIES
from hub.activities.models import ActivityKind
from hub.errors import NotFoundError
from hub.i18n import N_
from hub.leads.listing import LEADS
from hub.listing import Breakdown, Listing, Reader, break_down, dimensions_of, parse_parameters
from hub.opportunities.listing import OPPORTUNITIES
from hub.workflow.models import StateKind

Parameters: TypeAlias = tuple[tuple[str, str], ...]
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days, both ends among them."""

    since: date
    until: date


@dataclass(frozen=True, slots=True, eq=False)
class Count:
    """Rows of a list, and how those of some people and days are told from the others.

    `who` is the field that names whose a row is; `days` the date that a span bounds, None where
    the rows are counted as they stand now.
    """

    listing: Listing[Any]
    who: str
    days: str | None = None
    filter: Parameters = ()

    @property
    def reading(self) -> Permission:
        """The right to read the list."""
        return Permission(Verb.READ, self.listing.model.collection())

    def parameters(self, span: Span, people: Sequence[UUID] = ()) -> Parameters:
        """Return the parameters of the list that find the rows; without people those of all."""
        bounds: Parameters = ()
        if self.days is not None:
            after = span.until + DAY
            bounds = (
                (f"{self.days}.gte", span.since.isoformat()),
                (f"{self.days}.lt", after.isoformat()),
            )
        return (*self.filter, *bounds, *((self.who, str(each)) for each in people))

    def path(self, parameters: Parameters) -> str:
        """Return the path of the list that shows the rows which parameters find."""
        return f"{links.API}{self.listing.name}?{urlencode(parameters)}"

    def broken_down(
        self,
        session: Session,
        principal: Principal,
        reader: Reader,
        parameters: Parameters,
        by: Sequence[str] = (),
    ) -> Breakdown:
        """Return the rows that parameters find for a reader, told apart by some fields."""
        query = parse_parameters(self.listing, list(parameters), reader)
        seen = visible(principal, Verb.READ, self.listing.model)
        return break_down(session, query, seen, dimensions_of(query, by))


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """A count told apart by some fields; `label` is an English source text."""

    name: str
    label: str
    count: Count
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Dashboard:
    """Charts that are looked at together; `label` is an English source text."""

    name: str
    label: str
    charts: tuple[Chart, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A chart with its figures; `path` is that of the list of its rows."""

    chart: Chart
    found: Breakdown
    path: str


_CALL = ("kind", ActivityKind.CALL.value)
_EVENTS = tuple(
    ("kind", kind.value)
    for kind in ActivityKind
    if kind not in {ActivityKind.MEMO, ActivityKind.TODO}
)
_DONE, _OPEN = ("state", "done"), ("is_open", "true")


def _activities(*filters: tuple[str, str], who: str = "done_by", days: str | None = "at") -> Count:
    return Count(ACTIVITIES, who, days, filters)


_LEADS_MADE = Count(LEADS, "owner", "created_at")
PIPELINE = Count(
    OPPORTUNITIES, "owner", None,
    (_OPEN, *(("stage_kind", kind) for kind in (StateKind.NEW, StateKind.WORKING))),
)  # fmt: skip
"""What is neither decided nor parked, as it stands now."""
_DECIDED = Count(OPPORTUNITIES, "owner", "decided_at")
_LOST = Count(OPPORTUNITIES, "owner", "decided_at", (("stage_kind", "lost"),))
_CASES_MADE = Count(OPPORTUNITIES, "owner", "created_at")

DASHBOARDS: Mapping[str, Dashboard] = {
    each.name: each
    for each in (
        Dashboard("calls", N_("Calls"), (
            Chart("by_week", N_("Done, by week"), _activities(_CALL, _DONE), ("at.week",)),
            Chart("by_person", N_("Done, by person"), _activities(_CALL, _DONE), ("done_by",)),
            Chart("by_outcome", N_("By outcome"), _activities(_CALL, _DONE), ("outcome",)),
            Chart("to_do", N_("Still to be done"),
                  _activities(_CALL, _OPEN, who="assignee", days=None), ("overdue",)),
        )),
        Dashboard("events", N_("Events"), (
            Chart("by_week", N_("Done, by week and kind"), _activities(*_EVENTS, _DONE),
                  ("at.week", "kind")),
            Chart("by_person", N_("Done, by person and kind"), _activities(*_EVENTS, _DONE),
                  ("done_by", "kind")),
            Chart("by_category", N_("By category"), _activities(*_EVENTS, _DONE), ("category",)),
            Chart("to_do", N_("Still to be done"),
                  _activities(*_EVENTS, _OPEN, who="assignee", days=None), ("kind", "overdue")),
        )),
        Dashboard("leads", N_("Leads"), (
            Chart("by_month", N_("New, by month"), _LEADS_MADE, ("created_at.month",)),
            Chart("by_state", N_("By state and source"), _LEADS_MADE, ("state", "source")),
            Chart("by_program", N_("By state and program"), _LEADS_MADE, ("state", "program")),
            Chart("by_person", N_("By person"), _LEADS_MADE, ("owner", "is_open")),
            Chart("converted", N_("Converted, by month"), Count(LEADS, "owner", "converted_at"),
                  ("converted_at.month",)),
        )),
        Dashboard("opportunities", N_("New opportunities"), (
            Chart("by_month", N_("New, by month"), _CASES_MADE, ("created_at.month",)),
            Chart("by_type", N_("By type"), _CASES_MADE, ("type",)),
            Chart("by_source", N_("By source"), _CASES_MADE, ("source",)),
            Chart("by_program", N_("By program"), _CASES_MADE, ("program",)),
        )),
        Dashboard("pipeline", N_("Pipeline"), (
            Chart("by_stage", N_("By stage"), PIPELINE, ("stage",)),
            Chart("by_close", N_("By expected close"), PIPELINE, ("expected_close_on.month",)),
            Chart("by_person", N_("By person"), PIPELINE, ("owner",)),
            Chart("overdue", N_("Overdue"), PIPELINE, ("overdue",)),
        )),
        Dashboard("results", N_("Won and lost"), (
            Chart("by_month", N_("By month"), _DECIDED, ("decided_at.month", "stage_kind")),
            Chart("by_person", N_("By person"), _DECIDED, ("owner", "stage_kind")),
            Chart("by_reason", N_("Reasons for losing"), _LOST, ("lost_reason",)),
            Chart("by_competitor", N_("By competitor"), _DECIDED, ("competitor", "stage_kind")),
        )),
    )
}  # fmt: skip
"""All of them; objectives have boards of their own (`hub.objectives.boards`)."""


def get_dashboard(name: str) -> Dashboard:
    """Return a dashboard.

    Raises:
        NotFoundError: there is none of this name.
    """
    try:
        return DASHBOARDS[name]
    except KeyError:
        raise NotFoundError("dashboard", name) from None


def charts_for(principal: Principal, dashboard: Dashboard) -> list[Chart]:
    """Return the charts whose lists a person may read."""
    return [each for each in dashboard.charts if principal.may(each.count.reading)]


def draw(
    session: Session,
    principal: Principal,
    reader: Reader,
    dashboard: Dashboard,
    span: Span,
    *,
    people: Sequence[UUID] = (),
) -> list[Drawn]:
    """Return the charts of a dashboard with what their reader sees.

    Args:
        session: where to read.
        principal: the reader.
        reader: the same, as lists know him.
        dashboard: what is drawn.
        span: the days that count, where he is.
        people: whose rows count; without any everybody's.
    """
    drawn = []
    for chart in charts_for(principal, dashboard):
        parameters = chart.count.parameters(span, people)
        found = chart.count.broken_down(session, principal, reader, parameters, chart.by)
        drawn.append(Drawn(chart, found, chart.count.path(parameters)))
    return drawn
