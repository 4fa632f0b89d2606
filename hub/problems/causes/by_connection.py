"""What is wrong with several records of one connection, counted."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute

from hub.connections.models import Connection


def counted_by_connection(
    model: type[Any], since: InstrumentedAttribute[Any]
) -> Select[UUID, str, UUID | None, int, Any]:
    """Return how many records of a model each connection has, and since when, to be narrowed.

    A row has the connection's `id`, `name` and `owner_user_id`, and `number` and `since`.
    """
    return (
        select(
            Connection.id,
            Connection.name,
            Connection.owner_user_id,
            func.count(model.id).label("number"),
            func.min(since).label("since"),
        )
        .join_from(model, Connection, Connection.id == model.connection_id)
        .group_by(Connection.id)
    )
