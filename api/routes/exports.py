"""/exports"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from api.downloads import A_LIST, download
from api.lists import ListPage, list_page
from api.messages import message_view
from api.operations import Answer, Call, Permission, Verb, operation
from api.schemas.reports import ExportCreate, ExportView
from hub.access.lookup import get_record
from hub.errors import ConflictError
from hub.i18n import N_
from hub.reports import exports
from hub.reports.datasets import DATASETS, chosen_dataset
from hub.reports.listing import EXPORTS
from hub.reports.models import Export

blueprint = Blueprint("exports", __name__)
EXPORT = Permission(Verb.EXPORT, "exports")
_SHOWN = frozenset(ExportView.model_fields) - {"message", "file", "allowed_actions"}


def _view(call: Call[Any, Any], export: Export) -> ExportView:
    return ExportView(
        **{name: getattr(export, name) for name in _SHOWN},
        message=message_view(call, export.message),
        file=f"/api/v1/exports/{export.id}/file" if export.file_id else None,
        allowed_actions=call.actions("exports", export, (Verb.EXPORT,)),
    )


def _get(call: Call[Any, Any], export_id: UUID) -> Export:
    return get_record(call.session, call.principal, Verb.READ, Export, export_id)


def _view_again(call: Call[Any, Any], export_id: UUID) -> ExportView:
    return _view(call, _get(call, export_id))


@operation(
    blueprint, "GET", "/exports", permission=EXPORT, listing=EXPORTS, answer=ListPage[ExportView],
)  # fmt: skip
def list_exports(call: Call) -> Answer[ListPage[ExportView]]:
    """List your exports, the newest first."""
    return list_page(call, EXPORTS, lambda export: _view(call, export))


@operation(
    blueprint, "POST", "/exports",
    permission=EXPORT, body=ExportCreate, answer=ExportView, status=HTTPStatus.ACCEPTED,
    reload=_view_again, is_expensive=True,
    refusals={HTTPStatus.CONFLICT: "You wait for many exports already (`too_many_exports`)."},
)  # fmt: skip
def create_export(call: Call[ExportCreate]) -> Answer[ExportView]:
    """Make a file of all rows of a list that you may see.

    Two of yours are made at a time, the others after them. It needs the right to export the list
    itself, such as `customers:export`, now and when the file is made.
    """
    body = call.body
    dataset = chosen_dataset(body.dataset)
    call.principal.require(dataset.exporting)
    export, job = exports.request(
        call.session,
        dataset,
        query=body.query.stored(),
        format=body.format,
        reader=call.reader,
    )
    return Answer(_view(call, export), jobs=[job])


@operation(
    blueprint, "GET", "/exports/<uuid:export_id>", permission=EXPORT, answer=ExportView,
)  # fmt: skip
def get_export(call: Call, export_id: UUID) -> ExportView:
    """Return an export: how it stands, and what is in its file."""
    return _view_again(call, export_id)


@operation(
    blueprint, "GET", "/exports/<uuid:export_id>/file",
    permission=EXPORT, content_type=A_LIST,
    refusals={
        HTTPStatus.CONFLICT: "It is not made yet, or failed (`no_file`).",
        HTTPStatus.GONE: "It has expired.",
    },
)  # fmt: skip
def get_export_file(call: Call, export_id: UUID) -> Response:
    """Download the file of an export."""
    export = _get(call, export_id)
    call.principal.require(DATASETS[export.dataset].exporting)
    if export.sha256 is None:
        raise ConflictError(
            "no_file", N_("The export is {state}; it has no file."),
            details={"state": export.state.value}, state=export.state.value,
        )  # fmt: skip
    return download(call, export.file_id, over_at=export.expires_at)
