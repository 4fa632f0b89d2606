"""Whose a shop's event is: the customer we know, or a new prospect."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub import matching
from hub.connections.models import Connection
from hub.customers import contacts, facts
from hub.customers import services as customers
from hub.customers.models import Customer, CustomerKind, CustomerRole, ShopIdentity
from hub.db import new_id
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
    surely the same. What the shop says fills what is empty and never writes over what was typed.

    Args:
        session: the worker's.
        connection: the shop.
        party: who the event is about.
        at: when it happened.
        is_newest: False leaves a known customer's values as they are: newer news came before.
    """
    said = values_of(party)
    customer = find_known(session, connection, party, said)
    if customer is not None:
        if is_newest:
            _fill(session, connection, customer, said, at)
        attached = Attached(customer, is_new=False)
    elif said.get("name"):
        attached = Attached(_make_prospect(session, connection, party, said, at), is_new=True)
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
    if party.external_id is not None:
        identity = session.scalar(
            select(ShopIdentity.customer_id).where(
                ShopIdentity.connection_id == connection.id,
                ShopIdentity.shop_customer_id == party.external_id,
            )
        )
        found = knowing.living(session, identity)
        if found is not None:
            return found
    ready = hold(session, said)
    email = said.get("email")
    if email is not None:
        for customer_id in knowing.with_mail(session, [email]).get(email, []):
            found = knowing.living(session, customer_id)
            if found is not None:
                return found
    for candidate in matching.find(session, customers.ENTITY, ready, least=matching.FORBID):
        if candidate.may_link:
            return knowing.living(session, candidate.record_id)
    return None


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
) -> None:
    # A person who orders does not rename the company he orders for; the kind is not his to say.
    renames = said["kind"] is customer.kind and customer.name_provisional
    values = {
        name: value
        for name, value in said.items()
        if name != "kind" and (name != "name" or renames)
    }
    taken = facts.observe(session, customer, CauseKind.SHOP, str(connection.id), values, at=at)
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
