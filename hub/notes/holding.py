"""A record that something was noted or done about, or that others refer to, stays."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hub import held
from hub.activities.models import Activity, ActivitySubject
from hub.history.records import Record
from hub.i18n import N_
from hub.notes.models import Note


def refuse_held(
    session: Session, subject: Record, others: Iterable[tuple[str, Select[Any]]] = ()
) -> None:
    """Pass a record without notes and activities, to which none of some `others` refers.

    These are entities, each with the query for their ids.

    Raises:
        HeldError: ``in_use``.
    """
    notes = (
        select(Note.id)
        .where(
            Note.subject_type == subject.entity(), Note.subject_id == subject.id,
            Note.deleted_at.is_(None),
        )
        .order_by(Note.id)
    )  # fmt: skip
    activities = (
        select(Activity.id)
        .join(ActivitySubject, ActivitySubject.activity_id == Activity.id)
        .where(
            ActivitySubject.subject_type == subject.entity(),
            ActivitySubject.subject_id == subject.id, Activity.deleted_at.is_(None),
        )
        .order_by(Activity.id)
    )  # fmt: skip
    sources = ((Note.entity(), notes), (Activity.entity(), activities), *others)
    held.refuse_held(session, N_("It is kept, something refers to it: {what}."), sources)
