"""/problems"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import page
from api.schemas.problems import ProblemQuery, ProblemSubject, ProblemText, ProblemView
from api.schemas.shapes import Page
from hub.access.lookup import get_record
from hub.access.predicates import visible
from hub.i18n import translate
from hub.problems import retrying
from hub.problems.models import Problem, ProblemState

blueprint = Blueprint("problems", __name__)
_READ = Permission(Verb.READ, "problems")


def _view(call: Call[Any, Any], problem: Problem) -> ProblemView:
    can_retry = problem.state is ProblemState.OPEN and problem.kind in retrying.RETRIED
    return ProblemView(
        **{
            name: getattr(problem, name)
            for name in ProblemView.model_fields.keys() - {"subject", "cause", "remedy", "retry"}
        },
        subject=ProblemSubject(
            type=problem.subject_type,
            id=problem.subject_id,
            name=translate(call.language, problem.subject_name),
        ),
        cause=_text(call, problem.message),
        remedy=_text(call, problem.remedy),
        retry=f"/api/v1/problems/{problem.id}/retry" if can_retry else None,
    )


def _text(call: Call[Any, Any], kept: dict[str, Any]) -> ProblemText:
    return ProblemText(
        code=kept["code"], text=translate(call.language, kept["text"], kept["params"] or None)
    )


def _view_again(call: Call[Any, Any], problem_id: UUID) -> ProblemView:
    return _view(call, get_record(call.session, call.principal, Verb.READ, Problem, problem_id))


@operation(
    blueprint, "GET", "/problems",
    permission=_READ, query=ProblemQuery, answer=Page[ProblemView],
)  # fmt: skip
def list_problems(call: Call[None, ProblemQuery]) -> Answer[Page[ProblemView]]:
    """List what is wrong now: one row for each cause, however much it stops.

    It is looked for every few seconds.
    """
    query = select(Problem).where(
        Problem.state == call.query.state, visible(call.principal, Verb.READ, Problem)
    )
    return page(call, query, Problem, lambda row: _view(call, row), call.query, newest_first=True)


@operation(
    blueprint, "GET", "/problems/<uuid:problem_id>", permission=_READ, answer=ProblemView,
)  # fmt: skip
def get_problem(call: Call, problem_id: UUID) -> ProblemView:
    """Return a problem: cause, since when, how many, what to do."""
    return _view_again(call, problem_id)


@operation(
    blueprint, "POST", "/problems/<uuid:problem_id>/retry",
    permission=Permission(Verb.REPLAY, "problems"), answer=ProblemView,
    status=HTTPStatus.ACCEPTED, reload=_view_again,
    refusals={HTTPStatus.CONFLICT: "It is over (`not_open`) or wants no retry (`no_retry`)."},
)  # fmt: skip
def retry_problem(call: Call, problem_id: UUID) -> Answer[ProblemView]:
    """Try again what it stops: test the connection, replay the jobs, send the mails."""
    problem = get_record(call.session, call.principal, Verb.REPLAY, Problem, problem_id)
    jobs = retrying.retry(call.session, problem)
    return Answer(_view(call, problem), jobs=jobs)
