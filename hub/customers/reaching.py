"""What of its contacts quick search finds a customer by: names, numbers, mail addresses."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.customers import services
from hub.customers.keyed import texts
from hub.customers.models import Contact, Customer
from hub.db import find_locked
from hub.history.recording import PendingEvent

_FOUND_BY = frozenset(
    {"first_name", "last_name", "email", "office_phone", "mobile", "handles", "deleted_at"}
)


def react(session: Session, made: PendingEvent) -> None:
    """Have a customer found by what a contact is called and reached by now.

    The customer is locked first, so that of two who change its contacts the later sees both.
    """
    told = [made.changes[name] for name in _FOUND_BY & made.changes.keys()]
    if not any(before or after for before, after in told):
        return
    contact = session.get_one(Contact, made.subject_id)
    customer = find_locked(session, Customer, contact.customer_id)
    if customer is None:
        return
    found_by = _of_contacts(session, customer)
    if found_by != customer.contact_numbers:
        customer.contact_numbers = found_by
        services.refresh_derived(session, customer, {"contact_numbers"})


def _of_contacts(session: Session, customer: Customer) -> list[str]:
    kept = session.execute(
        select(
            Contact.first_name, Contact.last_name, Contact.email, Contact.office_phone,
            Contact.mobile, Contact.handles,
        )
        .where(Contact.customer_id == customer.id, Contact.deleted_at.is_(None))
        .order_by(Contact.id)
    )  # fmt: skip
    found = [each for *said, handles in kept for each in (*said, *texts(handles).values())]
    return list(dict.fromkeys(each for each in found if each))
