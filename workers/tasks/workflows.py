"""Workflows: the records of former revisions follow into the live one."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from hub.workflow import services
from hub.workflow.models import Status, Workflow
from workers.chain import RunningJob, task
from workers.mailing import workflows

RENDERERS = (workflows,)  # imported for the mail that it registers


@task(TaskName.FOLLOW_WORKFLOW, longest=timedelta(hours=4))
def follow_workflow(job: RunningJob, workflow_id: UUID) -> None:
    """Take all records of former revisions into a live one; killed, it goes on with the rest."""
    job.caused_by(CauseKind.RULE, f"workflow:{workflow_id}")

    def follow(session: Session) -> int | None:
        workflow = session.get_one(Workflow, workflow_id)
        if workflow.status is not Status.LIVE:  # another revision was published meanwhile
            return None
        return services.follow(session, workflow, limit=200) or None

    counted = {"records": job.batches(follow, "records")}
    with job.finish(counted):
        pass
