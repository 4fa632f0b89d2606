"""/reports/{id}/schedules and /schedules"""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import Select, select

from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import page
from api.removing import taking_away
from api.schemas.jobs import JobView
from api.schemas.reports import (
    RecipientsBody,
    RecipientsView,
    ScheduleCreate,
    SchedulePatch,
    ScheduleView,
)
from api.schemas.shapes import Because, Page, PageQuery
from hub.access.lookup import get_record
from hub.access.predicates import visible
from hub.reports import schedules
from hub.reports.definitions import dataset_of
from hub.reports.models import ReportDef, ReportSchedule
from hub.reports.schedules import Recipients

blueprint = Blueprint("schedules", __name__)
READ = Permission(Verb.READ, "reports")
SCHEDULE = Permission(Verb.SCHEDULE_REPORT, "reports")
_VERBS = (Verb.READ, Verb.EDIT, Verb.DELETE)
_SHOWN = frozenset(ScheduleView.model_fields) - {"recipients", "allowed_actions"}


def _view(call: Call[Any, Any], schedule: ReportSchedule) -> ScheduleView:
    return ScheduleView(
        **{name: getattr(schedule, name) for name in _SHOWN},
        recipients=RecipientsView(mode=schedule.recipients_mode, user_ids=schedule.recipient_ids),
        allowed_actions=call.actions("reports", schedule, _VERBS),
    )


def _view_again(call: Call[Any, Any], schedule_id: UUID) -> ScheduleView:
    found = get_record(call.session, call.principal, Verb.READ, ReportSchedule, schedule_id)
    return _view(call, found)


def _recipients(body: RecipientsBody) -> Recipients:
    return Recipients(body.mode, body.user_ids)


def _seen(call: Call[Any, Any]) -> Select[ReportSchedule]:
    return select(ReportSchedule).where(
        ReportSchedule.deleted_at.is_(None), visible(call.principal, Verb.READ, ReportSchedule)
    )


@operation(
    blueprint, "GET", "/schedules", permission=READ, query=PageQuery, answer=Page[ScheduleView],
)  # fmt: skip
def list_schedules(call: Call[None, PageQuery]) -> Answer[Page[ScheduleView]]:
    """List the schedules of all reports, in the order in which they were made."""
    return page(call, _seen(call), ReportSchedule, lambda row: _view(call, row), call.query)


@operation(
    blueprint, "GET", "/reports/<uuid:report_id>/schedules",
    permission=READ, query=PageQuery, answer=Page[ScheduleView],
)  # fmt: skip
def list_report_schedules(
    call: Call[None, PageQuery], report_id: UUID
) -> Answer[Page[ScheduleView]]:
    """List the schedules of a report."""
    report = get_record(call.session, call.principal, Verb.READ, ReportDef, report_id)
    query = _seen(call).where(ReportSchedule.report_id == report.id)
    return page(call, query, ReportSchedule, lambda row: _view(call, row), call.query)


@operation(
    blueprint, "POST", "/reports/<uuid:report_id>/schedules",
    permission=SCHEDULE, body=ScheduleCreate, answer=ScheduleView, status=HTTPStatus.CREATED,
    reload=_view_again,
)  # fmt: skip
def create_schedule(call: Call[ScheduleCreate], report_id: UUID) -> Answer[ScheduleView]:
    """Run a report whenever a rule falls, and send each recipient what he may see.

    It needs the right to export the list itself, such as `customers:export`: a mailed report is an
    export. Each run is made with the rights that its recipient has then.
    """
    report = get_record(call.session, call.principal, Verb.SCHEDULE_REPORT, ReportDef, report_id)
    call.principal.require(dataset_of(report).exporting)
    body = call.body
    schedule = schedules.create(
        call.session,
        report,
        name=body.name,
        rule=body.rule,
        zone=body.zone or call.zone,
        starts_at_local=datetime.fromisoformat(body.starts_at_local),
        recipients=_recipients(body.recipients),
        on_empty=body.on_empty,
        active=body.active,
        owner_user_id=call.principal.user_id,
        now=call.now,
    )
    return Answer(_view(call, schedule), location=f"/schedules/{schedule.id}")


@operation(
    blueprint, "GET", "/schedules/<uuid:schedule_id>", permission=READ, answer=ScheduleView,
)  # fmt: skip
def get_schedule(call: Call, schedule_id: UUID) -> ScheduleView:
    """Return a schedule, with the time when it runs next."""
    return _view_again(call, schedule_id)


@operation(
    blueprint, "PATCH", "/schedules/<uuid:schedule_id>",
    permission=SCHEDULE, body=SchedulePatch, answer=ScheduleView, reload=_view_again,
)  # fmt: skip
def change_schedule(call: Call[SchedulePatch], schedule_id: UUID) -> ScheduleView:
    """Change a schedule; its next time is reckoned anew where the rhythm changes."""
    schedule = get_record(
        call.session, call.principal, Verb.EDIT, ReportSchedule, schedule_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    changes = call.body.changes()
    if "recipients" in changes:
        changes["recipients"] = _recipients(changes["recipients"])
    if "starts_at_local" in changes:
        changes["starts_at_local"] = datetime.fromisoformat(changes["starts_at_local"])
    schedules.update(call.session, schedule, changes, now=call.now)
    return _view(call, schedule)


@operation(
    blueprint, "DELETE", "/schedules/<uuid:schedule_id>",
    permission=SCHEDULE, query=Because, status=HTTPStatus.NO_CONTENT,
)  # fmt: skip
def delete_schedule(call: Call[None, Because], schedule_id: UUID) -> Answer[None]:
    """End a schedule; its runs and their files stay."""
    schedule = get_record(
        call.session, call.principal, Verb.DELETE, ReportSchedule, schedule_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    with taking_away(call, schedule):
        schedules.delete(call.session, schedule, now=call.now)
    return Answer(None)


@operation(
    blueprint, "POST", "/schedules/<uuid:schedule_id>/run-now",
    permission=SCHEDULE, answer=JobView, status=HTTPStatus.ACCEPTED,
)  # fmt: skip
def run_schedule_now(call: Call, schedule_id: UUID) -> Answer[JobView]:
    """Run a schedule once beside its rhythm: every recipient is sent a report."""
    schedule = get_record(call.session, call.principal, Verb.EDIT, ReportSchedule, schedule_id)
    return Answer(None, jobs=[schedules.run_now(call.session, schedule, now=call.now)])
