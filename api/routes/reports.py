"""/reports"""

from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.removing import taking_away
from api.schemas.reports import ReportCreate, ReportPatch, ReportView
from api.schemas.shapes import Because
from hub.access.lookup import get_record
from hub.errors import ValidationError
from hub.reports import definitions
from hub.reports.datasets import chosen_dataset
from hub.reports.listing import REPORTS
from hub.reports.models import ReportDef

blueprint = Blueprint("reports", __name__)
READ = Permission(Verb.READ, "reports")
_VERBS = (Verb.READ, Verb.EDIT, Verb.DELETE, Verb.SCHEDULE_REPORT)
_SHOWN = frozenset(ReportView.model_fields) - {"list_path", "allowed_actions"}


def _view(call: Call[Any, Any], report: ReportDef) -> ReportView:
    return ReportView(
        **{name: getattr(report, name) for name in _SHOWN},
        list_path=_list_path(call, report),
        allowed_actions=call.actions("reports", report, _VERBS),
    )


def _list_path(call: Call[Any, Any], report: ReportDef) -> str | None:
    try:
        query = definitions.query_for(report, call.reader)
    except ValidationError:
        return None  # it asks for a field that is not for this reader, or is no more
    return f"/api/v1/{report.dataset}?{urlencode(query.parameters())}"


def _view_again(call: Call[Any, Any], report_id: UUID) -> ReportView:
    return _view(call, get_record(call.session, call.principal, Verb.READ, ReportDef, report_id))


@operation(
    blueprint, "GET", "/reports", permission=READ, listing=REPORTS, answer=ListPage[ReportView],
)  # fmt: skip
def list_reports(call: Call) -> Answer[ListPage[ReportView]]:
    """List the reports that are yours or shared with you; each is a saved view of a list, too."""
    return list_page(call, REPORTS, lambda report: _view(call, report))


@operation(
    blueprint, "POST", "/reports",
    permission=Permission(Verb.CREATE, "reports"), body=ReportCreate, answer=ReportView,
    status=HTTPStatus.CREATED, reload=_view_again,
)  # fmt: skip
def create_report(call: Call[ReportCreate]) -> ReportView:
    """Keep a query over a list under a name, for yourself, a team of yours, or everybody."""
    body = call.body
    dataset = chosen_dataset(body.dataset)
    call.principal.require(dataset.reading)
    report = definitions.create(
        call.session,
        dataset,
        name=body.name,
        query=body.query.stored(),
        format=body.format,
        reader=call.reader,
        audience=body.audience,
        team_id=body.team_id,
        teams=call.principal.standing.team_ids,
    )
    return _view(call, report)


@operation(
    blueprint, "GET", "/reports/<uuid:report_id>", permission=READ, answer=ReportView,
)  # fmt: skip
def get_report(call: Call, report_id: UUID) -> ReportView:
    """Return a report."""
    return _view_again(call, report_id)


@operation(
    blueprint, "PATCH", "/reports/<uuid:report_id>",
    permission=Permission(Verb.EDIT, "reports"), body=ReportPatch, answer=ReportView,
    reload=_view_again,
)  # fmt: skip
def change_report(call: Call[ReportPatch], report_id: UUID) -> ReportView:
    """Change a report; its next run is by the new query."""
    report = get_record(
        call.session, call.principal, Verb.EDIT, ReportDef, report_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    definitions.update(
        call.session, report, call.body.changes(), reader=call.reader,
        teams=call.principal.standing.team_ids,
    )  # fmt: skip
    return _view(call, report)


@operation(
    blueprint, "DELETE", "/reports/<uuid:report_id>",
    permission=Permission(Verb.DELETE, "reports"), query=Because, status=HTTPStatus.NO_CONTENT,
    refusals={HTTPStatus.CONFLICT: "It has schedules (`in_use`): `details` names them."},
)  # fmt: skip
def delete_report(call: Call[None, Because], report_id: UUID) -> Answer[None]:
    """Take a report away; the files of its runs stay."""
    report = get_record(
        call.session, call.principal, Verb.DELETE, ReportDef, report_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    with taking_away(call, report):
        definitions.delete(call.session, report, now=call.now)
    return Answer(None)
