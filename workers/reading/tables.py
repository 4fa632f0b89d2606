"""The table that was read: a header, and rows that stream from a spool on disk."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from itertools import islice, takewhile
from types import TracebackType
from typing import IO, Any, Self

from hub.i18n import N_
from hub.parsing import Cell, CellError, normalised_header, parse_text
from workers.reading.limits import FileRefusedError, Limits

HEADER_AMONG = 20
"""Among so many rows that hold anything a header is looked for: what stands above it are titles."""
_LEAST_RECOGNISED = 2  # one word that is a heading elsewhere may stand anywhere


class RowProblem(StrEnum):
    """Why a row may not mean what its file meant: it is as long as no other row is."""

    TOO_FEW_CELLS = "too_few_cells"
    TOO_MANY_CELLS = "too_many_cells"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as a spreadsheet shows it, and a value for each column of the header."""

    number: int
    values: tuple[Cell | CellError, ...]
    problem: RowProblem | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """How the file was understood; `sheet` for workbooks, `encoding` and `delimiter` for CSV.

    `sheets` are the names of all.
    """

    kind: str  # xlsx or csv
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None


def _no_headings(labels: Sequence[str]) -> int:
    del labels
    return 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where the table stands in a file, as far as somebody says.

    Without `sheet` it is the first one that holds rows. Without `header_row` the header is the
    first row that holds anything, or the one below it that has the most headings, which
    `recognised` counts, if no other row may be meant.
    """

    sheet: str | None = None
    header_row: int | None = None
    recognised: Callable[[Sequence[str]], int] = _no_headings


ANYWHERE = Place()


class Table:
    """A whole file, checked to its end before the first row is given out.

    It may be iterated again and again, one iteration at a time. Close it, or use ``with``, to free
    its disk space at once.
    """

    def __init__(
        self, spool: IO[bytes], source: Source, limits: Limits, place: Place = ANYWHERE
    ) -> None:
        """Take the header from the spool, leave what stands above it, and count the rest.

        Raises:
            FileRefusedError: there is no header, or it names a column twice.
        """
        self._spool = spool
        self.source = source
        line = _header_line(_lines(spool), place)
        self._rows_at = line.ends_at
        self.header_row: int = line.number
        self.header = _header(line.labels)
        spool.seek(self._rows_at)
        self.row_count = sum(1 for _ in spool)
        if self.row_count > limits.rows:
            raise FileRefusedError(
                "file.too_many_rows", N_("The file has more than {limit} rows."), limit=limits.rows
            )

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the header for comparison: see `hub.parsing.normalised_header`."""
        return tuple(normalised_header(label) for label in self.header)

    def __iter__(self) -> Iterator[Row]:
        self._spool.seek(self._rows_at)
        for line in self._spool:
            number, cells = json.loads(line)
            yield self._row(number, cells)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the disk space; the rows are gone then."""
        self._spool.close()

    def _row(self, number: int, cells: Sequence[Any]) -> Row:
        values = [_cell(cell) for cell in cells]
        width = len(self.header)
        problem = None
        if any(value is not None for value in values[width:]):
            problem = RowProblem.TOO_MANY_CELLS
        elif len(values) < width and self.source.kind == "csv":  # a sheet stores no empty cells
            problem = RowProblem.TOO_FEW_CELLS
        padded = [*values[:width], *[None] * (width - len(values))]
        return Row(number, tuple(padded), problem)


@dataclass(frozen=True, slots=True)
class _Line:
    """A row that may be the header: what its cells say, and where in the spool it ends."""

    number: int
    labels: tuple[str, ...]
    ends_at: int

    @property
    def filled(self) -> int:
        return sum(1 for label in self.labels if label)


def _lines(spool: IO[bytes]) -> Iterator[_Line]:
    spool.seek(0)
    while line := spool.readline():
        number, cells = json.loads(line)
        yield _Line(number, _labels([_cell(cell) for cell in cells]), spool.tell())


def _labels(cells: Sequence[Cell | CellError]) -> tuple[str, ...]:
    labels = ["" if isinstance(cell, CellError) else parse_text(cell) or "" for cell in cells]
    while labels and not labels[-1]:
        labels.pop()
    return tuple(labels)


def _header_line(lines: Iterable[_Line], place: Place) -> _Line:
    row = place.header_row
    if row is None:
        return _likeliest(list(islice(lines, HEADER_AMONG)), place.recognised)
    for line in takewhile(lambda line: line.number <= row, lines):
        if line.number == row:
            return line
    raise FileRefusedError(
        "header_row.empty",
        N_("Row {row} holds nothing: say as header_row in which row the headers stand."),
        pointer="/header_row",
        row=row,
    )


def _likeliest(lines: Sequence[_Line], recognised: Callable[[Sequence[str]], int]) -> _Line:
    """Return the first line, unless one below is the header beyond doubt.

    It has the most headings, and no other line but its own repetition has as many. What stands
    above it is narrower, or holds no heading while half of its own cells do.
    """
    if not lines:
        raise FileRefusedError("file.empty", N_("The file holds no rows."))
    counts = [recognised(line.labels) for line in lines]
    most = max(counts)
    place = counts.index(most)
    found = lines[place]
    if not place or most < _LEAST_RECOGNISED:
        return lines[0]
    as_many = (line for line, count in zip(lines, counts, strict=True) if count == most)
    is_one = all(line.labels == found.labels for line in as_many)
    stands_out = all(
        line.filled < found.filled or (not count and most * 2 >= found.filled)
        for line, count in zip(lines[:place], counts, strict=False)
    )
    return found if is_one and stands_out else lines[0]


def _header(labels: Sequence[str]) -> tuple[str, ...]:
    named = [label or f"#{index}" for index, label in enumerate(labels, 1)]
    seen: set[str] = set()
    for label in named:
        key = normalised_header(label)
        if key in seen:
            raise FileRefusedError(
                "file.duplicate_header", N_("Two columns are called {label}."), label=label[:80]
            )
        seen.add(key)
    return tuple(named)


def _cell(raw: Any) -> Cell | CellError:
    """Return a cell from its spooled form: text, true, false and null, or a marked value."""
    if not isinstance(raw, list):
        cell: str | bool | None = raw
        return cell
    kind, text = raw
    if kind == "error":
        return CellError(text)
    if kind == "number":
        number = Decimal(text)
        return int(number) if number == number.to_integral_value() else number
    if kind == "moment":
        moment = datetime.fromisoformat(text)
        return moment.date() if moment.time() == time.min else moment
    return date.fromisoformat(text)
