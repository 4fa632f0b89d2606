"""When fields of a record last changed."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from hub.history.models import Event
from hub.origin import CauseKind


def last_changes(
    session: Session,
    subject_type: str,
    subject_id: UUID,
    fields: Collection[str],
    *,
    but_for: tuple[CauseKind, str] | None = None,
) -> dict[str, datetime]:
    """Return when each of some fields last changed, those without a change left out.

    `but_for` names a cause, such as one connection, whose changes do not count.
    """
    names = list(fields)
    if not names:
        return {}
    query = select(
        *(func.max(Event.at).filter(Event.changes.has_key(name)) for name in names)
    ).where(Event.subject_type == subject_type, Event.subject_id == subject_id)
    if but_for is not None:
        kind, cause_id = but_for
        by_it = and_(Event.cause_kind == kind, Event.cause_id.is_not_distinct_from(cause_id))
        query = query.where(~by_it)
    found = zip(names, session.execute(query).one(), strict=True)
    return {name: at for name, at in found if at is not None}
