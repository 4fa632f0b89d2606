"""The periods of an objective: whole days of its zone, one after another without a gap."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count, takewhile

from dateutil.relativedelta import relativedelta

from hub.calendar_time import instant_on
from hub.objectives.models import Frequency, Objective

DAY = timedelta(days=1)
_STEPS = {
    Frequency.DAILY: relativedelta(days=1),
    Frequency.WEEKLY: relativedelta(weeks=1),
    Frequency.MONTHLY: relativedelta(months=1),
}


@dataclass(frozen=True, slots=True)
class Period:
    """Days from the first to the last one, and the instants that they begin and are over at."""

    starts_on: date
    ends_on: date
    starts_at: datetime
    ends_at: datetime


def begun(objective: Objective, at: datetime) -> list[Period]:
    """Return the periods that have begun at an instant, in their order."""
    return list(takewhile(lambda each: each.starts_at <= at, periods(objective)))


def next_turn(objective: Objective, at: datetime) -> datetime | None:
    """Return when a period begins or ends next after an instant; None where all is over."""
    for each in periods(objective):
        for turn in (each.starts_at, each.ends_at):
            if turn > at:
                return turn
    return None


def periods(objective: Objective) -> Iterator[Period]:
    """Yield all periods; without an end, of one that comes back for ever.

    Each is reckoned from the first day, so that what begins on the 31st is back on the 31st after
    a shorter month. The last one may be cut short by the end.
    """
    first, last = objective.starts_on, objective.ends_on
    step = _STEPS.get(objective.frequency)
    if step is None:
        assert last is not None  # noqa: S101 - a constraint says so
        yield _period(first, last, objective.zone)
        return
    for number in count():
        begin = first + step * number
        if last is not None and begin > last:
            return
        end = first + step * (number + 1) - DAY
        yield _period(begin, end if last is None else min(end, last), objective.zone)


def _period(first: date, last: date, zone: str) -> Period:
    return Period(first, last, instant_on(first, zone), instant_on(last + DAY, zone))
