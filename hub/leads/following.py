"""What follows from changes of leads: one that is set aside comes back."""

from sqlalchemy.orm import Session

from hub.calendar_time import instant_on
from hub.history.recording import PendingEvent
from hub.leads.models import Lead
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName
from hub.settings import get_settings


def react(session: Session, made: PendingEvent) -> None:
    """Have a lead that is set aside come back on its day."""
    _, until = made.changes.get("set_aside_until", (None, None))
    if until is None:
        return
    enqueue(
        session, TaskName.WAKE_LEAD, run_at=instant_on(until, get_settings().zone),
        subject=(Lead.entity(), made.subject_id), lead_id=made.subject_id,
    )  # fmt: skip
