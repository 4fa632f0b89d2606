"""The contact and the addresses that a row names beside its customer.

A file has them in columns of their own (``contact.email``, ``billing.city``); a plan item keeps
them as `contacts` and `addresses`, lists of what each is to be. One that is here already has its
`id`, and then but the fields that change. The applied item keeps in its source what became of each,
for the undo.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.customers import addresses, contacts, references
from hub.customers.models import Address, AddressKind, Contact, Customer
from hub.customers.parts import cleaned
from hub.db import among, find_locked
from hub.errors import FieldError, NotFoundError, StaleVersionError, ValidationError
from hub.history.recording import plain
from hub.history.records import Record
from hub.i18n import N_
from hub.plans.models import PlanItem

CONTACT = "contact"
CONTACTS, ADDRESSES = "contacts", "addresses"
LISTS = (CONTACTS, ADDRESSES)
_KINDS = (AddressKind.BILLING.value, AddressKind.SHIPPING.value)
_CONTACT_FIELDS = ("first_name", "last_name", "job", "office_phone", "mobile", "email")
_ADDRESS_FIELDS = (
    "name", "attention", "address", "postcode", "city", "region", "country", "ean", "phone",
    "email",
)  # fmt: skip
_MODELS: Mapping[str, type[Record]] = {CONTACTS: Contact, ADDRESSES: Address}
_NAMED = ("first_name", "last_name", "email")


def read(given: dict[str, Any], country: str | None) -> dict[str, Any]:
    """Take the parts out of what a row says, and return them in their stored form, by list.

    Raises:
        ValidationError: names each broken rule; pointers lead to ``/contact/…``, ``/billing/…``.
    """
    errors: list[FieldError] = []
    person, places = {}, []
    try:
        person = _person(_take(given, CONTACT), country)
    except ValidationError as error:
        errors.extend(error.errors)
    for kind in _KINDS:
        try:
            place = _place(kind, _take(given, kind), country)
        except ValidationError as error:
            errors.extend(error.errors)
        else:
            places += [place] if place else []
    if errors:
        raise ValidationError(*errors)
    return {
        **({CONTACTS: [person]} if person else {}), **({ADDRESSES: places} if places else {})
    }  # fmt: skip


def present(session: Session, customer_ids: Sequence[UUID]) -> dict[UUID, dict[str, list[Any]]]:
    """Return the contacts and addresses that customers have, as plan items write them."""
    found: dict[UUID, dict[str, list[Any]]] = {
        each: {name: [] for name in LISTS} for each in customer_ids
    }
    for name, fields in ((CONTACTS, _CONTACT_FIELDS), (ADDRESSES, ("kind", *_ADDRESS_FIELDS))):
        model: Any = _MODELS[name]
        query = select(model).where(model.customer_id.in_(customer_ids), model.deleted_at.is_(None))
        for row in session.scalars(query.order_by(model.id)):
            values = {field: plain(getattr(row, field)) for field in fields}
            found[row.customer_id][name].append({"id": str(row.id), **values})
    return found


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a row's parts come to: what is to be done, and the fields that stay as they are."""

    wanted: Mapping[str, list[Any]]
    kept: Sequence[str]


def weigh(
    said: Mapping[str, Any], here: Mapping[str, Sequence[Any]], *, overwrite: bool
) -> Weighed:
    """Return which parts of a row a customer lacks, and which fields of those that it has.

    A contact is the same by its mail address, without one by its name; an address by its kind and
    its place. What differs stays, unless it is to be written over.
    """
    wanted: dict[str, list[Any]] = {}
    kept: list[str] = []
    for name in LISTS:
        for part in said.get(name, ()):
            known = next((each for each in here[name] if _is_same(name, part, each)), None)
            if known is None:
                wanted.setdefault(name, []).append(part)
                continue
            differs = {key for key, value in part.items() if value != known.get(key)}
            stays = {key for key in differs if known.get(key) and not overwrite}
            kept += [f"{name}.{key}" for key in stays]
            if differs - stays and known.get("id"):
                changes = {key: part[key] for key in sorted(differs - stays)}
                wanted.setdefault(name, []).append({"id": known["id"], **changes})
    return Weighed(wanted, sorted(set(kept)))


