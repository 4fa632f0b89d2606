"""Journey J3, step 1: a shop's webhooks."""

from typing import Any

import pytest
import requests

from connectors.sandbox.woocommerce import Shop, forged
from tests.journeys.world import World

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def shop(world: World) -> Shop:
    return Shop(world.connect_shop())


def imported(world: World) -> int:
    """Return how many deliveries have been imported, once none is under way."""
    found = world.eventually(
        lambda: world.get("/hook-deliveries", limit=500)["items"],
        lambda items: all(item["state"] != "stored" for item in items),
    )
    return len(found)


def by_mail(world: World, address: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.get("/customers", email=address)["items"]
    return found


def test_an_unsigned_ping_is_answered_and_imports_nothing(world: World, shop: Shop) -> None:
    before = imported(world)

    [sent] = shop.ping()

    assert sent.status == 200
    assert imported(world) == before


def test_a_signed_guest_order_sent_four_times_is_imported_once(world: World, shop: Shop) -> None:
    before = imported(world)

    sent = shop.guest_order(
        {"email": "gaest@ukendt.example", "company": "Ukendt Handel ApS"}, times=4, paid=False
    )

    assert [each.status for each in sent] == [200] * 4
    assert imported(world) == before + 1
    world.settle()
    [made] = by_mail(world, "gaest@ukendt.example")
    assert made["name"] == "Ukendt Handel ApS"
    assert made["roles"] == ["prospect"]
    assert made["channel"] == "shop"
    assert made["accounting"]["state"] == "none"


def test_once_the_order_is_paid_the_prospect_is_a_customer(world: World, shop: Shop) -> None:
    [prospect] = by_mail(world, "gaest@ukendt.example")

    shop.pay()

    imported(world)
    world.settle()
    paid = world.get(f"/customers/{prospect['id']}")
    assert (paid["roles"], paid["accounting"]["state"]) == (["customer"], "none")
    told = world.get(f"/customers/{prospect['id']}/events")["items"]
    assert [e["origin"]["kind"] for e in told if e["type"] == "customer.became_customer"] == [
        "shop"
    ]


def test_a_known_mail_address_attaches_to_its_customer(world: World, shop: Shop) -> None:
    known = world.customer(name="Kendt Kunde ApS", email="koeber@kendt.example")
    before = imported(world)

    shop.guest_order({"email": "koeber@kendt.example", "company": "Et Helt Andet Navn"})

    assert imported(world) == before + 1
    assert [c["id"] for c in by_mail(world, "koeber@kendt.example")] == [known["id"]]
    assert world.get(f"/customers/{known['id']}")["name"] == "Kendt Kunde ApS"
    orders = world.eventually(
        lambda: [
            event
            for event in world.get("/events", type="customer.order_received", limit=1000)["items"]
            if event["subject_id"] == known["id"]
        ],
        bool,
    )
    assert len(orders) == 1
    assert orders[0]["cause_kind"] == "shop"


def test_a_bad_signature_is_refused_and_nothing_is_stored(world: World, shop: Shop) -> None:
    before = imported(world)

    [sent] = shop.wrong_signature({"email": "falsk@ukendt.example"})

    assert sent.status == 401
    assert imported(world) == before
    assert by_mail(world, "falsk@ukendt.example") == []


def test_a_wrong_address_is_not_found(world: World, shop: Shop) -> None:
    delivery = forged(shop.hook.delivery("order.created", {"id": 1}))

    answer = requests.post(
        shop.hook.url + "x", data=delivery.body, headers=dict(delivery.headers), timeout=120
    )

    assert answer.status_code == 404


def test_a_change_that_arrives_before_its_creation_wins(world: World, shop: Shop) -> None:
    shop.reordered()

    imported(world)
    [made] = world.eventually(lambda: by_mail(world, shop.customers[-1]["email"]), bool)
    assert made["phone"] == "+4570000399"
