"""The e-conomic sandbox against the vendor's own draft-03 schemas.

Connector and sandbox were written by the same people; the schemas were not. They are read from the
folder that HUB_REFERENCE_DIR names.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft3Validator

from connectors.accounting.economic.customer import REFERENCES, TEXTS
from connectors.accounting.economic.declaration import DECLARATION
from connectors.sandbox.economic import create_app, new_books, searchable
from connectors.sandbox.economic import rules as our_rules
from connectors.sandbox.economic.filters import Field
from connectors.sandbox.economic.rules import Kind, Rule
from tests.reference import reference

_HEADERS = {"X-AppSecretToken": "sandbox-app", "X-AgreementGrantToken": "sandbox-grant"}
_NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
_CUSTOMER: Mapping[str, Any] = {
    "name": "Nordlys Testværk ApS",
    "currency": "DKK",
    "customerGroup": {"customerGroupNumber": 1},
    "paymentTerms": {"paymentTermsNumber": 1},
    "vatZone": {"vatZoneNumber": 1},
}
_WHOLE_CUSTOMER: Mapping[str, Any] = {
    **_CUSTOMER,
    "customerNumber": 7,
    "address": "Prøvevej 12B\n2. tv",
    "zip": "8000",
    "city": "Aarhus C",
    "country": "Danmark",
    "corporateIdentificationNumber": "99000007",
    "vatNumber": "DK99000007",
    "pNumber": "1000000001",
    "ean": "5790000000012",
    "publicEntryNumber": "PE-1",
    "email": "kontakt@nordlys.example",
    "telephoneAndFaxNumber": "70000001",
    "mobilePhone": "20000001",
    "website": "https://nordlys.example",
    "barred": True,
    "creditLimit": 12500.5,
    "layout": {"layoutNumber": 19},
    "salesPerson": {"employeeNumber": 1},
}


def _schema(name: str) -> dict[str, Any]:
    path = reference("artifacts", "e-conomic", "legacy-schemas", f"{name}.schema.json")
    schema: dict[str, Any] = json.loads(path.read_text(encoding="utf-8-sig"))
    return schema


# --- the tables ---------------------------------------------------------------------------------


def _theirs(schema: Mapping[str, Any]) -> Rule:
    """Return a vendor's schema as one of our rules."""
    return Rule(
        Kind(schema.get("type", "any")),
        required=schema.get("required", False),
        shortest=schema.get("minLength"),
        longest=schema.get("maxLength"),
        least=schema.get("minimum"),
        greatest=schema.get("maximum"),
        choices=tuple(schema.get("enum", ())),
        unique=schema.get("uniqueItems", False),
        properties={name: _theirs(s) for name, s in schema.get("properties", {}).items()},
        items=_theirs(schema["items"]) if "items" in schema else None,
    )


@pytest.mark.parametrize(
    ("table", "name"),
    [
        (our_rules.CUSTOMER_POST, "customers.post"),
        (our_rules.CUSTOMER_PUT, "customers.customerNo.put"),
        (our_rules.CONTACT_POST, "customers.customerNumber.contacts.post"),
        (our_rules.CONTACT_PUT, "customers.customerNumber.contacts.contactNumber.put"),
        (our_rules.CUSTOMER_GROUP_POST, "customer-groups.post"),
        (our_rules.CUSTOMER_GROUP_PUT, "customer-groups.customergroupnumber.put"),
    ],
)
def test_the_rules_for_bodies_are_the_vendors(table: Mapping[str, Rule], name: str) -> None:
    theirs = dict(_theirs(_schema(name)).properties)
    theirs.pop("priceGroup", None)  # its schema says nothing that could be checked

    assert dict(table) == theirs


