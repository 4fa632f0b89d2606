"""What becomes of runs and exports as their jobs and mails end."""

from sqlalchemy.orm import Session

from hub.db import locked
from hub.ledger.setbacks import when_set_back
from hub.ledger.tasks import TaskName
from hub.mail.models import Delivery, DeliveryState
from hub.mail.sources import declare_source
from hub.reports import exports, runs
from hub.reports.models import ReportRun, ReportRunState
from hub.reports.runs import ENTITY


class ReportRuns:
    """Report runs as a source of mail: see `hub.mail.sources.Source`."""

    def wants(self, session: Session, delivery: Delivery) -> bool:
        """Say that a report is always wanted: what was taken away meanwhile had been asked for."""
        del session, delivery
        return True

    def settled(self, session: Session, delivery: Delivery) -> None:
        """Note in the run that its newest mail is out, or why it is not."""
        run = locked(session, ReportRun, delivery.source_id)
        if delivery.sequence != run.sends - 1:
            return  # a later one tells
        if delivery.state is DeliveryState.SENT:
            run.state = ReportRunState.DELIVERED
            run.message = run.message if run.is_partial else None
        else:
            run.state = ReportRunState.FAILED
            run.message = delivery.message


def install() -> None:
    """Have runs and exports told of what becomes of their files and mails."""
    declare_source(ENTITY, ReportRuns())
    when_set_back(TaskName.RENDER_REPORT, runs.note_setback)
    when_set_back(TaskName.RENDER_EXPORT, exports.note_setback)
