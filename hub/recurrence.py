"""Recurrence rules: the documented subset of RFC 5545 section 3.3.10 (reliability.md R-45).

FREQ of DAILY, WEEKLY, MONTHLY or YEARLY; INTERVAL; COUNT or UNTIL (a date, that day included, or a
time in UTC); BYDAY, with ordinals such as ``-1FR`` in monthly and yearly rules; BYMONTHDAY in
monthly rules, since calendars disagree about it elsewhere. Everything else is refused.
`hub.calendar_time` says when a rule falls.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import NoReturn

from hub.errors import ValidationError
from hub.i18n import N_

MAX_INSTANCES = 1000
MAX_INTERVAL = 1000


class Frequency(StrEnum):
    """The period of a rule."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, slots=True)
class Weekday:
    """A day of the week, Monday being 0; `ordinal` 2 is the period's second, -1 its last one."""

    day: int
    ordinal: int | None = None

    def __str__(self) -> str:
        return f"{'' if self.ordinal is None else self.ordinal}{_DAYS[self.day]}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A recurrence rule that `parse_rule` accepted; `str()` gives its canonical text."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    weekdays: tuple[Weekday, ...] = ()
    month_days: tuple[int, ...] = ()

    def __str__(self) -> str:
        parts = [f"FREQ={self.frequency}"]
        if self.interval != 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            timed = isinstance(self.until, datetime)
            parts.append("UNTIL=" + self.until.strftime("%Y%m%dT%H%M%SZ" if timed else "%Y%m%d"))
        if self.weekdays:
            parts.append("BYDAY=" + ",".join(map(str, self.weekdays)))
        if self.month_days:
            parts.append("BYMONTHDAY=" + ",".join(map(str, self.month_days)))
        return ";".join(parts)


def parse_rule(text: str, *, pointer: str = "/rule") -> Rule:
    """Return the rule that `text` states, with or without a leading ``RRULE:``.

    Raises:
        ValidationError: it is no rule, or not one of the subset; its code says which rule it broke.
    """
    parts = _split(text, pointer)
    frequency = _frequency(parts.pop("FREQ", ""), pointer)
    rule = Rule(
        frequency=frequency,
        interval=_number(parts.pop("INTERVAL", "1"), "INTERVAL", MAX_INTERVAL, pointer),
        count=_count(parts.pop("COUNT", None), pointer),
        until=_until(parts.pop("UNTIL", None), pointer),
        weekdays=_weekdays(parts.pop("BYDAY", None), frequency, pointer),
        month_days=_month_days(parts.pop("BYMONTHDAY", None), pointer),
    )
    for name in parts:
        _refuse(pointer, "rule.unsupported", N_("{part} is not supported."), part=name)
    if rule.count is not None and rule.until is not None:
        _refuse(pointer, "rule.both_ends", N_("COUNT and UNTIL exclude each other."))
    if rule.month_days and frequency is not Frequency.MONTHLY:
        message = N_("BYMONTHDAY is supported in monthly rules only.")
        _refuse(pointer, "rule.unsupported", message)
    if rule.month_days and any(weekday.ordinal for weekday in rule.weekdays):
        message = N_("A numbered weekday and BYMONTHDAY exclude each other.")
        _refuse(pointer, "rule.contradiction", message)
    return rule


def _split(text: str, pointer: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, separator, value = part.partition("=")
        if not separator or not value or not name.isalpha():
            _refuse(pointer, "rule.syntax", N_("{text} is not a recurrence rule."), text=repr(text))
        if name in parts:
            _refuse(pointer, "rule.repeated", N_("{part} is given twice."), part=name)
        parts[name] = value
    return parts


def _frequency(value: str, pointer: str) -> Frequency:
    try:
        return Frequency(value)
    except ValueError:
        message = N_("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY.")
        _refuse(pointer, "rule.frequency", message)


def _number(value: str, name: str, limit: int, pointer: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", value) or not 1 <= int(value) <= limit:
        message = N_("{part} must be a number from 1 to {limit}.")
        _refuse(pointer, "rule.number", message, part=name, limit=limit)
    return int(value)


def _count(value: str | None, pointer: str) -> int | None:
    return None if value is None else _number(value, "COUNT", MAX_INSTANCES, pointer)


def _until(value: str | None, pointer: str) -> date | datetime | None:
    if value is None:
        return None
    shape = re.fullmatch(r"[0-9]{8}(T[0-9]{6}Z)?", value)
    if shape is None:
        _refuse(pointer, "rule.until", N_("UNTIL must be a date, or a time in UTC."))
    try:
        if shape[1] is None:
            return date.fromisoformat(value)
        return datetime.fromisoformat(value).astimezone(UTC)
    except ValueError:
        _refuse(pointer, "rule.until", N_("UNTIL names a day or an hour that does not exist."))


def _weekdays(value: str | None, frequency: Frequency, pointer: str) -> tuple[Weekday, ...]:
    if value is None:
        return ()
    limit = {Frequency.MONTHLY: 5, Frequency.YEARLY: 53}.get(frequency, 0)
    found = []
    for text in value.split(","):
        match = re.fullmatch(r"([+-]?[0-9]{1,2})?([A-Z]{2})", text)
        if match is None or match[2] not in _DAYS:
            _refuse(pointer, "rule.weekday", N_("{text} is not a weekday."), text=repr(text))
        ordinal = None if match[1] is None else int(match[1])
        if ordinal is not None and not 1 <= abs(ordinal) <= limit:
            message = N_("{text} is not a weekday that this frequency can number.")
            _refuse(pointer, "rule.weekday", message, text=repr(text))
        found.append(Weekday(_DAYS.index(match[2]), ordinal))
    return tuple(found)


def _month_days(value: str | None, pointer: str) -> tuple[int, ...]:
    if value is None:
        return ()
    days = []
    for text in value.split(","):
        if not re.fullmatch(r"[+-]?[0-9]{1,2}", text) or not 1 <= abs(int(text)) <= _MONTH_LENGTH:
            message = N_("BYMONTHDAY takes days from 1 to 31 or from -31 to -1.")
            _refuse(pointer, "rule.month_day", message)
        days.append(int(text))
    return tuple(days)


def _refuse(pointer: str, code: str, message: str, **params: object) -> NoReturn:
    raise ValidationError.of(pointer, code, message, **params)


_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MONTH_LENGTH = 31
