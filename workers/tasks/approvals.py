"""Approvals that nobody decided over in time: they go up, and expire."""

from hub.approvals import services as approvals
from hub.clock import utcnow
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from workers.chain import RunningJob, task


@task(TaskName.EXPIRE_REQUESTS)
def expire_requests(job: RunningJob) -> None:
    """Let requests expire whose time is over, in batches; each is a commit of its own."""
    expired = job.batches(
        lambda session: approvals.expire_due(session, now=utcnow()) or None, "approvals"
    )
    with job.finish({"expired": expired}):
        pass


@task(TaskName.ESCALATE_REQUESTS)
def escalate_requests(job: RunningJob) -> None:
    """Let requests go up that nobody decided over in time, in batches; each is a commit of its own.

    Done twice, the second time finds nothing.
    """
    job.caused_by(CauseKind.RULE, "approvals")
    escalated = job.batches(
        lambda session: approvals.escalate_due(session, now=utcnow()) or None, "approvals"
    )
    with job.finish({"escalated": escalated}):
        pass
