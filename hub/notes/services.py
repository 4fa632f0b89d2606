"""What may be done with notes."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import Session

from hub import external_refs
from hub.catalogues.services import refuse_unlisted
from hub.errors import ValidationError
from hub.history.recording import origin_of
from hub.i18n import N_
from hub.listing.search import search_document
from hub.notes.models import Note
from hub.subjects import CUSTOMER, customer_id_of, lock_subject, subjects

CATALOGUES = {"type": "note_types"}


def create(
    session: Session,
    subject: Any,
    *,
    body: str,
    now: datetime,
    type: str = "note",  # noqa: A002 - the field's own name
    at: datetime | None = None,
    external_ref: str | None = None,
    template_id: UUID | None = None,
    by_caller: bool = True,
) -> Note:
    """Note something about a subject; its newest note, and its customer's, move in the same commit.

    Args:
        session: the caller's.
        subject: what it is about: a customer, a lead, an opportunity (`hub.subjects`).
        body: what is noted.
        now: the present.
        type: a code of the catalogue of note types.
        at: when it happened; now where None.
        external_ref: what a script knows it by.
        template_id: what its text was made from.
        by_caller: False for what came from outside: then nobody of ours is its author.

    Raises:
        ValidationError: it is said to have happened in the future, or the type is not known.
        ConflictError: ``taken``: the external reference is in use.
    """
    _refuse_future(at, now)
    refuse_unlisted(session, CATALOGUES, {"type": type})
    external_refs.refuse_taken(session, Note, external_ref)
    note = Note(
        subject_type=subject.entity(),
        subject_id=subject.id,
        customer_id=customer_id_of(subject),
        type=type,
        body=body,
        author_user_id=origin_of(session).user_id if by_caller else None,
        at=at or now,
        external_ref=external_ref,
        template_id=template_id,
        search_text=search_document(None, [body]),
    )
    session.add(note)
    session.flush()
    for model, identifier in _newest_of(note):
        # By the row's own value: another note's transaction may have moved it since we read it.
        session.execute(
            update(model)
            .where(model.id == identifier)
            .values(last_note_at=func.greatest(model.last_note_at, note.at))
            .execution_options(synchronize_session=False)
        )
    session.expire(subject, ["last_note_at"])
    return note


def change(session: Session, note: Note, changes: Mapping[str, Any], *, now: datetime) -> Note:
    """Change `body`, `type` or `at`; what it said before stays in its history.

    Raises:
        ValidationError: it is said to have happened in the future, or the type is not known.
    """
    _refuse_future(changes.get("at"), now)
    refuse_unlisted(session, CATALOGUES, changes, kept={"type": note.type})
    for field, value in changes.items():
        if getattr(note, field) != value:
            setattr(note, field, value)
    note.search_text = search_document(None, [note.body])
    session.flush()
    if "at" in changes:
        refresh_newest(session, note)
    return note


def delete(session: Session, note: Note, *, now: datetime) -> None:
    """Take a note away; its history stays."""
    note.deleted_at = now
    session.flush()
    refresh_newest(session, note)


def newest_of(session: Session, subject: Any) -> Note | None:
    """Return the newest note of a subject; of a customer those of its leads and cases, too."""
    of_it = (
        Note.customer_id == subject.id
        if subject.entity() == CUSTOMER
        else and_(Note.subject_type == subject.entity(), Note.subject_id == subject.id)
    )
    return session.scalar(
        select(Note)
        .where(of_it, Note.deleted_at.is_(None))
        .order_by(Note.at.desc(), Note.id.desc())
        .limit(1)
    )


def refresh_newest(session: Session, note: Note) -> None:
    """Reckon the newest note again of what a note is about, after it was taken away or moved."""
    for model, identifier in _newest_of(note):
        _refresh(session, model, identifier)
    session.flush()


def refresh_customer(session: Session, customer_id: UUID) -> None:
    """Reckon the newest note of a customer again, after a record came to it or left it."""
    _refresh(session, subjects()[CUSTOMER], customer_id)
    session.flush()


def _refresh(session: Session, model: type[Any], identifier: UUID) -> None:
    # Locked first, by a statement of its own: the next one then sees every committed note.
    found = lock_subject(session, model.entity(), identifier)
    if found is None:
        return
    whose = (
        Note.customer_id == identifier
        if model.entity() == CUSTOMER
        else and_(Note.subject_type == model.entity(), Note.subject_id == identifier)
    )
    found.last_note_at = session.scalar(
        select(func.max(Note.at)).where(whose, Note.deleted_at.is_(None))
    )


def _newest_of(note: Note) -> Iterator[tuple[type[Any], UUID]]:
    """Return what keeps the time of a note, in the order in which all lock it."""
    if note.subject_type != CUSTOMER:
        yield subjects()[note.subject_type], note.subject_id
    if note.customer_id is not None:
        yield subjects()[CUSTOMER], note.customer_id


def _refuse_future(at: datetime | None, now: datetime) -> None:
    if at is not None and at > now:
        raise ValidationError.of("/at", "future", N_("Must not lie in the future."))
