"""Composes customers and orders as WooCommerce's REST API, version 3, writes them."""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sandbox import Json

_ZONE = ZoneInfo("Europe/Copenhagen")  # a shop writes local times beside those of UTC
_VAT = Decimal("0.25")
_SHIPPING = Decimal("49.00")
_VAT_RATE_ID = 1
_PRODUCTS = (
    ("Lanterne, galvaniseret", "LAN-01", "349.00"),
    ("Tovværk 12 mm, 50 m", "TOV-12", "612.50"),
    ("Arbejdshandsker, 12 par", "HAN-12", "289.00"),
    ("Presenning 4 × 6 m", "PRE-46", "455.20"),
)
_PEOPLE = (
    ("Signe", "Prøve", "Havnegade 4", "5000", "Odense C"),
    ("Aksel", "Eksempel", "Bakkevej 17, 1. th.", "9000", "Aalborg"),
    ("Maja", "Afprøvning", "Strandstien 2", "6700", "Esbjerg"),
)

COMPANIES: Mapping[str, Json] = {
    "99000007": {
        "company": "Nordlys Testværk ApS",
        "address_1": "Prøvevej 12B, 2. tv.",
        "postcode": "8000",
        "city": "Aarhus C",
        "email": "indkoeb@nordlys.example",
    },
    "99000023": {
        "company": "Bølgebryder Handel A/S",
        "address_1": "Kajgade 3",
        "postcode": "0800",
        "city": "Høje Taastrup",
        "email": "info@bolgebryder.example",
    },
    "99000031": {
        "company": "Lygtemager Prøve Hansen",
        "address_1": "Stien 7",
        "postcode": "5000",
        "city": "Odense C",
        "email": "lygter@hansen.example",
    },
}
"""Billing fields of companies, by registration numbers that the registries' doubles know."""


