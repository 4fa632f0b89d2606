"""/notes, and those on customers and on what may belong to one"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, named, operation
from api.presenting_reminders import note_view, reminder_view
from api.removing import taking_away
from api.routes.note_templates import filled
from api.routes.reminders import wish_of
from api.routes.subjects import SUBJECTS, Subject
from api.schemas.notes import (
    NoteCreate,
    NotePatch,
    NoteView,
    WrittenNote,
)
from api.schemas.shapes import Because
from hub import follow_ups
from hub.access.lookup import get_record
from hub.errors import ValidationError
from hub.i18n import N_
from hub.notes import services as notes
from hub.notes import templates
from hub.notes.listing import NOTES
from hub.notes.models import Note
from hub.reminders.models import Reminder

blueprint = Blueprint("notes", __name__)


def _written_again(call: Call[Any, Any], note_id: UUID) -> WrittenNote:
    note = get_record(call.session, call.principal, Verb.READ, Note, note_id)
    reminder = call.session.scalar(
        select(Reminder).where(Reminder.note_id == note.id).order_by(Reminder.id).limit(1)
    )
    return _written(call, note, reminder)


def _written(call: Call[Any, Any], note: Note, reminder: Reminder | None) -> WrittenNote:
    shown = reminder_view(call, reminder) if reminder else None
    return WrittenNote(**note_view(call, note).model_dump(), reminder=shown)


@operation(
    blueprint, "GET", "/notes",
    permission=Permission(Verb.READ, "notes"), listing=NOTES, answer=ListPage[NoteView],
)  # fmt: skip
def list_notes(call: Call) -> Answer[ListPage[NoteView]]:
    """List notes, the newest first; `q=` searches their text."""
    return list_page(call, NOTES, lambda note: note_view(call, note))


def _serve(subject: Subject) -> None:
    """Declare the routes by which notes on one kind of record are listed and written."""

    def listed(call: Call, **path: UUID) -> Answer[ListPage[NoteView]]:
        found = subject.find(call, Verb.READ, *path.values())
        of_it = subject.notes_of(found)
        return list_page(call, NOTES, lambda note: note_view(call, note), within=of_it)

    def write(call: Call[NoteCreate], **path: UUID) -> Answer[WrittenNote]:
        return _write(call, subject.find(call, Verb.COMMENT, *path.values()))

    named(
        listed, f"list_{subject.noun}_notes",
        f"List the notes of the {subject.noun}, the newest first.",
    )  # fmt: skip
    named(
        write, f"write_{subject.noun}_note",
        f"Note something about the {subject.noun} and, with `reminder`, be reminded of it."
        "\n\nThe invitation for the calendar is mailed at once, the reminder when it is due. It"
        " counts as the newest note of its customer, too.",
    )  # fmt: skip
    operation(
        blueprint, "GET", f"{subject.path}/notes",
        permission=Permission(Verb.READ, "notes"), listing=NOTES, answer=ListPage[NoteView],
    )(listed)  # fmt: skip
    operation(
        blueprint, "POST", f"{subject.path}/notes",
        permission=Permission(Verb.CREATE, "notes"), body=NoteCreate, answer=WrittenNote,
        status=HTTPStatus.CREATED, reload=_written_again,
    )(write)  # fmt: skip


def _fields(call: Call[NoteCreate, Any], subject: Any) -> dict[str, Any]:
    """Return the note that is asked for: in words of its own, or those of a template."""
    body = call.body
    given = {"body": body.body, "type": body.type, "at": body.at}
    fields = {name: value for name, value in given.items() if value is not None}
    if body.template_id is None:
        if body.body is None:
            raise ValidationError.of("/body", "required", N_("This field is required."))
        return fields
    template = templates.get_usable(call.session, body.template_id)
    fields.setdefault("type", template.type)
    fields.setdefault("body", filled(call, template, subject))
    return {**fields, "template_id": template.id}


def _write(call: Call[NoteCreate, Any], subject: Any) -> Answer[WrittenNote]:
    wish = wish_of(call, call.body.reminder)
    fields = _fields(call, subject)
    note, reminder = follow_ups.write_note(call.session, subject, fields, wish, now=call.now)
    return Answer(_written(call, note, reminder), location=f"/notes/{note.id}")


@operation(
    blueprint, "GET", "/notes/<uuid:note_id>",
    permission=Permission(Verb.READ, "notes"), answer=NoteView,
)  # fmt: skip
def get_note(call: Call, note_id: UUID) -> NoteView:
    """Return a note."""
    return note_view(call, get_record(call.session, call.principal, Verb.READ, Note, note_id))


@operation(
    blueprint, "PATCH", "/notes/<uuid:note_id>",
    permission=Permission(Verb.EDIT, "notes"), body=NotePatch, answer=NoteView,
)  # fmt: skip
def change_note(call: Call[NotePatch], note_id: UUID) -> NoteView:
    """Change a note of your own; what it said before stays in its history."""
    note = get_record(
        call.session, call.principal, Verb.EDIT, Note, note_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    notes.change(call.session, note, call.body.changes(), now=call.now)
    return note_view(call, note)


@operation(
    blueprint, "DELETE", "/notes/<uuid:note_id>",
    permission=Permission(Verb.DELETE, "notes"), query=Because, status=HTTPStatus.NO_CONTENT,
)  # fmt: skip
def delete_note(call: Call[None, Because], note_id: UUID) -> Answer[None]:
    """Take a note of your own away; its history and its reminders stay."""
    note = get_record(
        call.session, call.principal, Verb.DELETE, Note, note_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    with taking_away(call, note):
        notes.delete(call.session, note, now=call.now)
    return Answer(None)


for _subject in SUBJECTS:
    _serve(_subject)
