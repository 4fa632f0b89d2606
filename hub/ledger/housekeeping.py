"""The schedules that Hub itself needs, made and kept right as it starts."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hub.ledger.models import Schedule
from hub.ledger.schedules import first_time
from hub.ledger.tasks import TaskName

_LOCK = 7_215_003  # any constant of our own: two relays that start at once wait for each other


@dataclass(frozen=True, slots=True)
class SystemSchedule:
    """A task that comes back by itself: by a rule on the business's wall clock, or by seconds."""

    name: str
    task: TaskName
    rule: str | None = None
    starts_at_local: str | None = None
    every_s: int | None = None


SYSTEM_SCHEDULES = (
    SystemSchedule(
        "system: tidy the ledger", TaskName.TIDY_LEDGER, "FREQ=DAILY", "2026-01-01T03:00:00"
    ),
    SystemSchedule(
        "system: find duplicates among what changed",
        TaskName.FIND_DUPLICATES,
        "FREQ=DAILY",
        "2026-01-01T03:30:00",
    ),
    SystemSchedule(
        "system: evaluate the credit of all customers",
        TaskName.EVALUATE_CUSTOMERS,
        "FREQ=DAILY",
        "2026-01-01T00:30:00",
    ),
    SystemSchedule(
        "system: look who is gone from accounting",
        TaskName.CALL_ROLL,
        "FREQ=DAILY",
        "2026-01-01T04:00:00",
    ),
    SystemSchedule(
        "system: recall customers to their pools",
        TaskName.RECALL_CUSTOMERS,
        "FREQ=DAILY",
        "2026-01-01T05:00:00",
    ),
    SystemSchedule("system: let requests expire", TaskName.EXPIRE_REQUESTS, every_s=300),
    SystemSchedule("system: let requests go up", TaskName.ESCALATE_REQUESTS, every_s=300),
    SystemSchedule("system: follow objectives", TaskName.FOLLOW_OBJECTIVES, every_s=60),
)


def ensure(session: Session, *, zone: str, now: datetime) -> int:
    """Make the schedules that are missing, and move those whose rhythm or zone is another now.

    Returns how many were written. One that was made inactive stays so.
    """
    session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    there = {
        schedule.name: schedule
        for schedule in session.scalars(
            select(Schedule).where(Schedule.name.in_([wanted.name for wanted in SYSTEM_SCHEDULES]),
                                   Schedule.owner_user_id.is_(None), Schedule.deleted_at.is_(None))
        )
    }  # fmt: skip
    written = 0
    for wanted in SYSTEM_SCHEDULES:
        schedule = there.get(wanted.name)
        if schedule is None:
            schedule = Schedule(name=wanted.name, args={})
            session.add(schedule)
        elif _rhythm(schedule) == (
            wanted.task, wanted.rule, wanted.starts_at_local, wanted.every_s, zone,
        ):  # fmt: skip
            continue
        schedule.task = wanted.task.value
        schedule.rule = wanted.rule
        schedule.starts_at_local = wanted.starts_at_local
        schedule.every_s = wanted.every_s
        schedule.zone = zone
        schedule.next_at = first_time(schedule, now)
        written += 1
    session.flush()
    return written


def _rhythm(schedule: Schedule) -> tuple[str | int | None, ...]:
    return (
        schedule.task, schedule.rule, schedule.starts_at_local, schedule.every_s, schedule.zone,
    )  # fmt: skip
