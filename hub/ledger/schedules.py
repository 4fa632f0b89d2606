"""Schedules: rows that come due; the relay turns them into jobs and moves them on at once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.calendar_time import occurrences_after
from hub.db import new_id
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Occurrence, Schedule
from hub.ledger.tasks import TaskName
from hub.recurrence import parse_rule

MISSED_KEPT = 100  # of a long outage so many missed occurrences are recorded, the last ones


def first_time(schedule: Schedule, now: datetime) -> datetime | None:
    """Return when a schedule is next due after `now`; None when its rule has ended."""
    if schedule.every_s is not None:
        return now + timedelta(seconds=schedule.every_s)
    return next(_planned_after(schedule, now), None)


def expand_due(session: Session, *, limit: int = 100) -> int:
    """Turn schedules that are due by the database's clock into jobs; returns how many.

    After an outage the latest occurrence of a rule runs and the missed ones are recorded. Two
    relays at once are harmless: a row is locked by one, and an occurrence is unique.
    """
    due = session.scalars(
        select(Schedule)
        .where(Schedule.active, Schedule.deleted_at.is_(None), Schedule.next_at <= func.now())
        .order_by(Schedule.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    now = session.execute(select(func.now())).scalar_one()
    for schedule in due:
        if schedule.every_s is not None:
            _ask(session, schedule, f"schedule:{schedule.id}")  # one at a time is enough
            schedule.next_at = first_time(schedule, now)
        else:
            _expand_rule(session, schedule, now)
    return len(due)


def _expand_rule(session: Session, schedule: Schedule, now: datetime) -> None:
    assert schedule.next_at is not None  # noqa: S101 - the query says so
    planned = [schedule.next_at]
    following: datetime | None = None
    for moment in _planned_after(schedule, schedule.next_at):
        if moment > now:
            following = moment
            break
        planned = [*planned[-MISSED_KEPT:], moment]
    latest = planned[-1]
    fresh = session.scalars(
        insert(Occurrence)
        .values(
            [
                {
                    "id": new_id(),
                    "schedule_id": schedule.id,
                    "planned_at": moment,
                    "state": "fired" if moment == latest else "missed",
                }
                for moment in planned
            ]
        )
        .on_conflict_do_nothing(index_elements=["schedule_id", "planned_at"])
        .returning(Occurrence.planned_at)
    ).all()
    if latest in fresh:
        key = f"schedule:{schedule.id}:{latest.isoformat()}"
        _ask(session, schedule, key, schedule_id=schedule.id, planned_at=latest)
    schedule.next_at = following


def _ask(session: Session, schedule: Schedule, key: str, **planned: Any) -> None:
    enqueue(
        session,
        TaskName(schedule.task),
        key=key,
        subject=("schedule", schedule.id),
        **{**schedule.args, **planned},
    )


def _planned_after(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    assert schedule.rule is not None  # noqa: S101 - a constraint says so
    assert schedule.starts_at_local is not None  # noqa: S101 - likewise
    return occurrences_after(
        parse_rule(schedule.rule),
        datetime.fromisoformat(schedule.starts_at_local),
        schedule.zone,
        after,
    )
