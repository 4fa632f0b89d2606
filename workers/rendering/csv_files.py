"""CSV files: UTF-8 with a byte order mark, separated as the reader's spreadsheet expects it.

Text that a spreadsheet would take for a formula gets a leading apostrophe (reliability.md R-55,
OWASP "CSV injection"), also after a separator or a line break inside the text, where a program set
to another separator would begin a cell. Numbers, dates and money are written as such, so a negative
amount stays an amount; a text that is nothing but a phone number or a number is left as it is.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from babel.numbers import get_decimal_symbol

from hub.calendar_time import check_zone
from hub.i18n import N_
from hub.money import Money
from workers.rendering.columns import Cell, Column, ColumnKind, checked_row, header_labels
from workers.rendering.readers import Reader
from workers.rendering.safe_text import with_visible_controls

_FORMULA_SIGNS = r"=+\-@\uff1d\uff0b\uff0d\uff20"  # ASCII and full-width
_AT_THE_START = re.compile(rf"[\s\"'\u200b-\u200f\u2060\ufeff]*[{_FORMULA_SIGNS}]|[\t\r\n]")
_INSIDE = re.compile(rf"([;,|\t\r\n][\"']?)(?=[{_FORMULA_SIGNS}])")
_NUMBER = re.compile(r"\+[0-9][0-9 ]{2,24}|-[0-9]{1,18}(?:[.,][0-9]{1,10})?")


def write_csv(
    target: Path | BinaryIO,
    columns: Sequence[Column],
    rows: Iterator[Sequence[object]],
    *,
    locale: str,
    zone: str,
) -> int:
    """Write the rows and return how many there were, the header not counted.

    Where the reader's decimals have a comma, fields are separated by semicolons, else by commas.
    Money takes its column and one more, for the currency.

    Raises:
        ValueError: a row does not fit the columns.
        TypeError: a value is not of its column's kind.
    """
    if isinstance(target, Path):
        with target.open("wb") as stream:
            return write_csv(stream, columns, rows, locale=locale, zone=zone)
    reader = Reader(locale, check_zone(zone))
    point = get_decimal_symbol(reader.formats)
    text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(
        text, delimiter=";" if point == "," else ",", quoting=csv.QUOTE_ALL, lineterminator="\r\n"
    )
    writer.writerow(_header(columns, reader))
    count = 0
    for row in rows:
        values = checked_row(columns, row, ZoneInfo(zone))
        writer.writerow(_fields(columns, values, point, reader))
        count += 1
    text.flush()
    text.detach()  # the stream is the caller's to close
    return count


def neutralised(text: str) -> str:
    """Return `text` so that no spreadsheet takes it, or a part of it, for a formula."""
    shown = with_visible_controls(text)
    if _NUMBER.fullmatch(shown):
        return shown
    guarded = _INSIDE.sub(r"\1'", shown)
    return "'" + guarded if _AT_THE_START.match(guarded) else guarded


def _header(columns: Sequence[Column], reader: Reader) -> list[str]:
    fields = []
    for column, label in zip(columns, header_labels(columns, reader.locale), strict=True):
        fields.append(neutralised(label))
        if column.kind is ColumnKind.MONEY:
            fields.append(neutralised(reader.words(N_("{label}, currency"), label=label)))
    return fields


def _fields(
    columns: Sequence[Column], values: Sequence[Cell], point: str, reader: Reader
) -> list[str]:
    fields = []
    for column, value in zip(columns, values, strict=True):
        if isinstance(value, Money):
            fields.append(_field(value.amount, point, reader))
        else:
            fields.append(_field(value, point, reader))
        if column.kind is ColumnKind.MONEY:
            fields.append(value.currency if isinstance(value, Money) else "")
    return fields


def _field(value: Cell, point: str, reader: Reader) -> str:
    if isinstance(value, str):
        return neutralised(value)
    if isinstance(value, bool):
        return reader.words(N_("yes")) if value else reader.words(N_("no"))
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, Decimal):
        return format(value, "f").replace(".", point)
    return "" if value is None else str(value)
