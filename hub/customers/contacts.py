"""What may be done with contacts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import external_refs
from hub.customers.models import Contact, Customer
from hub.customers.rules import clean
from hub.errors import ValidationError
from hub.i18n import N_

_PHONES = ("office_phone", "mobile", "fax")


def create(session: Session, customer: Customer, fields: Mapping[str, Any]) -> Contact:
    """Add a person to a customer; the first one is its main contact.

    Raises:
        ValidationError: names every broken rule; a name or an address is needed.
        ConflictError: ``taken``: the external reference is in use.
    """
    values = _clean(customer, fields)
    if not any(values.get(name) for name in ("first_name", "last_name", "email")):
        raise ValidationError.of(
            "/last_name", "required", N_("A first name, a last name or an email is needed.")
        )
    external_refs.refuse_taken(session, Contact, values.get("external_ref"))
    first = session.scalar(_of(customer).limit(1)) is None
    wants_main = bool(values.pop("is_main", False)) or first
    contact = Contact(customer_id=customer.id, **values)
    session.add(contact)
    if wants_main:
        make_main(session, customer, contact)
    session.flush()
    return contact


def update(
    session: Session, customer: Customer, contact: Contact, changes: Mapping[str, Any]
) -> Contact:
    """Change the named fields; None empties one.

    Raises:
        ValidationError: names every broken rule.
        ConflictError: ``taken``.
    """
    values = _clean(customer, changes)
    external_refs.refuse_taken(session, Contact, values.get("external_ref"), contact.id)
    if values.pop("is_main", contact.is_main):
        make_main(session, customer, contact)
    else:
        contact.is_main = False
    for name, value in values.items():
        if getattr(contact, name) != value:
            setattr(contact, name, value)
    if not (contact.first_name or contact.last_name or contact.email):
        raise ValidationError.of(
            "/last_name", "required", N_("A first name, a last name or an email is needed.")
        )
    session.flush()
    return contact


def delete(session: Session, customer: Customer, contact: Contact, *, now: datetime) -> None:
    """Take a contact away; of a main one's colleagues the oldest takes its place."""
    was_main, contact.is_main = contact.is_main, False
    contact.deleted_at = now
    session.flush()
    heir = session.scalar(_of(customer).order_by(Contact.id).limit(1)) if was_main else None
    if heir is not None:
        heir.is_main = True


def make_main(session: Session, customer: Customer, contact: Contact) -> None:
    """Make one contact the main one; there is one at most."""
    for other in session.scalars(_of(customer).where(Contact.is_main)):
        other.is_main = other is contact
    session.flush()
    contact.is_main = True


def _of(customer: Customer) -> Any:
    return select(Contact).where(Contact.customer_id == customer.id, Contact.deleted_at.is_(None))


def _clean(customer: Customer, fields: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(fields)
    for name in (*_PHONES, "email"):
        if values.get(name):
            rule = "phone" if name in _PHONES else "email"
            try:
                values[name] = clean({rule: values[name], "country": customer.country})[rule]
            except ValidationError as error:
                found = error.errors[0]
                raise ValidationError.of(f"/{name}", found.code, found.message) from error
    return values
