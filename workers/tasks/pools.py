"""Pools: what nobody cares for goes back."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hub.clock import business_date, utcnow
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from hub.pools import recalling
from hub.settings import get_settings
from workers.chain import RunningJob, task
from workers.mailing import pools

RENDERERS = (pools,)  # imported for the mail that it registers


@task(TaskName.RECALL_CUSTOMERS)
def recall_customers(job: RunningJob, schedule_id: UUID, planned_at: datetime) -> None:
    """Take back what nobody noted anything of for too long, then warn whom that comes near.

    The day is that which it was planned for. Each batch is a commit of its own; done twice, the
    second time finds nothing.
    """
    del schedule_id
    job.caused_by(CauseKind.RULE, "pools")
    today = business_date(planned_at, get_settings().zone)
    counted = {"recalled": _recall(job, today), "warned": _warn(job, today)}
    with job.finish(counted):
        pass


def _recall(job: RunningJob, today: date) -> int:
    after: UUID | None = None

    def recall(session: Session) -> int | None:
        nonlocal after
        batch = recalling.recall_batch(session, today=today, now=utcnow(), after=after)
        after = batch.following
        return None if after is None else batch.count

    return job.batches(recall, "customers")


def _warn(job: RunningJob, today: date) -> int:
    after: UUID | None = None

    def warn(session: Session) -> int | None:
        nonlocal after
        warned = recalling.warn_next_owner(session, today=today, after=after)
        after = None if warned is None else warned.following
        return None if warned is None else warned.count

    return job.batches(warn, "warnings")
