"""The numbers of its contacts, by which quick search finds a customer."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.customers import services
from hub.customers.keyed import texts
from hub.customers.models import Contact, Customer
from hub.db import find_locked
from hub.history.recording import PendingEvent

_FOUND_BY = frozenset({"office_phone", "mobile", "handles", "deleted_at"})


def react(session: Session, made: PendingEvent) -> None:
    """Have a customer found by the phones and the names in networks that a contact has now.

    The customer is locked first, so that of two who change its contacts the later sees both.
    """
    told = [made.changes[name] for name in _FOUND_BY & made.changes.keys()]
    if not any(before or after for before, after in told):
        return
    contact = session.get_one(Contact, made.subject_id)
    customer = find_locked(session, Customer, contact.customer_id)
    if customer is None:
        return
    numbers = _numbers(session, customer)
    if numbers != customer.contact_numbers:
        customer.contact_numbers = numbers
        services.refresh_derived(session, customer, {"contact_numbers"})


def _numbers(session: Session, customer: Customer) -> list[str]:
    kept = session.execute(
        select(Contact.office_phone, Contact.mobile, Contact.handles)
        .where(Contact.customer_id == customer.id, Contact.deleted_at.is_(None))
        .order_by(Contact.id)
    )
    found = [
        number
        for office, mobile, handles in kept
        for number in (office, mobile, *texts(handles).values())
    ]
    return list(dict.fromkeys(number for number in found if number))
