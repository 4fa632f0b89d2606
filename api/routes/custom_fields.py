"""/custom-fields"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.removing import taking_away
from api.schemas.custom_fields import CustomFieldCreate, CustomFieldPatch, CustomFieldView
from api.schemas.shapes import Because
from hub.access.lookup import get_record
from hub.custom_fields import CustomField, services
from hub.custom_fields.listing import CUSTOM_FIELDS

blueprint = Blueprint("custom_fields", __name__)
READ = Permission(Verb.READ, CustomField.collection())
CONFIGURE = Permission(Verb.CONFIGURE, CustomField.collection())
_SHOWN = frozenset(CustomFieldView.model_fields) - {"entity", "allowed_actions"}


def _view(call: Call[Any, Any], field: CustomField) -> CustomFieldView:
    return CustomFieldView(
        **{name: getattr(field, name) for name in _SHOWN},
        entity=field.entity_name,
        allowed_actions=call.actions(CustomField.collection(), field, (Verb.READ, Verb.CONFIGURE)),
    )


def _view_again(call: Call[Any, Any], field_id: UUID) -> CustomFieldView:
    return _view(call, get_record(call.session, call.principal, Verb.READ, CustomField, field_id))


@operation(
    blueprint, "GET", "/custom-fields",
    permission=READ, listing=CUSTOM_FIELDS, answer=ListPage[CustomFieldView],
)  # fmt: skip
def list_custom_fields(call: Call) -> Answer[ListPage[CustomFieldView]]:
    """List the installation's own fields, retired ones too; `entity=` names whose."""
    return list_page(call, CUSTOM_FIELDS, lambda field: _view(call, field))


@operation(
    blueprint, "POST", "/custom-fields",
    permission=CONFIGURE, body=CustomFieldCreate, answer=CustomFieldView,
    status=HTTPStatus.CREATED, reload=_view_again,
    refusals={HTTPStatus.CONFLICT: "The entity has a field of this key (`taken`)."},
)  # fmt: skip
def create_custom_field(call: Call[CustomFieldCreate]) -> Answer[CustomFieldView]:
    """Add a field: records have it in `custom`, lists, files and policies as `custom.<key>`."""
    field = services.create(call.session, call.body.fields())
    return Answer(_view(call, field), location=f"/custom-fields/{field.id}")


@operation(
    blueprint, "GET", "/custom-fields/<uuid:field_id>", permission=READ, answer=CustomFieldView,
)  # fmt: skip
def get_custom_field(call: Call, field_id: UUID) -> CustomFieldView:
    """Return a field."""
    return _view_again(call, field_id)


@operation(
    blueprint, "PATCH", "/custom-fields/<uuid:field_id>",
    permission=CONFIGURE, body=CustomFieldPatch, answer=CustomFieldView, reload=_view_again,
)  # fmt: skip
def change_custom_field(call: Call[CustomFieldPatch], field_id: UUID) -> CustomFieldView:
    """Rename or move a field, retire it (`"active": false`) or take it up again."""
    field = _for_change(call, field_id)
    services.change(call.session, field, call.body.changes())
    return _view(call, field)


@operation(
    blueprint, "DELETE", "/custom-fields/<uuid:field_id>",
    permission=CONFIGURE, query=Because, status=HTTPStatus.NO_CONTENT,
    refusals={HTTPStatus.CONFLICT: "Records have something of it (`in_use`): retire it instead."},
)  # fmt: skip
def delete_custom_field(call: Call[None, Because], field_id: UUID) -> Answer[None]:
    """Take a field away that no record has anything of."""
    field = _for_change(call, field_id)
    with taking_away(call, field):
        services.delete(call.session, field, now=call.now)
    return Answer(None)


def _for_change(call: Call[Any, Any], field_id: UUID) -> CustomField:
    return get_record(
        call.session, call.principal, Verb.CONFIGURE, CustomField, field_id,
        expected_version=call.expected_version,
    )  # fmt: skip
