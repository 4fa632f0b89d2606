"""What changes ask for: a customer's standing is evaluated anew where its grounds have changed."""

from sqlalchemy.orm import Session

from hub.configuration.models import Setting
from hub.credit.policy import CreditPolicy
from hub.history.recording import PendingEvent, when_changed
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName

_GROUNDS = frozenset({"credit_limit", "currency"})


def install() -> None:
    """Hear of customers and policies."""
    when_changed("customer", react_to_customer)
    when_changed("setting", react_to_setting)


def react_to_customer(session: Session, happened: PendingEvent) -> None:
    """Evaluate a customer whose limit changed; a new one owes nothing yet."""
    if happened.type.endswith(".created") or not _GROUNDS & set(happened.changes):
        return
    enqueue(
        session,
        TaskName.EVALUATE_CUSTOMER,
        key=str(happened.subject_id),
        subject=("customer", happened.subject_id),
        cause_event_id=happened.id,
        customer_id=happened.subject_id,
    )


def react_to_setting(session: Session, happened: PendingEvent) -> None:
    """Evaluate all customers where what administrators set about holds changed."""
    setting = session.get(Setting, happened.subject_id)
    if setting is not None and setting.key == CreditPolicy.KEY:
        enqueue(
            session,
            TaskName.EVALUATE_CUSTOMERS,
            key=str(setting.id),
            cause_event_id=happened.id,
        )
