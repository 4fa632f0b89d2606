"""The values of a filter: how each kind is written, and what it means for a reader.

Dates may be relative, so that a saved view or a scheduled report stays right: an anchor (``today``,
``week``, ``month``, ``year``: the first day of the present one; weeks begin on Monday) with an
optional distance in days, weeks, months or years. The anchor may be left out for ``today``:

    overdue      due_on.lt=today
    this week    due_on.gte=week & due_on.lt=week+1w
    a month old  last_note_at.lt=-30d

A plus sign that a query string turned into a blank is understood. Where a field is an instant and a
day is given, the whole local day of the reader is meant.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from dateutil.relativedelta import relativedelta

from hub.errors import ValidationError
from hub.i18n import N_
from hub.listing.declaration import EQUALITY, Field, Kind, Operator
from hub.listing.reader import Reader
from hub.texts import composed

TEXT_LENGTH = 500  # characters; longer than any name, short enough for a URL
ME = "me"
RELATIVE_DAY = r"(today|week|month|year)?([+-]\d{1,4}[dwmy])?"


@dataclass(frozen=True, slots=True)
class Span:
    """A whole local day as instants: from `start` to before `end`."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Personal:
    """An answer about whoever reads: whether it is to be yes for him."""

    user_id: UUID
    holds: bool


Value = str | int | Decimal | bool | date | datetime | UUID | Span | Personal

_RELATIVE = re.compile(RELATIVE_DAY, re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(
    _DAY.pattern + r"[Tt]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?([Zz]|[+ -]\d{2}:\d{2})", re.ASCII
)
_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,14}(\.\d{1,6})?", re.ASCII)


def read_value(
    field: Field, operator: Operator, raw: str, reader: Reader, pointer: str
) -> tuple[str, Value]:
    """Return a value in its canonical writing, and what it stands for.

    Raises:
        ValidationError: it is no value of the field; the message says what is.
    """
    if not raw:
        raise ValidationError.of(
            pointer,
            "value_missing",
            N_("needs a value; leave the parameter out, or use .empty=true"),
        )
    if field.personal is not None:
        return _personal(field, raw, reader, pointer)
    if operator is Operator.EMPTY:
        return _truth(field, raw, reader, pointer)
    if field.kept_as is not None and operator in EQUALITY:
        raw = field.kept_as(raw)
    return _READERS[field.kind](field, raw, reader, pointer)


