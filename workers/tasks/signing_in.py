"""Mails that somebody who is not signed in has asked for."""

from uuid import UUID

from hub.clock import utcnow
from hub.ledger.tasks import TaskName
from hub.signing_in import mails
from workers.chain import RunningJob, task


@task(TaskName.SEND_RESET)
def send_reset(job: RunningJob, user_id: UUID) -> None:
    """Mail a user what sets a new password; for an address that nobody has, there is no user."""
    with job.finish() as session:
        mails.send_reset(session, user_id, now=utcnow())
