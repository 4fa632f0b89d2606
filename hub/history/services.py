"""Reading the history by position: gap-free, so that a late commit is never skipped."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from hub.history.models import Event, EventSeal


@dataclass(frozen=True, slots=True)
class SealedEvent:
    """An event with its position in the chain."""

    position: int
    event: Event


def events_after(
    session: Session,
    position: int,
    *,
    limit: int,
    up_to: int,
    seen: ColumnElement[bool],
    types: list[str] | None = None,
) -> list[SealedEvent]:
    """Return the events behind a position, in order.

    Args:
        session: the reader's.
        position: the last one read; 0 for all.
        limit: how many at most.
        up_to: the last position to look at.
        seen: the condition for what the reader may see.
        types: only these, such as ``customer.updated``; None for all.
    """
    query = (
        select(EventSeal.position, Event)
        .join(Event, Event.id == EventSeal.id)
        .where(EventSeal.position > position, EventSeal.position <= up_to, seen)
        .order_by(EventSeal.position)
        .limit(limit)
    )
    if types:
        query = query.where(Event.type.in_(types))
    return [SealedEvent(row.position, row.Event) for row in session.execute(query)]


def last_position(session: Session) -> int:
    """Return the position of the newest sealed event, 0 where there is none."""
    return session.scalar(select(func.max(EventSeal.position))) or 0
