"""Workbooks: rows stream into an xlsx file of typed cells, of any length, in little memory.

No value becomes a formula or a link (reliability.md R-55): text is written as inline strings, money
and dates as numbers with a format. What no cell can hold is shown, not dropped: a control character
as its symbol, a text beyond Excel's limit with a mark where it was cut.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import xlsxwriter

from hub.calendar_time import check_zone
from hub.i18n import N_
from hub.money import Money
from workers.rendering.cell_formats import CellFormats, needs_text
from workers.rendering.columns import Cell, Column, ColumnKind, checked_row, header_labels
from workers.rendering.readers import Reader
from workers.rendering.safe_text import one_line, with_visible_controls

MAX_ROWS_PER_SHEET = 1_048_576
MAX_CELL_LENGTH = 32_767  # UTF-16 code units
MAX_SHEET_NAME_LENGTH = 31
MAX_WIDTH = 60
_LAST_YEAR_WITHOUT_DATES = 1900  # Excel begins there, and with a leap day that never was

_OPTIONS = {
    "constant_memory": True,  # rows go to disk as they come, strings stand in their cells
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write_workbook(
    target: Path | BinaryIO,
    columns: Sequence[Column],
    rows: Iterator[Sequence[object]],
    *,
    locale: str,
    zone: str,
    title: str,
    sheet_name: str = "",
    made_at: datetime | None = None,
) -> int:
    """Write the rows and return how many there were, the header not counted.

    Rows beyond what a sheet can hold go on further sheets. `target` gets a whole file or, where
    something fails, nothing. `made_at` stands in the file's properties; with it, equal rows give
    equal bytes.

    Raises:
        ValueError: a row does not fit the columns.
        TypeError: a value is not of its column's kind.
    """
    reader = Reader(locale, check_zone(zone))
    with tempfile.TemporaryDirectory(prefix="hub-workbook-") as folder:
        draft = Path(folder) / "workbook.xlsx"
        workbook = xlsxwriter.Workbook(str(draft), {**_OPTIONS, "tmpdir": folder})
        properties = {"title": one_line(title), "created": made_at}
        workbook.set_properties({key: value for key, value in properties.items() if value})
        try:
            count = _write_sheets(workbook, columns, rows, reader, one_line(sheet_name or title))
        finally:
            workbook.close()
        if isinstance(target, Path):
            shutil.move(draft, target)
        else:
            with draft.open("rb") as finished:
                shutil.copyfileobj(finished, target)
    return count


def _write_sheets(
    workbook: Any,
    columns: Sequence[Column],
    rows: Iterator[Sequence[object]],
    reader: Reader,
    name: str,
) -> int:
    formats = CellFormats(workbook, reader)
    count = sheets = 0
    pending: Iterator[Sequence[object]] | None = rows
    while pending is not None:
        sheets += 1
        sheet = workbook.add_worksheet(_sheet_name(name, sheets))
        written, pending = _fill_sheet(sheet, columns, pending, formats)
        count += written
    return count


def _fill_sheet(
    sheet: Any, columns: Sequence[Column], rows: Iterator[Sequence[object]], formats: CellFormats
) -> tuple[int, Iterator[Sequence[object]] | None]:
    """Fill one sheet; return how many rows it took, and the rows left over, None where none are."""
    zone = ZoneInfo(formats.reader.zone)
    _write_header(sheet, columns, formats)
    number = 0
    left: Iterator[Sequence[object]] | None = None
    for row in rows:
        if number + 1 == MAX_ROWS_PER_SHEET:
            left = chain([row], rows)
            break
        number += 1
        for index, value in enumerate(checked_row(columns, row, zone)):
            _write_cell(sheet, number, index, value, formats)
    if columns:
        sheet.autofilter(0, 0, number, len(columns) - 1)
    return number, left


def _write_header(sheet: Any, columns: Sequence[Column], formats: CellFormats) -> None:
    sheet.freeze_panes(1, 0)
    for index, label in enumerate(header_labels(columns, formats.reader.locale)):
        column = columns[index]
        width = column.width or max(_WIDTHS[column.kind], len(label) + 4)
        sheet.set_column(index, index, min(width, MAX_WIDTH))
        sheet.write_string(0, index, _cell_text(label, formats.reader), formats.header)


def _write_cell(sheet: Any, row: int, column: int, value: Cell, formats: CellFormats) -> None:
    if isinstance(value, str):
        if value:
            sheet.write_string(row, column, _cell_text(value, formats.reader), formats.plain)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value, formats.plain)
    elif isinstance(value, date):
        if value.year <= _LAST_YEAR_WITHOUT_DATES:
            sheet.write_string(row, column, value.isoformat(), formats.plain)
        else:
            sheet.write_datetime(row, column, value, formats.of(value))
    elif value is not None:
        number = value.amount if isinstance(value, Money) else Decimal(value)
        if needs_text(number):
            unit = f" {value.currency}" if isinstance(value, Money) else ""
            sheet.write_string(row, column, format(number, "f") + unit, formats.plain)
        else:
            sheet.write_number(row, column, number, formats.of(value))


def _cell_text(text: str, reader: Reader) -> str:
    shown = with_visible_controls(text)
    units = shown.encode("utf-16-le")
    if len(units) // 2 <= MAX_CELL_LENGTH:
        return shown
    mark = reader.words(N_(" … [cut: {count} characters]"), count=reader.number(len(shown)))
    kept = units[: (MAX_CELL_LENGTH - len(mark)) * 2]
    return kept.decode("utf-16-le", "ignore") + mark  # half a pair at the cut is left out


def _sheet_name(name: str, number: int) -> str:
    # Excel counts a character beyond the basic plane as two, so emoji are left out altogether.
    cleaned = "".join(" " if sign in "[]:*?/\\" else sign for sign in name if sign <= "\uffff")
    suffix = f" ({number})" if number > 1 else ""
    kept = cleaned.strip("' ")[: MAX_SHEET_NAME_LENGTH - len(suffix)].strip("' ")
    if not kept or kept.casefold() == "history":  # a name that Excel keeps for itself
        kept = "Hub"
    return kept + suffix


_WIDTHS = {
    ColumnKind.TEXT: 26,
    ColumnKind.INTEGER: 10,
    ColumnKind.DECIMAL: 14,
    ColumnKind.MONEY: 16,
    ColumnKind.DATE: 12,
    ColumnKind.DATETIME: 18,
    ColumnKind.BOOLEAN: 10,
    ColumnKind.MIXED: 20,
}
