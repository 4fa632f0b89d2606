"""WooCommerce, a shop on WordPress: its webhooks about customers and orders.

API:   https://woocommerce.github.io/woocommerce-rest-api-docs/ (v3: customers, orders, webhooks).
Auth:  X-WC-Webhook-Signature, HMAC-SHA256 of the body with the hook's secret; 60 s to answer; more
       than five failures in a row and the shop disables the hook.
Notes: saving a hook sends an unsigned ping, a form ``webhook_id=<n>`` without a topic. A deletion
       carries nothing but the id. ``customer_id`` 0 is a guest. ``*_gmt`` is UTC without saying so;
       a customer never changed has ``date_modified_gmt`` null. PHP writes an empty object as
       ``[]``. Registration numbers are no field of the shop's own: plug-ins put them into
       ``billing`` or ``meta_data`` under names of their own, of which the usual ones are read.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from connectors.shops import SECRET_SETTINGS, SHOP_URL, Reader, name_of, order_line
from hub.errors import MalformedReplyError
from hub.ports import Declaration, ShopEvent, ShopParty

SYSTEM = "woocommerce"

DECLARATION = Declaration(
    name=SYSTEM,
    kind="shop",
    title="WooCommerce",
    settings=(SHOP_URL, *SECRET_SETTINGS),
    capabilities=frozenset({"customers", "orders", "deletions"}),
    deletes_visible=True,
    signature_scheme="woocommerce",
    documentation=(
        "In WooCommerce, Settings > Advanced > Webhooks, add one webhook for each of the topics "
        "Customer created, Customer updated, Customer deleted, Order created, Order updated and "
        "Order deleted. Delivery URL: this connection's hook address. Secret: the webhook secret "
        "of this connection. API version: WP REST API Integration v3."
    ),
)

_PING = re.compile(rb"webhook_id=([0-9]+)")
_REGISTRATION_FIELDS = frozenset(
    {
        *("vat_number", "vat", "vat_id", "eu_vat_number", "cvr", "cvr_number", "cvr_nummer"),
        *("company_number", "company_registration_number", "registration_number"),
        *("organisation_number", "organization_number", "org_number", "orgnr"),
    }
)

_OVER = frozenset({"completed", "cancelled", "refunded", "failed", "trash"})
"""States of an order of which nothing is to be done any more."""

_UNCONFIRMED = frozenset(
    {
        *("pending", "on-hold", "failed", "cancelled", "refunded", "trash"),
        *("draft", "auto-draft", "checkout-draft"),
    }
)
"""States of an order that waits to be paid or came to nothing; those of plug-ins follow upon it."""


class WooCommerceWebhook:
    """Understands the bodies that WooCommerce sends."""

    def parse(self, headers: Mapping[str, str], body: bytes) -> ShopEvent:
        """See `hub.ports.ShopWebhook.parse`; a deletion has no party, only its `resource_id`."""
        topic = headers.get("x-wc-webhook-topic", "")
        if not topic:
            return _ping(body)
        content = Reader.of(SYSTEM, body)
        resource, _, event = topic.partition(".")
        if event == "deleted":
            return _deletion(topic, resource, content)
        if resource == "customer":
            return _customer(topic, event, content)
        if resource == "order":
            return _order(topic, content)
        return ShopEvent("other", topic, resource_id=content.text("id"), summary=f"Event {topic}")


def connect(
    settings: Mapping[str, Any],  # noqa: ARG001 - every connector's signature
    secrets: Mapping[str, str],  # noqa: ARG001 - signatures are checked before
    http: Any,  # noqa: ARG001 - nothing is called
) -> WooCommerceWebhook:
    """Return the reader of deliveries, which needs no settings."""
    return WooCommerceWebhook()


def _ping(body: bytes) -> ShopEvent:
    greeting = _PING.fullmatch(body)
    if greeting is None:
        raise MalformedReplyError(SYSTEM, "The header X-WC-Webhook-Topic is missing.")
    return ShopEvent("ping", "ping", summary=f"Webhook {greeting[1].decode()} was saved")


def _deletion(topic: str, resource: str, content: Reader) -> ShopEvent:
    resource_id = content.required_text("id")
    kind = resource if resource in {"customer", "order"} else "other"
    summary = f"{resource.capitalize()} {resource_id} deleted"
    return ShopEvent(kind, topic, resource_id=resource_id, summary=summary)


def _customer(topic: str, event: str, content: Reader) -> ShopEvent:
    resource_id = content.required_text("id")
    party = _party(resource_id, content, content.part("billing"))
    return ShopEvent(
        kind="customer",
        topic=topic,
        resource_id=resource_id,
        occurred_at=_occurred_at(content),
        party=party,
        summary=f"Customer {name_of(party) or resource_id} {event}",
    )


def _order(topic: str, content: Reader) -> ShopEvent:
    resource_id = content.required_text("id")
    customer_id = content.required_text("customer_id")
    number = content.text("number") or resource_id
    total, currency = content.amount("total"), content.text("currency")
    status = content.text("status")
    return ShopEvent(
        kind="order",
        topic=topic,
        resource_id=resource_id,
        occurred_at=_occurred_at(content),
        party=_party(None if customer_id == "0" else customer_id, content, content.part("billing")),
        order_number=number,
        total=total,
        currency=currency,
        summary=order_line(number, total, currency, status),
        is_over=status in _OVER,
        is_confirmed=status is not None and status not in _UNCONFIRMED,
    )


def _party(external_id: str | None, content: Reader, billing: Reader) -> ShopParty:
    """Read who it is: an order has only billing's names, a customer his own before billing's."""
    lines = (billing.text("address_1"), billing.text("address_2"))
    return ShopParty(
        external_id=external_id,
        email=content.text("email") or billing.text("email"),
        first_name=content.text("first_name") or billing.text("first_name"),
        last_name=content.text("last_name") or billing.text("last_name"),
        company=billing.text("company"),
        phone=billing.text("phone"),
        address_lines=tuple(line for line in lines if line),
        postcode=billing.text("postcode"),
        city=billing.text("city"),
        country=billing.text("country"),
        registration_number=_registration_number(content, billing),
    )


def _registration_number(content: Reader, billing: Reader) -> str | None:
    for field in sorted(_REGISTRATION_FIELDS):
        if number := billing.lenient_text(field):
            return number
    for entry in content.parts("meta_data"):
        key = (entry.lenient_text("key") or "").lower().replace("-", "_").strip("_")
        if key.removeprefix("billing_") in _REGISTRATION_FIELDS and (
            number := entry.lenient_text("value")
        ):
            return number
    return None


def _occurred_at(content: Reader) -> datetime | None:
    modified_at = content.instant("date_modified_gmt", naive_is_utc=True)
    return modified_at or content.instant("date_created_gmt", naive_is_utc=True)
