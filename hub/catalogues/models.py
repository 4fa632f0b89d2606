"""The table of all catalogues."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.history.records import Record


class CatalogueEntry(Record):
    """A word of a catalogue: a source of leads, a reason for losing, a type of notes.

    Records keep its `code`, which never changes; people read its `label`, which is in the
    installation's own words (those that Hub brings are English source texts). One that is not
    `active` is retired: whoever has it keeps it, nobody gets it any more.
    """

    __tablename__ = "catalogue_entry"

    catalogue: Mapped[str]
    code: Mapped[str]
    label: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True, server_default="true")
    sort: Mapped[int] = mapped_column(default=0, server_default="0")

    __table_args__ = (
        Index("uq_catalogue_entry", "catalogue", "code", unique=True),
        Index("ix_catalogue_entry_sort", "catalogue", "sort", "id"),
        Index("ix_catalogue_entry_label", "label", "id"),
    )
