"""The list of notes, and what lists of their subjects ask of them."""

from typing import Any

from sqlalchemy import exists, select

from hub.access.models import User
from hub.catalogues.services import words_of
from hub.customers.models import Customer
from hub.i18n import N_
from hub.listing import Field, Kind, Listing, SearchSpec
from hub.listing.declaration import Of, Predicate
from hub.notes.models import Note, NoteTemplate

_AUTHOR = select(User.name).where(User.id == Note.author_user_id).correlate(Note).scalar_subquery()
_CUSTOMER = (
    select(Customer.name).where(Customer.id == Note.customer_id).correlate(Note).scalar_subquery()
)

NOTES = Listing(
    name="notes",
    model=Note,
    fields=(
        Field("id", Note.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("customer", Note.customer_id, label=N_("Customer"), kind=Kind.UUID,
              caption=_CUSTOMER, width=40, of=Of("customer", Note.customer_id)),
        Field("subject", Note.subject_id, label=N_("Record it is about"), kind=Kind.UUID,
              shown=False),
        Field("subject_type", Note.subject_type, label=N_("Kind of record"), facet=True,
              shown=False),
        Field("type", Note.type, label=N_("Type"), facet=True, width=12,
              words=words_of("note_types", Note.type, Note)),
        Field("template", Note.template_id, label=N_("Template"), kind=Kind.UUID, shown=False),
        Field("body", Note.body, label=N_("Note"), search_text=Note.search_text, width=60),
        Field("author", Note.author_user_id, label=N_("Author"), kind=Kind.USER, facet=True,
              caption=_AUTHOR, width=20),
        Field("at", Note.at, label=N_("Time"), kind=Kind.DATETIME, sortable=True, width=18),
        Field("created_at", Note.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True, shown=False),
        Field("external_ref", Note.external_ref, label=N_("External reference"), shown=False),
    ),
    default_sort=("-at",),
    search=SearchSpec(text=Note.search_text),
)  # fmt: skip

NOTE_TEMPLATES = Listing(
    name="note-templates",
    model=NoteTemplate,
    fields=(
        Field("id", NoteTemplate.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("name", NoteTemplate.name, label=N_("Name"), sortable=True, width=30),
        Field("type", NoteTemplate.type, label=N_("Type"), facet=True, width=12,
              words=words_of("note_types", NoteTemplate.type, NoteTemplate)),
        Field("body", NoteTemplate.body, label=N_("Text"), width=60),
        Field("active", NoteTemplate.active, label=N_("Active"), kind=Kind.BOOLEAN, facet=True),
        Field("place", NoteTemplate.sort, label=N_("Place"), kind=Kind.INTEGER, sortable=True),
    ),
    default_sort=("place",),
)  # fmt: skip


def noted_field(model: type[Any]) -> Field:
    """Return the field that finds records by when any note on them was made."""

    def through(condition: Predicate) -> Predicate:
        return exists().where(
            Note.subject_type == model.entity(), Note.subject_id == model.id,
            Note.deleted_at.is_(None), condition,
        )  # fmt: skip

    return Field(
        "noted_at", Note.at, label=N_("Any note"), kind=Kind.DATETIME, through=through, shown=False
    )
