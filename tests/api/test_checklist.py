from typing import Any

from connectors import declarations as installed
from hub.connections import declarations
from hub.db import transaction
from tests.api.client import ApiClient
from tests.api.conftest import Caller


def test_the_checklist_says_what_is_open_in_the_readers_language(
    client: ApiClient, administrator: Caller
) -> None:
    answer = client.get("/api/v1/checklist", headers=administrator.headers)

    assert answer.status_code == 200
    steps = {step["code"]: step for step in answer.json["items"]}
    assert list(steps) == [
        "language", "zone", "currency", "public_url", "mail", "contact", "accounting", "shop",
    ]  # fmt: skip
    assert not steps["accounting"]["done"]
    assert "e-conomic" in steps["accounting"]["hint"]
    assert answer.json["open"] == sum(not step["done"] for step in steps.values())


def test_a_registry_with_a_contact_of_its_own_names_the_caller_too(
    client: ApiClient, administrator: Caller
) -> None:
    with transaction() as session:
        declarations.publish(session, installed())
    before = contact_step(client, administrator)

    client.post(
        "/api/v1/connections",
        json={
            "name": "CVR",
            "connector": "cvrapi",
            "settings": {"contact": "Nordlys - Hub - it@nordlys.example"},
        },
        headers=administrator.headers,
    )

    assert "HUB_CONTACT" in before["hint"]
    assert (before["done"], contact_step(client, administrator)["done"]) == (False, True)


def contact_step(client: ApiClient, administrator: Caller) -> dict[str, Any]:
    answer = client.get("/api/v1/checklist", headers=administrator.headers)
    [step] = [step for step in answer.json["items"] if step["code"] == "contact"]
    return dict(step)
