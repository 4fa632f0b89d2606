"""Notes as the API takes and shows them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.customers import OfACustomer, Text255
from api.schemas.fields import Instant, Lines, OneLine
from api.schemas.reminders import ReminderCreate, ReminderView
from api.schemas.shapes import Body, Patch, RecordView, absent

Text = Annotated[str, Lines(20_000)]
Type = Annotated[
    str, OneLine(50), Field(pattern=r"^[a-z][a-z0-9_]*$", examples=["call", "meeting"])
]


class NoteCreate(Body):
    """A new note, with the reminder that it asks for."""

    body: Text
    type: Type = Field("note", description="A code of the catalogue `note_types`.")
    at: Instant | None = Field(None, description="When it happened; now where it is left out.")
    reminder: ReminderCreate | None = None

    def fields(self) -> dict[str, object]:
        """Return what becomes of the note's own fields."""
        return {"body": self.body, "type": self.type, "at": self.at}


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
    external_ref: str | None


class WrittenNote(NoteView):
    """A note just written, with its reminder."""

    reminder: ReminderView | None
