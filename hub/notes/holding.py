"""A record that something was noted or done about, or that others refer to, stays."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.activities.models import Activity, ActivitySubject
from hub.errors import ConflictError
from hub.history.records import Record
from hub.i18n import N_
from hub.notes.models import Note

NAMED = 100  # of those that refer to it; all are counted


def refuse_held(session: Session, subject: Record, others: Iterable[tuple[str, UUID]] = ()) -> None:
    """Pass a record without notes and activities, to which none of some `others` refers.

    These are named by entity and id.

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
    activities = session.scalars(
        select(Activity.id)
        .join(ActivitySubject, ActivitySubject.activity_id == Activity.id)
        .where(
            ActivitySubject.subject_type == subject.entity(),
            ActivitySubject.subject_id == subject.id, Activity.deleted_at.is_(None),
        )
        .order_by(Activity.id)
    )  # fmt: skip
    held = [
        *((Note.entity(), each) for each in notes),
        *((Activity.entity(), each) for each in activities),
        *others,
    ]
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
