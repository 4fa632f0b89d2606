import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select

from api import dispatch
from connectors.sandbox.woocommerce import Delivery, Hook, forged
from hub import reactions
from hub.clock import utcnow
from hub.connections import services as connections
from hub.db import transaction
from hub.hooks.models import HookDelivery
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from hub.problems import services as problems
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller
from tests.hub.hooks.shops import ConnectedShop, customers, deliveries, events, make_shop
from workers.chain import drain


@pytest.fixture
def shop(client: ApiClient) -> ConnectedShop:
    return make_shop()


def call(client: ApiClient, shop: ConnectedShop, sent: Delivery, **other: str) -> Reply:
    connection = other.get("connection", str(shop.connection_id))
    path = f"/hooks/{connection}/{other.get('secret', shop.path_secret)}"
    return client.post(path, data=sent.body, headers=dict(sent.headers))


def job_count() -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(Job)) or 0


def test_an_unsigned_greeting_is_answered_and_nothing_is_kept(
    client: ApiClient, shop: ConnectedShop
) -> None:
    answer = call(client, shop, shop.hook.ping())

    assert (answer.status_code, answer.json) == (200, {"hook_delivery_id": None, "is_new": False})
    assert (deliveries(), job_count()) == ([], 0)


def test_a_signed_order_is_stored_answered_and_then_imported(
    client: ApiClient, shop: ConnectedShop
) -> None:
    sent = shop.hook.delivery("order.created", shop.guest_order(email="a@b.example"))

    answer = call(client, shop, sent)
    stored = deliveries()
    drain(TaskName.IMPORT_HOOK)

    assert (answer.status_code, answer.json["is_new"]) == (200, True)
    assert [one.body for one in stored] == [sent.body]
    assert "x-wc-webhook-signature" not in stored[0].headers
    assert stored[0].headers["x-wc-webhook-topic"] == "order.created"
    assert len(customers()) == 1


def test_a_bad_signature_is_refused_and_nothing_is_stored(
    client: ApiClient, shop: ConnectedShop
) -> None:
    sent = forged(shop.hook.delivery("order.created", shop.guest_order()))

    answer = call(client, shop, sent)

    assert (answer.status_code, answer.json["code"]) == (401, "wrong_signature")
    assert answer.headers["WWW-Authenticate"] == 'Signature realm="hub"'
    assert (deliveries(), job_count()) == ([], 0)


def test_a_delivery_without_a_signature_or_with_a_changed_body_is_refused(
    client: ApiClient, shop: ConnectedShop
) -> None:
    sent = shop.hook.delivery("order.created", shop.guest_order())
    unsigned = {k: v for k, v in sent.headers.items() if k != "X-WC-Webhook-Signature"}

    without = call(client, shop, Delivery(sent.topic, unsigned, sent.body))
    changed = call(client, shop, Delivery(sent.topic, sent.headers, sent.body + b" "))

    assert (without.status_code, without.json["code"]) == (401, "missing_header")
    assert (changed.status_code, changed.json["code"]) == (401, "wrong_signature")
    assert deliveries() == []


