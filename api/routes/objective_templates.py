"""/objective-templates"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.schemas.objectives import (
    ObjectiveTemplateCreate,
    ObjectiveTemplatePatch,
    ObjectiveTemplateView,
)
from hub.access.lookup import get_record
from hub.objectives import templates
from hub.objectives.listing import OBJECTIVE_TEMPLATES
from hub.objectives.models import ObjectiveTemplate

blueprint = Blueprint("objective_templates", __name__)
READ = Permission(Verb.READ, "objective-templates")
CONFIGURE = Permission(Verb.CONFIGURE, "objective-templates")
_TAKEN = {HTTPStatus.CONFLICT: "Another one has the name (`taken`)."}
_SHOWN = frozenset(ObjectiveTemplateView.model_fields) - {"allowed_actions"}


def _view(call: Call[Any, Any], template: ObjectiveTemplate) -> ObjectiveTemplateView:
    return ObjectiveTemplateView(
        **{name: getattr(template, name) for name in _SHOWN},
        allowed_actions=call.actions("objective-templates", template, (Verb.READ, Verb.CONFIGURE)),
    )


def _view_again(call: Call[Any, Any], template_id: UUID) -> ObjectiveTemplateView:
    found = get_record(call.session, call.principal, Verb.READ, ObjectiveTemplate, template_id)
    return _view(call, found)


@operation(
    blueprint, "GET", "/objective-templates",
    permission=READ, listing=OBJECTIVE_TEMPLATES, answer=ListPage[ObjectiveTemplateView],
)  # fmt: skip
def list_objective_templates(call: Call) -> Answer[ListPage[ObjectiveTemplateView]]:
    """List the templates of objectives (A10), retired ones too."""
    return list_page(call, OBJECTIVE_TEMPLATES, lambda template: _view(call, template))


@operation(
    blueprint, "POST", "/objective-templates",
    permission=CONFIGURE, body=ObjectiveTemplateCreate, answer=ObjectiveTemplateView,
    status=HTTPStatus.CREATED, reload=_view_again, refusals=_TAKEN,
)  # fmt: skip
def create_objective_template(call: Call[ObjectiveTemplateCreate]) -> ObjectiveTemplateView:
    """Add a template that objectives can be made from."""
    return _view(call, templates.create(call.session, call.body.fields()))


@operation(
    blueprint, "GET", "/objective-templates/<uuid:objective_template_id>",
    permission=READ, answer=ObjectiveTemplateView,
)  # fmt: skip
def get_objective_template(call: Call, objective_template_id: UUID) -> ObjectiveTemplateView:
    """Return a template of objectives."""
    return _view_again(call, objective_template_id)


@operation(
    blueprint, "PATCH", "/objective-templates/<uuid:objective_template_id>",
    permission=CONFIGURE, body=ObjectiveTemplatePatch, answer=ObjectiveTemplateView,
    reload=_view_again, refusals=_TAKEN,
)  # fmt: skip
def change_objective_template(
    call: Call[ObjectiveTemplatePatch], objective_template_id: UUID
) -> ObjectiveTemplateView:
    """Change a template, retire it (`"active": false`) or take it up again.

    It is not deleted: the objectives that were made from it name it, and stay as they are.
    """
    template = get_record(
        call.session, call.principal, Verb.CONFIGURE, ObjectiveTemplate, objective_template_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    return _view(call, templates.change(call.session, template, call.body.changes()))