@pytest.mark.parametrize(
    ("table", "name"),
    [
        (searchable.CUSTOMERS, "customers.get"),
        (searchable.CUSTOMERS_OF_GROUP, "customer-groups.customerGroupNumber.customers.get"),
        (searchable.CONTACTS, "customers.customerNumber.contacts.get"),
        (searchable.DELIVERY_LOCATIONS, "customers.customerNumber.delivery-locations.get"),
        (searchable.CUSTOMER_GROUPS, "customer-groups.get"),
        (searchable.EMPLOYEES, "employees.get"),
        (searchable.BOOKED, "invoices.booked.get"),
        (searchable.BOOKED_BY_STATE, "invoices.unpaid.get"),
        (searchable.BOOKED_BY_STATE, "invoices.paid.get"),
        (searchable.BOOKED_BY_STATE, "invoices.overdue.get"),
        (searchable.BOOKED_BY_STATE, "invoices.not-due.get"),
        (searchable.BOOKED_OF_CUSTOMER, "customers.customerNumber.invoices.booked.get"),
        (searchable.DRAFTS, "invoices.drafts.get"),
        (searchable.DRAFTS_OF_CUSTOMER, "customers.customerNumber.invoices.drafts.get"),
        ({}, "payment-terms.get"),
        ({}, "vat-zones.get"),
        ({}, "currencies.get"),
        ({}, "layouts.get"),
    ],
)
def test_the_fields_to_filter_and_sort_by_are_the_vendors(
    table: Mapping[str, Field], name: str
) -> None:
    element = _schema(name)["properties"]["collection"]["items"]
    marked = dict(_marks(element, ""))
    ours = {path: (field.filterable, field.sortable) for path, field in table.items()}
    if name == "customers.get":
        del ours["pNumber"]  # taken by the real server, as recorded traffic shows

    assert ours == {path: marks for path, marks in marked.items() if any(marks)}


def _marks(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, tuple[bool, bool]]]:
    for name, below in schema.get("properties", {}).items():
        yield (
            f"{path}{name}",
            (below.get("filterable", False), below.get("sortable", False)),
        )
        yield from _marks(below, f"{path}{name}.")


def test_the_connectors_lengths_and_required_fields_are_the_vendors() -> None:
    theirs = _schema("customers.post")["properties"]
    wires = {**TEXTS, **{name: wires[0] for name, wires in REFERENCES.items()}}

    for field in DECLARATION.fields:
        schema = theirs[
            wires.get(field.name, {"credit_limit": "creditLimit"}.get(field.name, "barred"))
        ]
        assert (field.max_length, field.required) == (
            schema.get("maxLength"),
            schema.get("required", False),
        ), field.name


# --- what is accepted and what is refused ---------------------------------------------------------


@pytest.fixture
def client() -> FlaskClient:
    return _app().test_client()


def _app() -> Flask:
    books = new_books(lambda: _NOW)
    books.create_customer(_WHOLE_CUSTOMER)
    books.store_contact(7, {"name": "Prøve Person", "emailNotifications": ["invoices"]})
    books.delivery_locations[7] = {1: {"deliveryLocationNumber": 1, "address": "Prøvekaj 3"}}
    books.replace_customer(
        7,
        {
            **_WHOLE_CUSTOMER,
            "attention": {"customerContactNumber": 1},
            "customerContact": {"customerContactNumber": 1},
            "defaultDeliveryLocation": {"deliveryLocationNumber": 1},
        },
    )
    return create_app(books)


