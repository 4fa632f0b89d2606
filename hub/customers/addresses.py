"""What may be done with a customer's further addresses."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hub import external_refs
from hub.customers import references
from hub.customers.models import Address, AddressKind, Customer
from hub.customers.parts import cleaned
from hub.errors import ValidationError
from hub.i18n import N_

RULES = {
    "name": "legal_name", "attention": "legal_name", "address": "address", "postcode": "postcode",
    "city": "city", "region": "region", "country": "country", "ean": "ean", "phone": "phone",
    "email": "email", "external_ref": "external_ref",
}  # fmt: skip
"""The fields that keep the rule of a customer's field, and of which one."""

SOMEWHERE = ("address", "postcode", "city", "email")
"""The fields one of which an address needs."""

NOWHERE = N_("A street, a postcode, a city or an email is needed.")


def create(session: Session, customer: Customer, fields: Mapping[str, Any]) -> Address:
    """Add an address to a customer; the first one of its kind is the default.

    Without a country it is in that of the customer.

    Raises:
        ValidationError: names every broken rule; a kind, and a place or mail address are needed.
        ConflictError: ``taken``: the external reference is in use.
    """
    values = cleaned(customer.country, fields, RULES)
    if values.get("kind") is None:
        raise ValidationError.of("/kind", "required", N_("Say what the address is for."))
    kind = AddressKind(values.pop("kind"))
    _require_place(values)
    external_refs.refuse_taken(session, Address, values.get("external_ref"))
    values["country"] = values.get("country") or customer.country
    first = session.scalar(_of(customer, kind).limit(1)) is None
    wants_default = bool(values.pop("is_default", False)) or first
    address = Address(customer_id=customer.id, kind=kind, **values)
    if wants_default:
        _make_default(session, customer, kind)
        address.is_default = True
    session.add(address)
    session.flush()
    return address


def update(
    session: Session, customer: Customer, address: Address, changes: Mapping[str, Any]
) -> Address:
    """Change the named fields; None empties one.

    Made another kind, it leaves its place as the default to the oldest of its former kind, and is
    the default of the new one where that has none.

    Raises:
        ValidationError: names every broken rule.
        ConflictError: ``taken``.
    """
    values = cleaned(customer.country, changes, RULES)
    for name in ("kind", "country", "is_default"):
        if name in values and values[name] is None:
            raise ValidationError.of(f"/{name}", "required", N_("It cannot be emptied."))
    external_refs.refuse_taken(session, Address, values.get("external_ref"), address.id)
    _require_place({name: values.get(name, getattr(address, name)) for name in SOMEWHERE})
    kind = AddressKind(values.pop("kind", address.kind))
    wants_default = values.pop("is_default", None)
    if kind is not address.kind:
        _leave_place(session, customer, address)
        address.kind = kind
        wants_default = wants_default or session.scalar(_defaults(customer, kind).limit(1)) is None
    if wants_default and not address.is_default:
        _make_default(session, customer, kind)
        address.is_default = True
    elif wants_default is False:
        address.is_default = False
    for name, value in values.items():
        if getattr(address, name) != value:
            setattr(address, name, value)
    session.flush()
    return address


def delete(session: Session, customer: Customer, address: Address, *, now: datetime) -> None:
    """Take an address away; in the place of a default comes the oldest other one of its kind.

    Raises:
        HeldError: ``in_use``: documents go to it.
    """
    references.refuse_held_address(session, address.id)
    _leave_place(session, customer, address)
    address.deleted_at = now
    session.flush()


def _require_place(values: Mapping[str, Any]) -> None:
    if not any(values.get(name) for name in SOMEWHERE):
        raise ValidationError.of("/address", "required", NOWHERE)


def _leave_place(session: Session, customer: Customer, address: Address) -> None:
    if not address.is_default:
        return
    address.is_default = False
    session.flush()
    others = _of(customer, address.kind).where(Address.id != address.id)
    heir = session.scalar(others.order_by(Address.id).limit(1))
    if heir is not None:
        heir.is_default = True
    session.flush()


def _make_default(session: Session, customer: Customer, kind: AddressKind) -> None:
    """Make room for a default; two at once are kept apart by the customer's row, which is locked.

    The index would refuse the second one, but for no fault of whoever sent it.
    """
    for other in session.scalars(_defaults(customer, kind)):
        other.is_default = False
    session.flush()


def _of(customer: Customer, kind: AddressKind) -> Select[Address]:
    return select(Address).where(
        Address.customer_id == customer.id, Address.kind == kind, Address.deleted_at.is_(None)
    )


def _defaults(customer: Customer, kind: AddressKind) -> Select[Address]:
    return _of(customer, kind).where(Address.is_default)
