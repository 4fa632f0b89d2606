"""Holds that come and go by themselves."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hub.clock import business_date, utcnow
from hub.configuration import current
from hub.credit import holds, sweeping
from hub.credit.policy import CreditPolicy
from hub.customers.models import HoldState
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from hub.settings import get_settings
from workers.chain import RunningJob, task


@task(TaskName.EVALUATE_CUSTOMER)
def evaluate_customer(job: RunningJob, customer_id: UUID) -> None:
    """Evaluate the standing of one customer; does nothing where it is as it should be."""
    job.caused_by(CauseKind.RULE, "credit")
    now = utcnow()
    today = business_date(now, get_settings().zone)
    with job.finish() as session:
        holds.evaluate(session, customer_id, current(session, CreditPolicy), today=today, now=now)


@task(TaskName.EVALUATE_CUSTOMERS, longest=timedelta(hours=1))
def evaluate_customers(
    job: RunningJob, schedule_id: UUID | None = None, planned_at: datetime | None = None
) -> None:
    """Evaluate the standing of all customers, as of the day it was planned for.

    Those whose hold is not as it should be are found as a set; each batch of them is a commit of
    its own, so that a killed run costs nothing.
    """
    del schedule_id
    job.caused_by(CauseKind.RULE, "credit")
    today = business_date(planned_at or utcnow(), get_settings().zone)
    counted = {"held": 0, "released": 0}

    def evaluate(session: Session, customer_ids: Sequence[UUID], _: int) -> int:
        states = sweeping.evaluate_batch(session, customer_ids, today=today, now=utcnow())
        counted["held"] += states.get(HoldState.HELD_AUTO, 0)
        counted["released"] += states.get(HoldState.CLEAR, 0)
        return sum(states.values())

    job.each(_differing(job, today), evaluate, "customers")
    with job.finish(counted):
        pass


def _differing(job: RunningJob, today: date) -> Iterator[Sequence[UUID]]:
    after: UUID | None = None
    while True:
        with job.transaction() as session:
            found = sweeping.differing(session, today=today, after=after)
        if not found:
            return
        after = found[-1]
        for start in range(0, len(found), sweeping.BATCH):
            yield found[start : start + sweeping.BATCH]
