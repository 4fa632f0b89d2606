from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db import new_id
from hub.ledger import housekeeping
from hub.ledger.models import Schedule
from hub.ledger.tasks import TaskName

NOW = datetime(2026, 8, 21, 12, tzinfo=UTC)


def tidying(session: Session) -> Schedule:
    return session.scalars(
        select(Schedule).where(Schedule.task == TaskName.TIDY_LEDGER.value)
    ).one()


def test_the_nightly_tidying_is_scheduled_once_however_often_hub_starts(session: Session) -> None:
    written = [housekeeping.ensure(session, zone="Europe/Copenhagen", now=NOW) for _ in range(3)]

    schedule = tidying(session)
    assert written == [len(housekeeping.SYSTEM_SCHEDULES), 0, 0]
    assert (schedule.task, schedule.rule) == (TaskName.TIDY_LEDGER.value, "FREQ=DAILY")
    assert schedule.next_at == datetime(2026, 8, 22, 1, 0, tzinfo=UTC)  # 03:00 in Copenhagen
    assert schedule.active


def test_another_business_zone_moves_it(session: Session) -> None:
    housekeeping.ensure(session, zone="Europe/Copenhagen", now=NOW)

    written = housekeeping.ensure(session, zone="Asia/Tokyo", now=NOW)

    schedule = tidying(session)
    assert written == len(housekeeping.SYSTEM_SCHEDULES)
    assert schedule.next_at == datetime(2026, 8, 21, 18, 0, tzinfo=UTC)


def test_one_that_was_switched_off_stays_off(session: Session) -> None:
    housekeeping.ensure(session, zone="Europe/Copenhagen", now=NOW)
    schedule = tidying(session)
    schedule.active = False
    session.flush()

    housekeeping.ensure(session, zone="Europe/Copenhagen", now=NOW)

    assert not tidying(session).active


def test_a_schedule_of_a_person_with_the_same_name_is_not_touched(session: Session) -> None:
    name = housekeeping.SYSTEM_SCHEDULES[0].name
    theirs = Schedule(
        name=name, task="reports.run_report", args={}, every_s=60, zone="UTC",
        owner_user_id=new_id(),
    )  # fmt: skip
    session.add(theirs)
    session.flush()

    housekeeping.ensure(session, zone="Europe/Copenhagen", now=NOW)

    assert (theirs.every_s, theirs.task) == (60, "reports.run_report")
    assert len(session.scalars(select(Schedule)).all()) == 1 + len(housekeeping.SYSTEM_SCHEDULES)
