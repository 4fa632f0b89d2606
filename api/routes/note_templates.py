"""/note-templates, and those filled for what a note is about"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, named, operation
from api.routes.subjects import SUBJECTS, Subject
from api.schemas.notes import (
    FilledTemplate,
    FilledTemplates,
    TemplateCreate,
    TemplatePatch,
    TemplateView,
)
from hub.access.lookup import get_record
from hub.catalogues.services import labels
from hub.i18n import translate
from hub.notes import templates
from hub.notes.listing import NOTE_TEMPLATES
from hub.notes.models import NoteTemplate

blueprint = Blueprint("note_templates", __name__)
READ = Permission(Verb.READ, "note-templates")
CONFIGURE = Permission(Verb.CONFIGURE, "note-templates")
_TAKEN = {HTTPStatus.CONFLICT: "Another one has the name (`taken`)."}
_SHOWN = frozenset(TemplateView.model_fields) - {"type_label", "allowed_actions"}


def filled(call: Call[Any, Any], template: NoteTemplate, subject: Any) -> str:
    """Return a template's text for a subject, as the caller writes it."""
    return templates.filled(
        call.session, template, subject, author=call.principal, zone=call.zone,
        locale=call.language, now=call.now,
    )  # fmt: skip


def _label(call: Call[Any, Any], template: NoteTemplate) -> str:
    known = labels(call.session, "note_types")
    return translate(call.language, known.get(template.type, template.type))


def _view(call: Call[Any, Any], template: NoteTemplate) -> TemplateView:
    return TemplateView(
        **{name: getattr(template, name) for name in _SHOWN},
        type_label=_label(call, template),
        allowed_actions=call.actions("note-templates", template, (Verb.READ, Verb.CONFIGURE)),
    )


def _view_again(call: Call[Any, Any], template_id: UUID) -> TemplateView:
    return _view(
        call, get_record(call.session, call.principal, Verb.READ, NoteTemplate, template_id)
    )


@operation(
    blueprint, "GET", "/note-templates",
    permission=READ, listing=NOTE_TEMPLATES, answer=ListPage[TemplateView],
)  # fmt: skip
def list_note_templates(call: Call) -> Answer[ListPage[TemplateView]]:
    """List the templates of notes, retired ones too."""
    return list_page(call, NOTE_TEMPLATES, lambda template: _view(call, template))


@operation(
    blueprint, "POST", "/note-templates",
    permission=CONFIGURE, body=TemplateCreate, answer=TemplateView, status=HTTPStatus.CREATED,
    reload=_view_again, refusals=_TAKEN,
)  # fmt: skip
def create_note_template(call: Call[TemplateCreate]) -> TemplateView:
    """Add a template that notes can be made from."""
    return _view(call, templates.create(call.session, call.body.model_dump()))


@operation(
    blueprint, "GET", "/note-templates/<uuid:template_id>", permission=READ, answer=TemplateView,
)  # fmt: skip
def get_note_template(call: Call, template_id: UUID) -> TemplateView:
    """Return a template of notes."""
    return _view_again(call, template_id)


@operation(
    blueprint, "PATCH", "/note-templates/<uuid:template_id>",
    permission=CONFIGURE, body=TemplatePatch, answer=TemplateView, reload=_view_again,
    refusals=_TAKEN,
)  # fmt: skip
def change_note_template(call: Call[TemplatePatch], template_id: UUID) -> TemplateView:
    """Change a template, retire it (`"active": false`) or take it up again.

    It is not deleted: the notes that were made from it name it.
    """
    template = get_record(
        call.session, call.principal, Verb.CONFIGURE, NoteTemplate, template_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    return _view(call, templates.change(call.session, template, call.body.changes()))


def _filled(call: Call[Any, Any], subject: Any) -> FilledTemplates:
    return FilledTemplates(
        items=[
            FilledTemplate(
                template_id=each.id, name=each.name, type=each.type,
                type_label=_label(call, each), body=filled(call, each, subject),
            )
            for each in templates.usable(call.session)
        ]
    )  # fmt: skip


def _serve(subject: Subject) -> None:
    """Declare the route that fills the templates for one kind of record."""

    def fill(call: Call, **path: UUID) -> FilledTemplates:
        return _filled(call, subject.find(call, Verb.READ, *path.values()))

    named(
        fill, f"fill_note_templates_for_{subject.noun}",
        f"Return the templates filled for the {subject.noun}, for a note that you will write."
        "\n\nSend what you made of it as `body`, with its `template_id`.",
    )  # fmt: skip
    operation(
        blueprint, "GET", f"{subject.path}/note-templates",
        permission=READ, answer=FilledTemplates,
    )(fill)  # fmt: skip


for _subject in SUBJECTS:
    _serve(_subject)
