"""Deliveries by Standard Webhooks, over HTTP."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

import workers.tasks  # noqa: F401 - registers the bodies
from connectors import declarations as installed
from hub.clock import utcnow
from hub.connections import credentials, declarations, health
from hub.connections import services as connections
from hub.db import transaction
from hub.ledger.tasks import TaskName
from hub.signatures import checking
from tests.api.client import ApiClient, Reply
from tests.hub.hooks.shops import customers, deliveries
from workers.chain import drain

SECRET, OTHER = checking.new_secret(), checking.new_secret()
BODY = json.dumps(
    {
        "type": "order.created", "timestamp": "2026-05-04T10:11:12Z",
        "data": {
            "id": 727, "total": "1249.50", "currency": "DKK",
            "customer": {"email": "signe@nordlys.example", "company": "Nordlys ApS"},
        },
    }
).encode()  # fmt: skip


@pytest.fixture
def path(client: ApiClient) -> str:
    """Where a program that signs with `SECRET` delivers to."""
    now = utcnow()
    with transaction() as session:
        declarations.publish(session, installed())
        connection = connections.create(
            session, name="Shop", connector="standard_webhooks",
            settings={"webhook_secret": SECRET},
        )  # fmt: skip
        secret = credentials.new_hook_secret(connection)
        health.record_test(session, connection, account=None, choices=None, now=now)
        health.activate(session, connection, now=now)
        identifier: UUID = connection.id
    return f"/hooks/{identifier}/{secret}"


def signed(
    secret: str = SECRET, body: bytes = BODY, delivery_id: str = "d1", at: datetime | None = None
) -> dict[str, str]:
    return checking.sign([secret], delivery_id=delivery_id, body=body, now=at or utcnow())


def send(client: ApiClient, path: str, headers: dict[str, Any], body: bytes = BODY) -> Reply:
    return client.post(path, data=body, headers=headers)


def test_a_signed_order_is_imported_once_however_often_it_comes(
    client: ApiClient, path: str
) -> None:
    answers = [send(client, path, signed()) for _ in range(4)]
    drain(TaskName.IMPORT_HOOK)

    assert [(each.status_code, each.json["is_new"]) for each in answers] == [
        (200, True), (200, False), (200, False), (200, False),
    ]  # fmt: skip
    assert [each.name for each in customers()] == ["Nordlys ApS"]


def test_one_that_was_signed_with_a_secret_being_replaced_beside_the_right_one_is_believed(
    client: ApiClient, path: str
) -> None:
    headers = checking.sign([OTHER, SECRET], delivery_id="d1", body=BODY, now=utcnow())

    assert send(client, path, headers).status_code == 200


DISBELIEVED: dict[str, tuple[Callable[[], dict[str, Any]], bytes, str]] = {
    "unsigned": (dict, BODY, "missing_header"),
    "empty signature": (lambda: {**signed(), "webhook-signature": ""}, BODY, "missing_header"),
    "wrong secret": (lambda: signed(OTHER), BODY, "wrong_signature"),
    "changed body": (signed, BODY + b" ", "wrong_signature"),
    "changed id": (lambda: {**signed(), "webhook-id": "d2"}, BODY, "wrong_signature"),
    "stale": (lambda: signed(at=utcnow() - timedelta(minutes=6)), BODY, "too_old"),
    "from the future": (lambda: signed(at=utcnow() + timedelta(minutes=6)), BODY, "too_new"),
    "no time": (lambda: {**signed(), "webhook-timestamp": "noon"}, BODY, "not_numeric"),
}


@pytest.mark.parametrize("name", DISBELIEVED)
def test_what_is_not_to_be_believed_is_refused_and_nothing_is_stored(
    client: ApiClient, path: str, name: str
) -> None:
    make_headers, body, code = DISBELIEVED[name]

    answer = send(client, path, make_headers(), body)

    assert (answer.status_code, answer.json["code"]) == (401, code)
    assert deliveries() == []
    assert customers() == []
