"""Looking for duplicates."""

from datetime import datetime, timedelta
from uuid import UUID

from hub.clock import utcnow
from hub.duplicates import scanning
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from workers.chain import RunningJob, task


@task(TaskName.FIND_DUPLICATES, longest=timedelta(hours=4))
def find_duplicates(
    job: RunningJob,
    whole: bool = False,  # noqa: FBT001, FBT002 - a job's argument, given by name
    *,
    entities: str = "",
    fields: str = "",
    schedule_id: UUID | None = None,
    planned_at: datetime | None = None,
) -> None:
    """Look for pairs among all records, or among those that changed since they were looked at.

    `entities` and `fields` are as `scanning.ask_for_scan` has them, separated by commas. Each batch
    is a commit of its own that moves the scan on: killed, it goes on where it stopped.
    """
    del schedule_id, planned_at  # it looks at what is to be looked at now
    job.caused_by(CauseKind.RULE, "duplicates")
    with job.transaction() as session:
        scan = scanning.begin(
            session, job.id, whole=whole, entities=_named(entities), fields=_named(fields)
        )
        seen = scan.seen or 0
        total = scanning.records_to_see(session, scan) if whole else None
    job.batches(
        lambda session: scanning.scan_batch(session, job.id), "records", total=total, done=seen
    )
    with job.transaction() as session:
        scan = scanning.finish(session, job.id, now=utcnow())
    counted = {
        "records": scan.seen, "raised": scan.raised, "made_obsolete": scan.made_obsolete
    }  # fmt: skip
    with job.finish(counted):
        pass


def _named(names: str) -> list[str]:
    return names.split(",") if names else []
