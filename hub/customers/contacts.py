"""What may be done with contacts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import external_refs
from hub.catalogues.services import refuse_unlisted
from hub.customers import keyed, references
from hub.customers.models import Contact, Customer
from hub.customers.parts import cleaned
from hub.errors import ValidationError
from hub.i18n import N_

CATALOGUES = {"roles": "contact_roles", "handles": "handle_kinds"}
"""The catalogue of each field whose words stand in one; of handles it has the keys."""

RULES = {
    "office_phone": "phone", "mobile": "phone", "fax": "phone", "email": "email",
    "address": "address", "handles": "handles", "roles": "classifications",
}  # fmt: skip
"""The fields that keep the rule of a customer's field, and of which one."""

_MIXES = ("handles", "roles")


def create(session: Session, customer: Customer, fields: Mapping[str, Any]) -> Contact:
    """Add a person to a customer; the first one is its main contact.

    Raises:
        ValidationError: names every broken rule; a name or an address is needed.
        ConflictError: ``taken``: the external reference is in use.
    """
    values = _clean(session, customer, fields)
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
    values = _clean(session, customer, changes, contact)
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
    """Take a contact away; of a main one's colleagues the oldest takes its place.

    Leads, opportunities and open activities that name it hold it, and documents that go to it.

    Raises:
        HeldError: ``in_use``.
    """
    references.refuse_held_contact(session, contact.id)
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


def _clean(
    session: Session,
    customer: Customer,
    fields: Mapping[str, Any],
    contact: Contact | None = None,
) -> dict[str, Any]:
    given = dict(fields)
    if "handles" in given:
        given["handles"] = keyed.patched(contact.handles if contact else (), given["handles"])
    values = cleaned(customer.country, given, RULES)
    for name in _MIXES:
        if name in values and values[name] is None:
            values[name] = []
    kept = {} if contact is None else _chosen({"roles": contact.roles, "handles": contact.handles})
    refuse_unlisted(session, CATALOGUES, _chosen(values), kept=kept)
    return values


def _chosen(values: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: values[name] for name in CATALOGUES if name in values}
    if "handles" in found:
        found["handles"] = keyed.texts(found["handles"])
    return found
