"""Objectives: their progress follows what happens."""

from uuid import UUID

from hub.clock import utcnow
from hub.ledger.tasks import TaskName
from hub.objectives import following, progress
from hub.origin import CauseKind
from workers.chain import RunningJob, task


@task(TaskName.FOLLOW_OBJECTIVES)
def follow_objectives(job: RunningJob) -> None:
    """Ask for the objectives that what happened since may have moved; each batch is a commit."""
    job.caused_by(CauseKind.RULE, "objectives")
    events = job.batches(following.follow, "events")
    with job.finish({"events": events}):
        pass


@task(TaskName.MEASURE_OBJECTIVE)
def measure_objective(job: RunningJob, objective_id: UUID) -> None:
    """Reckon one objective from the records; done twice, it comes to the same."""
    job.caused_by(CauseKind.RULE, "objectives")
    with job.finish() as session:
        progress.measure(session, objective_id, now=utcnow())
