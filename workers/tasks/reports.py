"""Making exports and reports."""

from datetime import datetime, timedelta
from uuid import UUID

from hub.clock import utcnow
from hub.ledger.tasks import TaskName
from hub.reports import exports, runs
from hub.reports.models import EmptyPolicy
from workers import reporting
from workers.chain import RunningJob, checkpoint, task
from workers.mailing import reports

RENDERERS = (reports,)  # imported for the mail that it registers
LONGEST = timedelta(hours=1)  # a million rows


@task(TaskName.RENDER_EXPORT, longest=LONGEST)
def render_export(job: RunningJob, export_id: UUID) -> None:
    """Make the file of an export with the rights that its owner has now."""
    with job.transaction() as session:
        order = exports.begin(session, export_id, now=utcnow())
    if order is None:
        return
    with reporting.spooled(order) as rows:
        job.progress(0, rows.row_count, "rows")
        made = reporting.outcome(rows, reporting.draw(order, rows))
    checkpoint("after_render")
    with job.finish(_counted(made.row_count, made.total)) as session:
        exports.record_made(session, export_id, order, made, now=utcnow())


@task(TaskName.RUN_REPORT)
def run_report(job: RunningJob, schedule_id: UUID, planned_at: datetime) -> None:
    """Give each recipient of an occurrence a run of his own; twice is as good as once."""
    with job.finish() as session:
        runs.plan(session, schedule_id, planned_at)


@task(TaskName.RENDER_REPORT, longest=LONGEST)
def render_report(job: RunningJob, report_run_id: UUID) -> None:
    """Make a run's file with the rights that its recipient has now, and ask for the mail."""
    with job.transaction() as session:
        wanted = runs.begin(session, report_run_id, now=utcnow())
    if wanted is None:
        return
    with reporting.spooled(wanted.order) as rows:
        has_file = bool(rows.row_count) or wanted.on_empty is EmptyPolicy.SEND
        content = reporting.draw(wanted.order, rows) if has_file else None
        made = reporting.outcome(rows, content)
    checkpoint("after_render")
    with job.finish(_counted(made.row_count, made.total)) as session:
        if content is None and wanted.on_empty is EmptyPolicy.SKIP:
            runs.skip(session, report_run_id, made)
        else:
            runs.record_rendered(session, report_run_id, wanted.order, made)


def _counted(rows: int, total: int) -> dict[str, int]:
    return {"rows": rows, "total": total}
