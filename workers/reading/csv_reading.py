"""CSV files: decoded, split and spooled as rows; what cannot be split for certain is refused."""

import csv
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from hub.i18n import N_
from workers.reading.csv_detection import TextFormat, detect_format
from workers.reading.limits import FileRefusedError, Limits
from workers.reading.tables import ANYWHERE, Place, Source, Table


def read_csv(path: Path, limits: Limits, place: Place = ANYWHERE) -> Table:
    """Return the rows of a CSV file; all cells are text.

    Raises:
        FileRefusedError: it is no text, its quotes do not match, it is beyond the limits, or has
            nothing at that place.
    """
    if place.sheet is not None:
        raise FileRefusedError(
            "sheet.unfit",
            N_("The file is no workbook and has no sheets: leave sheet out."),
            pointer="/sheet",
        )
    text_format = detect_format(path)
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - the table owns it
    try:
        for number, cells in _filled_rows(path, text_format, limits):
            _write(spool, number, cells)
        source = Source("csv", encoding=text_format.encoding, delimiter=text_format.delimiter)
        return Table(spool, source, limits, place)
    except BaseException:
        spool.close()
        raise


def _filled_rows(
    path: Path, text_format: TextFormat, limits: Limits
) -> Iterator[tuple[int, list[str | None]]]:
    with path.open(encoding=text_format.encoding, newline="") as stream:
        if text_format.has_separator_line:
            stream.readline()
        reader = csv.reader(stream, delimiter=text_format.delimiter, strict=True)
        number = count = 0
        while True:
            number += 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise _unsplit(error, number, limits) from error
            cells = [cell.strip() or None for cell in row]
            if not any(cells):
                continue
            count += 1
            _check(cells, number, count, limits)
            yield number, cells


def _unsplit(error: csv.Error, number: int, limits: Limits) -> FileRefusedError:
    if "field limit" not in str(error):
        return FileRefusedError(
            "file.quotes",
            N_("Row {row} cannot be split: its quotation marks do not match."),
            row=number,
        )
    return FileRefusedError(  # one or the other: what comes after is not read
        "file.cell_too_long",
        N_("A cell of row {row} has more than {limit} characters, or its quotation is not closed."),
        row=number,
        limit=limits.cell_length,
    )


def _check(cells: list[str | None], number: int, count: int, limits: Limits) -> None:
    if count > limits.rows + 1:
        raise FileRefusedError(
            "file.too_many_rows", N_("The file has more than {limit} rows."), limit=limits.rows
        )
    if len(cells) > limits.columns:
        raise FileRefusedError(
            "file.too_many_columns",
            N_("The file has more than {limit} columns."),
            limit=limits.columns,
        )
    if any(cell is not None and len(cell) > limits.cell_length for cell in cells):
        raise FileRefusedError(
            "file.cell_too_long",
            N_("A cell of row {row} has more than {limit} characters."),
            row=number,
            limit=limits.cell_length,
        )


def _write(spool: IO[bytes], number: int, cells: list[str | None]) -> None:
    spool.write(json.dumps([number, cells], separators=(",", ":")).encode("ascii") + b"\n")
