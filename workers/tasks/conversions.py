"""Conversions of leads: what was previewed is carried out, and taken back."""

from uuid import UUID

from hub.clock import utcnow
from hub.conversion import services as conversion
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from hub.plans import services as plans
from hub.plans.models import PlanState
from workers.chain import RunningJob, task


@task(TaskName.APPLY_CONVERSION)
def apply_conversion(job: RunningJob, plan_id: UUID) -> None:
    """Carry out the draft of a conversion, all of it or nothing."""
    job.caused_by(CauseKind.CONVERSION, plan_id)
    with job.finish() as session:
        plan = plans.get(session, plan_id, lock=True)
        if plan.state is PlanState.APPLYING:
            conversion.apply(session, plan, now=utcnow())


@task(TaskName.UNDO_CONVERSION)
def undo_conversion(job: RunningJob, plan_id: UUID) -> None:
    """Take a conversion back; what somebody went on with since is kept, and listed."""
    job.caused_by(CauseKind.CONVERSION, plan_id)
    with job.finish() as session:
        plan = plans.get(session, plan_id, lock=True)
        if plan.state is PlanState.APPLIED:
            conversion.undo(session, plan, now=utcnow())
