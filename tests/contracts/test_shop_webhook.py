"""What every shop's webhook keeps: `hub.ports.ShopWebhook`, from the signature to the event."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import load
from connectors.sandbox.woocommerce import Hook
from hub.errors import MalformedReplyError
from hub.ports import Declaration, ShopEvent, ShopWebhook
from hub.signatures import SCHEMES, SignatureRefusedError, new_secret, sign, verify

NOW = datetime(2026, 5, 4, 10, 11, 12, tzinfo=UTC)
SECRET = new_secret()


@dataclass(frozen=True)
class Delivered:
    """A delivery as it comes in."""

    headers: Mapping[str, str]
    body: bytes


class WooCommerceStand:
    """Makes deliveries as WooCommerce does."""

    name = "woocommerce"

    def deliver(self, noun: str, verb: str, data: dict[str, Any]) -> Delivered:
        delivery = Hook("", SECRET).delivery(f"{noun}.{verb}", data)
        headers = {name.lower(): value for name, value in delivery.headers.items()}
        return Delivered(headers, delivery.body)

    def party(self, party_id: int, email: str, at: datetime) -> dict[str, Any]:
        return {
            "id": party_id,
            "email": email,
            "billing": {"company": "Nordlys ApS", "country": "DK"},
            "date_modified_gmt": at.strftime("%Y-%m-%dT%H:%M:%S"),
        }

    def guest_order(self, order_id: int, email: str, at: datetime) -> dict[str, Any]:
        return {
            "id": order_id,
            "number": str(order_id),
            "customer_id": 0,
            "total": "100.00",
            "currency": "DKK",
            "billing": {"email": email},
            "date_modified_gmt": at.strftime("%Y-%m-%dT%H:%M:%S"),
        }


class StandardWebhooksStand:
    """Makes deliveries in our own shape."""

    name = "standard_webhooks"

    def deliver(self, noun: str, verb: str, data: dict[str, Any]) -> Delivered:
        at = data.pop("at", NOW)
        content = {"type": f"{noun}.{verb}", "timestamp": at.isoformat(), "data": data}
        body = json.dumps(content).encode()
        return Delivered(sign([SECRET], delivery_id="d1", body=body, now=NOW), body)

    def party(self, party_id: int, email: str, at: datetime) -> dict[str, Any]:
        address = {"country": "DK"}
        return {
            "id": party_id,
            "email": email,
            "company": "Nordlys ApS",
            "address": address,
            "at": at,
        }

    def guest_order(self, order_id: int, email: str, at: datetime) -> dict[str, Any]:
        return {
            "id": order_id,
            "total": "100.00",
            "currency": "DKK",
            "customer": {"email": email},
            "at": at,
        }


Stand = WooCommerceStand | StandardWebhooksStand
each_shop = pytest.mark.parametrize("stand", [WooCommerceStand(), StandardWebhooksStand()])


def declared(stand: Stand) -> Declaration:
    return load(stand.name).DECLARATION


def webhook(stand: Stand) -> ShopWebhook:
    made: ShopWebhook = load(stand.name).connect({}, {}, None)
    return made


def received(stand: Stand, delivered: Delivered) -> ShopEvent:
    """Take a delivery in as the hook's route and the worker after it do."""
    scheme = declared(stand).signature_scheme
    assert scheme is not None
    verify(scheme, [SECRET], delivered.headers, delivered.body, NOW)
    return webhook(stand).parse(delivered.headers, delivered.body)


@each_shop
def test_it_declares_a_scheme_that_exists_and_the_settings_of_its_secrets(stand: Stand) -> None:
    declaration = declared(stand)

    assert declaration.kind == "shop"
    assert declaration.signature_scheme in SCHEMES
    assert {field.name for field in declaration.settings if field.secret} == {
        "webhook_secret",
        "previous_webhook_secret",
    }
    assert declaration.documentation


@each_shop
def test_a_customer_comes_with_his_number_his_mail_and_the_time(stand: Stand) -> None:
    event = received(
        stand, stand.deliver("customer", "updated", stand.party(25, "a@example.com", NOW))
    )

    assert event.party is not None
    assert (event.kind, event.topic, event.resource_id, event.occurred_at) == (
        "customer",
        "customer.updated",
        "25",
        NOW,
    )
    assert (event.party.external_id, event.party.email) == ("25", "a@example.com")
    assert (event.party.company, event.party.country) == ("Nordlys ApS", "DK")
    assert event.summary == "Customer Nordlys ApS updated"


@each_shop
def test_a_guests_order_has_a_mail_address_and_no_number(stand: Stand) -> None:
    event = received(
        stand, stand.deliver("order", "created", stand.guest_order(7, "a@example.com", NOW))
    )

    assert event.party is not None
    assert (event.kind, event.resource_id, event.order_number) == ("order", "7", "7")
    assert (event.total, event.currency) == ("100.00", "DKK")
    assert (event.party.external_id, event.party.email) == (None, "a@example.com")


@each_shop
def test_a_later_state_is_told_from_an_earlier_one_whatever_came_first(stand: Stand) -> None:
    earlier, later = (
        received(stand, stand.deliver("customer", "updated", stand.party(25, "a@example.com", at)))
        for at in (NOW, NOW + timedelta(seconds=1))
    )

    assert earlier.resource_id == later.resource_id
    assert earlier.occurred_at is not None
    assert later.occurred_at is not None
    assert earlier.occurred_at < later.occurred_at


@each_shop
def test_a_deletion_names_what_is_gone(stand: Stand) -> None:
    event = received(stand, stand.deliver("customer", "deleted", {"id": 25}))

    assert (event.kind, event.topic, event.resource_id) == ("customer", "customer.deleted", "25")
    assert event.party is None


@each_shop
def test_a_topic_of_no_interest_is_no_error(stand: Stand) -> None:
    event = received(stand, stand.deliver("warehouse", "moved", {"id": 3}))

    assert (event.kind, event.topic) == ("other", "warehouse.moved")


@each_shop
def test_one_altered_byte_is_refused_before_anything_is_read(stand: Stand) -> None:
    delivered = stand.deliver("customer", "updated", stand.party(25, "a@example.com", NOW))
    altered = delivered.body.replace(b"a@example.com", b"b@example.com")
    assert altered != delivered.body

    with pytest.raises(SignatureRefusedError):
        received(stand, Delivered(delivered.headers, altered))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "type", "timestamp", "data", "billing", "customer", "customer_id", "x"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@each_shop
@settings(deadline=None)  # the machine is shared; how long it takes proves nothing
@given(content=JSON, topic=st.sampled_from(["customer.created", "order.updated", "x"]))
def test_any_body_is_understood_or_refused_as_malformed(
    stand: Stand, content: object, topic: str
) -> None:
    body = json.dumps(content).encode()

    with suppress(MalformedReplyError):
        event = webhook(stand).parse({"x-wc-webhook-topic": topic}, body)
        assert event.kind in {"ping", "customer", "order", "other"}


@each_shop
@settings(deadline=None)  # likewise
@given(body=st.binary(max_size=40))
def test_any_bytes_are_understood_or_refused_as_malformed(stand: Stand, body: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        webhook(stand).parse({"x-wc-webhook-topic": "customer.created"}, body)
