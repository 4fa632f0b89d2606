"""Connections over HTTP."""

from uuid import UUID

import pytest

from connectors import declarations as installed
from hub import sealing
from hub.connections import declarations
from hub.connections.models import Connection
from hub.db import transaction
from tests.api.client import ApiClient
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
