"""The periods of objectives that come back."""

from datetime import UTC, date, datetime
from itertools import islice, pairwise

import pytest

from hub.objectives.models import Frequency, Objective
from hub.objectives.windows import next_turn, periods


def objective(frequency: Frequency, starts_on: date, ends_on: date | None = None) -> Objective:
    return Objective(
        frequency=frequency, starts_on=starts_on, ends_on=ends_on, zone="Europe/Copenhagen"
    )


@pytest.mark.parametrize(
    ("frequency", "starts_on", "days"),
    [
        (Frequency.DAILY, date(2026, 3, 1), [(1, 1), (2, 2), (3, 3)]),
        (Frequency.WEEKLY, date(2026, 3, 2), [(2, 8), (9, 15), (16, 22)]),
        (Frequency.MONTHLY, date(2026, 1, 31), [(31, 27), (28, 30), (31, 29)]),
    ],
)
def test_periods_follow_one_another_and_a_month_is_back_on_its_day(
    frequency: Frequency, starts_on: date, days: list[tuple[int, int]]
) -> None:
    found = list(islice(periods(objective(frequency, starts_on)), 3))

    assert [(each.starts_on.day, each.ends_on.day) for each in found] == days
    assert [(a.ends_at, a.ends_on < b.starts_on) for a, b in pairwise(found)] == [
        (each.starts_at, True) for each in found[1:]
    ]


def test_a_range_is_one_period_and_an_end_cuts_the_last_one_short() -> None:
    once = objective(Frequency.ONCE, date(2026, 1, 1), date(2026, 6, 30))
    weekly = objective(Frequency.WEEKLY, date(2026, 3, 2), date(2026, 3, 11))

    assert [(each.starts_on, each.ends_on) for each in periods(once)] == [
        (date(2026, 1, 1), date(2026, 6, 30))
    ]
    assert [each.ends_on.day for each in periods(weekly)] == [8, 11]
    # The clocks go forward on the 29th: a day begins at 23 UTC before, and at 22 after.
    assert next_turn(once, datetime(2026, 3, 1, tzinfo=UTC)) == datetime(
        2026, 6, 30, 22, tzinfo=UTC
    )
    assert next_turn(weekly, datetime(2026, 3, 12, tzinfo=UTC)) is None
