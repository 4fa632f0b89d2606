"""Keeping the database small."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hub import retention
from hub.files import services as files
from hub.ledger import archiving
from hub.ledger.tasks import TaskName
from hub.settings import get_settings
from workers.chain import RunningJob, task


@task(TaskName.TIDY_LEDGER, longest=timedelta(hours=4))
def tidy_ledger(job: RunningJob, schedule_id: UUID, planned_at: datetime) -> None:
    """Archive old jobs, prune technical logs and sweep files, as of the time it was planned for.

    Each batch is a commit of its own; what is done stays done, so that a killed run costs nothing.
    """
    del schedule_id
    counted = {"jobs": _archive_jobs(job, planned_at)}
    for name in retention.PRUNED:
        counted[name] = _prune(job, name, planned_at)
    with job.transaction() as session:
        counted["files"] = files.sweep(session, now=planned_at)
    with job.finish(counted):
        pass


def _archive_jobs(job: RunningJob, now: datetime) -> int:
    finished_before = now - timedelta(days=get_settings().jobs_kept_days)
    after: UUID | None = archiving.START

    def archive(session: Session) -> int | None:
        nonlocal after
        if after is None:
            return None
        batch = archiving.archive_batch(
            session,
            finished_before=finished_before,
            dead_before=min(finished_before, now - archiving.DEAD_KEPT),
            after=after,
        )
        after = batch.following
        return batch.moved

    return job.batches(archive, "jobs")


def _prune(job: RunningJob, name: str, now: datetime) -> int:
    prune = retention.PRUNED[name]
    return job.batches(lambda session: prune(session, now, retention.BATCH) or None, name)
