"""Any shop, or any other program, that sends Standard Webhooks in the shape given here.

API:   https://github.com/standard-webhooks/standard-webhooks, specification 1.0.
Auth:  headers webhook-id, webhook-timestamp, webhook-signature; a secret ``whsec_…``.
Shape: ``{"type": "<kind>.<verb>", "timestamp": <RFC 3339 with offset>, "data": {…}}``, where

       customer.* and contact.*: data is a party:
           id (text or whole number), email, first_name, last_name, company, phone,
           registration_number, address {lines [text], postcode, city, country (two letters)}
       order.*: data is an order:
           id, number (else the id), total (a decimal number as text), currency (ISO 4217), status,
           starts_on and delivers_on (days), closed (true where nothing is to be done any more),
           confirmed (whether both sides stand by it; where it is left out, that is so unless the
           status or the verb is such as pending, failed or cancelled),
           customer: a party as above, whose id is absent or null for a guest
       lead.*: data is a party as above, whose id is the inquiry's own, with
           message (text, of several lines), source and program (a code or label of the catalogue
           in Hub), referrer, value (a decimal number as text), currency (ISO 4217),
           customer_id: the id of the customer who asks, where the sender knows him
       *.deleted: data needs only its id.
       ping: a greeting, ignored. All other types are kept on the timeline by their name.

       Absent, null and empty mean unknown; fields that are not named here are ignored.
Notes: ``timestamp`` is when it happened, not when it was sent: it orders late copies.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.shops import SECRET_SETTINGS, SHOP_URL, Reader, name_of, order_line
from hub.ports import Declaration, SettingField, ShopEvent, ShopInquiry, ShopParty

SYSTEM = "standard_webhooks"
LEAD_SOURCE = SettingField(
    "lead_source", "Source of its leads", help="Of those that name none: a code of the catalogue."
)

DECLARATION = Declaration(
    name=SYSTEM,
    kind="shop",
    title="Standard Webhooks",
    settings=(SHOP_URL, *SECRET_SETTINGS, LEAD_SOURCE),
    capabilities=frozenset({"customers", "orders", "leads", "deletions"}),
    deletes_visible=True,
    signature_scheme="standard_webhooks",
    documentation=(
        "For a shop or program that signs by Standard Webhooks 1.0. It sends "
        '{"type": "customer.updated", "timestamp": "2026-05-04T10:11:12Z", "data": {"id": "17", '
        '"email": …, "first_name": …, "last_name": …, "company": …, "phone": …, '
        '"registration_number": …, "address": {"lines": […], "postcode": …, "city": …, '
        '"country": "DK"}}}; an order.* has id, number, total (as text), currency, status, '
        "starts_on, delivers_on, closed, confirmed and "
        "customer, which is such a party; a lead.* is such a party with message, source, program, "
        "referrer, value and currency; a *.deleted has only the id."
    ),
)

_UNCONFIRMED = frozenset(
    {
        *("draft", "pending", "unconfirmed", "on-hold", "on_hold", "hold", "quote"),
        *("failed", "declined", "cancelled", "canceled", "refunded", "voided", "expired"),
    }
)
"""What a shop calls an order that waits to be confirmed, or came to nothing."""

_KINDS = {"customer": "customer", "contact": "customer", "order": "order", "lead": "lead"}


class StandardWebhooksWebhook:
    """Understands the shape that this module documents."""

    def parse(self, headers: Mapping[str, str], body: bytes) -> ShopEvent:  # noqa: ARG002 - the port's; all is in the body
        """See `hub.ports.ShopWebhook.parse`; a deletion has no party, only its `resource_id`."""
        content = Reader.of(SYSTEM, body)
        topic = content.required_text("type")
        occurred_at = content.instant("timestamp")
        if occurred_at is None:
            raise content.unknown("timestamp", "{field} is missing.")
        noun, _, verb = topic.partition(".")
        if topic == "ping":
            return ShopEvent("ping", topic, occurred_at=occurred_at, summary="Greeting")
        if "data" not in content:
            raise content.unknown("data", "{field} is missing.")
        data = content.part("data")
        kind = _KINDS.get(noun, "other")
        if kind == "other":
            resource_id = data.text("id") if "id" in data else None
            return ShopEvent(kind, topic, resource_id, occurred_at, summary=f"Event {topic}")
        if verb == "deleted":
            resource_id = data.required_text("id")
            summary = f"{noun.capitalize()} {resource_id} deleted"
            return ShopEvent(kind, topic, resource_id, occurred_at, summary=summary)
        if kind == "order":
            return _order(topic, occurred_at, data)
        if kind == "lead":
            return _lead(topic, occurred_at, data)
        return _customer(topic, occurred_at, data)


def connect(
    settings: Mapping[str, Any],  # noqa: ARG001 - every connector's signature
    secrets: Mapping[str, str],  # noqa: ARG001 - signatures are checked before
    http: Any,  # noqa: ARG001 - nothing is called
) -> StandardWebhooksWebhook:
    """Return the reader of deliveries, which needs no settings."""
    return StandardWebhooksWebhook()


def _customer(topic: str, occurred_at: datetime, data: Reader) -> ShopEvent:
    resource_id = data.required_text("id")
    party = _party(data)
    noun, _, verb = topic.partition(".")
    summary = f"{noun.capitalize()} {name_of(party) or resource_id} {verb}".strip()
    return ShopEvent("customer", topic, resource_id, occurred_at, party, summary=summary)


def _order(topic: str, occurred_at: datetime, data: Reader) -> ShopEvent:
    resource_id = data.required_text("id")
    number = data.text("number") or resource_id
    total, currency = data.amount("total"), data.text("currency")
    status = data.text("status")
    return ShopEvent(
        kind="order",
        topic=topic,
        resource_id=resource_id,
        occurred_at=occurred_at,
        party=_party(data.part("customer")) if "customer" in data else None,
        order_number=number,
        total=total,
        currency=currency,
        summary=order_line(number, total, currency, status),
        is_over=data.truth("closed"),
        is_confirmed=_is_confirmed(topic, status, data),
        starts_on=data.day("starts_on"),
        delivers_on=data.day("delivers_on"),
    )


def _is_confirmed(topic: str, status: str | None, data: Reader) -> bool:
    if "confirmed" in data:
        return data.truth("confirmed")
    said = {topic.partition(".")[2].casefold(), (status or "").casefold()}
    return not said & _UNCONFIRMED


def _lead(topic: str, occurred_at: datetime, data: Reader) -> ShopEvent:
    resource_id = data.required_text("id")
    party = replace(_party(data), external_id=data.text("customer_id"))
    inquiry = ShopInquiry(
        message=data.paragraphs("message"),
        source=data.text("source"),
        program=data.text("program"),
        referrer=data.text("referrer"),
    )
    return ShopEvent(
        kind="lead",
        topic=topic,
        resource_id=resource_id,
        occurred_at=occurred_at,
        party=party,
        total=data.amount("value"),
        currency=data.text("currency"),
        summary=f"Inquiry of {name_of(party) or resource_id}",
        inquiry=inquiry,
    )


def _party(data: Reader) -> ShopParty:
    address = data.part("address")
    return ShopParty(
        external_id=data.text("id"),
        email=data.text("email"),
        first_name=data.text("first_name"),
        last_name=data.text("last_name"),
        company=data.text("company"),
        phone=data.text("phone"),
        address_lines=address.lines("lines"),
        postcode=address.text("postcode"),
        city=address.text("city"),
        country=address.text("country"),
        registration_number=data.text("registration_number"),
    )
