"""Approvals that nobody decided over in time."""

from hub.approvals import services as approvals
from hub.clock import utcnow
from hub.ledger.tasks import TaskName
from workers.chain import RunningJob, task


@task(TaskName.EXPIRE_REQUESTS)
def expire_requests(job: RunningJob) -> None:
    """Let requests expire whose time is over, in batches; each is a commit of its own."""
    expired = 0
    while True:
        with job.transaction() as session:
            count = approvals.expire_due(session, now=utcnow())
        expired += count
        if count < approvals.EXPIRED_AT_ONCE:
            break
    with job.finish({"expired": expired}):
        pass
