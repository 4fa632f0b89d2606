"""Schedules that come due, and one among them that cannot be expanded."""

import logging
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.clock import utcnow
from hub.db import transaction
from hub.history.models import Event
from hub.ledger.models import Job, Schedule
from hub.ledger.schedules import expand_due
from hub.ledger.tasks import TaskName
from hub.problems import services as problems
from hub.problems.models import Problem, ProblemState
from workers.relay import Schedules

HOUR = timedelta(hours=1)


def make_due(session: Session, name: str, *, since: timedelta = HOUR) -> Schedule:
    schedule = Schedule(
        name=name, task=TaskName.FIND_DUPLICATES.value, args={}, rule="FREQ=DAILY", zone="UTC",
        starts_at_local="2026-01-01T03:00:00", next_at=utcnow() - since,
    )  # fmt: skip
    session.add(schedule)
    session.commit()
    return schedule


def break_it(session: Session, schedule: Schedule, **values: str) -> None:
    """Bring about what no service would write."""
    session.execute(update(Schedule).where(Schedule.id == schedule.id).values(**values))
    session.commit()


def expanded(session: Session) -> dict[str, bool]:
    session.expire_all()
    now = utcnow()
    return {each.name: (each.next_at or now) >= now for each in session.scalars(select(Schedule))}


@pytest.mark.parametrize(
    "fault", [{"rule": "FREQ=SOMETIMES"}, {"zone": "Moon/Base"}, {"task": "nobody.knows_it"}]
)
def test_a_schedule_that_cannot_be_expanded_costs_the_others_nothing(
    session: Session, fault: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    make_due(session, "first", since=3 * HOUR)
    broken = make_due(session, "broken", since=2 * HOUR)
    make_due(session, "last")
    break_it(session, broken, **fault)

    with caplog.at_level(logging.ERROR), transaction() as other:
        failed = expand_due(other)

    assert failed == [broken.id]
    assert expanded(session) == {"first": True, "broken": False, "last": True}
    assert len(session.scalars(select(Job)).all()) == 2
    assert [record.message for record in caplog.records] == ["ledger.schedule_failed"]


def test_one_that_failed_is_left_alone_for_a_while_and_expanded_once_it_is_mended(
    session: Session, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = make_due(session, "broken")
    break_it(session, broken, rule="FREQ=SOMETIMES")
    relay = Schedules()

    for _ in range(5):
        relay.expand()
    told = len(caplog.records)
    monkeypatch.setattr("workers.relay.FAILED_SCHEDULE_RESTS_S", 0.0)
    break_it(session, broken, rule="FREQ=DAILY")
    relay._rests_until.clear()
    relay.expand()

    assert told == 1
    assert expanded(session) == {"broken": True}


def test_a_schedule_that_is_due_for_minutes_is_a_problem_until_it_is_expanded(
    session: Session,
) -> None:
    late, fresh = make_due(session, "late"), make_due(session, "fresh", since=timedelta(minutes=1))

    with transaction() as other:
        problems.refresh(other, utcnow())
    [problem] = session.scalars(select(Problem)).all()
    with transaction() as other:
        expand_due(other)
    with transaction() as other:
        problems.refresh(other, utcnow())

    assert (problem.kind, problem.subject_id, problem.subject_name) == (
        "stuck_work", late.id, "late",
    )  # fmt: skip
    assert fresh.id != problem.subject_id
    session.refresh(problem)
    assert problem.state is ProblemState.RECOVERED
    assert session.scalars(select(Event).where(Event.type == "schedule.updated")).all() == []
