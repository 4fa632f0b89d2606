"""Connections over HTTP."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from connectors import declarations as installed
from hub import sealing
from hub.access.models import User
from hub.clock import utcnow
from hub.connections import declarations, health
from hub.connections.models import Connection
from hub.db import transaction
from hub.ledger.models import Schedule
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller

SECRETS = {"app_secret_token": "app", "agreement_grant_token": "grant"}


@pytest.fixture
def sealed_elsewhere(client: ApiClient, administrator: Caller) -> str:
    """A connection as it is restored where the master key is another one."""
    with transaction() as session:
        declarations.publish(session, installed())
    body = {"name": "e-conomic", "connector": "economic", "settings": SECRETS}
    made = client.post("/api/v1/connections", json=body, headers=administrator.headers).json
    with transaction() as session:
        connection = session.get_one(Connection, UUID(made["id"]))
        connection.secrets = sealing.seal(b"{}", "another place")
    return f"/api/v1/connections/{made['id']}"


def test_credentials_that_another_master_key_sealed_are_missing(
    client: ApiClient, administrator: Caller, sealed_elsewhere: str
) -> None:
    read = client.get(sealed_elsewhere, headers=administrator.headers)
    listed = client.get("/api/v1/connections", headers=administrator.headers)
    tested = client.post(f"{sealed_elsewhere}/test", headers=administrator.headers)

    assert (read.status_code, read.json["secrets"]) == (200, [])
    assert [each["secrets"] for each in listed.json["items"]] == [[]]
    assert tested.status_code == 422
    assert tested.json["errors"][0]["pointer"] == "/settings/app_secret_token"


def test_credentials_that_another_master_key_sealed_are_entered_anew(
    client: ApiClient, administrator: Caller, sealed_elsewhere: str
) -> None:
    version = client.get(sealed_elsewhere, headers=administrator.headers).headers["ETag"]

    changed = client.patch(
        sealed_elsewhere,
        json={"settings": SECRETS},
        headers={**administrator.headers, "If-Match": version},
    )
    tested = client.post(f"{sealed_elsewhere}/test", headers=administrator.headers)

    assert (changed.status_code, changed.json["secrets"]) == (200, sorted(SECRETS))
    assert tested.status_code == 202


@pytest.fixture
def books(client: ApiClient, administrator: Caller) -> Reply:
    """A connection to accounting, at work and owned by the administrator who made it."""
    with transaction() as session:
        declarations.publish(session, installed())
    body = {"name": "e-conomic", "connector": "economic", "settings": SECRETS}
    made = client.post("/api/v1/connections", json=body, headers=administrator.headers)
    with transaction() as session:
        connection = session.get_one(Connection, UUID(made.json["id"]))
        health.record_test(session, connection, account=None, choices=None, now=utcnow())
        health.activate(session, connection, now=utcnow())
    return client.get(f"/api/v1/connections/{made.json['id']}", headers=administrator.headers)


def hand_over(client: ApiClient, administrator: Caller, books: Reply, owner: object) -> Reply:
    return client.patch(
        f"/api/v1/connections/{books.json['id']}",
        json={"owner_user_id": owner},
        headers={**administrator.headers, "If-Match": books.headers["ETag"]},
    )


def test_a_connection_is_handed_over_with_its_pulls(
    client: ApiClient, administrator: Caller, representative: Caller, books: Reply
) -> None:
    assert books.json["owner_user_id"] == str(administrator.user_id)

    changed = hand_over(client, administrator, books, str(representative.user_id))

    assert (changed.status_code, changed.json["owner_user_id"]) == (
        200,
        str(representative.user_id),
    )
    with transaction() as session:
        schedule = session.scalars(select(Schedule)).one()
        assert schedule.owner_user_id == representative.user_id


def test_only_an_active_user_can_own_a_connection(
    client: ApiClient, administrator: Caller, representative: Caller, books: Reply
) -> None:
    with transaction() as session:
        session.get_one(User, representative.user_id).active = False

    refusals = [
        hand_over(client, administrator, books, owner)
        for owner in (str(representative.user_id), str(uuid4()), None, "nobody")
    ]

    assert [answer.status_code for answer in refusals] == [422] * 4
    for answer in refusals:
        assert [each["pointer"] for each in answer.json["errors"]] == ["/owner_user_id"]
    with transaction() as session:
        connection = session.get_one(Connection, UUID(books.json["id"]))
        assert connection.owner_user_id == administrator.user_id
