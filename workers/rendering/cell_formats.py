"""Formats of cells: dates as the reader's locale orders them, money with its currency."""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from babel.dates import get_date_format
from babel.numbers import get_currency_precision

from hub.money import Money
from workers.rendering.readers import Reader

MAX_DIGITS = 15
"""Excel keeps fifteen significant digits of a number and rounds the rest without a word."""


class CellFormats:
    """The formats of one workbook, each made once; Excel itself points and groups the numbers."""

    def __init__(self, workbook: Any, reader: Reader) -> None:
        self.reader = reader
        self._workbook = workbook
        self._money: dict[str, Any] = {}
        day = date_pattern(reader)
        self.header = workbook.add_format(
            {"bold": True, "bg_color": "#E8EEF3", "bottom": 1, "valign": "vcenter"}
        )
        self.plain = workbook.add_format()
        self._integer = workbook.add_format({"num_format": "0"})
        self._decimal = workbook.add_format({"num_format": "#,##0.00"})
        self._day = workbook.add_format({"num_format": day, "align": "left"})
        self._instant = workbook.add_format({"num_format": f"{day} hh:mm", "align": "left"})

    def of(self, value: int | Decimal | Money | date) -> Any:
        """Return the format that shows a number, an amount, a day or a wall-clock time."""
        if isinstance(value, Money):
            return self._of_currency(value.currency)
        if isinstance(value, datetime):
            return self._instant
        if isinstance(value, date):
            return self._day
        return self._integer if isinstance(value, int) else self._decimal

    def _of_currency(self, currency: str) -> Any:
        if currency not in self._money:
            places = get_currency_precision(currency)
            number = "#,##0" + ("." + "0" * places if places else "")
            self._money[currency] = self._workbook.add_format(
                {"num_format": f'{number} "{currency}"'}
            )
        return self._money[currency]


def date_pattern(reader: Reader) -> str:
    """Return Excel's pattern for a date in figures, such as ``dd.mm.yyyy`` for Danish."""
    pattern = str(get_date_format("short", locale=reader.formats).pattern)
    pattern = re.sub("y+", "yyyy", pattern)
    pattern = re.sub("M+", "mm", pattern)
    pattern = re.sub("d+", "dd", pattern)
    return pattern if set(pattern) <= set("dmy-./ ") else "yyyy-mm-dd"


def needs_text(number: Decimal) -> bool:
    """Say whether Excel would change the number, so that it must be written as text."""
    return not number.is_finite() or len(number.normalize().as_tuple().digits) > MAX_DIGITS
