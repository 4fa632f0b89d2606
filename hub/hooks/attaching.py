"""Whose a shop's event is: the customer we know, or a new prospect."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub import matching
from hub.connections.models import Connection
from hub.customers import contacts, facts
from hub.customers import services as customers
from hub.customers.models import Customer, CustomerKind, CustomerRole, ShopIdentity
from hub.db import new_id
from hub.duplicates.raising import raise_pairs
from hub.intake import knowing
from hub.intake.cleaning import clean_each
from hub.origin import CauseKind
from hub.ports import ShopParty

CHANNEL = "shop"


@dataclass(frozen=True, slots=True)
class Attached:
    """The customer an event belongs to, and whether the event made it."""

    customer: Customer
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """The customer that a party is, or those that people are to say it of."""

    customer: Customer | None
    alike: tuple[UUID, ...] = ()


def attach(
    session: Session,
    connection: Connection,
    party: ShopParty,
    *,
    at: datetime,
    is_newest: bool,
) -> Attached | None:
    """Find the customer behind an event, or make a prospect; None where the event names nobody.

    Known by the shop's own id, then by mail address (its own or a contact's), then as one that is
    surely the same; with one that may be, the prospect is a pair for people to look at. What the
    shop says fills what is empty and never writes over what was typed. It renews what it filled,
    unless another of its ids has had the customer for longer: that one's values are not this one's.

    Args:
        session: the worker's.
        connection: the shop.
        party: who the event is about.
        at: when it happened.
        is_newest: False leaves a known customer's values as they are: newer news came before.
    """
    said = values_of(party)
    found = _look(session, connection, party, said)
    if found.customer is not None:
        if is_newest:
            renews = _is_its_own(session, connection, party, found.customer)
            _fill(session, connection, found.customer, said, at, renews=renews)
        attached = Attached(found.customer, is_new=False)
    elif said.get("name"):
        attached = Attached(_make_prospect(session, connection, party, said, at), is_new=True)
        _raise_pairs(session, attached.customer, found.alike)
    else:
        return None
    if party.external_id is not None:
        _remember(session, connection, party.external_id, attached.customer)
    return attached


def find_known(
    session: Session, connection: Connection, party: ShopParty, said: Mapping[str, Any]
) -> Customer | None:
    """Return the customer that a party is; others who ask of one like it wait for the commit.

    Args:
        session: the worker's.
        connection: the shop.
        party: who.
        said: what it says, as `values_of` returns it.
    """
    return _look(session, connection, party, said).customer


def _look(
    session: Session, connection: Connection, party: ShopParty, said: Mapping[str, Any]
) -> _Found:
    if party.external_id is not None:
        identity = session.scalar(
            select(ShopIdentity.customer_id).where(
                ShopIdentity.connection_id == connection.id,
                ShopIdentity.shop_customer_id == party.external_id,
            )
        )
        found = knowing.living(session, identity)
        if found is not None:
            return _Found(found)
    ready = hold(session, said)
    email = said.get("email")
    if email is not None:
        for customer_id in knowing.with_mail(session, [email]).get(email, []):
            found = knowing.living(session, customer_id)
            if found is not None:
                return _Found(found)
    alike = matching.find(session, customers.ENTITY, ready, least=matching.FORBID)
    for candidate in alike:
        found = knowing.living(session, candidate.record_id)
        if found is not None and _is_surely(session, connection, party, found, candidate):
            return _Found(found)
    return _Found(None, tuple(candidate.record_id for candidate in alike))


def _is_surely(
    session: Session,
    connection: Connection,
    party: ShopParty,
    customer: Customer,
    candidate: matching.Candidate,
) -> bool:
    has_another_id = (
        party.external_id is not None and _first_id(session, connection, customer.id) is not None
    )
    return matching.judge(
        [candidate],
        of_companies=party.company is not None and customer.kind is not CustomerKind.PERSON,
        known_apart=has_another_id,
    ).is_sure


def _is_its_own(
    session: Session, connection: Connection, party: ShopParty, customer: Customer
) -> bool:
    """Say whether no other id of the shop has had a customer for longer than a party's has."""
    if party.external_id is None:
        return True
    return _first_id(session, connection, customer.id) in {None, party.external_id}


