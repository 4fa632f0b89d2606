"""Processes that follow the history by its positions: each event is theirs once, and none is lost.

A process has a name, and reads on from where it was, in the transaction in which it does what
follows: both are kept, or neither.
"""

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.history.models import Event, EventReader
from hub.history.services import events_after, last_position


def read_on(session: Session, name: str, wanted: ColumnElement[bool], *, limit: int) -> list[Event]:
    """Return the next of the events that are `wanted`, and note them as read with this commit.

    Another one who reads in the same name waits. Fewer than `limit` are all that there are.
    """
    session.execute(
        insert(EventReader).values(name=name).on_conflict_do_nothing(index_elements=["name"])
    )
    reader = session.scalars(
        select(EventReader).where(EventReader.name == name).with_for_update()
        .execution_options(populate_existing=True)
    ).one()  # fmt: skip
    newest = last_position(session)
    found = events_after(session, reader.position, limit=limit, up_to=newest, seen=wanted)
    reader.position = found[-1].position if len(found) == limit else newest
    session.flush()
    return [each.event for each in found]
