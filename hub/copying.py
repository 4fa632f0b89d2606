"""Writing many rows at once, as PostgreSQL likes it best: COPY, inside the caller's transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


def copy_in(
    session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> int:
    """Write rows into a table and return how many; defaults fill the columns not named.

    Values are Python's own as psycopg knows them; JSON is given as text. Nothing of the ORM takes
    part: no hook, no default of Python's, no event.

    Raises:
        DBAPIError: SQLAlchemy's, an IntegrityError where a row breaks a rule; none was written.
    """
    session.flush()
    statement = sql.SQL("copy {table} ({columns}) from stdin").format(
        table=sql.Identifier(table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
    )
    raw = session.connection().connection.driver_connection
    assert raw is not None  # noqa: S101 - a connection in use has its driver's
    count = 0
    try:
        with raw.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
    except psycopg.Error as error:
        raise DBAPIError.instance(
            f"copy {table}", None, error, psycopg.Error, connection_invalidated=raw.closed
        ) from error
    return count
