"""Leads: they come back on the day they were set aside until."""

from uuid import UUID

from hub.clock import business_date, utcnow
from hub.db import find_locked
from hub.leads import services
from hub.leads.models import Lead
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from hub.settings import get_settings
from workers.chain import RunningJob, task


@task(TaskName.WAKE_LEAD)
def wake_lead(job: RunningJob, lead_id: UUID) -> None:
    """Reopen a lead on the day it was set aside until; does nothing where that has changed."""
    job.caused_by(CauseKind.RULE, "set_aside")
    with job.finish() as session:
        lead = find_locked(session, Lead, lead_id)
        today = business_date(utcnow(), get_settings().zone)
        if lead is not None and services.is_due_again(lead, today):
            services.reopen(session, lead, reason=None)
