"""/report-runs"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from api.downloads import A_LIST, download
from api.lists import ListPage, list_page
from api.messages import message_view
from api.operations import Answer, Call, Permission, Verb, operation
from api.schemas.reports import ReportRunView
from hub.access.lookup import get_record
from hub.errors import ConflictError, ForbiddenError
from hub.i18n import N_
from hub.reports import runs
from hub.reports.access import may_read_file
from hub.reports.definitions import dataset_of
from hub.reports.listing import REPORT_RUNS
from hub.reports.models import ReportDef, ReportRun

blueprint = Blueprint("report_runs", __name__)
READ = Permission(Verb.READ, "report-runs")
_SHOWN = frozenset(ReportRunView.model_fields) - {"message", "file", "partial", "allowed_actions"}


def _view(call: Call[Any, Any], run: ReportRun) -> ReportRunView:
    readable = run.file_id is not None and may_read_file(call.principal, run)
    return ReportRunView(
        **{name: getattr(run, name) for name in _SHOWN},
        partial=run.is_partial,
        message=message_view(call, run.message),
        file=f"/api/v1/report-runs/{run.id}/file" if readable else None,
        allowed_actions=call.actions("reports", run, (Verb.READ, Verb.SCHEDULE_REPORT)),
    )


def _get(call: Call[Any, Any], run_id: UUID) -> ReportRun:
    return get_record(call.session, call.principal, Verb.READ, ReportRun, run_id)


def _view_again(call: Call[Any, Any], run_id: UUID) -> ReportRunView:
    return _view(call, _get(call, run_id))


@operation(
    blueprint, "GET", "/report-runs",
    permission=READ, listing=REPORT_RUNS, answer=ListPage[ReportRunView],
)  # fmt: skip
def list_report_runs(call: Call) -> Answer[ListPage[ReportRunView]]:
    """List the runs made for you and those of your schedules."""
    return list_page(call, REPORT_RUNS, lambda run: _view(call, run))


@operation(
    blueprint, "GET", "/report-runs/<uuid:run_id>", permission=READ, answer=ReportRunView,
)  # fmt: skip
def get_report_run(call: Call, run_id: UUID) -> ReportRunView:
    """Return a run: how it stands, and what is in its file."""
    return _view_again(call, run_id)


@operation(
    blueprint, "GET", "/report-runs/<uuid:run_id>/file",
    permission=READ, content_type=A_LIST,
    refusals={
        HTTPStatus.CONFLICT: "It has no file (`no_file`).",
        HTTPStatus.GONE: "The file is over.",
    },
)  # fmt: skip
def get_report_file(call: Call, run_id: UUID) -> Response:
    """Download the very file that was mailed; it is there whether the mail went out or not."""
    run = _get(call, run_id)
    if not may_read_file(call.principal, run):
        raise ForbiddenError(N_("The file is for its recipient: its rows were chosen for him."))
    call.principal.require(dataset_of(call.session.get_one(ReportDef, run.report_id)).exporting)
    if run.sha256 is None:
        raise ConflictError(
            "no_file", N_("The run is {state}; it has no file."),
            details={"state": run.state.value}, state=run.state.value,
        )  # fmt: skip
    return download(call, run.file_id, over_at=run.planned_at + runs.FILES_KEPT)


@operation(
    blueprint, "POST", "/report-runs/<uuid:run_id>/resend",
    permission=Permission(Verb.SCHEDULE_REPORT, "reports"), answer=ReportRunView,
    status=HTTPStatus.ACCEPTED, reload=_view_again,
    refusals={HTTPStatus.CONFLICT: "It has no file, or its mail is on its way."},
)  # fmt: skip
def resend_report(call: Call, run_id: UUID) -> Answer[ReportRunView]:
    """Send a run's file to its recipient once more: the same bytes, in a new mail."""
    run = get_record(call.session, call.principal, Verb.SCHEDULE_REPORT, ReportRun, run_id)
    job = runs.resend(call.session, run)
    return Answer(_view(call, run), jobs=[job])
