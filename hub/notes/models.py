"""Tables of notes."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.external_refs import Referable, unique_reference
from hub.listing.search import Searchable, search_index


class Note(Referable, Searchable):
    """Something noted about a record; its edits are its history.

    The subject is a customer, a lead or an opportunity; `customer_id` is the customer whose newest
    note it may be, None for one without. `type` is a code of the catalogue of note types, `at` is
    when it happened.
    """

    __tablename__ = "note"
    __derived__: ClassVar = frozenset({"search_text"})

    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    type: Mapped[str]
    body: Mapped[str]
    author_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(
            "subject_type <> 'customer' or customer_id = subject_id", name="customer_is_subject"
        ),
        Index("ix_note_subject", "subject_type", "subject_id", "at"),
        Index("ix_note_customer", "customer_id", "at", "id"),
        Index("ix_note_at", "at", "id"),
        Index("ix_note_created_at", "created_at", "id"),
        unique_reference("note"),
        search_index("note"),
    )
