"""Assigning many records: the preview of a long list, its application, its undoing."""

from datetime import timedelta
from uuid import UUID

from hub.assignments import applying, planning
from hub.clock import utcnow
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from hub.plans import services as plans
from hub.plans.asking import acting_for
from hub.plans.models import PlanState
from workers.chain import RunningJob, checkpoint, task

LONGEST = timedelta(hours=4)


@task(TaskName.PLAN_ASSIGNMENT, longest=LONGEST)
def plan_assignment(job: RunningJob, plan_id: UUID) -> None:
    """Look through the records that a plan was asked for; killed, it begins again.

    Somebody who is not active any more finds none that he may assign.
    """
    with job.transaction() as session:
        plan = plans.get(session, plan_id, lock=True)
        if plan.expires_at is not None:
            return
        planning.begin_again(session, plan)
    after: UUID | None = None
    while True:
        with job.transaction() as session:
            job.require_claim(session)  # or another worker has begun again
            plan = plans.get(session, plan_id, lock=True)
            asking = acting_for(session, plan)
            if asking is not None:
                after = planning.plan_found(session, plan, asking, now=utcnow(), after=after)
            done = plan.counters.get("items", 0)
        if asking is None or after is None:
            break
        job.progress(done, None, "records")
        checkpoint("in_assignment")
    with job.finish({"items": done}) as session:
        planning.complete(session, plans.get(session, plan_id, lock=True), now=utcnow())


@task(TaskName.APPLY_ASSIGNMENT, longest=LONGEST)
def apply_assignment(job: RunningJob, plan_id: UUID) -> None:
    """Assign what a plan says; killed, it goes on with the records that are not done."""
    job.caused_by(CauseKind.ASSIGNMENT, plan_id)
    after: int | None = applying.START
    while after is not None:
        with job.transaction() as session:
            plan = plans.get(session, plan_id, lock=True)
            if plan.state is not PlanState.APPLYING:
                return
            total = plan.counters.get("items", 0)
            after = applying.apply_batch(session, plan, now=utcnow(), after=after)
        if after is not None:
            job.progress(after + 1, total, "records")
            checkpoint("in_assignment")
    counted: dict[str, int] = {}
    with job.finish(counted) as session:
        plan = plans.get(session, plan_id, lock=True)
        plans.finish(session, plan, now=utcnow())
        counted |= plan.counters


@task(TaskName.UNDO_ASSIGNMENT, longest=LONGEST)
def undo_assignment(job: RunningJob, plan_id: UUID) -> None:
    """Take an assignment back, the last record first; what changed since is kept, and listed."""
    job.caused_by(CauseKind.ASSIGNMENT, plan_id)
    done = 0
    while True:
        with job.transaction() as session:
            plan = plans.get(session, plan_id, lock=True)
            total = plan.counters.get("done", 0)
            count = applying.undo_batch(session, plan, now=utcnow())
        if not count:
            break
        done += count
        job.progress(done, total, "records")
        checkpoint("in_assignment")
    counted: dict[str, int] = {}
    with job.finish(counted) as session:
        plan = plans.get(session, plan_id, lock=True)
        plans.finish_undo(session, plan, now=utcnow())
        counted |= plan.counters
