"""Calendar time: a person's wall clock, and the instants it names.

A reminder at local 09:00 stays at 09:00 when summer time begins: what people mean is kept as local
wall time with its IANA zone, and the instant is reckoned here. RFC 5545 section 3.3.5 decides the
two odd hours: a time in the skipped hour counts with the offset before the gap (02:30 in Copenhagen
on 2026-03-29 is 01:30 UTC), a time in the repeated hour means the first of the two.
A recurrence is reckoned on the wall clock too, and only then turned into instants.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import islice
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from dateutil import rrule

from hub.errors import ValidationError
from hub.i18n import N_
from hub.recurrence import MAX_INSTANCES, Frequency, Rule, parse_rule

__all__ = [
    "Rule",
    "check_zone",
    "instant_of",
    "instant_on",
    "local_of",
    "occurrences_after",
    "parse_rule",
    "working_days_after",
]

HORIZON_YEARS = 100
"""How far a rule is searched for its next occurrence: one that never falls must not cost much."""


def check_zone(zone: str, *, pointer: str = "/zone") -> str:
    """Return `zone` where it names an IANA time zone.

    Raises:
        ValidationError: it does not.
    """
    if zone not in _zones():
        raise ValidationError.of(
            pointer, "zone.unknown", N_("{zone} is not a time zone."), zone=repr(zone)
        )
    return zone


def instant_of(local: datetime, zone: str) -> datetime:
    """Return the instant, in UTC, at which the wall clock of `zone` shows `local`.

    Raises:
        ValueError: `local` has a zone of its own already.
        ValidationError: the zone is unknown, or the time lies outside the years 1 to 9999.
    """
    if local.tzinfo is not None:
        raise ValueError("a wall-clock time carries no zone of its own")
    aware = local.replace(tzinfo=ZoneInfo(check_zone(zone)), fold=0)  # fold=0: the two rules above
    try:
        return aware.astimezone(UTC)
    except OverflowError:
        raise ValidationError.of(
            "/local", "time.range", N_("The time is outside the years 1 to 9999.")
        ) from None


def local_of(instant: datetime, zone: str) -> datetime:
    """Return what the wall clock of `zone` shows at an instant, as a naive time.

    Raises:
        ValueError: `instant` has no zone.
        ValidationError: the zone is unknown.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(ZoneInfo(check_zone(zone))).replace(tzinfo=None, fold=0)


def instant_on(day: date, zone: str, *, at: time = time.min) -> datetime:
    """Return the instant of a wall-clock time on an all-day date; by default that day's beginning.

    An all-day event itself stays a date, which no zone may shift; this says when its mail is due.

    Raises:
        ValidationError: the zone is unknown, or the day lies outside the years 1 to 9999.
    """
    return instant_of(datetime.combine(day, at.replace(tzinfo=None)), zone)


def working_days_after(day: date, count: int) -> date:
    """Return the working day, Monday to Friday, that lies so many after a day.

    0 is the day itself, or the Monday after it where it is none. Public holidays are not known.
    """
    found, left = day, count
    while left > 0 or found.weekday() >= _SATURDAY:
        found += timedelta(days=1)
        if found.weekday() < _SATURDAY:
            left -= 1
    return found


def occurrences_after(
    rule: Rule, start_local: datetime, zone: str, after: datetime
) -> Iterator[datetime]:
    """Yield the instants, in UTC, at which `rule` falls later than `after`; at most 1,000 of them.

    `start_local` is the wall-clock time that the rule counts from; it is an occurrence itself only
    where it fits the rule. `after` is an instant. A rule that does not fall within a hundred years
    yields nothing.

    Raises:
        ValueError: `start_local` has a zone, or `after` has none.
        ValidationError: the zone is unknown.
    """
    if start_local.tzinfo is not None:
        raise ValueError("a wall-clock time carries no zone of its own")
    return islice(_instants(rule, start_local, check_zone(zone), after), MAX_INSTANCES)


def _instants(rule: Rule, start: datetime, zone: str, after: datetime) -> Iterator[datetime]:
    after_local = local_of(after, zone)
    last_year = min(max(start, after_local).year + HORIZON_YEARS, _LAST_YEAR)
    horizon = datetime.combine(date(last_year, 12, 31), time.max)
    for local in islice(_expansion(rule, start, after_local, horizon), rule.count):
        if type(rule.until) is date and local.date() > rule.until:
            return
        instant = instant_of(local, zone)
        if isinstance(rule.until, datetime) and instant > rule.until:
            return
        if instant > after:
            yield instant


def _expansion(
    rule: Rule, start: datetime, after: datetime, horizon: datetime
) -> Iterator[datetime]:
    weekdays = _weekdays(rule)
    month_days = list(rule.month_days)
    month = None
    if not weekdays and not month_days:  # RFC 5545: what the rule leaves open comes from the start
        if rule.frequency is Frequency.WEEKLY:
            weekdays = [rrule.weekday(start.weekday())]
        elif rule.frequency in (Frequency.MONTHLY, Frequency.YEARLY):
            month_days = [start.day]
            month = start.month if rule.frequency is Frequency.YEARLY else None
    first = start if rule.count is not None else _skip_ahead(rule, start, after)
    return iter(
        rrule.rrule(
            _PERIODS[rule.frequency],
            dtstart=first,
            interval=rule.interval,
            until=horizon,
            wkst=rrule.MO,
            byweekday=weekdays or None,
            bymonthday=month_days or None,
            bymonth=month,
        )
    )


def _weekdays(rule: Rule) -> list[rrule.weekday]:
    """Return the weekdays for dateutil, which reads ``MO,2TU`` as both at once, not as either."""
    if all(weekday.ordinal is None for weekday in rule.weekdays):
        return [rrule.weekday(weekday.day) for weekday in rule.weekdays]
    every = range(1, 6 if rule.frequency is Frequency.MONTHLY else 54)
    return [
        rrule.weekday(weekday.day, ordinal)
        for weekday in rule.weekdays
        for ordinal in (every if weekday.ordinal is None else [weekday.ordinal])
    ]


def _skip_ahead(rule: Rule, start: datetime, after: datetime) -> datetime:
    """Return a start some whole intervals later, so that an old schedule costs what a new one does.

    It stays at least one period before `after`, and occurrences before that are of no interest.
    """
    if rule.frequency in (Frequency.DAILY, Frequency.WEEKLY):
        step = rule.interval * (7 if rule.frequency is Frequency.WEEKLY else 1)
        skipped = ((after - start).days - 8) // step  # a week and a day: zones and weekdays
        return start + timedelta(days=skipped * step) if skipped > 0 else start
    step = rule.interval * (12 if rule.frequency is Frequency.YEARLY else 1)
    months = (after.year - start.year) * 12 + after.month - start.month - 13
    skipped = months // step
    if skipped <= 0:
        return start
    position = start.year * 12 + start.month - 1 + skipped * step
    return start.replace(year=position // 12, month=position % 12 + 1, day=1)


@cache
def _zones() -> frozenset[str]:
    # "Factory" says "nobody has set my zone" and "localtime" differs from machine to machine.
    return frozenset(available_timezones() - {"Factory", "localtime"})


_SATURDAY = 5  # by `date.weekday`
_LAST_YEAR = 9998  # one before the last that Python has: the instant may fall a day later in UTC
_PERIODS: dict[Frequency, Literal[0, 1, 2, 3]] = {
    Frequency.DAILY: rrule.DAILY,
    Frequency.WEEKLY: rrule.WEEKLY,
    Frequency.MONTHLY: rrule.MONTHLY,
    Frequency.YEARLY: rrule.YEARLY,
}
