"""/objectives, their progress, and boards of them"""

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.removing import taking_away
from api.schemas.objectives import (
    BoardGroupView,
    BoardQuery,
    BoardView,
    FigureView,
    LineView,
    ObjectiveCreate,
    ObjectivePatch,
    ObjectiveView,
    PeriodView,
    PointView,
    ProgressQuery,
    ProgressRowView,
    ProgressView,
)
from api.schemas.shapes import Because
from hub.access.lookup import get_record
from hub.access.predicates import visible
from hub.calendar_time import instant_on
from hub.clock import business_date
from hub.errors import ValidationError
from hub.i18n import N_, translate
from hub.objectives import progress, services
from hub.objectives.boards import Line, board
from hub.objectives.listing import OBJECTIVE_PROGRESS, OBJECTIVES
from hub.objectives.measures import LABELS
from hub.objectives.models import AMOUNTS, Objective, ObjectiveProgress
from hub.objectives.progress import Figure
from hub.objectives.windows import DAY

blueprint = Blueprint("objectives", __name__)
_ACTIONS = (Verb.READ, Verb.EDIT, Verb.DELETE)
_SHOWN = frozenset(ObjectiveView.model_fields) - {"allowed_actions"}


def _right(verb: Verb) -> Permission:
    return Permission(verb, Objective.collection())


def _get(call: Call[Any, Any], verb: Verb, objective_id: UUID) -> Objective:
    version = None if verb is Verb.READ else call.expected_version
    return get_record(
        call.session, call.principal, verb, Objective, objective_id, expected_version=version
    )


def _view(call: Call[Any, Any], objective: Objective) -> ObjectiveView:
    return ObjectiveView(
        **{name: getattr(objective, name) for name in _SHOWN},
        allowed_actions=call.actions(Objective.collection(), objective, _ACTIONS),
    )


def _view_again(call: Call[Any, Any], objective_id: UUID) -> ObjectiveView:
    return _view(call, _get(call, Verb.READ, objective_id))


@operation(
    blueprint, "GET", "/objectives",
    permission=_right(Verb.READ), listing=OBJECTIVES, answer=ListPage[ObjectiveView],
)  # fmt: skip
def list_objectives(call: Call) -> Answer[ListPage[ObjectiveView]]:
    """List the objectives that you know of: your own, your teams', and those of whom you lead."""
    return list_page(call, OBJECTIVES, lambda each: _view(call, each))


@operation(
    blueprint, "POST", "/objectives",
    permission=_right(Verb.CREATE), body=ObjectiveCreate, answer=ObjectiveView,
    status=HTTPStatus.CREATED, reload=_view_again,
)  # fmt: skip
def create_objective(call: Call[ObjectiveCreate]) -> ObjectiveView:
    """Set an objective: for yourself, or for people and teams that you lead.

    Its progress is reckoned soon, and follows what happens.
    """
    made = services.create(call.session, call.principal, call.body.fields(), zone=call.zone)
    return _view(call, made)


@operation(
    blueprint, "GET", "/objectives/<uuid:objective_id>",
    permission=_right(Verb.READ), answer=ObjectiveView,
)  # fmt: skip
def get_objective(call: Call, objective_id: UUID) -> ObjectiveView:
    """Return an objective."""
    return _view_again(call, objective_id)


@operation(
    blueprint, "PATCH", "/objectives/<uuid:objective_id>",
    permission=_right(Verb.EDIT), body=ObjectivePatch, answer=ObjectiveView, reload=_view_again,
)  # fmt: skip
def change_objective(call: Call[ObjectivePatch], objective_id: UUID) -> ObjectiveView:
    """Change an objective's name, targets or end.

    New targets hold for the periods that are not over. What somebody else set for you is not yours
    to change.
    """
    objective = _get(call, Verb.EDIT, objective_id)
    return _view(call, services.change(call.session, objective, call.body.changes()))


