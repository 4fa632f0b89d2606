# ruff: noqa: DTZ001 - wall-clock times are naive on purpose
import time
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.calendar_time import instant_of, local_of, occurrences_after
from hub.errors import ValidationError
from hub.recurrence import Frequency, Rule, Weekday, parse_rule

COPENHAGEN = "Europe/Copenhagen"
MONDAY_EIGHT = datetime(2026, 3, 2, 8)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def test_a_rule_is_read_whole_and_written_in_its_canonical_form() -> None:
    rule = parse_rule("RRULE:byday=-1fr,mo;FREQ=monthly;INTERVAL=02;UNTIL=20271231T225959Z")

    assert rule == Rule(
        Frequency.MONTHLY,
        interval=2,
        until=datetime(2027, 12, 31, 22, 59, 59, tzinfo=UTC),
        weekdays=(Weekday(4, -1), Weekday(0)),
    )
    assert str(rule) == "FREQ=MONTHLY;INTERVAL=2;UNTIL=20271231T225959Z;BYDAY=-1FR,MO"
    assert parse_rule("FREQ=MONTHLY;COUNT=3;BYMONTHDAY=1,-1") == Rule(
        Frequency.MONTHLY, count=3, month_days=(1, -1)
    )
    assert parse_rule("FREQ=DAILY;UNTIL=20261231").until == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "rule.syntax"),
        ("weekly", "rule.syntax"),
        ("FREQ=WEEKLY;", "rule.syntax"),
        ("FREQ=", "rule.syntax"),
        ("BYDAY=MO", "rule.frequency"),
        ("FREQ=HOURLY", "rule.frequency"),
        ("FREQ=FORTNIGHTLY", "rule.frequency"),
        ("FREQ=DAILY;FREQ=DAILY", "rule.repeated"),
        ("FREQ=DAILY;BYHOUR=9", "rule.unsupported"),
        ("FREQ=YEARLY;BYMONTH=2", "rule.unsupported"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "rule.unsupported"),
        ("FREQ=WEEKLY;WKST=SU", "rule.unsupported"),
        ("FREQ=DAILY;BYMONTHDAY=-1", "rule.unsupported"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "rule.unsupported"),
        ("FREQ=YEARLY;BYMONTHDAY=1", "rule.unsupported"),
        ("FREQ=DAILY;INTERVAL=0", "rule.number"),
        ("FREQ=DAILY;INTERVAL=-1", "rule.number"),
        ("FREQ=DAILY;INTERVAL=1001", "rule.number"),
        ("FREQ=DAILY;COUNT=1001", "rule.number"),
        ("FREQ=DAILY;COUNT=٣", "rule.number"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "rule.both_ends"),
        ("FREQ=DAILY;UNTIL=20270230", "rule.until"),
        ("FREQ=DAILY;UNTIL=20270101T000000", "rule.until"),
        ("FREQ=DAILY;UNTIL=2027-01-01", "rule.until"),
        ("FREQ=WEEKLY;BYDAY=XX", "rule.weekday"),
        ("FREQ=WEEKLY;BYDAY=1MO", "rule.weekday"),
        ("FREQ=MONTHLY;BYDAY=6MO", "rule.weekday"),
        ("FREQ=MONTHLY;BYDAY=0MO", "rule.weekday"),
        ("FREQ=YEARLY;BYDAY=54MO", "rule.weekday"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "rule.month_day"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "rule.month_day"),
        ("FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=1", "rule.contradiction"),
    ],
)
def test_what_lies_outside_the_subset_is_refused_with_its_code(text: str, code: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse_rule(text, pointer="/schedule/rule")

    (error,) = refusal.value.errors
    assert (error.pointer, error.code) == ("/schedule/rule", code)
    assert str(refusal.value).startswith("/schedule/rule: ")


def test_eight_on_mondays_stays_eight_when_summer_time_begins_and_ends() -> None:
    rule = parse_rule("FREQ=WEEKLY;BYDAY=MO")
    instants = list(_first(rule, MONDAY_EIGHT, COPENHAGEN, 40))

    assert {local_of(instant, COPENHAGEN).time() for instant in instants} == {MONDAY_EIGHT.time()}
    assert [instants[3], instants[4]] == [
        datetime(2026, 3, 23, 7, tzinfo=UTC),
        datetime(2026, 3, 30, 6, tzinfo=UTC),
    ]


def test_a_daily_reminder_falls_once_in_the_skipped_and_once_in_the_repeated_hour() -> None:
    spring = _first(parse_rule("FREQ=DAILY"), datetime(2026, 3, 28, 2, 30), COPENHAGEN, 3)
    autumn = _first(parse_rule("FREQ=DAILY"), datetime(2026, 10, 24, 2, 30), COPENHAGEN, 3)

    assert [instant.strftime("%d %H:%M") for instant in spring] == [
        "28 01:30",
        "29 01:30",
        "30 00:30",
    ]
    assert [instant.strftime("%d %H:%M") for instant in autumn] == [
        "24 00:30",
        "25 00:30",
        "26 01:30",
    ]


@pytest.mark.parametrize(
    ("text", "start", "days"),
    [
        ("FREQ=DAILY;INTERVAL=10;COUNT=3", "2026-01-25",
         ["2026-01-25", "2026-02-04", "2026-02-14"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;COUNT=4", "1997-08-05",
         ["1997-08-05", "1997-08-10", "1997-08-19", "1997-08-24"]),
        ("FREQ=MONTHLY;COUNT=3", "2026-01-31", ["2026-01-31", "2026-03-31", "2026-05-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", "2028-01-31",
         ["2028-01-31", "2028-02-29", "2028-03-31"]),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=3", "1998-02-13",
         ["1998-02-13", "1998-03-13", "1998-11-13"]),
        ("FREQ=MONTHLY;BYDAY=1MO,FR;UNTIL=20260117", "2026-01-02",
         ["2026-01-02", "2026-01-05", "2026-01-09", "2026-01-16"]),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=1SU,-1SU;COUNT=4", "1997-09-07",
         ["1997-09-07", "1997-09-28", "1997-11-02", "1997-11-30"]),
        ("FREQ=YEARLY;COUNT=2", "2024-02-29", ["2024-02-29", "2028-02-29"]),
        ("FREQ=YEARLY;BYDAY=20MO;COUNT=3", "1997-05-19",
         ["1997-05-19", "1998-05-18", "1999-05-17"]),
        ("FREQ=DAILY;UNTIL=20260103", "2026-01-01", ["2026-01-01", "2026-01-02", "2026-01-03"]),
        ("FREQ=DAILY;UNTIL=20260103T080000Z", "2026-01-01",
         ["2026-01-01", "2026-01-02", "2026-01-03"]),
        ("FREQ=DAILY;UNTIL=20260103T075959Z", "2026-01-01", ["2026-01-01", "2026-01-02"]),
        ("FREQ=DAILY;UNTIL=20251231", "2026-01-01", []),
        ("FREQ=WEEKLY;BYDAY=MO;COUNT=1", "2026-01-01", ["2026-01-05"]),
    ],
)  # fmt: skip
def test_a_rule_falls_on_the_days_of_rfc_5545(text: str, start: str, days: list[str]) -> None:
    found = occurrences_after(
        parse_rule(text), datetime.fromisoformat(f"{start}T09:00"), COPENHAGEN,
        datetime(1990, 1, 1, tzinfo=UTC),
    )  # fmt: skip

    assert [local_of(instant, COPENHAGEN).isoformat() for instant in found] == [
        f"{day}T09:00:00" for day in days
    ]


def test_an_occurrence_at_the_very_instant_is_not_later() -> None:
    rule, start = parse_rule("FREQ=DAILY"), datetime(2026, 5, 1, 9)
    first = instant_of(start, COPENHAGEN)

    assert next(occurrences_after(rule, start, COPENHAGEN, first)) == first + timedelta(days=1)
    assert next(occurrences_after(rule, start, COPENHAGEN, first - timedelta(seconds=1))) == first


def test_an_endless_rule_gives_a_thousand_instances_at_once() -> None:
    rule = parse_rule("FREQ=WEEKLY;BYDAY=MO,WE,FR")
    list(occurrences_after(rule, MONDAY_EIGHT, COPENHAGEN, LONG_AGO))  # the zone is read once

    began = time.process_time()
    instants = list(occurrences_after(rule, MONDAY_EIGHT, COPENHAGEN, LONG_AGO))

    assert len(instants) == 1000
    assert time.process_time() - began < 0.5  # 0.01 as a rule, seconds if each began anew


@pytest.mark.parametrize("text", ["FREQ=DAILY", "FREQ=WEEKLY;INTERVAL=3", "FREQ=MONTHLY"])
def test_a_schedule_of_millennia_ago_is_as_quick_as_one_of_yesterday(text: str) -> None:
    rule, after = parse_rule(text), datetime(2026, 1, 1, tzinfo=UTC)
    began = time.process_time()

    instant = next(occurrences_after(rule, datetime(1, 1, 31, 9), COPENHAGEN, after))

    # A few milliseconds as a rule, and more than a second for who looks at each day in between.
    assert time.process_time() - began < 0.5
    assert after < instant < after + timedelta(days=62)


def test_a_rule_that_never_falls_ends_the_search_within_a_hundred_years() -> None:
    never = parse_rule("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=30")
    within, beyond = (parse_rule(f"FREQ=YEARLY;INTERVAL={years}") for years in (100, 101))
    start = datetime(2026, 2, 1)
    after = datetime(2026, 3, 1, tzinfo=UTC)

    assert list(occurrences_after(never, start, COPENHAGEN, LONG_AGO)) == []
    assert [each.year for each in occurrences_after(within, start, COPENHAGEN, after)] == [2126]
    assert list(occurrences_after(beyond, start, COPENHAGEN, after)) == []


RULES = st.one_of(
    st.builds("FREQ=DAILY;INTERVAL={}".format, st.integers(1, 40)),
    st.builds(
        "FREQ=WEEKLY;INTERVAL={};BYDAY={}".format,
        st.integers(1, 9),
        st.sampled_from(["MO", "SU", "TU,SA", "MO,TU,WE,TH,FR"]),
    ),
    st.builds("FREQ=MONTHLY;INTERVAL={}".format, st.integers(1, 14)),
    st.builds(
        "FREQ=MONTHLY;INTERVAL={};{}".format,
        st.integers(1, 14),
        st.sampled_from(["BYDAY=-1FR", "BYMONTHDAY=31", "BYMONTHDAY=1,-1", "BYDAY=MO,2TU"]),
    ),
    st.builds("FREQ=YEARLY;INTERVAL={}".format, st.integers(1, 4)),
)


@settings(max_examples=150, deadline=None)
@given(
    text=RULES,
    start=st.datetimes(datetime(2015, 1, 1), datetime(2016, 12, 31)),
    days=st.integers(0, 4000),
)
def test_looking_from_later_gives_the_tail_of_what_looking_from_the_start_gives(
    text: str, start: datetime, days: int
) -> None:
    rule, start = parse_rule(text), start.replace(microsecond=0)
    after = datetime(2016, 1, 1, tzinfo=UTC) + timedelta(days=days)
    counted = parse_rule(f"{text};COUNT=1000")  # a count forbids the short cut

    from_start = [
        i for i in occurrences_after(counted, start, "Asia/Tehran", LONG_AGO) if i > after
    ]
    from_later = _first(rule, start, "Asia/Tehran", 20, after)

    assert from_later[: len(from_start)] == from_start[:20]


def _first(
    rule: Rule, start: datetime, zone: str, count: int, after: datetime = LONG_AGO
) -> list[datetime]:
    found = occurrences_after(rule, start, zone, after)
    return [instant for _, instant in zip(range(count), found, strict=False)]
