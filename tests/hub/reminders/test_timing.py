from datetime import UTC, date, datetime, time

import pytest

from hub.reminders.timing import Moment

COPENHAGEN = "Europe/Copenhagen"


@pytest.mark.parametrize(
    ("moment", "due", "over"),
    [
        # winter time, one hour ahead of UTC
        (Moment(date(2026, 12, 1), time(9)), (2026, 12, 1, 8, 0), (2026, 12, 1, 8, 0)),
        # the same wall time in summer is another instant
        (Moment(date(2026, 7, 1), time(9)), (2026, 7, 1, 7, 0), (2026, 7, 1, 7, 0)),
        # the hour that is skipped, with the offset before the gap
        (Moment(date(2026, 3, 29), time(2, 30)), (2026, 3, 29, 1, 30), (2026, 3, 29, 1, 30)),
        # the hour that comes twice, the first time
        (Moment(date(2026, 10, 25), time(2, 30)), (2026, 10, 25, 0, 30), (2026, 10, 25, 0, 30)),
        # all day: mailed at eight, over at midnight
        (Moment(date(2026, 12, 1)), (2026, 12, 1, 7, 0), (2026, 12, 1, 23, 0)),
    ],
)
def test_a_wall_time_names_an_instant(
    moment: Moment, due: tuple[int, ...], over: tuple[int, ...]
) -> None:
    assert moment.due_at(COPENHAGEN) == datetime(*due, tzinfo=UTC)  # type: ignore[misc,arg-type]  # numbers of a date
    assert moment.over_at(COPENHAGEN) == datetime(*over, tzinfo=UTC)  # type: ignore[misc,arg-type]  # likewise


@pytest.mark.parametrize("text", ["2026-12-01", "2026-12-01T09:00:00", "2026-12-01T09:00:30"])
def test_it_is_read_as_it_was_written(text: str) -> None:
    assert str(Moment.of(text)) == text
