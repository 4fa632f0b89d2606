"""WooCommerce's webhooks: what each body says, and which are not bodies of WooCommerce."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.shops.woocommerce import DECLARATION, connect
from hub.errors import MalformedReplyError
from hub.ports import ShopEvent, ShopParty
from tests.reference import reference

BILLING = {
    "first_name": "Signe",
    "last_name": "Holm",
    "company": "Nordlys ApS",
    "address_1": "Havnegade 4",
    "address_2": "2. tv.",
    "city": "Aarhus C",
    "state": "",
    "postcode": "8000",
    "country": "DK",
    "email": "indkoeb@nordlys.example",
    "phone": "+45 12 34 56 78",
}
CUSTOMER: dict[str, Any] = {
    "id": 25,
    "date_created": "2026-05-04T12:00:00",
    "date_created_gmt": "2026-05-04T10:00:00",
    "date_modified": "2026-05-04T12:11:12",
    "date_modified_gmt": "2026-05-04T10:11:12",
    "email": "signe@nordlys.example",
    "first_name": "Signe Maria",
    "last_name": "Holm",
    "username": "signe",
    "billing": BILLING,
    "meta_data": [],
}
ORDER: dict[str, Any] = {
    "id": 727,
    "number": "A-727",
    "status": "processing",
    "currency": "DKK",
    "date_created_gmt": "2026-05-04T10:00:00",
    "date_modified_gmt": "2026-05-04T10:00:08",
    "total": "1249.50",
    "customer_id": 0,
    "billing": BILLING,
    "meta_data": [],
}


def parse(topic: str, content: object) -> ShopEvent:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return connect({}, {}, None).parse({"x-wc-webhook-topic": topic}, body)


@pytest.mark.parametrize("event", ["created", "updated", "restored"])
def test_a_customer_is_read_whole(event: str) -> None:
    assert parse(f"customer.{event}", CUSTOMER) == ShopEvent(
        kind="customer",
        topic=f"customer.{event}",
        resource_id="25",
        occurred_at=datetime(2026, 5, 4, 10, 11, 12, tzinfo=UTC),
        party=ShopParty(
            external_id="25",
            email="signe@nordlys.example",
            first_name="Signe Maria",
            last_name="Holm",
            company="Nordlys ApS",
            phone="+45 12 34 56 78",
            address_lines=("Havnegade 4", "2. tv."),
            postcode="8000",
            city="Aarhus C",
            country="DK",
            registration_number=None,
        ),
        summary=f"Customer Nordlys ApS {event}",
    )


def test_a_guests_order_is_read_whole_and_has_no_customer_number() -> None:
    assert parse("order.created", ORDER) == ShopEvent(
        kind="order",
        topic="order.created",
        resource_id="727",
        occurred_at=datetime(2026, 5, 4, 10, 0, 8, tzinfo=UTC),
        party=ShopParty(
            external_id=None,
            email="indkoeb@nordlys.example",
            first_name="Signe",
            last_name="Holm",
            company="Nordlys ApS",
            phone="+45 12 34 56 78",
            address_lines=("Havnegade 4", "2. tv."),
            postcode="8000",
            city="Aarhus C",
            country="DK",
        ),
        order_number="A-727",
        total="1249.50",
        currency="DKK",
        summary="Order A-727: 1249.50 DKK, processing",
        is_confirmed=True,
    )


@pytest.mark.parametrize(
    ("status", "is_over"),
    [("processing", False), ("on-hold", False), ("completed", True), ("cancelled", True)],
)
def test_an_order_is_over_when_nothing_is_to_be_done_of_it(status: str, *, is_over: bool) -> None:
    assert parse("order.updated", ORDER | {"status": status}).is_over is is_over


@pytest.mark.parametrize(
    ("status", "is_confirmed"),
    [
        *(("pending", False), ("on-hold", False), ("failed", False), ("cancelled", False)),
        *(("refunded", False), ("checkout-draft", False), ("trash", False), (None, False)),
        *(("processing", True), ("completed", True), ("partially-shipped", True)),
    ],
)
def test_an_order_is_confirmed_once_it_is_paid_or_agreed(
    status: str | None, *, is_confirmed: bool
) -> None:
    event = parse("order.updated", ORDER | {"status": status})

    assert event.is_confirmed is is_confirmed


def test_a_known_customers_order_names_him() -> None:
    event = parse("order.updated", ORDER | {"customer_id": 25})

    assert event.party is not None
    assert event.party.external_id == "25"


@pytest.mark.parametrize("resource", ["customer", "order", "product"])
def test_a_deletion_has_the_id_and_nothing_else(resource: str) -> None:
    kind = "other" if resource == "product" else resource

    assert parse(f"{resource}.deleted", {"id": 7}) == ShopEvent(
        kind=kind,
        topic=f"{resource}.deleted",
        resource_id="7",
        summary=f"{resource.capitalize()} 7 deleted",
    )


def test_other_topics_are_kept_by_their_name() -> None:
    assert parse("coupon.created", {"id": 9, "code": "x"}) == ShopEvent(
        "other", "coupon.created", resource_id="9", summary="Event coupon.created"
    )
    assert parse("action.woocommerce_add_to_cart", {"action": "x", "arg": "y"}) == ShopEvent(
        "other",
        "action.woocommerce_add_to_cart",
        summary="Event action.woocommerce_add_to_cart",
    )


def test_the_unsigned_ping_is_known() -> None:
    event = connect({}, {}, None).parse({}, b"webhook_id=12")

    assert event == ShopEvent("ping", "ping", summary="Webhook 12 was saved")


@pytest.mark.parametrize("body", [b"", b"{}", b"webhook_id=", b"webhook_id=12&x=1"])
def test_a_body_without_a_topic_is_no_ping_by_itself(body: bytes) -> None:
    with pytest.raises(MalformedReplyError, match="header X-WC-Webhook-Topic is missing"):
        connect({}, {}, None).parse({}, body)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"date_modified_gmt": None}, datetime(2026, 5, 4, 10, 0, tzinfo=UTC)),
        ({"date_modified_gmt": None, "date_created_gmt": None}, None),
        (
            {"date_modified_gmt": "2026-05-04T10:11:12Z"},
            datetime(2026, 5, 4, 10, 11, 12, tzinfo=UTC),
        ),
        (
            {"date_modified_gmt": "2026-05-04T12:11:12+02:00"},
            datetime(2026, 5, 4, 10, 11, 12, tzinfo=UTC),
        ),
    ],
)
def test_the_time_is_the_last_change_in_utc_or_the_creation(
    content: dict[str, Any], expected: datetime | None
) -> None:
    assert parse("customer.updated", CUSTOMER | content).occurred_at == expected


@pytest.mark.parametrize(
    "where",
    [
        {"meta_data": [{"id": 1, "key": "vat_number", "value": "DK99000007"}]},
        {"meta_data": [{"id": 1, "key": "_billing_eu_vat_number", "value": "DK99000007"}]},
        {"meta_data": [{"id": 1, "key": "billing-CVR", "value": "DK99000007"}]},
        {
            "meta_data": [
                {"id": 1, "key": "vat", "value": ["not", "text"]},
                {"id": 2, "key": "vat_id", "value": ""},
                {"id": 3, "key": 7, "value": "x"},
                "not an object",
                {"id": 4, "key": "cvr_nummer", "value": "DK99000007"},
            ]
        },
        {"billing": BILLING | {"vat_number": "DK99000007"}},
        {"billing": BILLING | {"vat": {"not": "text"}, "vat_id": True, "cvr": " DK99000007 "}},
    ],
)
def test_a_registration_number_is_found_where_plug_ins_put_it(where: dict[str, Any]) -> None:
    event = parse("order.created", ORDER | where)

    assert event.party is not None
    assert event.party.registration_number == "DK99000007"


def test_a_registration_number_written_as_a_number_is_text_here() -> None:
    event = parse("order.created", ORDER | {"billing": BILLING | {"cvr": 99000007}})

    assert event.party is not None
    assert event.party.registration_number == "99000007"


@pytest.mark.parametrize("billing", [[], {}, None])
def test_an_empty_billing_in_any_of_phps_spellings_is_an_unknown_party(billing: object) -> None:
    event = parse("order.created", ORDER | {"billing": billing})

    assert event.party == ShopParty(external_id=None, email=None)


def test_blank_values_are_unknown_and_control_characters_never_pass() -> None:
    billing = BILLING | {
        "company": " \u2028 ",
        "first_name": "Sig\x00ne\r\nBcc: x",
        "city": "\ud800",
    }

    event = parse("order.created", ORDER | {"billing": billing, "number": "7\n27"})

    assert event.party is not None
    assert (event.party.company, event.party.first_name, event.party.city) == (
        None,
        "Sig ne Bcc: x",
        None,
    )
    assert event.summary == "Order 7 27: 1249.50 DKK, processing"


@pytest.mark.parametrize(
    ("topic", "content", "rule"),
    [
        ("customer.updated", b"", "not JSON in UTF-8"),
        ("customer.updated", b"\xff\xfe{}", "not JSON in UTF-8"),
        ("customer.updated", b'{"id": NaN}', "not JSON in UTF-8"),
        ("customer.updated", b"[" * 100_000, "not JSON in UTF-8"),
        ("customer.updated", b'{"id": ' + b"9" * 5_000 + b"}", "not JSON in UTF-8"),
        ("customer.updated", [CUSTOMER], "not a JSON object"),
        ("customer.updated", {}, "/id is missing"),
        ("customer.updated", CUSTOMER | {"id": None}, "/id is missing"),
        ("customer.updated", CUSTOMER | {"id": True}, "/id is not a text"),
        ("customer.updated", CUSTOMER | {"email": ["x"]}, "/email is not a text"),
        ("customer.updated", CUSTOMER | {"billing": "x"}, "/billing is not an object"),
        ("customer.updated", CUSTOMER | {"billing": [1]}, "/billing is not an object"),
        ("customer.updated", CUSTOMER | {"billing": {"city": {}}}, "/billing/city is not a text"),
        ("customer.updated", CUSTOMER | {"meta_data": {}}, "/meta_data is not a list"),
        ("customer.updated", CUSTOMER | {"date_modified_gmt": "x"}, "_gmt is not a time"),
        (
            "customer.updated",
            CUSTOMER | {"date_modified_gmt": "0001-01-01T00:00:00+10:00"},
            "_gmt is not a time",
        ),
        ("order.created", {"id": 7}, "/customer_id is missing"),
        ("order.created", ORDER | {"total": "1_000"}, "/total is not an amount"),
        ("order.created", ORDER | {"total": "NaN"}, "/total is not an amount"),
        ("order.created", ORDER | {"total": 12.5}, "/total is not a text"),
        ("order.deleted", {"deleted": 7}, "/id is missing"),
    ],
)
def test_a_body_that_is_not_as_specified_is_refused_with_the_part(
    topic: str, content: object, rule: str
) -> None:
    with pytest.raises(MalformedReplyError, match=rule):
        parse(topic, content)


def test_the_declaration_says_how_deliveries_are_signed_and_asks_for_the_secret() -> None:
    assert DECLARATION.signature_scheme == "woocommerce"
    assert [(field.name, field.required, field.secret) for field in DECLARATION.settings] == [
        ("shop_url", False, False),
        ("webhook_secret", True, True),
        ("previous_webhook_secret", False, True),
    ]


# --- the vendor's own examples ----------------------------------------------------------------


def examples(name: str) -> list[dict[str, Any]]:
    """Return the resources of the vendor's documentation."""
    path = reference("artifacts", "woocommerce", f"rest-v3_{name}.examples.json")
    return list(_resources([section["example"] for section in json.loads(path.read_text())]))


