"""The clock that counts is the database's: a worker's own may be wrong (reliability.md R-18)."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from hub.clock import utcnow
from hub.db import transaction
from hub.ledger.models import Job, Occurrence, Schedule
from hub.ledger.tasks import TaskName
from workers import relay

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def make_daily(session: Session) -> Schedule:
    """Make a schedule that was due almost a day ago, and falls again in half an hour."""
    now = session.scalar(select(func.clock_timestamp()))
    assert isinstance(now, datetime)
    soon = (now + HOUR / 2).astimezone(UTC).replace(microsecond=0)
    schedule = Schedule(
        name="daily",
        task=TaskName.FIND_DUPLICATES.value,
        args={},
        rule="FREQ=DAILY",
        zone="UTC",
        starts_at_local=(soon - 10 * DAY).replace(tzinfo=None).isoformat(),
        next_at=soon - DAY,
        active=True,
    )
    session.add(schedule)
    return schedule


@pytest.mark.parametrize("off", [-HOUR, timedelta(), HOUR], ids=["slow", "right", "fast"])
def test_a_schedule_falls_by_the_databases_clock_whatever_the_relays_says(
    database: Engine, session: Session, monkeypatch: pytest.MonkeyPatch, off: timedelta
) -> None:
    monkeypatch.setattr(relay, "utcnow", lambda: utcnow() + off, raising=False)
    schedule = make_daily(session)
    due = schedule.next_at
    session.commit()

    relay.Schedules().expand()

    session.refresh(schedule)
    assert due is not None
    assert schedule.next_at == due + DAY
    with transaction() as looking:
        occurrences = looking.execute(select(Occurrence.planned_at, Occurrence.state)).all()
        assert [(row.planned_at, row.state) for row in occurrences] == [(due, "fired")]
        [job] = looking.scalars(select(Job).where(Job.task == TaskName.FIND_DUPLICATES.value))
        assert job.args["planned_at"] == due.isoformat()
