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
