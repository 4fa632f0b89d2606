"""Schedules: rows that come due; the relay turns them into jobs and moves them on at once."""

import logging
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hub.calendar_time import occurrences_after
from hub.database_errors import is_away
from hub.db import new_id, savepoint
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Occurrence, Schedule
from hub.ledger.tasks import TaskName
from hub.recurrence import parse_rule

logger = logging.getLogger(__name__)

MISSED_KEPT = 100  # of a long outage so many missed occurrences are recorded, the last ones


def first_time(schedule: Schedule, now: datetime) -> datetime | None:
    """Return when a schedule is next due after `now`; None when its rule has ended."""
    if schedule.every_s is not None:
        return now + timedelta(seconds=schedule.every_s)
    return next(_planned_after(schedule, now), None)


def expand_due(
    session: Session, *, passing_over: Collection[UUID] = (), limit: int = 100
) -> list[UUID]:
    """Turn schedules that are due by the database's clock into jobs; returns those that cannot be.

    After an outage the latest occurrence of a rule runs and the missed ones are recorded. Two
    relays at once are harmless: a row is locked by one, and an occurrence is unique. One that
    cannot be expanded costs the others nothing; it stays due, and is a problem before long.
    """
    due = session.scalars(
        select(Schedule)
        .where(
            Schedule.active,
            Schedule.deleted_at.is_(None),
            Schedule.next_at <= func.now(),
            Schedule.id.not_in(passing_over),
        )
        .order_by(Schedule.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    now = session.execute(select(func.now())).scalar_one()
    return [schedule.id for schedule in due if not _is_expanded(session, schedule, now)]


def overdue(session: Session, *, longer_than: timedelta) -> list[Schedule]:
    """Return the schedules that should have been expanded so long ago, the longest due first."""
    return list(
        session.scalars(
            select(Schedule)
            .where(
                Schedule.active,
                Schedule.deleted_at.is_(None),
                Schedule.next_at < func.now() - longer_than,
            )
            .order_by(Schedule.next_at)
        )
    )


def _is_expanded(session: Session, schedule: Schedule, now: datetime) -> bool:
    schedule_id = schedule.id
    try:
        with savepoint(session):
            _expand(session, schedule, now)
    except Exception as error:  # the outermost frame of a schedule: its fault is its own
        if isinstance(error, SQLAlchemyError) and is_away(error):
            raise
        logger.exception("ledger.schedule_failed", extra={"schedule_id": str(schedule_id)})
        return False
    return True


def _expand(session: Session, schedule: Schedule, now: datetime) -> None:
    if schedule.every_s is not None:
        _ask(session, schedule, f"schedule:{schedule.id}")  # one at a time is enough
        schedule.next_at = first_time(schedule, now)
    else:
        _expand_rule(session, schedule, now)


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
