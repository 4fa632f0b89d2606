"""All rows of a list, for exports and reports: one snapshot, a cursor on the server, a known total.

The rows are read on a connection of their own, outside of any session's transaction, and under
time-outs of their own, since an export may take minutes where a request may not.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, select
from sqlalchemy.orm import Session

from hub.errors import HubError
from hub.listing.counting import count_all
from hub.listing.declaration import Field, Predicate
from hub.listing.ordering import order_by
from hub.listing.predicates import found_rows
from hub.listing.query import Query

BATCH = 2_000  # rows fetched at a time
STATEMENT_TIMEOUT = timedelta(minutes=10)  # for the count, and for each batch
IDLE_TIMEOUT = timedelta(minutes=5)  # between batches: how long writing one may take


class Rows:
    """The rows of a query in its order, each a tuple of the values of `columns`; read once.

    A column with a caption gives that in place of its value, for people.
    """

    def __init__(
        self, connection: Connection, statement: Select[Any], columns: tuple[Field, ...], total: int
    ) -> None:
        self._connection = connection
        self._statement = statement
        self.columns = columns
        self.total = total

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """Yield every row.

        Raises:
            HubError: there were more or fewer rows than `total`; the file must not be called whole.
        """
        read = 0
        connection = self._connection.execution_options(yield_per=BATCH)
        with connection.execute(self._statement) as result:  # closed also where the reader stops
            for row in result:
                read += 1
                yield tuple(row)
        if read != self.total:
            raise HubError(f"{read} rows were read where {self.total} were counted")


@contextmanager
def snapshot(
    session: Session,
    *,
    statement_timeout: timedelta = STATEMENT_TIMEOUT,
    idle_timeout: timedelta = IDLE_TIMEOUT,
) -> Iterator[Connection]:
    """Open a read-only view of the database as it is now, in which several lists agree.

    It sees what is committed, not what `session` has yet to commit; of the session it takes but
    the database.
    """
    with session.get_bind().engine.connect() as connection:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            for name, value in (
                ("statement_timeout", _milliseconds(statement_timeout)),
                ("idle_in_transaction_session_timeout", _milliseconds(idle_timeout)),
                ("cursor_tuple_fraction", "1"),  # all rows will be fetched, so plan for all
            ):
                connection.execute(select(func.set_config(name, value, True)))  # noqa: FBT003 - for this transaction
            yield connection


def stream(connection: Connection, query: Query[Any], visible: Predicate) -> Rows:
    """Return all rows of a query within a snapshot; the count is made at once, the rows come later.

    Args:
        connection: of `snapshot`.
        query: its filters, sort and columns; limit and cursor do not count.
        visible: the access predicate of the query's reader.
    """
    found = found_rows(connection, query, visible)
    statement = (
        select(*(_shown(each).label(each.name) for each in query.shown))
        .select_from(query.listing.model)
        .where(found)
        .order_by(*order_by(query))
    )
    return Rows(connection, statement, query.shown, count_all(connection, query, found))


def _shown(field: Field) -> Any:
    return field.column if field.caption is None else field.caption


def _milliseconds(time: timedelta) -> str:
    return str(round(time.total_seconds() * 1_000))
