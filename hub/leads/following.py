"""What follows for leads: from the name of a customer, and from a day that comes."""

from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from hub.calendar_time import instant_on
from hub.customers.models import Customer
from hub.history.recording import PendingEvent
from hub.leads.models import Lead
from hub.leads.services import fill_derived
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName
from hub.settings import get_settings


def react_to_customer(session: Session, made: PendingEvent) -> None:
    """Have the leads of a customer follow its new name."""
    if made.type == "customer.created" or "name" not in made.changes:
        return
    if session.scalar(select(exists().where(Lead.customer_id == made.subject_id))):
        enqueue(
            session, TaskName.FOLLOW_CUSTOMER, key=str(made.subject_id),
            customer_id=made.subject_id,
        )  # fmt: skip


def react_to_lead(session: Session, made: PendingEvent) -> None:
    """Have a lead that is set aside come back on its day."""
    _, until = made.changes.get("set_aside_until", (None, None))
    if until is None:
        return
    enqueue(
        session, TaskName.WAKE_LEAD, run_at=instant_on(until, get_settings().zone),
        subject=(Lead.entity(), made.subject_id), lead_id=made.subject_id,
    )  # fmt: skip


def follow_customer(session: Session, customer_id: UUID, *, limit: int) -> int:
    """Give leads of a customer its name; returns how many, 0 when all have it."""
    customer = session.get(Customer, customer_id)
    if customer is None:
        return 0
    found = session.scalars(
        select(Lead)
        .where(Lead.customer_id == customer_id, Lead.name != customer.name)
        .order_by(Lead.id)
        .limit(limit)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for lead in found:
        fill_derived(lead, customer)
    session.flush()
    return len(found)