def is_clean(text: str) -> bool:
    """Tell whether PostgreSQL can hold a text: no NUL, no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _text(field: Field, raw: str, reader: Reader, pointer: str) -> tuple[str, Value]:
    del field, reader
    if not is_clean(raw):
        raise ValidationError.of(pointer, "invalid_text", N_("has characters that are no text"))
    if len(raw) > TEXT_LENGTH:
        raise ValidationError.of(
            pointer, "too_long", N_("is longer than {limit} characters"), limit=TEXT_LENGTH
        )
    text = composed(raw)
    return text, text


def _integer(field: Field, raw: str, reader: Reader, pointer: str) -> tuple[str, Value]:
    del field, reader
    if not _INTEGER.fullmatch(raw):
        raise ValidationError.of(
            pointer, "invalid_integer", N_("must be a whole number such as 42")
        )
    return raw, int(raw)


def _decimal(field: Field, raw: str, reader: Reader, pointer: str) -> tuple[str, Value]:
    del field, reader
    if not _DECIMAL.fullmatch(raw):
        raise ValidationError.of(pointer, "invalid_decimal", N_("must be a number such as 1234.50"))
    return raw, Decimal(raw)


def _truth(field: Field, raw: str, reader: Reader, pointer: str) -> tuple[str, Value]:
    del field, reader
    if raw not in {"true", "false"}:
        raise ValidationError.of(pointer, "invalid_boolean", N_("must be true or false"))
    return raw, raw == "true"


def _personal(field: Field, raw: str, reader: Reader, pointer: str) -> tuple[str, Value]:
    canonical, holds = _truth(field, raw, reader, pointer)
    if reader.user_id is None:
        raise ValidationError.of(
            pointer, "nobody", N_("`me` means nobody here: no user reads this list")
        )
    return canonical, Personal(reader.user_id, holds is True)


def _uuid(field: Field, raw: str, reader: Reader, pointer: str) -> tuple[str, Value]:
    if field.kind is Kind.USER and raw == ME:
        if reader.user_id is None:
            raise ValidationError.of(
                pointer, "nobody", N_("`me` means nobody here: no user reads this list")
            )
        return raw, reader.user_id
    try:
        value = UUID(raw)
    except ValueError:
        raise ValidationError.of(
            pointer, "invalid_uuid", N_("must be an id, 36 characters long")
        ) from None
    return str(value), value


def _choice(field: Field, raw: str, reader: Reader, pointer: str) -> tuple[str, Value]:
    del reader
    allowed = [choice.value for choice in field.choices]
    if raw not in allowed:
        raise ValidationError.of(
            pointer, "invalid_choice", N_("must be one of {allowed}"), allowed=", ".join(allowed)
        )
    return raw, raw


def _tag(field: Field, raw: str, reader: Reader, pointer: str) -> tuple[str, Value]:
    return (_choice if field.choices else _text)(field, raw, reader, pointer)


def _date(field: Field, raw: str, reader: Reader, pointer: str) -> tuple[str, Value]:
    del field
    canonical, day = _day(raw, reader, pointer)
    if day is None:
        raise ValidationError.of(
            pointer, "invalid_date", N_("must be a date such as 2026-01-31, or such as today+7d")
        )
    return canonical, day


def _datetime(field: Field, raw: str, reader: Reader, pointer: str) -> tuple[str, Value]:
    del field
    try:
        if _INSTANT.fullmatch(raw):
            canonical = raw.upper().replace(" ", "+")
            return canonical, datetime.fromisoformat(canonical).astimezone(UTC)
        canonical, day = _day(raw, reader, pointer)
        if day is not None:
            return canonical, Span(reader.midnight(day), reader.midnight(day + timedelta(1)))
    except (ValueError, OverflowError):
        pass  # a month 13, or a day outside the years that there are: told below
    raise ValidationError.of(
        pointer,
        "invalid_instant",
        N_("must be a date such as 2026-01-31 or today-7d, or a time such as 2026-01-31T08:00:00Z"),
    )


def _day(raw: str, reader: Reader, pointer: str) -> tuple[str, date | None]:
    try:
        if _DAY.fullmatch(raw):
            return raw, date.fromisoformat(raw)
        relative = _RELATIVE.fullmatch(raw.replace(" ", "+"))
        if relative is None:
            return raw, None
        anchor, distance = relative[1] or "today", relative[2] or ""
        return anchor + distance, _anchor(anchor, reader.today) + _distance(distance)
    except (ValueError, OverflowError):
        raise ValidationError.of(
            pointer, "out_of_range", N_("names a day that does not exist")
        ) from None


def _anchor(name: str, today: date) -> date:
    match name:
        case "week":
            return today - timedelta(today.weekday())
        case "month":
            return today.replace(day=1)
        case "year":
            return today.replace(month=1, day=1)
        case _:
            return today


def _distance(text: str) -> relativedelta:
    if not text:
        return relativedelta()
    # relativedelta takes its units by name, and a month's end stays within the month.
    match text[-1]:
        case "d":
            return relativedelta(days=int(text[:-1]))
        case "w":
            return relativedelta(weeks=int(text[:-1]))
        case "m":
            return relativedelta(months=int(text[:-1]))
        case _:
            return relativedelta(years=int(text[:-1]))


_READERS: Mapping[Kind, Callable[[Field, str, Reader, str], tuple[str, Value]]] = {
    Kind.TEXT: _text,
    Kind.TAGS: _tag,
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.MONEY: _decimal,
    Kind.BOOLEAN: _truth,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
    Kind.UUID: _uuid,
    Kind.USER: _uuid,
    Kind.ENUM: _choice,
}
