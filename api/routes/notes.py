"""/notes, /customers/{id}/notes and /leads/{id}/notes"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.presenting_reminders import note_view, reminder_view
from api.routes.customers import get_customer_record
from api.routes.leads import get_lead_record
from api.routes.note_templates import filled
from api.routes.reminders import wish_of
from api.schemas.notes import (
    NoteCreate,
    NotePatch,
    NoteView,
    WrittenNote,
)
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


@operation(
    blueprint, "GET", "/customers/<uuid:customer_id>/notes",
    permission=Permission(Verb.READ, "notes"), listing=NOTES, answer=ListPage[NoteView],
)  # fmt: skip
def list_customer_notes(call: Call, customer_id: UUID) -> Answer[ListPage[NoteView]]:
    """List the notes of a customer, the newest first."""
    customer = get_customer_record(call, Verb.READ, customer_id)
    return list_page(
        call,
        NOTES,
        lambda note: note_view(call, note),
        within=Note.customer_id == customer.id,
    )


@operation(
    blueprint, "POST", "/customers/<uuid:customer_id>/notes",
    permission=Permission(Verb.CREATE, "notes"), body=NoteCreate, answer=WrittenNote,
    status=HTTPStatus.CREATED, reload=_written_again,
)  # fmt: skip
def write_note(call: Call[NoteCreate], customer_id: UUID) -> Answer[WrittenNote]:
    """Note something about a customer and, with `reminder`, be reminded of it.

    The invitation for the calendar is mailed at once, the reminder when it is due.
    """
    return _write(call, get_customer_record(call, Verb.COMMENT, customer_id))


@operation(
    blueprint, "GET", "/leads/<uuid:lead_id>/notes",
    permission=Permission(Verb.READ, "notes"), listing=NOTES, answer=ListPage[NoteView],
)  # fmt: skip
def list_lead_notes(call: Call, lead_id: UUID) -> Answer[ListPage[NoteView]]:
    """List the notes of a lead, the newest first."""
    lead = get_lead_record(call, Verb.READ, lead_id)
    return list_page(
        call, NOTES, lambda note: note_view(call, note), within=Note.subject_id == lead.id
    )


@operation(
    blueprint, "POST", "/leads/<uuid:lead_id>/notes",
    permission=Permission(Verb.CREATE, "notes"), body=NoteCreate, answer=WrittenNote,
    status=HTTPStatus.CREATED, reload=_written_again,
)  # fmt: skip
def write_lead_note(call: Call[NoteCreate], lead_id: UUID) -> Answer[WrittenNote]:
    """Note something about a lead and, with `reminder`, be reminded of it.

    It counts as the newest note of the lead's customer, too.
    """
    return _write(call, get_lead_record(call, Verb.COMMENT, lead_id))


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
    permission=Permission(Verb.DELETE, "notes"), status=HTTPStatus.NO_CONTENT,
)  # fmt: skip
def delete_note(call: Call, note_id: UUID) -> Answer[None]:
    """Take a note of your own away; its history and its reminders stay."""
    note = get_record(
        call.session, call.principal, Verb.DELETE, Note, note_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    notes.delete(call.session, note, now=call.now)
    return Answer(None)
