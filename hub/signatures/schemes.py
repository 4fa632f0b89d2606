"""How each vendor signs its webhooks, as data.

Sources: Standard Webhooks 1.0 (standard-webhooks/standard-webhooks) and the vendors' own pages.
Only Standard Webhooks and Stripe sign a time, so only they refuse a recording of an old delivery;
and where the delivery's id stands in a header outside the signature (Shopify, WooCommerce, GitHub)
a new id proves nothing: importers must also recognise the state of a record that they have seen.
Intuit's two formats name no delivery as a whole: the body's hash stands in.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

TOLERANCE_S = 300  # Standard Webhooks' and Stripe's own: clocks differ, recordings grow old


class Layout(StrEnum):
    """How signatures stand in their header."""

    WHOLE = "whole"  # the header is the signature
    VERSIONS = "versions"  # "v1,<signature> v1,<signature>": any of them may match
    PAIRS = "pairs"  # "t=<seconds>,v1=<signature>,v1=<signature>": any of them may match


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one vendor signs: HMAC-SHA256 over `signed` parts joined by full stops.

    `id_header` names the delivery; `id_fields` do where only the body has it, found in the body or
    in each item of its list `id_items`. A header in `aliases` is read where `header` is absent.
    """

    name: str
    header: str = ""
    aliases: tuple[str, ...] = ()
    layout: Layout = Layout.WHOLE
    prefix: str = ""
    hexadecimal: bool = False
    signed: tuple[str, ...] = ("body",)
    key_is_base64: bool = False
    timestamp_header: str = ""
    oldest_s: int | None = None  # None: any age
    newest_s: int | None = None  # None: any time in the future
    id_header: str = ""
    id_fields: tuple[str, ...] = ()
    id_items: str = ""
    topic_header: str = ""
    ping: re.Pattern[bytes] | None = None  # the body of an unsigned greeting, which has no topic


STANDARD_WEBHOOKS = "standard_webhooks"
NONE = "none"

SCHEMES: Mapping[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        Scheme(
            STANDARD_WEBHOOKS,
            header="webhook-signature",
            layout=Layout.VERSIONS,
            signed=("id", "timestamp", "body"),
            key_is_base64=True,
            timestamp_header="webhook-timestamp",
            oldest_s=TOLERANCE_S,
            newest_s=TOLERANCE_S,
            id_header="webhook-id",
        ),
        Scheme(
            "stripe",
            header="stripe-signature",
            layout=Layout.PAIRS,
            hexadecimal=True,
            signed=("timestamp", "body"),
            oldest_s=TOLERANCE_S,
            id_fields=("id",),
        ),
        Scheme(
            "shopify",
            header="x-shopify-hmac-sha256",
            aliases=("shopify-hmac-sha256",),
            id_header="x-shopify-webhook-id",
        ),
        Scheme(
            "woocommerce",
            header="x-wc-webhook-signature",
            id_header="x-wc-webhook-delivery-id",
            topic_header="x-wc-webhook-topic",
            ping=re.compile(rb"webhook_id=[0-9]+"),
        ),
        Scheme(
            "github",
            header="x-hub-signature-256",
            prefix="sha256=",
            hexadecimal=True,
            id_header="x-github-delivery",
        ),
        Scheme(
            "xero",
            header="x-xero-signature",
            id_items="events",
            id_fields=("resourceId", "eventDateUtc", "eventType"),
        ),
        Scheme("intuit", header="intuit-signature"),
        Scheme(NONE),  # nothing is signed: the secret path of the endpoint is all there is
    )
}


def scheme_named(name: str) -> Scheme:
    """Return the scheme of that name.

    Raises:
        ValueError: there is none.
    """
    if name not in SCHEMES:
        raise ValueError(f"{name!r} is no signature scheme; there are {', '.join(SCHEMES)}")
    return SCHEMES[name]
