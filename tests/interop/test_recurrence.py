# ruff: noqa: DTZ001 - wall-clock times are naive on purpose
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.calendar_time import HORIZON_YEARS, local_of, occurrences_after, parse_rule
from tests.interop.independent_parsers import read_with_libical

STARTS = (datetime(2026, 1, 5, 9), datetime(2024, 2, 29, 9), datetime(2025, 12, 31, 9))
ENDS = ("", ";COUNT=7", ";UNTIL=20300101")
BY_FREQUENCY = {
    "DAILY": ["", "BYDAY=MO", "BYDAY=MO,WE,FR"],
    "WEEKLY": ["", "BYDAY=MO", "BYDAY=SU,TU", "BYDAY=MO,TU,WE,TH,FR"],
    "MONTHLY": [
        "",
        "BYMONTHDAY=31",
        "BYMONTHDAY=-1",
        "BYMONTHDAY=-31,1,28",
        "BYDAY=MO",
        "BYDAY=1MO,-1FR",
        "BYDAY=5SA",
        "BYDAY=MO,2TU",
        "BYDAY=FR;BYMONTHDAY=13",
    ],
    "YEARLY": ["", "BYDAY=20MO", "BYDAY=-1SU,1MO", "BYDAY=TH"],
}
COUNT = 40


def test_every_rule_of_the_subset_falls_on_the_days_that_libical_reckons(tmp_path: Path) -> None:
    cases = [
        (f"FREQ={frequency};INTERVAL={interval}{';' + part if part else ''}{end}", start)
        for frequency, parts in BY_FREQUENCY.items()
        for part in parts
        for interval in (1, 2, 5)
        for end in ENDS
        for start in STARTS
    ]
    asked = [
        [rule.replace("UNTIL=20300101", "UNTIL=20300101T235959"), f"{start:%Y%m%dT%H%M%S}", COUNT]
        for rule, start in cases
    ]

    answers = read_with_libical({"rules": asked}, tmp_path)

    different = {
        (rule, start.isoformat()): (found, expected)
        for (rule, start), expected in zip(cases, answers, strict=True)
        if (found := _first(rule, start)) != _within_the_horizon(expected, start)
    }
    assert different == {}
    assert len(cases) == 540


def _within_the_horizon(local_times: list[str], start: datetime) -> list[str]:
    return [local for local in local_times if int(local[:4]) <= start.year + HORIZON_YEARS]


def _first(rule: str, start: datetime) -> list[str]:
    before = start.replace(tzinfo=UTC) - timedelta(days=2)
    found = occurrences_after(parse_rule(rule), start, "Europe/Copenhagen", before)
    return [
        local_of(instant, "Europe/Copenhagen").strftime("%Y%m%dT%H%M%S")
        for instant, _ in zip(found, range(COUNT), strict=False)
    ]