class Composer:
    """Composes records with numbers of their own; the same seed composes the same values."""

    def __init__(self, shop_url: str, seed: int = 1) -> None:
        self._shop_url = shop_url.rstrip("/")
        self._random = random.Random(seed)  # noqa: S311 - invented values, no secrets
        self._last_id = 700

    def customer(self, billing: Mapping[str, Any] | None = None) -> Json:
        """Return a new customer who has registered."""
        customer_id = self._number()
        filled = self._billing(billing)
        return {
            "id": customer_id,
            **_created(),
            "email": filled["email"],
            "first_name": filled["first_name"],
            "last_name": filled["last_name"],
            "role": "customer",
            "username": filled["email"].partition("@")[0],
            "billing": filled,
            "shipping": _shipping(filled),
            "is_paying_customer": False,
            "avatar_url": "https://secure.gravatar.com/avatar/?s=96",
            "meta_data": self._meta_data(filled),
            "_links": self._links("customers", customer_id),
        }

    def order(
        self,
        customer: Json | None = None,
        billing: Mapping[str, Any] | None = None,
        *,
        paid: bool = True,
    ) -> Json:
        """Return a new order, of a customer or of a guest; its sums add up.

        One that is not paid yet waits for its transfer to come in.
        """
        order_id = self._number()
        filled = dict(customer["billing"]) if customer else self._billing(billing)
        lines = [
            self._line(*product)
            for product in self._random.sample(_PRODUCTS, self._random.randint(1, 3))
        ]
        goods = sum((Decimal(line["total"]) for line in lines), Decimal(0))
        goods_vat = sum((Decimal(line["total_tax"]) for line in lines), Decimal(0))
        shipping_vat = _rounded(_SHIPPING * _VAT)
        created = _created()
        links = self._links("orders", order_id)
        if customer:
            links["customer"] = [{"href": f"{self._rest}/customers/{customer['id']}"}]
        return {
            "id": order_id,
            "parent_id": 0,
            "number": str(order_id),
            "order_key": f"wc_order_{self._random.getrandbits(52):013x}",
            "created_via": "checkout",
            "version": "10.3.5",
            "status": "processing" if paid else "on-hold",
            "currency": "DKK",
            **created,
            "discount_total": "0.00",
            "discount_tax": "0.00",
            "shipping_total": str(_SHIPPING),
            "shipping_tax": str(shipping_vat),
            "cart_tax": str(goods_vat),
            "total": str(goods + goods_vat + _SHIPPING + shipping_vat),
            "total_tax": str(goods_vat + shipping_vat),
            "prices_include_tax": False,
            "customer_id": customer["id"] if customer else 0,
            "customer_ip_address": "192.0.2.17",
            "customer_user_agent": "Mozilla/5.0",
            "customer_note": "",
            "billing": filled,
            "shipping": _shipping(filled),
            "payment_method": "bacs",
            "payment_method_title": "Bankoverførsel",
            "transaction_id": "",
            "date_paid": created["date_created"] if paid else None,
            "date_paid_gmt": created["date_created_gmt"] if paid else None,
            "date_completed": None,
            "date_completed_gmt": None,
            "cart_hash": f"{self._random.getrandbits(128):032x}",
            "meta_data": self._meta_data(filled),
            "line_items": lines,
            "tax_lines": [self._vat_line(goods_vat, shipping_vat)],
            "shipping_lines": [self._shipping_line(shipping_vat)],
            "fee_lines": [],
            "coupon_lines": [],
            "refunds": [],
            "_links": links,
        }

    def changed(self, record: Json, **values: Any) -> Json:
        """Return a later state of a record; `billing` is merged, all else replaced."""
        billing = record["billing"] | values.pop("billing", {})
        previous = datetime.fromisoformat(record["date_modified_gmt"]).replace(tzinfo=UTC)
        modified_at = max(_now(), previous + timedelta(seconds=1))  # times have whole seconds
        later = record | values | {"billing": billing, "shipping": _shipping(billing)}
        if "email" in record:
            own = ("email", "first_name", "last_name")
            later |= {field: billing[field] for field in own}
        if later.get("status") == "completed":
            later |= _times("date_completed", modified_at)
        return later | _times("date_modified", modified_at)

    @property
    def _rest(self) -> str:
        return f"{self._shop_url}/wp-json/wc/v3"

    def _number(self) -> int:
        self._last_id += 1
        return self._last_id

    def _links(self, collection: str, record_id: int) -> Json:
        return {
            "self": [{"href": f"{self._rest}/{collection}/{record_id}"}],
            "collection": [{"href": f"{self._rest}/{collection}"}],
        }

    def _billing(self, given: Mapping[str, Any] | None) -> Json:
        """Return what is given, the rest made up of an invented person."""
        first, last, street, postcode, city = self._random.choice(_PEOPLE)
        name = f"{first}.{last}".lower().replace("ø", "oe")
        return {
            "first_name": first,
            "last_name": last,
            "company": "",
            "address_1": street,
            "address_2": "",
            "city": city,
            "state": "",
            "postcode": postcode,
            "country": "DK",
            "email": f"{name}.{self._last_id}@example.com",
            "phone": f"+45 70 00 01 {self._random.randint(10, 99)}",
            **(given or {}),
        }

    def _meta_data(self, billing: Json) -> list[Json]:
        """Return what the usual plug-in for VAT numbers leaves on a company of ours."""
        return [
            {"id": self._number(), "key": "_billing_vat_number", "value": f"DK{number}"}
            for number, company in COMPANIES.items()
            if company["company"] == billing["company"]
        ]

    def _line(self, name: str, sku: str, price: str) -> Json:
        quantity = self._random.randint(1, 4)
        total = Decimal(price) * quantity
        vat = str(_rounded(total * _VAT))
        return {
            "id": self._number(),
            "name": name,
            "product_id": 90 + [product[1] for product in _PRODUCTS].index(sku),
            "variation_id": 0,
            "quantity": quantity,
            "tax_class": "",
            "subtotal": str(total),
            "subtotal_tax": vat,
            "total": str(total),
            "total_tax": vat,
            "taxes": [{"id": _VAT_RATE_ID, "total": vat, "subtotal": vat}],
            "meta_data": [],
            "sku": sku,
            "price": float(price),
        }

    def _vat_line(self, goods_vat: Decimal, shipping_vat: Decimal) -> Json:
        return {
            "id": self._number(),
            "rate_code": "DK-MOMS-1",
            "rate_id": _VAT_RATE_ID,
            "label": "Moms",
            "compound": False,
            "tax_total": str(goods_vat),
            "shipping_tax_total": str(shipping_vat),
            "meta_data": [],
        }

    def _shipping_line(self, vat: Decimal) -> Json:
        return {
            "id": self._number(),
            "method_title": "Pakkepost",
            "method_id": "flat_rate",
            "total": str(_SHIPPING),
            "total_tax": str(vat),
            "taxes": [{"id": _VAT_RATE_ID, "total": str(vat), "subtotal": ""}],
            "meta_data": [],
        }


def _shipping(billing: Json) -> Json:
    return {field: value for field, value in billing.items() if field not in {"email", "phone"}}


def _created() -> Json:
    now = _now()
    return _times("date_created", now) | _times("date_modified", now)


def _times(field: str, instant: datetime) -> Json:
    return {
        field: instant.astimezone(_ZONE).strftime("%Y-%m-%dT%H:%M:%S"),
        f"{field}_gmt": instant.strftime("%Y-%m-%dT%H:%M:%S"),
    }


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
