"""What may be done with contacts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import external_refs
from hub.access.principals import Principal
from hub.catalogues.services import refuse_unlisted
from hub.customers import keyed, references
from hub.customers.models import Contact, Customer
from hub.customers.parts import cleaned
from hub.entry_policies.enforcing import warn
from hub.entry_policies.entering import entered
from hub.errors import ValidationError
from hub.i18n import N_
from hub.listing.search import search_document
from hub.listing.sorting import sort_text

CATALOGUES = {"roles": "contact_roles", "handles": "handle_kinds"}
"""The catalogue of each field whose words stand in one; of handles it has the keys."""

WRITABLE = CATALOGUES.keys() | frozenset(
    {
        "first_name", "last_name", "job", "office_phone", "mobile", "fax", "email", "address",
        "is_main", "refuses_calls", "refuses_email", "external_ref", "custom",
    }
)  # fmt: skip
"""The fields that people and scripts write."""

RULES = {
    "office_phone": "phone", "mobile": "phone", "fax": "phone", "email": "email",
    "address": "address", "handles": "handles", "roles": "classifications",
}  # fmt: skip
"""The fields that keep the rule of a customer's field, and of which one."""

_MIXES = ("handles", "roles")
_SEARCHED = ("job", "email", "office_phone", "mobile", "fax", "address")


def create(
    session: Session,
    customer: Customer,
    fields: Mapping[str, Any],
    *,
    caller: Principal | None = None,
) -> Contact:
    """Add a person to a customer; the first one is its main contact.

    `caller` is who adds it, where a person or program does: of what he does not see he is not told
    what it is. None sees everything.

    Raises:
        ValidationError: names every broken rule; a name or an address is needed.
        ConflictError: ``taken``: the external reference is in use; ``duplicate_value``.
        TooManyBlindMatchesError: he has been told too often of what he does not see.
    """
    values = _clean(session, customer, fields)
    if not any(values.get(name) for name in ("first_name", "last_name", "email")):
        raise ValidationError.of(
            "/last_name", "required", N_("A first name, a last name or an email is needed.")
        )
    external_refs.refuse_taken(session, Contact, values.get("external_ref"))
    values, warned = entered(session, Contact, values, caller=caller)
    first = session.scalar(_of(customer).limit(1)) is None
    wants_main = bool(values.pop("is_main", False)) or first
    contact = Contact(customer_id=customer.id, **values)
    _fill_derived(contact)
    session.add(contact)
    if wants_main:
        make_main(session, customer, contact)
    session.flush()
    warn(session, contact, warned)
    return contact


def update(
    session: Session,
    customer: Customer,
    contact: Contact,
    changes: Mapping[str, Any],
    *,
    caller: Principal | None = None,
) -> Contact:
    """Change the named fields; None empties one.

    Raises:
        ValidationError: names every broken rule.
        ConflictError: ``taken``; ``duplicate_value``.
        TooManyBlindMatchesError: as for `create`.
    """
    values = _clean(session, customer, changes, contact)
    external_refs.refuse_taken(session, Contact, values.get("external_ref"), contact.id)
    values, warned = entered(session, Contact, values, contact, caller=caller)
    warn(session, contact, warned)
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
    _fill_derived(contact)
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


def _fill_derived(contact: Contact) -> None:
    """Bring what a contact is found and sorted by up to date."""
    names = [name for name in (contact.first_name, contact.last_name) if name]
    others = [getattr(contact, name) for name in _SEARCHED]
    document = search_document(
        " ".join(names), [*others, *keyed.texts(contact.handles or ()).values()]
    )
    sort_name = sort_text(" ".join(reversed(names)) or contact.email or "")
    if (contact.search_text, contact.sort_name) != (document, sort_name):
        contact.search_text, contact.sort_name = document, sort_name


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
