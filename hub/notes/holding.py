"""A record that something was noted about, or that others refer to, is not taken away."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.errors import ConflictError
from hub.history.records import Record
from hub.i18n import N_
from hub.notes.models import Note

NAMED = 100  # of those that refer to it; all are counted


def refuse_held(session: Session, subject: Record, others: Iterable[tuple[str, UUID]] = ()) -> None:
    """Pass a record without notes, to which none of some `others` refers, each by entity and id.

    Raises:
        ConflictError: ``in_use``; the details count and name who refers to it.
    """
    notes = session.scalars(
        select(Note.id)
        .where(
            Note.subject_type == subject.entity(), Note.subject_id == subject.id,
            Note.deleted_at.is_(None),
        )
        .order_by(Note.id)
    )  # fmt: skip
    held = [*((Note.entity(), each) for each in notes), *others]
    if held:
        raise ConflictError(
            "in_use",
            N_("{count} other records refer to it."),
            details={
                "count": len(held),
                "blockers": [{"entity": entity, "id": str(each)} for entity, each in held[:NAMED]],
            },
            count=len(held),
        )
