"""What may be done with notes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hub import external_refs
from hub.customers.models import Customer
from hub.db import find_locked
from hub.errors import ValidationError
from hub.history.recording import origin_of
from hub.i18n import N_
from hub.listing.search import search_document
from hub.notes.models import Note

TYPES = {
    "note": N_("Note"),
    "call": N_("Call"),
    "meeting": N_("Meeting"),
    "mail": N_("Mail"),
    "visit": N_("Visit"),
    "order": N_("Order"),
    "complaint": N_("Complaint"),
}
"""The catalogue of note types; an installation may use codes of its own beside them."""

_CUSTOMER = "customer"


def create(
    session: Session,
    customer: Customer,
    *,
    body: str,
    now: datetime,
    type: str = "note",  # noqa: A002 - the field's own name
    at: datetime | None = None,
    external_ref: str | None = None,
) -> Note:
    """Note something about a customer; its newest note moves in the same commit.

    Args:
        session: the caller's.
        customer: whom it is about.
        body: what is noted.
        now: the present.
        type: a code of `TYPES`, or another one.
        at: when it happened; now where None.
        external_ref: what a script knows it by.

    Raises:
        ValidationError: it is said to have happened in the future.
        ConflictError: ``taken``: the external reference is in use.
    """
    _refuse_future(at, now)
    external_refs.refuse_taken(session, Note, external_ref)
    note = Note(
        subject_type=_CUSTOMER,
        subject_id=customer.id,
        customer_id=customer.id,
        type=type,
        body=body,
        author_user_id=origin_of(session).user_id,
        at=at or now,
        external_ref=external_ref,
        search_text=search_document(None, [body]),
    )
    session.add(note)
    session.flush()
    # By the row's own value: another note's transaction may have moved it since we read it.
    session.execute(
        update(Customer)
        .where(Customer.id == customer.id)
        .values(last_note_at=func.greatest(Customer.last_note_at, note.at))
        .execution_options(synchronize_session=False)
    )
    session.expire(customer, ["last_note_at"])
    return note


def change(session: Session, note: Note, changes: Mapping[str, Any], *, now: datetime) -> Note:
    """Change `body`, `type` or `at`; what it said before stays in its history.

    Raises:
        ValidationError: it is said to have happened in the future.
    """
    _refuse_future(changes.get("at"), now)
    for field, value in changes.items():
        if getattr(note, field) != value:
            setattr(note, field, value)
    note.search_text = search_document(None, [note.body])
    session.flush()
    if "at" in changes:
        refresh_newest(session, note.customer_id)
    return note


def delete(session: Session, note: Note, *, now: datetime) -> None:
    """Take a note away; its history stays."""
    note.deleted_at = now
    session.flush()
    refresh_newest(session, note.customer_id)


def newest_of(session: Session, customer_id: UUID) -> Note | None:
    """Return the newest note of a customer, its leads and opportunities; None without any."""
    return session.scalar(
        select(Note)
        .where(Note.customer_id == customer_id, Note.deleted_at.is_(None))
        .order_by(Note.at.desc(), Note.id.desc())
        .limit(1)
    )


def refresh_newest(session: Session, customer_id: UUID | None) -> None:
    """Reckon a customer's newest note again, after notes were taken away or moved."""
    # Locked first, by a statement of its own: the next one then sees every committed note.
    customer = find_locked(session, Customer, customer_id)
    if customer is None:
        return
    customer.last_note_at = session.scalar(
        select(func.max(Note.at)).where(Note.customer_id == customer_id, Note.deleted_at.is_(None))
    )
    session.flush()


def _refuse_future(at: datetime | None, now: datetime) -> None:
    if at is not None and at > now:
        raise ValidationError.of("/at", "future", N_("Must not lie in the future."))
