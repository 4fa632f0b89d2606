"""Proof that every sort of a listing has its index."""

import json
from typing import Any

from sqlalchemy import Connection, Select, select, text, true
from sqlalchemy.dialects import postgresql

from hub.listing.declaration import Listing
from hub.listing.ordering import bands, keys_of
from hub.listing.predicates import rows_of
from hub.listing.query import Order, Query
from hub.listing.reader import Reader


def sorts_without_index(connection: Connection, listing: Listing[Any], reader: Reader) -> list[str]:
    """Return the sorts, such as ``-name``, that PostgreSQL would have to sort rows for.

    Asks the planner with sorting made dear, so the table may be empty. One index over the field's
    sort key and the id, ``Index(None, "name", "id")``, serves both directions, with a condition
    ``deleted_at IS NULL`` or without.
    """
    missing = []
    for field in listing.fields:
        for descending in (False, True) if field.sortable else ():
            order = Order(field, descending)
            query = Query(listing, reader, sort=(order,))
            if any(_sorts(connection, statement) for statement in _statements(query)):
                missing.append(str(order))
    return missing


def _statements(query: Query[Any]) -> list[Select[Any]]:
    model = query.listing.model
    return [
        select(model.id)
        .where(rows_of(query, true(), true()), band.where)
        .order_by(*band.order_by)
        .limit(query.limit)
        for band in bands(keys_of(query))
    ]


def _sorts(connection: Connection, statement: Select[Any]) -> bool:
    for setting in ("enable_sort", "enable_incremental_sort", "enable_seqscan"):
        connection.execute(text(f"SET LOCAL {setting} = off"))
    compiled = statement.compile(
        dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap
        compile_kwargs={"literal_binds": True},
    )
    plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {compiled}".replace("%", "%%"))
    return "Sort" in json.dumps(plan.scalar_one())
