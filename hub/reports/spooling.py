"""Reading all rows of a list into a file of our own: one snapshot, closed before anything is drawn.

Rendering a hundred thousand rows takes longer than a transaction should last, so the rows are put
down as they come, as JSON lines of the values that cells will hold, and read again at leisure.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import IO, Any
from uuid import UUID

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from hub.access import readings
from hub.errors import HubError
from hub.i18n import translate
from hub.listing import Field, Kind, Rows, snapshot, stream
from hub.listing.predicates import found_rows
from hub.reports.file_orders import FileOrder

CellValue = str | int | Decimal | bool | date | datetime | None


@dataclass(frozen=True, slots=True)
class Spool:
    """Rows put down: `row_count` of `total`, as they stood at `as_of`.

    `to_mark` are the records whose reading leaves a mark (`hub.access.readings`).
    """

    columns: tuple[Field, ...]
    as_of: datetime
    row_count: int
    total: int
    file: IO[bytes]
    to_mark: Sequence[UUID] = ()

    def rows(self) -> Iterator[list[CellValue]]:
        """Yield the rows from the first on, their values typed as their columns are."""
        readers: list[Callable[[Any], CellValue]] = [
            _READERS.get(kind_of(each), _same) for each in self.columns
        ]
        self.file.seek(0)
        for line in self.file:
            yield [
                None if value is None else read(value)
                for read, value in zip(readers, json.loads(line), strict=True)
            ]


def spool(session: Session, order: FileOrder, file: IO[bytes], *, most: int | None = None) -> Spool:
    """Write the rows of an order to `file` and return them; words are in the reader's language.

    Args:
        session: of which only the database is taken; it must have nothing open.
        order: whose rows.
        file: an empty one, open for writing and reading.
        most: how many rows at most; None for as many as a file of its format holds.
    """
    columns = order.query.shown
    locale = order.query.reader.locale
    with snapshot(session) as connection:
        as_of = connection.execute(select(func.now())).scalar_one()
        rows = stream(connection, order.query, order.visible)
        writers = [_writer(connection, each, locale) for each in columns]
        count = _write(rows, writers, file, order.most_rows if most is None else most)
        to_mark = _to_mark(connection, order)
    return Spool(columns, as_of, count, rows.total, file, to_mark)


def kind_of(field: Field) -> Kind:
    """Return what the cells of a field hold: text where a caption stands for the value."""
    return Kind.TEXT if field.caption is not None or field.is_mix else field.kind


def _to_mark(connection: Connection, order: FileOrder) -> Sequence[UUID]:
    found = found_rows(connection, order.query, order.visible)
    return readings.find(connection, order.principal, order.query.listing.model, found)


def _write(rows: Rows, writers: Sequence[Callable[[Any], Any]], file: IO[bytes], most: int) -> int:
    count = 0
    try:
        for row in rows:
            if count == most:
                break
            count += 1
            values = [
                None if value is None else write(value)
                for write, value in zip(writers, row, strict=True)
            ]
            file.write(json.dumps(values).encode() + b"\n")
    except HubError:
        pass  # raised behind the last row, when their number is not that of the count: we tell both
    return count


def _writer(connection: Connection, field: Field, locale: str) -> Callable[[Any], Any]:
    if field.caption is not None:
        return partial(field.spoken, locale)
    labels = {choice.value: translate(locale, choice.label) for choice in field.choices}
    if field.is_mix:
        if field.words is not None:
            known = field.words.labels(connection)
            labels = {value: field.spoken(locale, word) for value, word in known.items()}
        return lambda values: ", ".join(labels.get(each, str(each)) for each in values)
    match field.kind:
        case Kind.INTEGER | Kind.BOOLEAN:
            return _same
        case Kind.DATE | Kind.DATETIME:
            return _iso
        case Kind.ENUM:
            return lambda value: labels.get(str(value), str(value))
        case _:
            return str


def _iso(value: date) -> str:
    return value.isoformat()


def _same(value: Any) -> Any:
    return value


_READERS: Mapping[Kind, Callable[[Any], CellValue]] = {
    Kind.DECIMAL: Decimal,
    Kind.MONEY: Decimal,
    Kind.DATE: date.fromisoformat,
    Kind.DATETIME: datetime.fromisoformat,
}
