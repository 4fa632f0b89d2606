"""Customers: what hangs on them shows their names."""

from uuid import UUID

from sqlalchemy.orm import Session

from hub.customers import following
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from workers.chain import RunningJob, task


@task(TaskName.FOLLOW_CUSTOMER)
def follow_customer(job: RunningJob, customer_id: UUID) -> None:
    """Bring the name that leads and opportunities show of their customer up to date."""
    job.caused_by(CauseKind.RULE, f"customer:{customer_id}")

    def follow(session: Session) -> int | None:
        return following.follow(session, customer_id, limit=200) or None

    job.batches(follow, "records")
    with job.finish():
        pass
