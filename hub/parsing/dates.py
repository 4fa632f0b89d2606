"""Dates and times of day, ordered as somebody wrote them."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from babel.dates import get_date_format

from hub.i18n import N_, locale_of
from hub.parsing.cells import Cell, refusal

EXCEL_EPOCH = date(1899, 12, 30)  # reckons with the leap day that 1900 has in Excel
FIRST_SERIAL, LAST_SERIAL = 10_000, 2_958_465  # 1927-05-18 to 9999-12-31: below are mere numbers

_SPACES = re.compile(r"\s+")
_DIGITS = re.compile(r"[0-9]+")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ].*)?")
_COMPACT_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_LOCAL_DATE = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})\.?")
_TIME = re.compile(r"(?:kl\.? *)?([0-9]{1,2})[:.]([0-9]{2})(?:[:.]([0-9]{2})(?:\.0+)?)?")
_MAX_MONTH = 12
_TWO_DIGITS = 2


def parse_date(value: Cell, locale: str, *, pointer: str = "") -> date | None:
    """Return a calendar date; the time of day beside it is dropped, whatever its zone.

    Takes ISO dates, dates in figures ordered as the locale orders them, ``31.12.2026`` in any
    locale, real dates, and the serial numbers of Excel.

    Raises:
        ValidationError: ``date.ambiguous``, ``date.two_digit_year`` or ``date.invalid``.
    """
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str):
        text = _SPACES.sub(" ", value).strip()
        return _date(text, locale, value, pointer) if text else None
    if isinstance(value, bool) or value != int(value):
        return _serial_with_time(value, pointer).date()
    return _whole_number_date(int(value), value, pointer)


def parse_datetime(value: Cell, locale: str, *, pointer: str = "") -> datetime | None:
    """Return a wall-clock time without a zone; a date alone is its midnight.

    Raises:
        ValidationError: as `parse_date`, or ``time.invalid``.
    """
    if value is None or isinstance(value, datetime):
        return value
    if isinstance(value, Decimal) and value != value.to_integral_value():
        return _serial_with_time(value, pointer)
    if not isinstance(value, str):
        day = parse_date(value, locale, pointer=pointer)
        return None if day is None else datetime.combine(day, time.min)
    text = _SPACES.sub(" ", value).strip()
    if not text:
        return None
    day_text, _, time_text = text.replace("T", " ", 1).partition(" ")
    day = _date(day_text, locale, value, pointer)
    return datetime.combine(day, _time(time_text, value, pointer) if time_text else time.min)


def _date(text: str, locale: str, value: object, pointer: str) -> date:
    if match := _ISO_DATE.fullmatch(text) or _COMPACT_DATE.fullmatch(text):
        return _real_date(int(match[1]), int(match[2]), int(match[3]), value, pointer)
    if _DIGITS.fullmatch(text) and len(text) <= len(str(LAST_SERIAL)):
        return _whole_number_date(int(text), value, pointer)
    match = _LOCAL_DATE.fullmatch(text.partition(" ")[0])
    if match is None:
        raise refusal(pointer, "date.invalid", N_("{value} is not a date."), value)
    if len(match[4]) == _TWO_DIGITS:
        message = N_("Write the year of {value} with four digits.")
        raise refusal(pointer, "date.two_digit_year", message, value)
    first, second, year = int(match[1]), int(match[3]), int(match[4])
    order = "dmy" if match[2] == "." else _order(locale)
    if order == "":
        if first <= _MAX_MONTH and second <= _MAX_MONTH and first != second:
            message = N_("The day and the month of {value} could be swapped: write 2026-12-31.")
            raise refusal(pointer, "date.ambiguous", message, value)
        order = "dmy" if first > _MAX_MONTH else "mdy"
    day, month = (first, second) if order == "dmy" else (second, first)
    return _real_date(year, month, day, value, pointer)


def _order(locale: str) -> str:
    """Return ``dmy``, ``mdy`` or, where the locale leaves it open, an empty text.

    English without a country leaves it open: half of its readers write the month first.
    """
    known = locale_of(locale)
    if known.language == "en" and known.territory is None:
        return ""
    letters = re.sub("[^dMy]", "", str(get_date_format("short", locale=known).pattern))
    order = re.sub(r"(.)\1+", r"\1", letters).lower()
    return order if order in ("dmy", "mdy") else ""


def _whole_number_date(number: int, value: object, pointer: str) -> date:
    if FIRST_SERIAL <= number <= LAST_SERIAL:
        return EXCEL_EPOCH + timedelta(days=number)
    if match := _COMPACT_DATE.fullmatch(str(number)):
        return _real_date(int(match[1]), int(match[2]), int(match[3]), value, pointer)
    raise refusal(pointer, "date.invalid", N_("{value} is not a date."), value)


def _serial_with_time(value: int | Decimal, pointer: str) -> datetime:
    if isinstance(value, bool) or not FIRST_SERIAL <= value <= LAST_SERIAL:
        raise refusal(pointer, "date.invalid", N_("{value} is not a date."), value)
    seconds = int((value % 1 * 86_400).to_integral_value()) if isinstance(value, Decimal) else 0
    midnight = datetime.combine(EXCEL_EPOCH + timedelta(days=int(value)), time.min)
    return midnight + timedelta(seconds=seconds)


def _real_date(year: int, month: int, day: int, value: object, pointer: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        message = N_("{value} is not a date.")
        raise refusal(pointer, "date.invalid", message, value) from None


def _time(text: str, value: object, pointer: str) -> time:
    match = _TIME.fullmatch(text.strip().casefold())
    if match is None:
        raise refusal(pointer, "time.invalid", N_("{value} is not a time of day."), value)
    try:
        return time(int(match[1]), int(match[2]), int(match[3] or 0))
    except ValueError:
        message = N_("{value} is not a time of day.")
        raise refusal(pointer, "time.invalid", message, value) from None
