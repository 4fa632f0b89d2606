"""Standard Webhooks in Hub's own shape: what each body says, and which are none."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from connectors.shops.standard_webhooks import DECLARATION, connect
from hub.errors import MalformedReplyError
from hub.ports import ShopEvent, ShopInquiry, ShopParty

PARTY = {
    "id": "c-17",
    "email": "signe@nordlys.example",
    "first_name": "Signe",
    "last_name": "Holm",
    "company": "Nordlys ApS",
    "phone": "+45 12 34 56 78",
    "registration_number": "DK99000007",
    "address": {
        "lines": ["Havnegade 4", " ", "2. tv."],
        "postcode": "8000",
        "city": "Aarhus C",
        "country": "DK",
    },
}
READ_PARTY = ShopParty(
    external_id="c-17",
    email="signe@nordlys.example",
    first_name="Signe",
    last_name="Holm",
    company="Nordlys ApS",
    phone="+45 12 34 56 78",
    address_lines=("Havnegade 4", "2. tv."),
    postcode="8000",
    city="Aarhus C",
    country="DK",
    registration_number="DK99000007",
)
ORDER = {
    "id": 727,
    "number": "A-727",
    "total": "1249.50",
    "currency": "DKK",
    "status": "paid",
    "starts_on": "2026-05-06",
    "delivers_on": "2026-05-20",
    "closed": True,
    "customer": PARTY,
}
OCCURRED_AT = datetime(2026, 5, 4, 10, 11, 12, tzinfo=UTC)


def parse(topic: object, data: object, **changes: Any) -> ShopEvent:
    content = {"type": topic, "timestamp": "2026-05-04T12:11:12+02:00", "data": data} | changes
    return connect({}, {}, None).parse({}, json.dumps(content).encode())


@pytest.mark.parametrize("noun", ["customer", "contact"])
def test_a_customer_or_contact_is_read_whole(noun: str) -> None:
    assert parse(f"{noun}.updated", PARTY) == ShopEvent(
        kind="customer",
        topic=f"{noun}.updated",
        resource_id="c-17",
        occurred_at=OCCURRED_AT,
        party=READ_PARTY,
        summary=f"{noun.capitalize()} Nordlys ApS updated",
    )


def test_an_inquiry_is_read_whole() -> None:
    wish = {
        "message": " Ring til mig\r\n\r\nefter kl. 15 ", "source": "fair", "program": "cranes",
        "referrer": "Alken", "value": "45000.50", "currency": "DKK", "customer_id": 17,
    }  # fmt: skip

    assert parse("lead.created", PARTY | wish) == ShopEvent(
        kind="lead",
        topic="lead.created",
        resource_id="c-17",
        occurred_at=OCCURRED_AT,
        party=replace(READ_PARTY, external_id="17"),
        total="45000.50",
        currency="DKK",
        summary="Inquiry of Nordlys ApS",
        inquiry=ShopInquiry("Ring til mig\n\nefter kl. 15", "fair", "cranes", "Alken"),
    )


def test_an_order_is_read_whole() -> None:
    assert parse("order.created", ORDER) == ShopEvent(
        kind="order",
        topic="order.created",
        resource_id="727",
        occurred_at=OCCURRED_AT,
        party=READ_PARTY,
        order_number="A-727",
        total="1249.50",
        currency="DKK",
        summary="Order A-727: 1249.50 DKK, paid",
        is_over=True,
        is_confirmed=True,
        starts_on=date(2026, 5, 6),
        delivers_on=date(2026, 5, 20),
    )


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"starts_on": "next week"}, "{field} is not a day."),
        ({"closed": "perhaps"}, "{field} is not a yes or no."),
        ({"confirmed": "perhaps"}, "{field} is not a yes or no."),
    ],
)
def test_an_order_with_what_is_no_day_or_no_truth_is_refused(
    said: dict[str, str], message: str
) -> None:
    with pytest.raises(MalformedReplyError, match=message.partition("} ")[2]):
        parse("order.created", ORDER | said)


@pytest.mark.parametrize(
    ("topic", "said", "is_confirmed"),
    [
        ("order.created", {"status": "paid"}, True),
        ("order.created", {"status": None}, True),
        ("order.created", {"status": "Pending"}, False),
        ("order.cancelled", {"status": None}, False),
        ("order.updated", {"status": "failed"}, False),
        ("order.updated", {"status": "pending", "confirmed": True}, True),
        ("order.updated", {"status": "paid", "confirmed": False}, False),
        ("order.updated", {"status": "paid", "confirmed": None}, True),
    ],
)
def test_an_order_is_confirmed_as_it_says_or_as_its_status_does(
    topic: str, said: dict[str, Any], *, is_confirmed: bool
) -> None:
    assert parse(topic, ORDER | said).is_confirmed is is_confirmed


def test_a_guest_has_no_number_and_an_order_may_have_no_customer_or_number() -> None:
    guest = parse("order.created", ORDER | {"customer": {"id": None, "email": "x@example.com"}})
    nobody = parse("order.created", {"id": "9"})

    assert guest.party == ShopParty(external_id=None, email="x@example.com")
    assert (nobody.party, nobody.order_number, nobody.summary) == (None, "9", "Order 9")


@pytest.mark.parametrize(("noun", "kind"), [("contact", "customer"), ("order", "order")])
def test_a_deletion_has_the_id_and_the_time(noun: str, kind: str) -> None:
    assert parse(f"{noun}.deleted", {"id": "7"}) == ShopEvent(
        kind=kind,
        topic=f"{noun}.deleted",
        resource_id="7",
        occurred_at=OCCURRED_AT,
        summary=f"{noun.capitalize()} 7 deleted",
    )


def test_other_types_are_kept_by_their_name_and_a_ping_is_known() -> None:
    assert parse("invoice.paid", {"id": 3}) == ShopEvent(
        "other", "invoice.paid", "3", OCCURRED_AT, summary="Event invoice.paid"
    )
    assert parse("invoice.paid", {}).resource_id is None
    assert parse("ping", None).kind == "ping"


def test_unknown_fields_are_ignored() -> None:
    assert parse("customer.created", PARTY | {"loyalty": {"points": 7}}).party == READ_PARTY


@pytest.mark.parametrize(
    ("topic", "data", "changes", "rule"),
    [
        (None, PARTY, {}, "/type is missing"),
        (7.5, PARTY, {}, "/type is not a text"),
        ("customer.updated", PARTY, {"timestamp": None}, "/timestamp is missing"),
        ("customer.updated", PARTY, {"timestamp": "i går"}, "/timestamp is not a time"),
        ("customer.updated", PARTY, {"timestamp": "2026-05-04T10:11:12"}, "names no time zone"),
        ("customer.updated", None, {}, "/data is missing"),
        ("customer.updated", "x", {}, "/data is not an object"),
        ("customer.updated", {}, {}, "/data/id is missing"),
        ("customer.deleted", {}, {}, "/data/id is missing"),
        ("order.created", {"customer": PARTY}, {}, "/data/id is missing"),
        ("customer.updated", PARTY | {"address": "x"}, {}, "/data/address is not an object"),
        (
            "customer.updated",
            PARTY | {"address": {"lines": "x"}},
            {},
            "/data/address/lines is not a list of texts",
        ),
        ("order.created", ORDER | {"total": "12,50"}, {}, "/data/total is not an amount"),
        ("order.created", ORDER | {"customer": "x"}, {}, "/data/customer is not an object"),
    ],
)
def test_a_body_that_is_not_as_documented_is_refused_with_the_part(
    topic: object, data: object, changes: dict[str, Any], rule: str
) -> None:
    with pytest.raises(MalformedReplyError, match=rule):
        parse(topic, data, **changes)


def test_the_declaration_says_how_deliveries_are_signed() -> None:
    assert (DECLARATION.name, DECLARATION.signature_scheme) == (
        "standard_webhooks",
        "standard_webhooks",
    )
