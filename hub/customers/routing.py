"""Where mail with a document goes: the contact or address that a customer named for its kind.

`Customer.mail_routes` holds by kind of document a source: ``main_contact``, ``customer`` (its own
mail address), ``billing`` or ``shipping`` (the default address of that kind), or one contact or
address by its id (S30). What is not named goes to the main contact.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.customers import keyed
from hub.customers.models import Address, AddressKind, Contact, Customer
from hub.customers.refusals import refuses_mail
from hub.errors import FieldError, ValidationError
from hub.i18n import N_


class DocumentKind(StrEnum):
    """What documents there are."""

    QUOTE = "quote"
    ORDER_CONFIRMATION = "order_confirmation"
    DELIVERY_NOTE = "delivery_note"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    STATEMENT = "statement"
    DUNNING = "dunning"


class Source(StrEnum):
    """Where a mail address is from; one contact or address has its id behind a colon."""

    CUSTOMER = "customer"
    MAIN_CONTACT = "main_contact"
    BILLING = "billing"
    SHIPPING = "shipping"
    CONTACT = "contact"
    ADDRESS = "address"


_WITH_ID = frozenset({Source.CONTACT, Source.ADDRESS})
_KINDS = {Source.BILLING: AddressKind.BILLING, Source.SHIPPING: AddressKind.SHIPPING}


@dataclass(frozen=True, slots=True)
class Route:
    """Where documents of a kind go now.

    `source` is what was named, `is_default` says that nothing was. `taken_from` is where the
    address is from: the customer itself where the source has none, None where he has none either.
    `is_refused` says that whoever reads the address refuses mail, so that none goes out.
    """

    document: DocumentKind
    source: str
    is_default: bool
    taken_from: str | None
    email: str | None
    name: str | None
    contact_id: UUID | None
    address_id: UUID | None
    is_refused: bool


@dataclass(frozen=True, slots=True)
class _Found:
    taken_from: str
    email: str
    name: str | None
    contact_id: UUID | None = None
    address_id: UUID | None = None


def is_source(text: str) -> bool:
    """Say whether a text names where mail goes."""
    name, colon, identifier = text.partition(":")
    if name not in set(Source):
        return False
    return _is_id(identifier) if name in _WITH_ID else not colon


def routes(session: Session, customer: Customer) -> list[Route]:
    """Return where documents of each kind go, now."""
    return [route(session, customer, document) for document in DocumentKind]


def route(session: Session, customer: Customer, document: DocumentKind) -> Route:
    """Return where documents of a kind go, now."""
    named = keyed.texts(customer.mail_routes).get(document)
    source = named or Source.MAIN_CONTACT.value
    found = _look(session, customer, source) or _own(customer)
    return Route(
        document=document,
        source=source,
        is_default=named is None,
        taken_from=found.taken_from if found else None,
        email=found.email if found else None,
        name=found.name if found else None,
        contact_id=found.contact_id if found else None,
        address_id=found.address_id if found else None,
        is_refused=found is not None and refuses_mail(session, found.email),
    )


def refuse_foreign(session: Session, customer_id: UUID | None, mail_routes: Iterable[str]) -> None:
    """Pass routes whose contacts and addresses are the customer's own.

    Raises:
        ValidationError: names each that is not, or not any more.
    """
    errors = []
    for document, source in keyed.texts(mail_routes).items():
        name, _, identifier = source.partition(":")
        if name not in _WITH_ID:
            continue
        model: Any = Contact if name == Source.CONTACT else Address
        part = session.get(model, UUID(identifier))
        if part is None or part.deleted_at is not None or part.customer_id != customer_id:
            errors.append(
                FieldError(
                    f"/mail_routes/{document}", "unknown",
                    N_("The customer has no such contact or address."),
                )
            )  # fmt: skip
    if errors:
        raise ValidationError(*errors)


def _look(session: Session, customer: Customer, source: str) -> _Found | None:
    name, _, identifier = source.partition(":")
    if name == Source.CUSTOMER:
        return _own(customer)
    if name in {Source.MAIN_CONTACT, Source.CONTACT}:
        contacts = select(Contact).where(
            Contact.customer_id == customer.id, Contact.deleted_at.is_(None),
            Contact.id == UUID(identifier) if identifier else Contact.is_main,
        )  # fmt: skip
        return _of_contact(name, session.scalars(contacts).one_or_none())
    addresses = select(Address).where(
        Address.customer_id == customer.id, Address.deleted_at.is_(None)
    )
    if identifier:
        addresses = addresses.where(Address.id == UUID(identifier))
    else:
        addresses = addresses.where(Address.kind == _KINDS[Source(name)], Address.is_default)
    return _of_address(name, session.scalars(addresses).one_or_none())


def _own(customer: Customer) -> _Found | None:
    if customer.email is None:
        return None
    return _Found(Source.CUSTOMER.value, customer.email, customer.name)


def _of_contact(source: str, contact: Contact | None) -> _Found | None:
    if contact is None or contact.email is None:
        return None
    name = " ".join(part for part in (contact.first_name, contact.last_name) if part) or None
    return _Found(source, contact.email, name, contact_id=contact.id)


def _of_address(source: str, address: Address | None) -> _Found | None:
    if address is None or address.email is None:
        return None
    return _Found(source, address.email, address.attention or address.name, address_id=address.id)


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
