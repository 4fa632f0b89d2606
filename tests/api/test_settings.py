"""Settings: what is set, what was, who set it, and going back."""

from typing import Any

from api.routes.settings import POLICIES
from hub.settings import Settings, get_settings
from tests.api.asking import API, broken, get
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller

PATH = "/settings/protection"
DEFAULTS = {"default_days": 90, "longest_days": 365, "most_per_owner": 50}


def replace(
    client: ApiClient, caller: Caller, value: Any, *, seen: int, reason: str | None = None
) -> Reply:
    query = "" if reason is None else f"?reason={reason}"
    headers = {**caller.headers, "If-Match": f'"{seen}"'}
    return client.put(f"{API}{PATH}{query}", json=value, headers=headers)


def restore(client: ApiClient, caller: Caller, body: Any, *, seen: int) -> Reply:
    headers = {**caller.headers, "If-Match": f'"{seen}"'}
    return client.post(f"{API}{PATH}/restoration", json=body, headers=headers)


def of_protection(answer: Any) -> Any:
    [found] = [each for each in answer["items"] if each["key"] == "protection"]
    return found


def test_versions_say_what_was_set_by_whom_when_and_why_and_until_when_it_held(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    replace(client, administrator, {"longest_days": 30}, seen=1, reason="lawyers")
    replace(client, administrator, {"longest_days": 30, "default_days": 7}, seen=2)

    third, second, first = get(client, representative, f"{PATH}/versions")["items"]

    assert [each["version"] for each in (first, second, third)] == [1, 2, 3]
    assert (first["value"], first["effective_from"], first["set_by"]) == (DEFAULTS, None, None)
    assert first["effective_until"] == second["effective_from"] == second["set_by"]["at"]
    assert (second["set_by"]["actor"]["name"], second["set_by"]["reason"]) == ("anna", "lawyers")
    assert second["changes"] == [{"field": "longest_days", "before": 365, "after": 30}]
    assert third["changes"] == [{"field": "default_days", "before": 90, "after": 7}]
    assert second["effective_until"] == third["effective_from"]
    assert (third["effective_until"], third["set_by"]["reason"]) == (None, None)


def test_an_earlier_version_is_restored_as_a_new_one(
    client: ApiClient, administrator: Caller
) -> None:
    replace(client, administrator, {"longest_days": 30}, seen=1)
    replace(client, administrator, {"longest_days": 9}, seen=2)

    stale = restore(client, administrator, {"version": 2}, seen=2)
    answer = restore(client, administrator, {"version": 2, "reason": "too short"}, seen=3)
    again = restore(client, administrator, {"version": 4}, seen=4)
    defaults = restore(client, administrator, {"version": 1}, seen=4)
    unknown = restore(client, administrator, {"version": 9}, seen=5)

    assert (stale.status_code, unknown.status_code) == (412, 404)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"4"')
    assert answer.json["value"] == {**DEFAULTS, "longest_days": 30}
    assert again.json["version"] == 4  # it is what it is already
    assert (defaults.json["version"], defaults.json["value"]) == (5, DEFAULTS)
    newest, restored, *_ = get(client, administrator, f"{PATH}/versions")["items"]
    assert (newest["restores"], restored["restores"]) == (1, 2)
    assert (restored["set_by"]["title"], restored["set_by"]["reason"]) == (
        "An earlier version restored", "too short",
    )  # fmt: skip


def test_only_who_may_configure_restores(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    replace(client, administrator, {"longest_days": 30}, seen=1)

    refused = restore(client, representative, {"version": 1}, seen=2)
    unsaid = client.post(
        f"{API}{PATH}/restoration", json={"version": 1}, headers=administrator.headers
    )

    assert (refused.status_code, unsaid.status_code) == (403, 428)
    assert get(client, administrator, PATH)["version"] == 2


def test_what_a_version_says_is_checked_as_it_would_be_if_it_were_set_now(
    client: ApiClient, administrator: Caller
) -> None:
    field = {"entity": "customer", "key": "colour", "type": "text", "label": "Colour"}
    made = client.post(f"{API}/custom-fields", json=field, headers=administrator.headers).json
    path = f"{API}/settings/entry"
    rules = {"rules": [{"entity": "customer", "field": "custom.colour"}]}
    headers = administrator.headers
    client.put(path, json=rules, headers={**headers, "If-Match": '"1"'})
    client.put(path, json={}, headers={**headers, "If-Match": '"2"'})
    client.delete(
        f"{API}/custom-fields/{made['id']}", headers={**headers, "If-Match": f'"{made["version"]}"'}
    )

    refused = client.post(
        f"{path}/restoration", json={"version": 2}, headers={**headers, "If-Match": '"3"'}
    )

    assert (refused.status_code, broken(refused.json)) == (422, [("/rules/0/field", "unknown")])
    assert get(client, administrator, "/settings/entry")["version"] == 3


def test_the_list_has_defaults_what_differs_from_them_and_what_was_set_at_an_instant(
    client: ApiClient, administrator: Caller
) -> None:
    replace(client, administrator, {"longest_days": 30}, seen=1)
    held = get(client, administrator, f"{PATH}/versions")["items"][0]["effective_from"]
    replace(client, administrator, {"longest_days": 9}, seen=2)

    now = get(client, administrator, "/settings")
    then = of_protection(get(client, administrator, f"/settings?at={held}"))
    before = of_protection(get(client, administrator, "/settings?at=2020-01-01T00:00:00Z"))
    future = client.get(f"{API}/settings?at=2999-01-01T00:00:00Z", headers=administrator.headers)

    assert [each["key"] for each in now["items"]] == sorted(each.KEY for each in POLICIES)
    found = of_protection(now)
    assert (found["version"], found["default"], found["changed"]) == (3, DEFAULTS, ["longest_days"])
    assert found["about"].startswith("How long a customer may be protected")
    assert (then["version"], then["value"]["longest_days"]) == (2, 30)
    assert then["updated_by"] == str(administrator.user_id)
    assert (before["version"], before["value"], before["updated_at"]) == (1, DEFAULTS, None)
    assert broken(future.json) == [("/at", "future")]


def test_what_the_environment_sets_is_shown_without_secrets_to_who_may_configure(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    shown = {each["name"]: each for each in get(client, administrator, "/settings")["environment"]}

    assert shown.keys() == {f"HUB_{name.upper()}" for name in Settings.model_fields}
    assert shown["HUB_ZONE"] == {
        "name": "HUB_ZONE", "value": get_settings().zone, "default": "Europe/Copenhagen",
        "about": "Business time zone.", "is_secret": False,
        "is_set": get_settings().zone != "Europe/Copenhagen",
    }  # fmt: skip
    secrets = {name for name, each in shown.items() if each["is_secret"]}
    assert secrets == {"HUB_DATABASE_URL", "HUB_REDIS_URL", "HUB_SMTP_URL", "HUB_MASTER_KEY"}
    assert {shown[name]["value"] for name in secrets} == {None}
    assert get(client, representative, "/settings")["environment"] == []


def test_calls_and_mails_are_not_let_go_by_leaving_a_field_out(
    client: ApiClient, administrator: Caller
) -> None:
    path = "/api/v1/settings/outside"

    def put(value: Any) -> Reply:
        seen = client.get(path, headers=administrator.headers).headers["ETag"]
        headers = {**administrator.headers, "If-Match": seen}
        return client.put(path, json=value, headers=headers)

    assert put({"held": True}).status_code == 200
    refused = put({})

    assert refused.status_code == 422, refused.text
    assert broken(refused.json) == [("/held", "required")]
    assert get(client, administrator, "/settings/outside")["value"] == {"held": True}
    assert put({"held": False}).json["value"] == {"held": False}
