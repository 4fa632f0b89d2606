"""/dashboards and /teams/{id}/scorecard"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from dateutil.relativedelta import relativedelta
from flask import Blueprint

from api.operations import Call, Permission, Verb, operation
from api.presenting_breakdowns import breakdown
from api.schemas.dashboards import (
    CardView,
    ChartView,
    DashboardQuery,
    DashboardSummary,
    DashboardsView,
    DashboardView,
    ScorecardView,
    ScoreView,
    SpanQuery,
    TeamFigureView,
)
from hub import links
from hub.access.lookup import get_record
from hub.access.models import Team
from hub.access.teams import members_of
from hub.errors import ValidationError
from hub.i18n import N_, translate
from hub.objectives.boards import Subject
from hub.objectives.models import Objective
from hub.reports.dashboards import DASHBOARDS, Span, charts_for, draw, get_dashboard
from hub.reports.scorecards import Card, Score, scorecard

blueprint = Blueprint("dashboards", __name__)
READ = Permission(Verb.READ, "listings")
OBJECTIVES = Permission(Verb.READ, Objective.collection())
NOBODY = UUID(int=0)
_YEAR = relativedelta(months=11, day=1)
_BOARDS = {
    Subject.USER: N_("Objectives of people"),
    Subject.TEAM: N_("Objectives of teams"),
}


@operation(blueprint, "GET", "/dashboards", permission=READ, answer=DashboardsView)
def list_dashboards(call: Call) -> DashboardsView:
    """List the dashboards that you may look at, with where their figures are."""
    return DashboardsView(items=[*_drawn(call), *_boards(call)])


def _drawn(call: Call) -> Iterator[DashboardSummary]:
    for each in DASHBOARDS.values():
        if charts_for(call.principal, each):
            yield _summary(call, each.name, each.label, f"{links.API}dashboards/{each.name}")


def _boards(call: Call) -> Iterator[DashboardSummary]:
    for by, label in _BOARDS.items() if call.principal.may(OBJECTIVES) else ():
        path = f"{links.API}objectives/board?by={by}"
        yield _summary(call, f"objectives_by_{by}", label, path)


def _summary(call: Call, name: str, label: str, path: str) -> DashboardSummary:
    return DashboardSummary(name=name, title=translate(call.language, label), link=path)


@operation(
    blueprint, "GET", "/dashboards/<board>",
    permission=READ, query=DashboardQuery, answer=DashboardView,
)  # fmt: skip
def show_dashboard(call: Call[None, DashboardQuery], board: str) -> DashboardView:
    """Return the charts of a dashboard: of what you see, over some days.

    What is still to be done, and the pipeline, are as they stand now, whatever the days.
    """
    dashboard, span = get_dashboard(board), _span(call, call.query)
    people = _people(call, call.query)
    drawn = draw(call.session, call.principal, call.reader, dashboard, span, people=people)
    return DashboardView(
        name=board,
        title=translate(call.language, dashboard.label),
        since=span.since,
        until=span.until,
        charts=[
            ChartView(
                **breakdown(call, each.found),
                name=each.chart.name,
                title=translate(call.language, each.chart.label),
                link=each.path,
            )
            for each in drawn
        ],
    )


def _span(call: Call[Any, Any], asked: SpanQuery) -> Span:
    until = asked.until or call.reader.today
    span = Span(asked.since or until - _YEAR, until)
    if span.since > span.until or span.until == date.max:
        raise ValidationError.of("/until", "too_early", N_("It ends before it begins."))
    return span


def _people(call: Call[Any, Any], asked: DashboardQuery) -> Sequence[UUID]:
    """Return whose rows count; nobody's where a team has no people of that kind."""
    if asked.team is None:
        return [] if asked.user is None else [asked.user]
    team = get_record(call.session, call.principal, Verb.READ, Team, asked.team)
    members = members_of(call.session, team.id)
    return [each for each in members if asked.user in {None, each}] or [NOBODY]


@operation(
    blueprint, "GET", "/teams/<uuid:team_id>/scorecard",
    permission=Permission(Verb.READ, "teams"), query=SpanQuery, answer=ScorecardView,
)  # fmt: skip
def show_scorecard(call: Call[None, SpanQuery], team_id: UUID) -> ScorecardView:
    """Return the figures of a team's people over some days, of what you see of their records.

    Everybody is counted by the same rules. Targets are those of periods that ended on these days;
    customers, the pipeline and what is late are as they stand now.
    """
    team = get_record(call.session, call.principal, Verb.READ, Team, team_id)
    span = _span(call, call.query)
    cards = scorecard(call.session, call.principal, call.reader, team, span)
    return ScorecardView(
        since=span.since,
        until=span.until,
        team=[_of_team(call, each) for each in zip(*(card.scores for card in cards), strict=True)],
        people=[_card(call, each) for each in cards],
    )


def _card(call: Call[Any, Any], card: Card) -> CardView:
    return CardView(
        user_id=card.user_id, name=card.name, figures=[_score(call, each) for each in card.scores]
    )


def _score(call: Call[Any, Any], score: Score) -> ScoreView:
    figure = score.figure
    return ScoreView(
        name=figure.name,
        label=translate(call.language, figure.label),
        count=score.count,
        amounts=dict(score.amounts),
        link=figure.count.path(score.parameters),
    )


def _of_team(call: Call[Any, Any], scores: Sequence[Score]) -> TeamFigureView:
    figure, count = scores[0].figure, sum(each.count for each in scores)
    amounts: dict[str, Decimal] = {}
    for each in scores:
        for currency, amount in each.amounts.items():
            amounts[currency] = amounts.get(currency, Decimal()) + amount
    return TeamFigureView(
        name=figure.name,
        label=translate(call.language, figure.label),
        count=count,
        mean=round(count / len(scores), 2),
        amounts=amounts,
    )