def _bodies(base: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Vary each property of a valid body in turn: absent, of each type, at and over each limit."""
    yield dict(base)
    for name, rule in schema["properties"].items():
        yield {key: value for key, value in base.items() if key != name}
        for value in _values(rule):
            yield {**base, name: value}


def _values(rule: Mapping[str, Any]) -> Iterator[Any]:
    yield from (None, "", "x", 0, 1, 1.5, True, False, {}, [], ["invoices"])
    for length in (rule.get("minLength", 0), rule.get("maxLength", 0)):
        yield from ("x" * max(0, length - 1), "x" * length, "x" * (length + 1))
    for limit in (rule.get("minimum"), rule.get("maximum")):
        if limit is not None:
            yield from (limit - 1, limit, limit + 1)
    for name, below in rule.get("properties", {}).items():
        yield from ({name: value} for value in _values(below))
    if "items" in rule:
        choices = rule["items"].get("enum", [])
        yield from (choices, [*choices, *choices[:1]], ["nothing"], [None], [1])


@pytest.mark.parametrize(
    ("method", "path", "name", "base"),
    [
        ("POST", "/customers", "customers.post", _CUSTOMER),
        ("PUT", "/customers/8", "customers.customerNo.put", _CUSTOMER),
        (
            "POST",
            "/customers/7/contacts",
            "customers.customerNumber.contacts.post",
            {"name": "Prøve Person"},
        ),
        (
            "PUT",
            "/customers/7/contacts/1",
            "customers.customerNumber.contacts.contactNumber.put",
            {"name": "Prøve Person", "customerContactNumber": 1},
        ),
        (
            "POST",
            "/customer-groups",
            "customer-groups.post",
            {"customerGroupNumber": 9, "name": "Gruppe", "account": {"accountNumber": 5600}},
        ),
        (
            "PUT",
            "/customer-groups/1",
            "customer-groups.customergroupnumber.put",
            {"name": "Gruppe", "account": {"accountNumber": 5600}},
        ),
    ],
)
def test_a_body_is_refused_for_its_form_exactly_where_the_vendors_schema_refuses_it(
    client: FlaskClient, method: str, path: str, name: str, base: Mapping[str, Any]
) -> None:
    schema = _schema(name)
    validator = Draft3Validator(schema)
    written = well_formed = refused = 0
    for body in _bodies(base, schema):
        reply = client.open(path, method=method, json=body, headers=_HEADERS)

        codes = set(_codes(reply.get_json()))
        theirs_ok = validator.is_valid(body)
        ours_ok = reply.status_code in {200, 201} or not codes & {"E04300", "E04042"}
        if name.startswith("customer-groups") and "accountNumber" not in (
            body.get("account") if isinstance(body.get("account"), dict) else {}  # type: ignore[operator] # narrowed on the line above
        ):
            continue  # the account is required by the vendor's words, not by its schema
        assert ours_ok == theirs_ok, (body, reply.get_json())
        written += reply.status_code in {200, 201}
        well_formed += theirs_ok
        refused += not theirs_ok
    assert written >= 1
    assert well_formed >= 10
    assert refused >= 20


def _codes(node: Any) -> Iterator[str]:
    """Return the codes of the leaves: of what stands under ``errors``."""
    if isinstance(node, list):
        for item in node:
            yield from _codes(item)
    elif isinstance(node, dict):
        if "propertyName" in node:
            yield node["errorCode"]
        for value in node.values():
            yield from _codes(value)


# --- what is answered -----------------------------------------------------------------------------


def _seed_invoices(client: FlaskClient) -> None:
    for gross, remainder, due in (
        (1250.0, 1250.0, "2026-10-01"),
        (80.0, 0.0, "2026-10-01"),
        (-99.5, -99.5, "2026-12-01"),
    ):
        body = {
            "customerNumber": 7,
            "grossAmount": gross,
            "remainder": remainder,
            "dueDate": due,
            "date": "2026-09-15",
        }
        assert client.post("/_sandbox/invoices", json=body).status_code == 200
    draft = {"customerNumber": 7, "grossAmount": 10.0}
    assert client.post("/_sandbox/drafts", json=draft).status_code == 200


_RESPONSES = [
    ("/customers", "customers.get", 1),
    ("/customers/7", "customers.customerNumber.get", None),
    ("/customers/7/contacts", "customers.customerNumber.contacts.get", 1),
    ("/customers/7/contacts/1", "customers.customerNumber.contacts.contactNumber.get", None),
    ("/customers/7/delivery-locations", "customers.customerNumber.delivery-locations.get", 1),
    ("/customers/7/invoices", "customers.customerNumber.invoices.get", None),
    ("/customers/7/invoices/booked", "customers.customerNumber.invoices.booked.get", 3),
    ("/customers/7/invoices/drafts", "customers.customerNumber.invoices.drafts.get", 1),
    ("/customer-groups", "customer-groups.get", 3),
    ("/customer-groups/1", "customer-groups.customerGroupNumber.get", None),
    ("/payment-terms", "payment-terms.get", 5),
    ("/payment-terms/1", "payment-terms.paymentTermsNumber.get", None),
    ("/vat-zones", "vat-zones.get", 4),
    ("/vat-zones/1", "vat-zones.vatZoneNumber.get", None),
    ("/currencies", "currencies.get", 6),
    ("/currencies/DKK", "currencies.code.get", None),
    ("/layouts", "layouts.get", 1),
    ("/employees", "employees.get", 1),
    ("/invoices/booked", "invoices.booked.get", 3),
    ("/invoices/booked/1", "invoices.booked.bookedInvoiceNumber.get", None),
    ("/invoices/drafts", "invoices.drafts.get", 1),
    ("/invoices/drafts/1", "invoices.drafts.draftInvoiceNumber.get", None),
    ("/invoices/unpaid", "invoices.unpaid.get", 2),
    ("/invoices/paid", "invoices.paid.get", 1),
    ("/invoices/overdue", "invoices.overdue.get", 1),
    ("/invoices/not-due", "invoices.not-due.get", 1),
    ("/self", "self.get", None),
]


@pytest.mark.parametrize(("path", "name", "count"), _RESPONSES)
def test_a_response_is_valid_and_has_no_property_that_the_vendor_does_not_know(
    client: FlaskClient, path: str, name: str, count: int | None
) -> None:
    schema = _schema(name)
    _seed_invoices(client)

    reply = client.get(path, headers=_HEADERS)

    body = reply.get_json()
    assert reply.status_code == 200
    assert [error.message for error in Draft3Validator(schema).iter_errors(body)] == []
    if "delivery-locations" in path:  # there the vendor wrote the envelope into the collection
        schema["properties"] |= {"self": {}}
    assert list(_unknown(body, schema, "")) == []
    assert count is None or len(body["collection"]) == count


def test_the_members_of_a_group_are_valid_customers(client: FlaskClient) -> None:
    schema = _schema("customer-groups.customerGroupNumber.customers.get")

    body = client.get("/customer-groups/1/customers", headers=_HEADERS).get_json()

    assert [error.message for error in Draft3Validator(schema).iter_errors(body)] == []
    assert len(body["collection"]) == 1


@pytest.mark.parametrize("write", ["POST", "PUT", "PUT again"])
def test_what_a_write_answers_is_a_valid_customer(client: FlaskClient, write: str) -> None:
    validator = Draft3Validator(_schema("customers.customerNumber.get"))
    body = {key: value for key, value in _WHOLE_CUSTOMER.items() if key != "customerNumber"}
    calls: Mapping[str, Callable[[], Any]] = {
        "POST": lambda: client.post("/customers", json=body, headers=_HEADERS),
        "PUT": lambda: client.put("/customers/9", json=body, headers=_HEADERS),
        "PUT again": lambda: client.put("/customers/7", json=body, headers=_HEADERS),
    }

    reply = calls[write]()

    assert reply.status_code == (200 if write == "PUT again" else 201)
    assert [error.message for error in validator.iter_errors(reply.get_json())] == []


def _unknown(body: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:
    if isinstance(body, list):
        for item in body:
            yield from _unknown(item, schema.get("items", {}), f"{path}[]")
    elif isinstance(body, dict) and "properties" in schema:
        for name, value in body.items():
            if name not in schema["properties"] and (
                path or name not in {"metaData", "pagination"}
            ):
                yield f"{path}.{name}"
            else:
                below = schema["properties"].get(name, {})
                yield from _unknown(value, below, f"{path}.{name}")
