"""Approvals over HTTP."""

from typing import Any
from uuid import UUID

import pytest

from api.authentication import forget_tokens
from hub.access.models import User
from hub.access.roles import Role
from hub.db import transaction
from hub.settings import get_settings
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer
from tests.petitions import followed, petition


@pytest.fixture
def approval_id(client: ApiClient, representative: Caller) -> UUID:
    with transaction() as session:
        customer = make_customer(session, owner_user_id=representative.user_id)
        return petition(
            session, customer, representative.user_id, reason="Stor ordre", reference="1001",
            data={"percent": 5},
        ).id  # fmt: skip


def post(client: ApiClient, caller: Caller, approval_id: UUID, act: str, **body: Any) -> Reply:
    path = f"/api/v1/approvals/{approval_id}/{act}"
    return client.post(path, json=body, headers=caller.headers)


def listed(client: ApiClient, caller: Caller, path: str = "/approvals") -> list[str]:
    answer = client.get(f"/api/v1{path}", headers=caller.headers)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json["items"]]


def test_whoever_asked_sees_his_request_and_may_withdraw_it(
    client: ApiClient, representative: Caller, approval_id: UUID
) -> None:
    shown = client.get(f"/api/v1/approvals/{approval_id}", headers=representative.headers).json

    assert (shown["action"], shown["action_label"]) == ("tests.discount", "Give a discount")
    assert (shown["subject"]["type"], shown["subject"]["name"]) == ("customer", "Havn ApS")
    assert (shown["state"], shown["reason"], shown["reference"]) == (
        "requested", "Stor ordre", "1001",
    )  # fmt: skip
    assert (shown["data"], shown["allowed_states"]) == ({"percent": 5}, ["withdrawn"])
    withdrawn = post(client, representative, approval_id, "withdrawal")
    assert (withdrawn.status_code, withdrawn.json["state"]) == (200, "withdrawn")
    assert (withdrawn.json["allowed_states"], withdrawn.json["allowed_actions"]) == ([], ["read"])


@pytest.mark.parametrize(
    ("act", "body", "state"),
    [("approval", {}, "approved"), ("refusal", {"reason": "For dyrt"}, "refused")],
)
def test_another_decides_once(
    client: ApiClient,
    administrator: Caller,
    approval_id: UUID,
    *,
    act: str,
    body: dict[str, str],
    state: str,
) -> None:
    waiting = client.get(f"/api/v1/approvals/{approval_id}", headers=administrator.headers).json
    assert waiting["allowed_states"] == ["approved", "refused"]
    assert waiting["allowed_actions"] == ["read", "approve"]

    decided = post(client, administrator, approval_id, act, **body)
    again = post(client, administrator, approval_id, act, **body)

    assert (decided.status_code, decided.json["state"]) == (200, state)
    assert decided.json["decided_by"] == str(administrator.user_id)
    assert (decided.json["allowed_states"], decided.json["allowed_actions"]) == ([], ["read"])
    assert (again.status_code, again.json["code"]) == (409, "approval_state")
    assert again.json["details"] == {"state": state, "allowed": []}


def test_a_refusal_without_a_reason_is_refused_itself(
    client: ApiClient, administrator: Caller, approval_id: UUID
) -> None:
    refused = post(client, administrator, approval_id, "refusal")

    assert refused.status_code == 422
    assert [(e["pointer"], e["code"]) for e in refused.json["errors"]] == [("/reason", "required")]


def test_who_may_not_decide_does_not(
    client: ApiClient, representative: Caller, administrator: Caller, approval_id: UUID
) -> None:
    stranger = make_caller(Role.REPRESENTATIVE, "carl@example.com")

    own = post(client, representative, approval_id, "approval")
    others = post(client, stranger, approval_id, "approval")
    taken_back = post(client, administrator, approval_id, "withdrawal")

    assert (own.status_code, others.status_code, taken_back.status_code) == (403, 403, 403)
    assert client.get(
        f"/api/v1/approvals/{approval_id}", headers=stranger.headers
    ).status_code == 404  # fmt: skip
    assert approval_id not in followed.approved
    assert listed(client, administrator, "/approvals/to-decide") == [str(approval_id)]


def test_an_administrators_own_request_is_for_another(
    client: ApiClient, administrator: Caller
) -> None:
    with transaction() as session:
        own = petition(session, make_customer(session), administrator.user_id).id
    other = make_caller(Role.ADMINISTRATOR, "aase@example.com")

    refused = post(client, administrator, own, "approval")

    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
    assert listed(client, administrator, "/approvals/to-decide") == []
    assert listed(client, other, "/approvals/to-decide") == [str(own)]
    assert post(client, other, own, "approval").status_code == 200
    assert listed(client, other, "/approvals/to-decide") == []


