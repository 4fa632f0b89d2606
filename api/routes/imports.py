"""/imports"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response
from sqlalchemy import false, func, select

from api.downloads import disposition, download
from api.messages import message_view
from api.operations import Answer, Call, Permission, Upload, Verb, operation
from api.paging import page
from api.schemas.imports import (
    ColumnView,
    ImportOptionsBody,
    ImportRowsQuery,
    ImportRowView,
    ImportUploadQuery,
    ImportView,
    ReasonView,
    TemplateQuery,
)
from api.schemas.shapes import Page, PageQuery
from hub import files
from hub.access.lookup import get_record
from hub.access.predicates import visible
from hub.customers.models import Customer
from hub.errors import ConflictError
from hub.i18n import N_, translate
from hub.imports import services as imports
from hub.imports import templates, uploaders
from hub.imports.models import ImportJob
from hub.imports.reading import LEFT_OUT
from hub.leads.models import Lead
from hub.plan_items import Sight, sight_of
from hub.plans import services as plans
from hub.plans.models import PlanItem

blueprint = Blueprint("imports", __name__)
MAX_BYTES = 50 * 1024 * 1024  # what the workers read
READ = Permission(Verb.READ, "imports")
IMPORT = Permission(Verb.IMPORT, "imports")
_WRONG_STATE = {HTTPStatus.CONFLICT: "The import's state forbids it."}
_COLUMNS = frozenset(ImportView.model_fields) - {
    "allowed_actions", "columns", "entity", "has_result", "message", "unknown_columns",
}  # fmt: skip


def _get(call: Call[Any, Any], import_id: UUID, verb: Verb = Verb.READ) -> ImportJob:
    return get_record(call.session, call.principal, verb, ImportJob, import_id)


def _view(call: Call[Any, Any], job: ImportJob) -> ImportView:
    columns = [ColumnView(**column) for column in job.columns or ()]
    return ImportView(
        **{name: getattr(job, name) for name in _COLUMNS},
        entity=job.entity_name,
        columns=columns or None,
        unknown_columns=[column.header for column in columns if column.field is None],
        message=message_view(call, job.message),
        has_result=job.result_file_id is not None,
        allowed_actions=call.actions("imports", job, (Verb.READ, Verb.IMPORT)),
    )


def _view_again(call: Call[Any, Any], import_id: UUID) -> ImportView:
    return _view(call, _get(call, import_id))


@operation(
    blueprint, "GET", "/imports", permission=READ, query=PageQuery, answer=Page[ImportView],
)  # fmt: skip
def list_imports(call: Call[None, PageQuery]) -> Answer[Page[ImportView]]:
    """List imports, the newest first."""
    query = select(ImportJob).where(visible(call.principal, Verb.READ, ImportJob))
    return page(call, query, ImportJob, lambda job: _view(call, job), call.query, newest_first=True)


@operation(
    blueprint, "POST", "/imports",
    permission=IMPORT, answer=ImportView, status=HTTPStatus.ACCEPTED, query=ImportUploadQuery,
    body=Upload(limit_bytes=MAX_BYTES, description="An .xlsx workbook or a CSV file, as it is."),
    reload=_view_again,
)  # fmt: skip
def upload_file(call: Call[bytes, ImportUploadQuery]) -> Answer[ImportView]:
    """Upload a file of customers or leads; the answer's job makes the preview.

    The preview says for each row whether it is created, changed, left alone or refused, and why.
    Nothing is written until it is applied, unless `apply` lets it go on by itself.
    """
    wanted, options = call.query, call.query.options()
    uploaders.refuse_to_name_others(call.principal, options, wanted.entity)
    job, asked = imports.upload(
        call.session,
        files.put(call.body),
        entity_name=wanted.entity,
        file_name=wanted.name,
        media_type=call.request.mimetype or "application/octet-stream",
        options=options,
        now=call.now,
    )
    return Answer(_view(call, job), jobs=[asked])


@operation(
    blueprint, "GET", "/imports/template",
    permission=READ, query=TemplateQuery, content_type=f"{templates.XLSX}, text/csv",
)  # fmt: skip
def get_template(call: Call[None, TemplateQuery]) -> Response:
    """Return a file to fill in, in your language: a workbook with explanations, or CSV."""
    entity = call.query.entity
    if call.query.format == "csv":
        content, kind = templates.csv_file(call.session, entity, call.language), templates.CSV
    else:
        content, kind = templates.workbook(call.session, entity, call.language), templates.XLSX
    word = translate(call.language, N_("template"))
    name = disposition(f"{entity}-{word}.{call.query.format}")
    return Response(content, headers={"Content-Disposition": name}, content_type=kind)


@operation(
    blueprint, "GET", "/imports/<uuid:import_id>", permission=READ, answer=ImportView,
)  # fmt: skip
def get_import(call: Call, import_id: UUID) -> ImportView:
    """Return an import with how its columns were understood and its counters."""
    return _view_again(call, import_id)


@operation(
    blueprint, "GET", "/imports/<uuid:import_id>/rows",
    permission=READ, query=ImportRowsQuery, answer=Page[ImportRowView],
)  # fmt: skip
def list_rows(call: Call[None, ImportRowsQuery], import_id: UUID) -> Answer[Page[ImportRowView]]:
    """List the rows in the order of the file: what is done with each, and why."""
    job = _get(call, import_id)
    query = select(PlanItem).where(PlanItem.plan_id == job.plan_id)
    if call.query.action:
        query = query.where(PlanItem.action == call.query.action)
    if call.query.outcome:
        query = query.where(PlanItem.outcome == call.query.outcome)
    if call.query.left_out is not None:
        leaves_out = func.coalesce(PlanItem.errors.contains([{"code": LEFT_OUT}]), false())
        query = query.where(leaves_out.is_(call.query.left_out))
    sights: list[Sight] = []

    def view(item: PlanItem) -> ImportRowView:
        if not sights:  # all of the page at once, as the first one is shown
            plan = plans.get(call.session, item.plan_id)
            sights.append(sight_of(call.session, call.principal, plan, call.shown))
        return _row(call, item, sights[0])

    return page(call, query, PlanItem, view, call.query)


@operation(
    blueprint, "POST", "/imports/<uuid:import_id>/analysis",
    permission=IMPORT, body=ImportOptionsBody, answer=ImportView, status=HTTPStatus.ACCEPTED,
    reload=_view_again, refusals=_WRONG_STATE,
)  # fmt: skip
def analyse_again(call: Call[ImportOptionsBody], import_id: UUID) -> Answer[ImportView]:
    """Make the preview anew, under another mapping or other wishes."""
    job = _get(call, import_id, Verb.IMPORT)
    options = call.body.options()
    uploaders.refuse_to_name_others(call.principal, options, job.entity_name)
    asked = imports.plan_again(call.session, job, options)
    return Answer(_view(call, job), jobs=[asked])


@operation(
    blueprint, "POST", "/imports/<uuid:import_id>/application",
    permission=IMPORT, answer=ImportView, status=HTTPStatus.ACCEPTED, reload=_view_again,
    refusals=_WRONG_STATE,
)  # fmt: skip
def apply_import(call: Call, import_id: UUID) -> Answer[ImportView]:
    """Do what the preview says; refused rows stay out and are listed."""
    job = _get(call, import_id, Verb.IMPORT)
    asked = imports.apply(call.session, job, now=call.now)
    return Answer(_view(call, job), jobs=[asked])


@operation(
    blueprint, "POST", "/imports/<uuid:import_id>/undo",
    permission=IMPORT, answer=ImportView, status=HTTPStatus.ACCEPTED, reload=_view_again,
    refusals=_WRONG_STATE,
)  # fmt: skip
def undo_import(call: Call, import_id: UUID) -> Answer[ImportView]:
    """Take the import back row by row; what was changed since is kept as it is, and listed."""
    job = _get(call, import_id, Verb.IMPORT)
    asked = imports.undo(call.session, job, now=call.now)
    return Answer(_view(call, job), jobs=[asked])


@operation(
    blueprint, "GET", "/imports/<uuid:import_id>/result",
    permission=READ, content_type=templates.XLSX,
    refusals={HTTPStatus.CONFLICT: "It is not rendered yet (`no_result`)."},
)  # fmt: skip
def get_result(call: Call, import_id: UUID) -> Response:
    """Return your rows as a workbook, each with its number, its outcome and the reasons."""
    job = _get(call, import_id)
    if job.result_file_id is None:
        raise ConflictError("no_result", N_("There is no result yet; try again in a moment."))
    return download(call, job.result_file_id, over_at=job.created_at + imports.KEPT_FOR)


def _row(call: Call[Any, Any], item: PlanItem, sight: Sight) -> ImportRowView:
    is_hidden = sight.hides(item)
    return ImportRowView(
        row=(item.source or {}).get("row", 0),
        action=item.action,
        outcome=item.outcome,
        **_record(item, is_hidden=is_hidden),
        external_ref=item.external_id,
        before=None if is_hidden else sight.values(item, item.before),
        after=sight.values(item, item.after),
        reasons=[_reason(call, reason) for reason in sight.reasons(item)],
    )


def _record(item: PlanItem, *, is_hidden: bool) -> dict[str, UUID | None]:
    """Return which record a row is, under the name of its kind."""
    known = None if is_hidden else item.record_id
    return {
        f"{entity}_id": known if item.entity == entity else None
        for entity in (Customer.entity(), Lead.entity())
    }


def _reason(call: Call[Any, Any], reason: dict[str, Any]) -> ReasonView:
    return ReasonView(
        pointer=reason["pointer"],
        code=reason["code"],
        message=translate(call.language, reason["message"], reason["params"] or None),
        column=reason.get("column"),
        details=reason["params"],
    )