def _resources(found: object) -> Iterator[dict[str, Any]]:
    if isinstance(found, list):
        for item in found:
            yield from _resources(item)
    elif isinstance(found, dict) and "billing" in found:
        yield found
    elif isinstance(found, dict):
        for value in found.values():
            yield from _resources(value)


def test_every_customer_of_the_vendors_documentation_is_understood() -> None:
    found = examples("customers")

    events = [parse("customer.updated", customer) for customer in found]

    assert len(events) > 5
    for event, customer in zip(events, found, strict=True):
        assert event.party is not None
        assert event.resource_id == event.party.external_id == str(customer["id"])
        assert event.party.email == customer["email"]
        assert event.party.city == (customer["billing"]["city"] or None)
        assert event.occurred_at is not None
        assert event.occurred_at.isoformat() == customer["date_modified_gmt"] + "+00:00"


def test_every_order_of_the_vendors_documentation_is_understood() -> None:
    found = examples("orders")

    events = [parse("order.updated", order) for order in found]

    assert len(events) > 5
    for event, order in zip(events, found, strict=True):
        assert event.party is not None
        expected = str(order["customer_id"]) if order["customer_id"] else None
        assert (event.resource_id, event.party.external_id) == (str(order["id"]), expected)
        assert (event.order_number, event.total) == (order["number"], order["total"])
        assert (event.currency, event.party.email) == (
            order["currency"],
            order["billing"]["email"] or None,
        )