def _first_id(session: Session, connection: Connection, customer_id: UUID) -> str | None:
    """Return by which id a shop has known a customer for the longest time."""
    return session.scalar(
        select(ShopIdentity.shop_customer_id)
        .where(ShopIdentity.connection_id == connection.id, ShopIdentity.customer_id == customer_id)
        .order_by(ShopIdentity.id)
        .limit(1)
    )


def _raise_pairs(session: Session, customer: Customer, alike: Collection[UUID]) -> None:
    """Have people look at a new prospect beside those it may be."""
    if not alike:
        return
    pairs = matching.find_pairs(session, customers.ENTITY, [customer.id])
    others = {*alike, customer.id}
    raise_pairs(session, [each for each in pairs if {each.first_id, each.second_id} <= others])


def hold(session: Session, said: Mapping[str, Any]) -> matching.Prepared:
    """Have others who are about to take in one like it wait for the commit; before rows are locked.

    Args:
        session: the worker's.
        said: what a party says, as `values_of` returns it.
    """
    ready = matching.prepare(customers.ENTITY, customers.party_of(said))
    matching.hold(session, customers.ENTITY, [ready])
    return ready


def values_of(party: ShopParty) -> dict[str, Any]:
    """Return what a party says as customer fields; values that break a rule are left out."""
    person = " ".join(part for part in (party.first_name, party.last_name) if part)
    given = {
        "name": party.company or person or party.email,
        "kind": CustomerKind.ORGANISATION if party.company else CustomerKind.PERSON,
        "country": party.country,
        "cvr": party.registration_number,
        "phone": party.phone,
        "email": party.email,
        "address": "\n".join(party.address_lines),
        "postcode": party.postcode,
        "city": party.city,
    }
    values, _ = clean_each(given)
    return values


def _fill(
    session: Session,
    connection: Connection,
    customer: Customer,
    said: Mapping[str, Any],
    at: datetime,
    *,
    renews: bool,
) -> None:
    # A person who orders does not rename the company he orders for; the kind is not his to say.
    renames = said["kind"] is customer.kind and customer.name_provisional
    values = {
        name: value
        for name, value in said.items()
        if name != "kind" and (name != "name" or renames)
    }
    taken = facts.observe(
        session, customer, CauseKind.SHOP, str(connection.id), values, at=at, renews=renews
    )
    if "name" in taken:
        customer.name_provisional = False
    customers.refresh_derived(session, customer, set(taken))


def _make_prospect(
    session: Session,
    connection: Connection,
    party: ShopParty,
    said: Mapping[str, Any],
    at: datetime,
) -> Customer:
    customer = customers.create(
        session,
        {**said, "roles": [CustomerRole.PROSPECT.value]},
        now=at,
        check_duplicates=False,
        channel=CHANNEL,
    )
    facts.keep_written(session, customer, CauseKind.SHOP, str(connection.id), said, at=at)
    if party.company and (party.first_name or party.last_name):
        _add_contact(session, customer, party, said)
    return customer


def _add_contact(
    session: Session, customer: Customer, party: ShopParty, said: Mapping[str, Any]
) -> None:
    """Keep the person who ordered for a company."""
    given = {
        "first_name": party.first_name,
        "last_name": party.last_name,
        "email": said.get("email"),
        "office_phone": said.get("phone"),
    }
    contacts.create(session, customer, {name: value for name, value in given.items() if value})


def _remember(
    session: Session, connection: Connection, shop_customer_id: str, customer: Customer
) -> None:
    statement = insert(ShopIdentity).values(
        id=new_id(),
        connection_id=connection.id,
        shop_customer_id=shop_customer_id,
        customer_id=customer.id,
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["connection_id", "shop_customer_id"],
            set_={"customer_id": statement.excluded.customer_id},
        )
    )
