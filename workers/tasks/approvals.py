"""Approvals that nobody decided over in time."""

from hub.approvals import services as approvals
from hub.clock import utcnow
from hub.ledger.tasks import TaskName
from workers.chain import RunningJob, task


@task(TaskName.EXPIRE_REQUESTS)
def expire_requests(job: RunningJob) -> None:
    """Let requests expire whose time is over, in batches; each is a commit of its own."""
    expired = job.batches(
        lambda session: approvals.expire_due(session, now=utcnow()) or None, "approvals"
    )
    with job.finish({"expired": expired}):
        pass
