"""The records of a sender as far as we were told of them, each with what it is here."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.connections.models import Connection
from hub.db import new_id
from hub.hooks.models import HookResource


def get_locked(
    session: Session, connection: Connection, kind: str, resource_id: str
) -> tuple[bool, HookResource]:
    """Return the record of a sender, locked, and whether it is the first we hear of it."""
    made = session.scalar(
        insert(HookResource)
        .values(id=new_id(), connection_id=connection.id, kind=kind, resource_id=resource_id)
        .on_conflict_do_nothing(index_elements=["connection_id", "kind", "resource_id"])
        .returning(HookResource.id)
    )
    found = find_locked(session, connection, kind, resource_id)
    assert found is not None  # noqa: S101 - it was there, or was made just now
    return made is not None, found


def find_locked(
    session: Session, connection: Connection, kind: str, resource_id: str
) -> HookResource | None:
    """Return the record of a sender, locked; None where we have not heard of it."""
    return session.scalars(
        select(HookResource)
        .where(
            HookResource.connection_id == connection.id,
            HookResource.kind == kind,
            HookResource.resource_id == resource_id,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
