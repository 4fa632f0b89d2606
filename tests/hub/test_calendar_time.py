# ruff: noqa: DTZ001 - wall-clock times are naive on purpose
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.calendar_time import check_zone, instant_of, instant_on, local_of
from hub.errors import ValidationError

COPENHAGEN = "Europe/Copenhagen"
ZONES = sorted(available_timezones() - {"Factory", "localtime"})
WALL_CLOCK = st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2060, 1, 1))


@pytest.mark.parametrize(
    ("local", "zone", "instant"),
    [
        ("2026-12-01T09:00", COPENHAGEN, "2026-12-01T08:00"),
        ("2026-07-01T09:00", COPENHAGEN, "2026-07-01T07:00"),
        ("2026-03-29T02:30", COPENHAGEN, "2026-03-29T01:30"),  # skipped: the offset before the gap
        ("2026-03-29T02:00", COPENHAGEN, "2026-03-29T01:00"),
        ("2026-03-29T03:00", COPENHAGEN, "2026-03-29T01:00"),
        ("2026-10-25T02:30", COPENHAGEN, "2026-10-25T00:30"),  # repeated: the first time
        ("2026-10-25T03:00", COPENHAGEN, "2026-10-25T02:00"),
        ("2026-03-08T02:30", "America/New_York", "2026-03-08T07:30"),
        ("2026-10-04T02:15", "Australia/Lord_Howe", "2026-10-03T15:45"),  # a gap of half an hour
        ("2011-12-30T12:00", "Pacific/Apia", "2011-12-30T22:00"),  # a whole day was skipped
        ("2026-01-01T00:00", "Asia/Kathmandu", "2025-12-31T18:15"),
    ],
)
def test_a_wall_clock_time_names_the_instant_of_rfc_5545(
    local: str, zone: str, instant: str
) -> None:
    assert instant_of(datetime.fromisoformat(local), zone) == datetime.fromisoformat(
        instant
    ).replace(tzinfo=UTC)


def test_the_second_of_two_equal_wall_clock_times_is_not_asked_for() -> None:
    first = datetime(2026, 10, 25, 2, 30)

    assert instant_of(first.replace(fold=1), COPENHAGEN) == instant_of(first, COPENHAGEN)


@settings(max_examples=300, deadline=None)
@given(local=WALL_CLOCK, zone=st.sampled_from(ZONES))
def test_an_instant_shows_the_wall_clock_again_or_lies_behind_a_gap(
    local: datetime, zone: str
) -> None:
    instant = instant_of(local, zone)

    shown = local_of(instant, zone)
    if shown == local:
        earlier = instant - timedelta(hours=3)
        assert all(
            local_of(earlier + timedelta(minutes=15 * step), zone) != local for step in range(12)
        )
    else:
        offset_before = (instant - timedelta(days=1)).astimezone(ZoneInfo(zone)).utcoffset()
        assert offset_before is not None
        assert instant == (local - offset_before).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES)
def test_every_zone_obeys_both_rules_at_its_changes_of_three_years(zone: str) -> None:
    for before, after in _changes(zone, 2025, 2027):
        offset_before, offset_after = _offset(before, zone), _offset(after, zone)
        edge = after.replace(tzinfo=None) + min(offset_before, offset_after)
        inside = edge + abs(offset_after - offset_before) / 2

        assert instant_of(inside, zone) == (inside - offset_before).replace(tzinfo=UTC)


def _changes(zone: str, first_year: int, last_year: int) -> list[tuple[datetime, datetime]]:
    days = [
        datetime(first_year, 1, 1, tzinfo=UTC) + timedelta(days=day)
        for day in range(366 * (last_year - first_year + 1))
    ]
    found = []
    for start, end in pairwise(days):
        low, high = start, end
        if _offset(low, zone) == _offset(high, zone):
            continue
        while high - low > timedelta(minutes=1):
            middle = low + timedelta(minutes=((high - low) // timedelta(minutes=1)) // 2)
            low, high = (
                (middle, high) if _offset(middle, zone) == _offset(start, zone) else (low, middle)
            )
        found.append((low, high))
    return found


def _offset(instant: datetime, zone: str) -> timedelta:
    offset = instant.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return offset


def test_an_all_day_date_begins_at_the_local_midnight_or_where_its_mail_is_due() -> None:
    assert instant_on(date(2026, 12, 1), COPENHAGEN) == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert instant_on(date(2026, 12, 1), COPENHAGEN, at=time(8)) == datetime(
        2026, 12, 1, 7, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "zone", ["", "Copenhagen", "../etc/passwd", "Europe", "/etc/localtime", "Factory"]
)
def test_what_is_no_time_zone_is_refused_by_name(zone: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        instant_of(datetime(2026, 1, 1), zone)

    (error,) = refusal.value.errors
    assert (error.pointer, error.code) == ("/zone", "zone.unknown")


def test_a_wall_clock_time_with_a_zone_and_an_instant_without_are_mistakes() -> None:
    with pytest.raises(ValueError, match="no zone of its own"):
        instant_of(datetime(2026, 1, 1, tzinfo=UTC), COPENHAGEN)
    with pytest.raises(ValueError, match="needs a time zone"):
        local_of(datetime(2026, 1, 1), COPENHAGEN)


def test_a_time_beyond_the_years_that_exist_is_refused() -> None:
    with pytest.raises(ValidationError) as refusal:
        instant_of(datetime(1, 1, 1), COPENHAGEN)

    assert refusal.value.errors[0].code == "time.range"


def test_a_known_zone_is_given_back() -> None:
    assert check_zone("Asia/Shanghai") == "Asia/Shanghai"
