"""/jobs"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import ColumnElement

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.presenting_jobs import job_view
from api.schemas.jobs import CancellationQuery, JobReplay, JobReplayed, JobView, ReplayQuery
from hub.access.predicates import visible
from hub.ledger import services as ledger
from hub.ledger.listing import JOBS
from hub.ledger.models import Job
from hub.ledger.services import JobFilter

blueprint = Blueprint("jobs", __name__)
_WRONG_STATE = {HTTPStatus.CONFLICT: "Its state forbids it; `details` says which it is."}


def _shown(call: Call[Any, Any]) -> ColumnElement[bool]:
    return visible(call.principal, Verb.READ, Job)


def _view_again(call: Call[Any, Any], job_id: UUID) -> JobView:
    return job_view(call, ledger.get_job(call.session, _shown(call), job_id))


@operation(
    blueprint, "GET", "/jobs",
    permission=Permission(Verb.READ, "jobs"), listing=JOBS, answer=ListPage[JobView],
)  # fmt: skip
def list_jobs(call: Call) -> Answer[ListPage[JobView]]:
    """List jobs, the newest first; you see those that you asked for, an administrator all."""
    return list_page(call, JOBS, lambda job: job_view(call, job))


@operation(
    blueprint, "GET", "/jobs/<uuid:job_id>",
    permission=Permission(Verb.READ, "jobs"), answer=JobView,
)  # fmt: skip
def get_job(call: Call, job_id: UUID) -> JobView:
    """Return a job: how far it is, or what became of it."""
    return _view_again(call, job_id)


@operation(
    blueprint, "POST", "/jobs/<uuid:job_id>/replay",
    permission=Permission(Verb.REPLAY, "jobs"), query=ReplayQuery, answer=JobView,
    reload=_view_again, refusals=_WRONG_STATE,
)  # fmt: skip
def replay_job(call: Call[None, ReplayQuery], job_id: UUID) -> Answer[JobView]:
    """Send a dead job back to its queue; with `force` one that is done as well.

    What it has an effect on outside knows it again: a mail keeps its message id, a record sent to
    accounting its key.
    """
    job = ledger.replay_job(call.session, _shown(call), job_id, force=call.query.force)
    return Answer(job_view(call, job), jobs=[ledger.handle_of(job)])


@operation(
    blueprint, "POST", "/jobs/<uuid:job_id>/cancellation",
    permission=Permission(Verb.REPLAY, "jobs"), query=CancellationQuery, answer=JobView,
    refusals=_WRONG_STATE,
)  # fmt: skip
def cancel_job(call: Call[None, CancellationQuery], job_id: UUID) -> JobView:
    """Take a queued job out of its queue for good, or give a dead one up.

    A dead job that is given up is no problem any more, and is not sent again.
    """
    job = ledger.cancel_job(
        call.session,
        _shown(call),
        job_id,
        by=call.principal.user_id,
        reason=call.query.reason,
    )
    return job_view(call, job)


@operation(
    blueprint, "POST", "/jobs/replays",
    permission=Permission(Verb.REPLAY, "jobs"), body=JobReplay, answer=JobReplayed,
    refusals={HTTPStatus.CONFLICT: "The same work was queued at this very moment."},
)  # fmt: skip
def replay_jobs(call: Call[JobReplay]) -> JobReplayed:
    """Send all dead jobs of a filter back to their queues, a thousand at a time."""
    body = call.body
    wanted = JobFilter(
        ids=body.ids or (),
        task=body.task,
        subject_id=body.subject_id,
        finished_from=body.finished_from,
        finished_to=body.finished_to,
    )
    ids = ledger.replay_dead(call.session, _shown(call), wanted)
    return JobReplayed(ids=ids, more=len(ids) == ledger.MOST_REPLAYED)