def without(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a plan item that are the customer's own."""
    return {name: value for name, value in values.items() if name not in LISTS}


def apply(session: Session, customer: Customer, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Make and change the parts that a plan item names; returns what `undo` needs of each.

    Raises:
        NotFoundError: one that was to be changed is gone.
        ValidationError, ConflictError: as for contacts and addresses that people write.
    """
    return [
        _apply(session, customer, name, dict(part))
        for name in LISTS
        for part in values.get(name, ())
    ]


def undo(session: Session, customer: Customer, item: PlanItem, *, now: datetime) -> None:
    """Take back what an item did to a customer's parts, the last first.

    Raises:
        NotFoundError: one was taken away since.
        StaleVersionError: one was changed since.
    """
    for done in reversed((item.source or {}).get("parts", [])):
        part = _found(session, customer, done["list"], done["id"])
        if part.version != done["version"]:
            raise StaleVersionError(part.entity(), part.id, part.version)
        services: Any = contacts if done["list"] == CONTACTS else addresses
        if done["before"] is None:
            services.delete(session, customer, part, now=now)
        else:
            services.update(session, customer, part, done["before"])


def removable(
    session: Session, made: Mapping[UUID, Sequence[Mapping[str, Any]]]
) -> dict[UUID, list[Contact | Address]]:
    """Return the parts that items made, by customer, where `undo` would take them and all go.

    That is where nobody changed them, and nothing but them refers to the customer. A customer that
    is not among them is for `undo` to look at. The customers must be locked (``for update``).
    """
    ids = {
        name: [UUID(done["id"]) for each in made.values() for done in each if done["list"] == name]
        for name in LISTS
    }
    there = {
        **_there(session, Contact, ids[CONTACTS]), **_there(session, Address, ids[ADDRESSES])
    }  # fmt: skip
    held = references.held_parts(session, contact_ids=ids[CONTACTS], address_ids=ids[ADDRESSES])
    holding = references.held_with_parts(session, list(made))
    free = {}
    for customer_id, each in made.items():
        parts = [there.get(UUID(done["id"])) for done in each]
        as_made = [
            part
            for part, done in zip(parts, each, strict=True)
            if part is not None
            and part.customer_id == customer_id
            and (part.version, done["before"]) == (done["version"], None)
            and part.id not in held
        ]
        own = {part.id for part in as_made}
        holders = holding[customer_id].holders if customer_id in holding else ()
        if len(as_made) == len(each) and own.issuperset(holder.id for holder in holders):
            free[customer_id] = as_made
    return free


def _there(session: Session, model: Any, ids: Sequence[UUID]) -> dict[UUID, Contact | Address]:
    query = select(model).where(among(model.id, ids), model.deleted_at.is_(None))
    found = session.scalars(
        query.order_by(model.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {part.id: part for part in found}


def take_away(session: Session, parts: Iterable[Contact | Address], *, now: datetime) -> None:
    """Delete all the parts of customers that go as well, so that no other takes their places."""
    for part in parts:
        if isinstance(part, Contact):
            part.is_main = False
        else:
            part.is_default = False
        part.deleted_at = now
    session.flush()


def _apply(
    session: Session, customer: Customer, name: str, fields: dict[str, Any]
) -> dict[str, Any]:
    services: Any = contacts if name == CONTACTS else addresses
    known, before = fields.pop("id", None), None
    if known is None:
        part = services.create(session, customer, fields)
    else:
        part = _found(session, customer, name, known)
        before = {field: plain(getattr(part, field)) for field in fields}
        services.update(session, customer, part, fields)
    return {"list": name, "id": str(part.id), "version": part.version, "before": before}


def _found(session: Session, customer: Customer, name: str, identifier: str) -> Any:
    part: Any = find_locked(session, _MODELS[name], UUID(identifier))
    if part is None or part.deleted_at is not None or part.customer_id != customer.id:
        raise NotFoundError(_MODELS[name].entity(), UUID(identifier))
    return part


def _take(given: dict[str, Any], part: str) -> dict[str, Any]:
    prefix = f"{part}."
    names = [name for name in given if name.startswith(prefix)]
    return {name.removeprefix(prefix): given.pop(name) for name in names}


def _person(given: dict[str, Any], country: str | None) -> dict[str, Any]:
    whole = given.pop("name", None)
    if whole and not (given.get("first_name") or given.get("last_name")):
        first, _, last = str(whole).strip().rpartition(" ")
        given |= {"first_name": first or None, "last_name": last}
    if not given:
        return {}
    if not any(given.get(name) for name in _NAMED):
        raise ValidationError.of(
            f"/{CONTACT}/last_name", "required",
            N_("A first name, a last name or an email is needed."),
        )  # fmt: skip
    return _cleaned(CONTACT, given, contacts.RULES, country)


def _place(kind: str, given: dict[str, Any], country: str | None) -> dict[str, Any]:
    if not given:
        return {}
    if not any(given.get(name) for name in addresses.SOMEWHERE):
        raise ValidationError.of(f"/{kind}/address", "required", addresses.NOWHERE)
    return {"kind": kind, **_cleaned(kind, given, addresses.RULES, country)}


def _cleaned(
    part: str, given: Mapping[str, Any], rules: Mapping[str, str], country: str | None
) -> dict[str, Any]:
    try:
        values = cleaned(given.get("country") or country, given, rules)
    except ValidationError as error:
        raise ValidationError(
            *(
                FieldError(f"/{part}{each.pointer}", each.code, each.message, each.params)
                for each in error.errors
            )
        ) from error
    return {name: plain(value) for name, value in values.items() if value is not None}


def _is_same(name: str, said: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    if name == CONTACTS:
        if said.get("email") and known.get("email"):
            return _folded(said, "email") == _folded(known, "email")
        return _folded(said, "first_name", "last_name") == _folded(known, "first_name", "last_name")
    return said.get("kind") == known.get("kind") and _folded(said, *_PLACE) == _folded(
        known, *_PLACE
    )


_PLACE = ("name", "address", "postcode", "city")


def _folded(part: Mapping[str, Any], *names: str) -> Iterator[Any] | list[str]:
    return [str(part.get(name) or "").casefold() for name in names]
