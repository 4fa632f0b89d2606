"""The table that was read: a header, and rows that stream from a spool on disk."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from types import TracebackType
from typing import IO, Any, Self

from hub.i18n import N_
from hub.parsing import Cell, CellError, normalised_header, parse_text
from workers.reading.limits import FileRefusedError, Limits


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
    """How the file was understood; `sheet` for workbooks, `encoding` and `delimiter` for CSV."""

    kind: str  # xlsx or csv
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None


class Table:
    """A whole file, checked to its end before the first row is given out.

    It may be iterated again and again, one iteration at a time. Close it, or use ``with``, to free
    its disk space at once.
    """

    def __init__(self, spool: IO[bytes], source: Source, limits: Limits) -> None:
        """Take the header from the first row of the spool, and count the rest.

        Raises:
            FileRefusedError: there is no header, or it names a column twice.
        """
        self._spool = spool
        self.source = source
        spool.seek(0)
        first = spool.readline()
        if not first:
            raise FileRefusedError("file.empty", N_("The file holds no rows."))
        self._rows_at = spool.tell()
        number, cells = json.loads(first)
        self.header_row: int = number
        self.header = _header([_cell(cell) for cell in cells])
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


def _header(cells: Sequence[Cell | CellError]) -> tuple[str, ...]:
    labels = ["" if isinstance(cell, CellError) else parse_text(cell) or "" for cell in cells]
    while labels and not labels[-1]:
        labels.pop()
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
