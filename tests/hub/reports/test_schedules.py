from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db import transaction
from hub.errors import ValidationError
from hub.ledger.models import Job, Schedule
from hub.ledger.schedules import expand_due
from hub.ledger.tasks import TaskName
from hub.reports import schedules
from hub.reports.models import EmptyPolicy, RecipientsMode, ReportSchedule
from hub.reports.schedules import Recipients
from tests.hub.reports.office import NOW, ZONE, make_report, make_schedule, make_user

MONDAY_EIGHT = datetime(2026, 12, 7, 7, 0, tzinfo=UTC)


def broken(error: ValidationError) -> list[tuple[str, str]]:
    return [(each.pointer, each.code) for each in error.errors]


def test_a_schedule_knows_when_it_runs_next_on_the_wall_clock_of_its_zone(
    session: Session,
) -> None:
    anna = make_user(session, "Anna")

    schedule = make_schedule(session, make_report(session, anna), [anna.id])

    assert schedule.next_at == MONDAY_EIGHT
    assert (schedule.name, schedule.task) == ("My customers", TaskName.RUN_REPORT.value)
    assert (schedule.rule, schedule.zone) == ("FREQ=WEEKLY;BYDAY=MO", ZONE)
    assert schedule.entity() == "schedule"


def test_the_relay_turns_a_due_schedule_into_one_job_and_moves_it_on(session: Session) -> None:
    anna = make_user(session, "Anna")
    schedule = make_schedule(session, make_report(session, anna), [anna.id])
    schedule.next_at = datetime(2020, 1, 6, 7, 0, tzinfo=UTC)  # long past, as after an outage
    session.commit()

    for _ in range(2):
        with transaction() as other:
            expand_due(other)

    [job] = session.scalars(select(Job).where(Job.task == TaskName.RUN_REPORT.value)).all()
    planned_at = datetime.fromisoformat(job.args["planned_at"])
    assert job.args["schedule_id"] == str(schedule.id)
    assert timedelta(0) <= datetime.now(UTC) - planned_at < timedelta(days=8)  # the latest one
    session.refresh(schedule)
    assert schedule.next_at is not None
    walls = [each.astimezone(ZoneInfo(ZONE)) for each in (planned_at, schedule.next_at)]
    assert [(wall.weekday(), wall.hour, wall.minute) for wall in walls] == [(0, 8, 0)] * 2
    assert walls[1].date() - walls[0].date() == timedelta(days=7)
    assert schedule.version == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"rule": "FREQ=HOURLY"}, ("/rule", "rule.frequency")),
        ({"rule": "FREQ=DAILY;UNTIL=20260601"}, ("/rule", "rule.ended")),
        ({"zone": "Mars/Olympus"}, ("/zone", "zone.unknown")),
        (
            {"starts_at_local": datetime(2026, 1, 1, 8, tzinfo=UTC)},
            ("/starts_at_local", "wall_time"),
        ),
        (
            {"recipients": Recipients(RecipientsMode.USERS)},
            ("/recipients/user_ids", "required"),
        ),
        (
            {"recipients": Recipients(RecipientsMode.USERS, (uuid4(),))},
            ("/recipients/user_ids", "unknown_user"),
        ),
        (
            {"recipients": Recipients(RecipientsMode.EACH_OWNER, (uuid4(),))},
            ("/recipients/user_ids", "not_with_each_owner"),
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value[1],
)
def test_what_cannot_be_is_refused(
    session: Session, given: dict[str, Any], expected: tuple[str, str]
) -> None:
    anna = make_user(session, "Anna")
    report = make_report(session, anna)
    options: dict[str, Any] = {
        "rule": "FREQ=DAILY",
        "zone": ZONE,
        "starts_at_local": datetime(2026, 1, 1, 8),  # noqa: DTZ001 - a wall-clock time
        "recipients": Recipients(RecipientsMode.USERS, (anna.id,)),
        "on_empty": EmptyPolicy.SEND,
        "owner_user_id": anna.id,
        "now": NOW,
    }

    with pytest.raises(ValidationError) as refused:
        schedules.create(session, report, **options | given)

    assert broken(refused.value) == [expected]
    assert session.scalars(select(Schedule.id)).all() == []


def test_rows_without_owners_cannot_go_to_each_owner(session: Session) -> None:
    anna = make_user(session, "Anna")

    with pytest.raises(ValidationError) as refused:
        make_schedule(session, make_report(session, anna, dataset="contacts"))

    assert broken(refused.value) == [("/recipients/mode", "no_owners")]


def test_somebody_inactive_is_not_put_on_a_schedule(session: Session) -> None:
    anna, bo = make_user(session, "Anna"), make_user(session, "Bo", active=False)

    with pytest.raises(ValidationError) as refused:
        make_schedule(session, make_report(session, anna), [anna.id, bo.id])

    assert broken(refused.value) == [("/recipients/user_ids", "unknown_user")]
    assert str(bo.id) in str(refused.value)
    assert str(anna.id) not in str(refused.value)


def test_changes_of_the_rhythm_move_the_next_time_and_others_do_not(session: Session) -> None:
    anna, bo = make_user(session, "Anna"), make_user(session, "Bo")
    schedule = make_schedule(session, make_report(session, anna), [anna.id])
    session.commit()

    moved = {"zone": "Europe/London", "rule": "FREQ=WEEKLY;BYDAY=TU"}
    schedules.update(session, schedule, moved, now=NOW)
    assert schedule.next_at == datetime(2026, 12, 8, 8, 0, tzinfo=UTC)

    people = Recipients(RecipientsMode.USERS, (anna.id, bo.id))
    schedules.update(
        session, schedule, {"recipients": people, "on_empty": EmptyPolicy.TELL}, now=NOW
    )
    assert schedule.recipient_ids == [anna.id, bo.id]
    assert schedule.next_at == datetime(2026, 12, 8, 8, 0, tzinfo=UTC)

    times = []
    for active, now in ((False, NOW), (True, NOW + timedelta(days=7))):
        schedules.update(session, schedule, {"active": active}, now=now)
        times.append(schedule.next_at)
    assert times == [None, datetime(2026, 12, 15, 8, 0, tzinfo=UTC)]


def test_the_two_tables_of_a_schedule_are_one_record_with_one_version(session: Session) -> None:
    anna = make_user(session, "Anna")
    schedule = make_schedule(session, make_report(session, anna), [anna.id])
    session.commit()

    schedules.update(session, schedule, {"on_empty": EmptyPolicy.SKIP, "name": "x"}, now=NOW)
    session.commit()

    session.expire_all()
    found = session.scalars(select(ReportSchedule)).one()
    assert (found.version, found.on_empty, found.name) == (2, EmptyPolicy.SKIP, "x")


def test_run_now_asks_for_a_run_at_this_moment_beside_the_rhythm(session: Session) -> None:
    anna = make_user(session, "Anna")
    schedule = make_schedule(session, make_report(session, anna), [anna.id])

    handle = schedules.run_now(session, schedule, now=NOW)
    session.commit()

    job = session.get_one(Job, handle.id)
    assert job.args == {"schedule_id": str(schedule.id), "planned_at": NOW.isoformat()}
    assert schedule.next_at == MONDAY_EIGHT
