"""The WooCommerce sandbox as a sender: what arrives at a hook, header for header."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connectors.sandbox.woocommerce import SCENARIOS, Hook, Shop, create_app
from connectors.shops.woocommerce import WooCommerceWebhook
from hub.signatures import SignatureRefusedError, deduplication_id, is_ping, verify

SECRET = "Æ hemmelighed"
NOW = datetime.now(UTC)
Request = tuple[dict[str, str], bytes]


@dataclass
class Receiver:
    """A hook that answers 200 and keeps what it got."""

    received: list[Request] = field(default_factory=list)
    status: int = 200
    url: str = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(made.status)
            if made.status == 302:
                self.send_header("Location", made.url)
            self.end_headers()
            self.wfile.write(b"noted")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}/hooks/1/path-secret?x=1"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def shop(receiver: Receiver) -> Shop:
    return Shop(Hook(receiver.url, SECRET))


def believed(request: Request) -> str | None:
    return verify("woocommerce", [SECRET], *request, NOW).delivery_id


def content(request: Request) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(request[1])
    return read


def test_a_delivery_carries_every_header_of_the_vendor_and_is_believed(
    shop: Shop, receiver: Receiver
) -> None:
    (sent,) = shop.register()

    (request,) = receiver.received
    headers = {k: v for k, v in request[0].items() if k.startswith(("x-wc", "user", "content-t"))}
    assert (sent.status, sent.answer, sent.topic) == (200, "noted", "customer.created")
    assert believed(request) == sent.delivery_id == headers.pop("x-wc-webhook-delivery-id")
    assert headers.pop("x-wc-webhook-signature")
    assert headers == {
        "user-agent": "WooCommerce/10.3.5 Hookshot (WordPress/6.8.3)",
        "content-type": "application/json",
        "x-wc-webhook-source": "http://shop.example/",
        "x-wc-webhook-topic": "customer.created",
        "x-wc-webhook-resource": "customer",
        "x-wc-webhook-event": "created",
        "x-wc-webhook-id": "12",
    }
    assert request[1].isascii()
    assert b'"href":"http:\\/\\/shop.example\\/wp-json\\/wc\\/v3\\/customers' in request[1]


def test_the_ping_is_unsigned_and_known_as_one(shop: Shop, receiver: Receiver) -> None:
    shop.ping()

    (request,) = receiver.received
    assert request[1] == b"webhook_id=12"
    assert request[0]["content-type"] == "application/x-www-form-urlencoded"
    assert not [name for name in request[0] if name.startswith("x-wc")]
    assert is_ping("woocommerce", *request)
    assert WooCommerceWebhook().parse(*request).kind == "ping"


def test_copies_of_a_delivery_are_one_delivery(shop: Shop, receiver: Receiver) -> None:
    sent = shop.guest_order({"email": "kendt@example.com"}, times=4)

    assert [one.status for one in sent] == [200] * 4
    assert len({request[1] for request in receiver.received}) == 1
    assert len({deduplication_id("woocommerce", *request) for request in receiver.received}) == 1
    event = WooCommerceWebhook().parse(*receiver.received[0])
    assert event.party is not None
    assert (event.party.external_id, event.party.email) == (None, "kendt@example.com")


def test_a_change_that_fires_twice_is_two_deliveries_of_one_state(
    shop: Shop, receiver: Receiver
) -> None:
    shop.fire_twice()

    first, second = receiver.received
    assert first[1] == second[1]
    assert believed(first) != believed(second)


def test_reordered_deliveries_can_be_put_in_order_by_their_times(
    shop: Shop, receiver: Receiver
) -> None:
    shop.reordered()

    later, earlier = (WooCommerceWebhook().parse(*request) for request in receiver.received)
    assert [later.topic, earlier.topic] == ["customer.updated", "customer.created"]
    assert later.resource_id == earlier.resource_id
    assert later.occurred_at is not None
    assert earlier.occurred_at is not None
    assert later.occurred_at > earlier.occurred_at


def test_a_wrong_signature_is_refused_by_whoever_looks(shop: Shop, receiver: Receiver) -> None:
    shop.wrong_signature()

    with pytest.raises(SignatureRefusedError):
        believed(receiver.received[0])


def test_a_customer_orders_changes_and_is_deleted(shop: Shop, receiver: Receiver) -> None:
    shop.register()
    shop.order()
    shop.change({"phone": "+45 70 00 09 99"})
    shop.delete()

    registered, ordered, changed, deleted = receiver.received
    customer_id = content(registered)["id"]
    assert content(ordered)["customer_id"] == customer_id
    assert (content(changed)["id"], content(changed)["billing"]["phone"]) == (
        customer_id,
        "+45 70 00 09 99",
    )
    assert deleted[1] == b'{"id":%d}' % customer_id
    assert shop.customers == []


def test_a_company_orders_with_the_number_that_the_registries_know(
    shop: Shop, receiver: Receiver
) -> None:
    for _ in range(3):
        shop.company_order()

    parties = [WooCommerceWebhook().parse(*request).party for request in receiver.received]
    assert [party.registration_number for party in parties if party] == [
        "DK99000007",
        "DK99000023",
        "DK99000031",
    ]


def test_a_redirect_is_not_followed_and_a_silent_hook_is_noted(
    shop: Shop, receiver: Receiver
) -> None:
    receiver.status = 302
    assert [one.status for one in shop.guest_order()] == [302]
    assert len(receiver.received) == 1

    shop.hook = Hook("http://127.0.0.1:1/hook", SECRET)
    (sent,) = shop.guest_order()
    assert (sent.status, sent.answer) == (None, "[Errno 111] Connection refused")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_button_of_the_page_and_each_call_of_a_script_sends(
    receiver: Receiver, scenario: str
) -> None:
    client = create_app().test_client()
    saved = client.put("/hook", json={"url": receiver.url, "secret": SECRET})

    by_button = client.post("/send", data={"scenario": scenario, "times": "1"})
    by_script = client.post("/send", json={"scenario": scenario})

    assert (saved.status_code, by_button.status_code, by_script.status_code) == (200, 302, 200)
    assert len(receiver.received) == len(client.get("/sent").get_json()) >= 2
    page = client.get("/").get_data(as_text=True)
    assert receiver.url in page
    assert SECRET not in page


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"scenario": "burglary"}, "scenario: one of ping"),
        ({}, "scenario: one of ping"),
        ([], "scenario: one of ping"),
        ({"scenario": "ping", "times": 2}, "times: this scenario has no such option"),
        ({"scenario": "guest_order", "times": 0}, "times: a whole number from 1 to 50"),
        ({"scenario": "guest_order", "times": 51}, "times: a whole number from 1 to 50"),
        ({"scenario": "guest_order", "billing": {"mail": "x"}}, "billing: an object with any of"),
        ({"scenario": "guest_order", "billing": {"email": 7}}, "billing: its values are texts"),
    ],
)
def test_a_script_is_told_what_is_wrong_and_nothing_is_sent(
    receiver: Receiver, body: object, message: str
) -> None:
    client = create_app(Hook(receiver.url, SECRET)).test_client()

    answer = client.post("/send", json=body)

    assert answer.status_code == 400
    assert message in answer.get_data(as_text=True)
    assert receiver.received == []


def test_without_a_hook_nothing_is_sent_and_a_wrong_one_is_refused() -> None:
    client = create_app().test_client()

    assert client.post("/send", json={"scenario": "ping"}).status_code == 400
    bodies: tuple[object, ...] = (
        {"url": "ftp://x"},
        {"url": 7},
        {"address": "x"},
        {"secret": "x"},
        [],
    )
    for body in bodies:
        assert client.put("/hook", json=body).status_code == 400
