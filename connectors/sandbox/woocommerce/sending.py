"""Signs and sends deliveries as WooCommerce does."""

import base64
import hashlib
import hmac
import http.client
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from connectors.sandbox import Json

USER_AGENT = "WooCommerce/10.3.5 Hookshot (WordPress/6.8.3)"
TIMEOUT_S = 60  # the vendor's own
_SHOWN_LETTERS = 300


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request, ready to be sent any number of times."""

    topic: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """How one sending went; `status` is None where no answer came, and `answer` says why."""

    topic: str
    delivery_id: str | None
    sent_at: str
    status: int | None
    answer: str


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook as it is saved in the shop."""

    url: str
    secret: str
    shop_url: str = "http://shop.example"
    webhook_id: int = 12

    def delivery(self, topic: str, content: Json) -> Delivery:
        """Return a signed delivery; PHP's JSON escapes slashes and all that is not ASCII."""
        text = json.dumps(content, separators=(",", ":")).replace("/", "\\/")
        body = text.encode()
        resource, _, event = topic.partition(".")
        headers = {
            "User-Agent": USER_AGENT,
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{self.shop_url.rstrip('/')}/",
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": _signature(self.secret, body),
            "X-WC-Webhook-ID": str(self.webhook_id),
            "X-WC-Webhook-Delivery-ID": uuid.uuid4().hex,
        }
        return Delivery(topic, headers, body)

    def ping(self) -> Delivery:
        """Return the unsigned greeting that is sent when the webhook is saved."""
        headers = {
            "User-Agent": USER_AGENT,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return Delivery("ping", headers, f"webhook_id={self.webhook_id}".encode())

    def send(self, delivery: Delivery) -> Sent:
        """Send a delivery once; redirects are not followed."""
        sent_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        try:
            status, answer = _post(self.url, delivery)
        except (OSError, http.client.HTTPException) as error:
            status, answer = None, str(error) or type(error).__name__
        delivery_id = delivery.headers.get("X-WC-Webhook-Delivery-ID")
        return Sent(delivery.topic, delivery_id, sent_at, status, answer[:_SHOWN_LETTERS])


def forged(delivery: Delivery) -> Delivery:
    """Return the delivery with a signature by somebody who does not know the secret."""
    signature = _signature("not the secret", delivery.body)
    return replace(delivery, headers={**delivery.headers, "X-WC-Webhook-Signature": signature})


def repeated(delivery: Delivery) -> Delivery:
    """Return the same body as a delivery of its own: the shop fires twice for one change."""
    headers = {**delivery.headers, "X-WC-Webhook-Delivery-ID": uuid.uuid4().hex}
    return replace(delivery, headers=headers)


def _signature(secret: str, body: bytes) -> str:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _post(url: str, delivery: Delivery) -> tuple[int, str]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path or "/", delivery.body, dict(delivery.headers))
        reply = connection.getresponse()
        return reply.status, reply.read().decode("utf-8", "replace")
    finally:
        connection.close()
