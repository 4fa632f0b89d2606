"""WooCommerce as a sender of webhooks: a shop in which things happen on demand.

``python -m connectors.sandbox.woocommerce`` serves a page with a button for each of `SCENARIOS`.
For scripts: ``PUT /hook`` ``{"url": …, "secret": …}`` says where to send; ``POST /send``
``{"scenario": "guest_order", "times": 4, "billing": {"email": …}}`` answers with how each sending
went; ``GET /sent`` lists them all. In tests, use `Shop` itself.
"""

from connectors.sandbox.woocommerce.composing import COMPANIES, Composer
from connectors.sandbox.woocommerce.pages import create_app
from connectors.sandbox.woocommerce.sending import Delivery, Hook, Sent, forged, repeated
from connectors.sandbox.woocommerce.shop import SCENARIOS, Shop

__all__ = [
    "COMPANIES",
    "SCENARIOS",
    "Composer",
    "Delivery",
    "Hook",
    "Sent",
    "Shop",
    "create_app",
    "forged",
    "repeated",
]
