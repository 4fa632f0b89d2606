"""What the WooCommerce sandbox composes has the keys and types of the vendor's own examples."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.sandbox.woocommerce import COMPANIES, Composer
from tests.reference import reference


def examples(name: str) -> list[dict[str, Any]]:
    """Return the resources of the vendor's documentation."""
    path = reference("artifacts", "woocommerce", f"rest-v3_{name}.examples.json")
    return list(_resources(json.loads(path.read_text(encoding="utf-8"))))


def _resources(found: object) -> Iterator[dict[str, Any]]:
    values: list[Any] = found if isinstance(found, list) else []
    if isinstance(found, dict):
        if "billing" in found:
            yield found
            return
        values = list(found.values())
    for value in values:
        yield from _resources(value)


def shape(found: object, path: str = "") -> dict[str, set[str]]:
    """Return the kinds of value at each path; the items of a list share one path."""
    shapes: dict[str, set[str]] = {path: {_kind(found)}}
    children: list[tuple[str, object]] = []
    if isinstance(found, dict):
        children = [(f"{path}/{key}", value) for key, value in found.items()]
    elif isinstance(found, list):
        children = [(f"{path}[]", item) for item in found]
    for child_path, child in children:
        for inner, kinds in shape(child, child_path).items():
            shapes.setdefault(inner, set()).update(kinds)
    return shapes


def _kind(found: object) -> str:
    if isinstance(found, bool):
        return "boolean"
    if isinstance(found, int | float):
        return "number"
    return type(found).__name__


@pytest.mark.parametrize("seed", range(5))
def test_customers_have_the_vendors_keys_and_types(seed: int) -> None:
    theirs = shape(examples("customers"))
    composer = Composer("http://shop.example", seed)
    first = composer.customer()
    ours = shape([first, composer.changed(first, billing={"phone": "+45 70 00 09 99"})])

    assert set(ours) == set(theirs)
    assert {
        path: kinds - theirs[path] for path, kinds in ours.items() if kinds - theirs[path]
    } == {}


@pytest.mark.parametrize("seed", range(5))
def test_orders_have_the_vendors_keys_and_types(seed: int) -> None:
    theirs = shape(examples("orders"))
    composer = Composer("http://shop.example", seed)
    guest = composer.order(billing=COMPANIES["99000007"])
    known = composer.order(composer.customer())
    ours = shape([guest, known, composer.changed(known, status="completed")])

    # What an order need not have: refunds, coupons, fees, notes on its lines and its shipping.
    optional = (
        *("[]/refunds[]", "[]/coupon_lines[]", "[]/fee_lines[]"),
        *("[]/line_items[]/meta_data[]", "[]/shipping_lines[]/meta_data[]"),
    )
    missing = {path for path in set(theirs) - set(ours) if not path.startswith(optional)}
    assert missing == set()
    # The vendor's example of a shipping line has no taxes; a line item's has this shape.
    assert set(ours) - set(theirs) <= {
        f"[]/shipping_lines[]/taxes[]{key}" for key in ("", "/id", "/total", "/subtotal")
    }
    shared = set(ours) & set(theirs)
    assert {path: ours[path] - theirs[path] for path in shared if ours[path] - theirs[path]} == {}


@pytest.mark.parametrize("seed", range(20))
def test_the_sums_of_an_order_add_up(seed: int) -> None:
    order = Composer("http://shop.example", seed).order()

    goods = sum(Decimal(line["total"]) for line in order["line_items"])
    goods_vat = sum(Decimal(line["total_tax"]) for line in order["line_items"])
    assert goods > 0
    assert Decimal(order["cart_tax"]) == goods_vat == Decimal(order["tax_lines"][0]["tax_total"])
    assert Decimal(order["total_tax"]) == goods_vat + Decimal(order["shipping_tax"])
    assert Decimal(order["total"]) == (
        goods + Decimal(order["shipping_total"]) + Decimal(order["total_tax"])
    )


def test_a_change_is_always_later_and_its_local_time_is_that_of_the_shop() -> None:
    composer = Composer("http://shop.example")
    first = composer.customer()

    second = composer.changed(first, billing={"first_name": "Ny"})
    third = composer.changed(second)

    times = [record["date_modified_gmt"] for record in (first, second, third)]
    assert times == sorted(set(times))
    assert (second["first_name"], second["shipping"]["first_name"]) == ("Ny", "Ny")
    offset = datetime.fromisoformat(third["date_modified"]) - datetime.fromisoformat(
        third["date_modified_gmt"]
    )
    assert offset in (timedelta(hours=1), timedelta(hours=2))