def test_lists_show_what_concerns_the_caller(
    client: ApiClient, representative: Caller, administrator: Caller, approval_id: UUID
) -> None:
    stranger = make_caller(Role.REPRESENTATIVE, "carl@example.com")
    with transaction() as session:
        customer = make_customer(session, "Anden ApS")
        others = petition(session, customer, stranger.user_id).id

    assert listed(client, representative) == [str(approval_id)]
    assert listed(client, administrator) == [str(others), str(approval_id)]
    assert listed(client, administrator, "/approvals?requested_by=me") == []
    assert listed(client, administrator, "/approvals?state=approved") == []
    assert listed(client, administrator, "/approvals?action=tests.discount&limit=1") == [
        str(others)
    ]
    assert listed(client, administrator, f"/customers/{customer.id}/approvals") == [str(others)]
    assert listed(client, representative, f"/customers/{customer.id}/approvals") == []


def test_the_subject_is_not_told_to_whoever_may_not_see_it(
    client: ApiClient,
    representative: Caller,
    administrator: Caller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUB_VISIBILITY", "private")
    get_settings.cache_clear()
    forget_tokens()
    with transaction() as session:
        hidden = make_customer(session, "Hemmelig ApS", owner_user_id=administrator.user_id)
        made = petition(
            session, hidden, representative.user_id, reason="Min gamle kunde", reference="Hemmelig",
            data={"hidden": "Hemmelig"},
        )  # fmt: skip
    path = f"/api/v1/approvals/{made.id}"

    asked = client.get(path, headers=representative.headers)
    all_of_them = client.get("/api/v1/approvals", headers=representative.headers)
    decided = client.get(path, headers=administrator.headers)
    below = client.get(f"/api/v1/customers/{hidden.id}/approvals", headers=representative.headers)
    get_settings.cache_clear()

    assert asked.json["subject"] is None
    assert (asked.json["reason"], asked.json["reference"], asked.json["data"]) == (
        "Min gamle kunde", None, None,
    )  # fmt: skip
    for answer in (asked, all_of_them):
        assert "Hemmelig" not in answer.text
        assert str(hidden.id) not in answer.text
    assert below.status_code == 404
    assert decided.json["subject"] == {
        "type": "customer", "id": str(hidden.id), "name": "Hemmelig ApS",
    }  # fmt: skip


def test_a_refusal_is_told_in_the_readers_language(
    client: ApiClient, administrator: Caller, approval_id: UUID
) -> None:
    with transaction() as session:
        session.get_one(User, administrator.user_id).locale = "da"
    post(client, administrator, approval_id, "approval")

    again = post(client, administrator, approval_id, "approval")

    assert again.json["detail"].startswith("Anmodningen er")


def test_policies_are_read_by_all_and_set_by_administrators(
    client: ApiClient, representative: Caller, administrator: Caller
) -> None:
    path = "/api/v1/settings/approvals"
    first = client.get(path, headers=representative.headers)
    assert (first.status_code, first.headers["ETag"]) == (200, '"1"')
    assert first.json["value"] == {
        "expires_after_days": 14, "escalates_after_hours": None, "told_at_most": 5
    }  # fmt: skip

    body = {"expires_after_days": 30}
    refused = client.put(path, json=body, headers={**representative.headers, "If-Match": '"1"'})
    unversioned = client.put(path, json=body, headers=administrator.headers)
    written = client.put(path, json=body, headers={**administrator.headers, "If-Match": '"1"'})
    stale = client.put(path, json=body, headers={**administrator.headers, "If-Match": '"1"'})

    assert (refused.status_code, unversioned.status_code) == (403, 428)
    assert (written.status_code, written.headers["ETag"]) == (200, '"2"')
    assert written.json["value"] == {
        "expires_after_days": 30, "escalates_after_hours": None, "told_at_most": 5
    }  # fmt: skip
    assert written.json["updated_by"] == str(administrator.user_id)
    assert (stale.status_code, stale.json["code"]) == (412, "stale_version")
    listed_values = client.get("/api/v1/settings", headers=administrator.headers).json["items"]
    assert {each["key"]: each["version"] for each in listed_values}["approvals"] == 2


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"expires_after_days": 0}, "/expires_after_days", "too_small"),
        ({"told_at_most": "5"}, "/told_at_most", "type"),
        ({"escalates_after_hours": 14 * 24}, "/escalates_after_hours", "too_large"),
        ({"colour": "red"}, "/colour", "unknown"),
    ],
)
def test_a_policy_that_breaks_a_rule_is_refused_by_field(
    client: ApiClient, administrator: Caller, *, body: dict[str, Any], pointer: str, code: str
) -> None:
    answer = client.put(
        "/api/v1/settings/approvals", json=body,
        headers={**administrator.headers, "If-Match": '"1"'},
    )  # fmt: skip

    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [(pointer, code)]
