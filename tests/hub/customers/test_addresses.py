"""A customer's addresses, one default of each kind, and where its documents go."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from hub.customers import addresses, contacts, routing, services
from hub.customers.models import Address, AddressKind, Customer
from hub.db import transaction
from hub.errors import ConflictError, ValidationError
from tests.people import make_customer

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
RY = {"kind": "billing", "city": "Ry"}


@pytest.fixture
def customer_id(database: Engine) -> UUID:
    with transaction() as session:
        return make_customer(session, email="info@havn.example").id


def add(customer_id: UUID, **fields: Any) -> UUID:
    with transaction() as session:
        customer = session.get_one(Customer, customer_id)
        return addresses.create(session, customer, {**RY, **fields}).id


def change(identifier: UUID, **fields: Any) -> None:
    with transaction() as session:
        address = session.get_one(Address, identifier)
        addresses.update(session, session.get_one(Customer, address.customer_id), address, fields)


def remove(identifier: UUID) -> None:
    with transaction() as session:
        address = session.get_one(Address, identifier)
        customer = session.get_one(Customer, address.customer_id)
        addresses.delete(session, customer, address, now=NOW)


def defaults() -> set[tuple[str, UUID]]:
    with transaction() as session:
        rows = session.execute(
            select(Address.kind, Address.id).where(Address.is_default, Address.deleted_at.is_(None))
        )
        return {(row.kind.value, row.id) for row in rows}


def refused(customer_id: UUID, **fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as error:
        add(customer_id, **fields)
    return [(each.pointer, each.code) for each in error.value.errors]


def test_the_first_of_a_kind_is_its_default_and_another_takes_its_place(customer_id: UUID) -> None:
    first, second = add(customer_id), add(customer_id, city="Ribe")
    shipping = add(customer_id, kind="shipping")
    assert defaults() == {("billing", first), ("shipping", shipping)}

    change(second, is_default=True)
    assert defaults() == {("billing", second), ("shipping", shipping)}

    third = add(customer_id, city="Odder", is_default=True)
    assert defaults() == {("billing", third), ("shipping", shipping)}


def test_the_oldest_inherits_the_place_of_a_default_that_goes(customer_id: UUID) -> None:
    first, second, third = add(customer_id), add(customer_id), add(customer_id)

    remove(first)
    assert defaults() == {("billing", second)}
    change(second, kind="shipping")
    assert defaults() == {("billing", third), ("shipping", second)}


def test_the_database_keeps_two_defaults_of_a_kind_apart(customer_id: UUID) -> None:
    add(customer_id)

    with pytest.raises(IntegrityError, match="uq_address_default"), transaction() as session:
        session.add(
            Address(customer_id=customer_id, kind=AddressKind.BILLING, city="Ribe", country="DK",
                    is_default=True)
        )  # fmt: skip


def test_an_address_keeps_the_rules_of_a_customers_fields(customer_id: UUID) -> None:
    made = add(customer_id, phone="33 12 12 13", ean="5790000000005", country="se",
               attention="Ida")  # fmt: skip
    with transaction() as session:
        found = session.get_one(Address, made)
        assert (found.phone, found.country) == ("+4633121213", "SE")

    assert refused(customer_id, ean="5790000000006") == [("/ean", "check_digit")]
    assert refused(customer_id, email="nobody", country="XX") == [
        ("/country", "unknown"), ("/email", "format"),
    ]  # fmt: skip
    assert refused(customer_id, city=None) == [("/address", "required")]
    assert refused(customer_id, kind=None) == [("/kind", "required")]


def test_a_reference_names_one_living_address(customer_id: UUID) -> None:
    first = add(customer_id, external_ref="erp-1")

    with pytest.raises(ConflictError, match="in use"):
        add(customer_id, external_ref="erp-1")
    remove(first)
    add(customer_id, external_ref="erp-1")


def test_addresses_go_with_their_customer(customer_id: UUID) -> None:
    made = add(customer_id)
    with transaction() as session:
        services.delete(session, session.get_one(Customer, customer_id), now=NOW)
    with transaction() as session:
        assert session.get_one(Address, made).deleted_at == NOW


def routes(customer_id: UUID, **named: str) -> dict[str, tuple[str | None, str | None]]:
    with transaction() as session:
        customer = session.get_one(Customer, customer_id)
        services.update(session, customer, {"mail_routes": named}, now=NOW)
        return {
            each.document.value: (each.taken_from, each.email)
            for each in routing.routes(session, customer)
            if each.document in {"invoice", "order_confirmation", "statement"}
        }


def test_documents_go_where_their_kind_is_routed(customer_id: UUID) -> None:
    add(customer_id, email="faktura@havn.example")
    with transaction() as session:
        customer = session.get_one(Customer, customer_id)
        ida = contacts.create(session, customer, {"first_name": "Ida", "email": "ida@havn.example"})
        bo = contacts.create(session, customer, {"first_name": "Bo", "email": "bo@havn.example"})
        bo_id, ida_email = bo.id, ida.email

    found = routes(customer_id, invoice="billing", order_confirmation=f"contact:{bo_id}")

    assert found == {
        "invoice": ("billing", "faktura@havn.example"),
        "order_confirmation": ("contact", "bo@havn.example"),
        "statement": ("main_contact", ida_email),
    }


def test_without_an_address_there_the_customers_own_is_taken(customer_id: UUID) -> None:
    found = routes(customer_id, invoice="shipping", statement="customer")

    assert set(found.values()) == {("customer", "info@havn.example")}
    with transaction() as session:
        customer = session.get_one(Customer, customer_id)
        customer.email = None
        nowhere = routing.route(session, customer, routing.DocumentKind.INVOICE)
        assert (nowhere.source, nowhere.taken_from, nowhere.email) == ("shipping", None, None)


def test_a_route_says_that_whoever_reads_the_address_refuses_mail(customer_id: UUID) -> None:
    with transaction() as session:
        customer = session.get_one(Customer, customer_id)
        contacts.create(session, customer, {"email": "ida@havn.example", "refuses_email": True})
        assert routing.route(session, customer, routing.DocumentKind.INVOICE).is_refused


def test_only_the_customers_own_contacts_and_addresses_get_its_documents(
    customer_id: UUID,
) -> None:
    with transaction() as session:
        other = make_customer(session, "Skarv ApS")
        foreign = addresses.create(session, other, {**RY, "email": "a@skarv.example"}).id

    for source in (f"address:{foreign}", f"contact:{uuid4()}"):
        with pytest.raises(ValidationError) as error:
            routes(customer_id, invoice=source)
        assert [(e.pointer, e.code) for e in error.value.errors] == [
            ("/mail_routes/invoice", "unknown")
        ]
        with pytest.raises(ValidationError), transaction() as session:
            make_customer(session, "Ternen ApS", mail_routes={"invoice": source})