@operation(
    blueprint, "DELETE", "/objectives/<uuid:objective_id>",
    permission=_right(Verb.DELETE), query=Because, status=HTTPStatus.NO_CONTENT,
)  # fmt: skip
def delete_objective(call: Call[None, Because], objective_id: UUID) -> Answer[None]:
    """Take an objective away with its progress; its history stays."""
    objective = _get(call, Verb.DELETE, objective_id)
    with taking_away(call, objective):
        services.delete(call.session, objective, now=call.now)
    return Answer(None)


@operation(
    blueprint, "GET", "/objectives/<uuid:objective_id>/progress",
    permission=_right(Verb.READ), query=ProgressQuery, answer=ProgressView,
)  # fmt: skip
def get_objective_progress(call: Call[None, ProgressQuery], objective_id: UUID) -> ProgressView:
    """Return how far an objective is, period by period.

    As workers keep it; with `as_of`, as it stood at the end of that day, by the history: what was
    won then and reopened later counts, and what was written later does not.
    """
    objective = _get(call, Verb.READ, objective_id)
    day, last = call.query.as_of, call.query.periods
    figures: Sequence[Figure | ObjectiveProgress] = (
        progress.kept(call.session, objective, last=last)
        if day is None
        else _as_of(call, objective, day)
    )
    return ProgressView(
        objective_id=objective.id,
        as_of=day,
        computed_at=objective.computed_at if day is None else call.now,
        periods=[
            PeriodView(
                starts_on=starts_on, ends_on=ends_on,
                figures=[_figure(call, objective, each) for each in found],
            )
            for (starts_on, ends_on), found in groupby(figures, attrgetter("starts_on", "ends_on"))
        ],
    )  # fmt: skip


@operation(
    blueprint, "GET", "/objective-progress",
    permission=_right(Verb.READ), listing=OBJECTIVE_PROGRESS, answer=ListPage[ProgressRowView],
)  # fmt: skip
def list_objective_progress(call: Call) -> Answer[ListPage[ProgressRowView]]:
    """List the progress of the objectives that you know of: a row for each measure and period."""
    return list_page(call, OBJECTIVE_PROGRESS, ProgressRowView.model_validate)


@operation(
    blueprint, "GET", "/objectives/board",
    permission=_right(Verb.READ), query=BoardQuery, answer=BoardView,
)  # fmt: skip
def show_objectives_board(call: Call[None, BoardQuery]) -> BoardView:
    """Return the objectives that run on a day, by person or by team, ready for charts."""
    asked = call.query
    on = asked.on or business_date(call.now, call.zone)
    seen = visible(call.principal, Verb.READ, Objective)
    groups, complete = board(
        call.session, asked.by, seen, on=on, periods=asked.periods, subject_id=asked.subject_id
    )
    return BoardView(
        by=asked.by,
        on=on,
        groups=[
            BoardGroupView(
                subject_id=each.subject_id, name=each.name,
                lines=[_line(call, line) for line in each.lines],
            )
            for each in groups
        ],
        complete=complete,
    )  # fmt: skip


def _as_of(call: Call[Any, ProgressQuery], objective: Objective, day: date) -> list[Figure]:
    if day > business_date(call.now, objective.zone):
        raise ValidationError.of("/as_of", "future", N_("That day has not come."))
    over = instant_on(day + DAY, objective.zone)
    return progress.reckon(
        call.session, objective, at=min(over, call.now), as_of=over, last=call.query.periods
    )


def _figure(
    call: Call[Any, Any], objective: Objective, figure: Figure | ObjectiveProgress
) -> FigureView:
    return FigureView(
        measure=figure.measure,
        label=translate(call.language, LABELS[figure.measure]),
        currency=objective.currency if figure.measure in AMOUNTS else None,
        value=figure.value,
        target=figure.target,
        ratio=float(figure.ratio),
        met=figure.met,
    )


def _line(call: Call[Any, Any], line: Line) -> LineView:
    objective = line.objective
    return LineView(
        objective_id=objective.id,
        name=objective.name,
        measure=line.measure,
        label=translate(call.language, LABELS[line.measure]),
        currency=objective.currency if line.measure in AMOUNTS else None,
        frequency=objective.frequency,
        computed_at=objective.computed_at,
        series=[PointView.model_validate(each) for each in line.series],
    )
