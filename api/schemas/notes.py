"""Notes as the API takes and shows them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.customers import OfACustomer, Text255
from api.schemas.fields import CODE_PATTERN, Instant, Integer, Line, Lines, OneLine
from api.schemas.reminders import ReminderCreate, ReminderView
from api.schemas.shapes import Body, Patch, RecordView, View, absent

Text = Annotated[str, Lines(20_000)]
Type = Annotated[str, OneLine(50), Field(pattern=CODE_PATTERN, examples=["call", "meeting"])]


class NoteCreate(Body):
    """A new note, with the reminder that it asks for; by its own words or from a template."""

    body: Text | None = Field(None, description="Left out, that of the template, filled in.")
    type: Type | None = Field(
        None,
        description="A code of the catalogue `note_types`; left out, the template's, or `note`.",
    )
    template_id: UUID | None = Field(None, description="What it is made from.")
    at: Instant | None = Field(None, description="When it happened; now where it is left out.")
    reminder: ReminderCreate | None = None


class NotePatch(Patch):
    """What changes of a note."""

    body: Text = absent()
    type: Type = absent()
    at: Instant = absent()


class NoteUpsert(OfACustomer, NotePatch):
    """What a script says of a note that it knows by its own reference."""

    external_ref: Text255 = absent()


class NoteView(RecordView):
    """A note."""

    subject_type: str
    subject_id: UUID
    customer_id: UUID | None
    type: str
    type_label: str = Field(description="The type in your language, or its code.")
    body: str
    author_user_id: UUID | None
    at: AwareDatetime
    template_id: UUID | None
    external_ref: str | None


class WrittenNote(NoteView):
    """A note just written, with its reminder."""

    reminder: ReminderView | None


class TemplateCreate(Body):
    """A new template of notes."""

    name: Line
    type: Type = Field("note", description="A code of the catalogue `note_types`.")
    body: Text = Field(
        description="Its places in braces are filled: name, customer, number, contact, phone,"
        " author, date. A brace that is meant is doubled.",
        examples=["Called {contact} of {customer} on {date}:"],
    )
    active: bool = True
    sort: Integer | None = Field(None, description="Its place; last where it is left out.")


class TemplatePatch(Patch):
    """What changes of a template."""

    name: Line = absent()
    type: Type = absent()
    body: Text = absent()
    active: bool = absent()
    sort: Integer = absent()


class TemplateView(RecordView):
    """A template of notes."""

    name: str
    type: str
    type_label: str = Field(description="The type in your language, or its code.")
    body: str
    active: bool = Field(description="False: retired, no note is made from it any more.")
    sort: int


class FilledTemplate(View):
    """A template with its places filled, for a note that is to be written."""

    template_id: UUID
    name: str
    type: str
    type_label: str
    body: str


class FilledTemplates(View):
    """The templates that a note can be made from."""

    items: list[FilledTemplate]