def test_an_unknown_hook_and_a_wrong_secret_look_alike(
    client: ApiClient, shop: ConnectedShop
) -> None:
    sent = shop.hook.delivery("order.created", shop.guest_order())

    unknown = call(client, shop, sent, connection=str(uuid4()))
    wrong = call(client, shop, sent, secret="wrong")

    assert (unknown.status_code, unknown.json["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json["code"]) == (404, "not_found")
    assert deliveries() == []


def test_a_secret_being_replaced_is_still_believed_and_an_emptied_one_is_not(
    client: ApiClient, shop: ConnectedShop
) -> None:
    def with_secret(secret: str, number: int) -> Reply:
        order = shop.guest_order(email=f"{number}@b.example")
        return call(client, shop, Hook("http://unused", secret).delivery("order.created", order))

    with transaction() as session:
        connection = connections.get(session, shop.connection_id)
        connections.update(
            session,
            connection,
            {"settings": {"webhook_secret": "new", "previous_webhook_secret": "old"}},
        )
    statuses = [with_secret("new", 1).status_code, with_secret("old", 2).status_code]
    with transaction() as session:
        connection = connections.get(session, shop.connection_id)
        connections.update(session, connection, {"settings": {"previous_webhook_secret": ""}})
    statuses += [with_secret("old", 3).status_code, with_secret("", 4).status_code]

    assert statuses == [200, 200, 401, 401]


def test_fifty_copies_at_once_are_one_import(app: Flask, shop: ConnectedShop) -> None:
    sent = shop.hook.delivery("order.created", shop.guest_order(email="a@b.example"))
    path = f"/hooks/{shop.connection_id}/{shop.path_secret}"

    def post(_: int) -> tuple[int, bool]:
        answer = app.test_client().post(path, data=sent.body, headers=dict(sent.headers))
        assert answer.json is not None
        return answer.status_code, answer.json["is_new"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(50)))
    drain(TaskName.IMPORT_HOOK)

    assert sorted(answers) == [(200, False)] * 49 + [(200, True)]
    assert (len(deliveries()), job_count()) == (1, 1)
    assert (len(customers()), len(events("customer.order_received"))) == (1, 1)


def test_a_body_beyond_one_mebibyte_is_refused(client: ApiClient, shop: ConnectedShop) -> None:
    order = shop.guest_order() | {"customer_note": "x" * 1024 * 1024}

    answer = call(client, shop, shop.hook.delivery("order.created", order))

    assert answer.status_code == 413
    assert deliveries() == []


def test_the_log_names_the_route_and_not_the_secret(
    client: ApiClient, shop: ConnectedShop, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        call(client, shop, shop.hook.delivery("order.created", shop.guest_order()))

    routes = [record.__dict__["route"] for record in caplog.records if "route" in record.__dict__]
    assert routes == ["/hooks/<uuid:connection_id>/<secret>"]
    assert not any(shop.path_secret in str(record.__dict__) for record in caplog.records)


def test_an_administrator_lists_reads_and_replays_deliveries(
    client: ApiClient, shop: ConnectedShop, administrator: Caller
) -> None:
    call(client, shop, shop.hook.delivery("order.created", {"id": 7}))
    call(client, shop, shop.hook.delivery("order.created", shop.guest_order(email="a@b.example")))
    drain(TaskName.IMPORT_HOOK)

    def get(path: str, **query: str) -> Any:
        answer = client.get(f"/api/v1{path}", headers=administrator.headers, query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def replay(identifier: object) -> Reply:
        path = f"/api/v1/hook-deliveries/{identifier}/replay"
        return client.post(path, headers=administrator.headers)

    listed = get("/hook-deliveries")["items"]
    [failed] = get("/hook-deliveries", state="failed")["items"]
    assert [one["state"] for one in listed] == ["imported", "failed"]
    assert failed["message"] == {
        "code": "malformed_reply",
        "text": "/customer_id is missing.",
        "link": None,
    }
    assert get(f"/hook-deliveries/{failed['id']}")["body"] == '{"id":7}'
    assert replay(failed["id"]).status_code == 202
    assert replay(listed[0]["id"]).json["code"] == "already_imported"
    with transaction() as session:
        states = session.scalars(select(HookDelivery.state).order_by(HookDelivery.id)).all()
    assert list(states) == ["stored", "imported"]


def test_a_delivery_tried_again_is_waited_for_and_shown_as_it_came_out(
    client: ApiClient, shop: ConnectedShop, administrator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(client, shop, shop.hook.delivery("order.created", {"id": 7}))
    drain(TaskName.IMPORT_HOOK)
    [failed] = deliveries()

    def work(_jobs: Sequence[UUID], _seconds: int) -> bool:
        drain(TaskName.IMPORT_HOOK)
        return True

    monkeypatch.setattr(dispatch, "wait_for", work)
    headers = {**administrator.headers, "Prefer": "wait=8"}
    answer = client.post(f"/api/v1/hook-deliveries/{failed.id}/replay", headers=headers)

    assert answer.headers["Preference-Applied"] == "wait=8"
    assert (answer.status_code, answer.json["state"]) == (202, "failed")
    assert answer.json["message"]["code"] == "malformed_reply"


def test_a_delivery_that_cannot_be_read_is_given_up_which_closes_its_problem(
    client: ApiClient, shop: ConnectedShop, administrator: Caller
) -> None:
    reactions.install()
    for number in (7, 8):
        call(client, shop, shop.hook.delivery("order.created", {"id": number}))
    drain(TaskName.IMPORT_HOOK)
    headers = {**administrator.headers, "Accept-Language": "da"}

    def get(path: str, **query: str) -> Any:
        return client.get(f"/api/v1{path}", headers=headers, query_string=query).json["items"]

    def problems_open() -> list[tuple[str, int]]:
        with transaction() as session:
            assert problems.refresh(session, utcnow())
        return [(one["kind"], one["count"]) for one in get("/problems", state="open")]

    def give_up(job: dict[str, Any]) -> None:
        path = f"/api/v1/jobs/{job['id']}/cancellation"
        answer = client.post(path, headers=headers, query_string={"reason": "nonsense"})
        assert answer.status_code == 200, answer.text

    first, second = get("/jobs", task="imports.import_hook", state="dead")
    assert problems_open() == [("dead_jobs", 2)]

    give_up(first)
    assert problems_open() == [("dead_jobs", 1)]
    give_up(second)

    assert problems_open() == []
    assert get("/hook-deliveries", state="failed") == []
    left, _ = get("/hook-deliveries", state="ignored")
    assert left["message"] == {
        "code": "given_up",
        "text": "Nogen har opgivet den. Den var slået fejl: /customer_id mangler.",
        "link": None,
    }
    path = f"/api/v1/hook-deliveries/{left['id']}/replay"
    assert client.post(path, headers=headers).status_code == 202


def test_others_see_no_deliveries(client: ApiClient, representative: Caller) -> None:
    answer = client.get("/api/v1/hook-deliveries", headers=representative.headers)

    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
