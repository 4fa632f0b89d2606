"""Schedules that are due and cannot be turned into work."""

from datetime import timedelta

from sqlalchemy.orm import Session

from hub.i18n import N_
from hub.ledger import schedules
from hub.ledger.models import Schedule
from hub.problems.cause import Cause, Words
from hub.problems.models import ProblemKind

_LATE = timedelta(minutes=5)  # a relay that starts after an outage has expanded them long before


def find(session: Session) -> list[Cause]:
    """See `hub.problems.cause.Finder`: schedules that are due for minutes, each for itself."""
    return [_cause(schedule) for schedule in schedules.overdue(session, longer_than=_LATE)]


def _cause(schedule: Schedule) -> Cause:
    assert schedule.next_at is not None  # noqa: S101 - as asked for
    return Cause(
        key=f"stuck_schedule:{schedule.id}",
        kind=ProblemKind.STUCK_WORK,
        subject_name=schedule.name,
        subject=("schedule", schedule.id),
        since=schedule.next_at,
        count=1,
        message=Words(
            "stuck_schedule",
            N_("The schedule {name} is due and could not be turned into work; it is tried on."),
            {"name": schedule.name},
        ),
        remedy=Words(
            "mend_schedule",
            N_("Set its rule and zone anew; the log of the relay says what is wrong with it."),
        ),
        link=f"/api/v1/schedules/{schedule.id}",
        owner_user_id=schedule.owner_user_id,
    )
