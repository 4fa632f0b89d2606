"""Sharing over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.access.models import AccessGrant, Team, TeamMember, User
from hub.access.roles import Role
from hub.clock import utcnow
from hub.db import transaction
from hub.history.models import Event
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer

NAME = "Zanzibar ApS"


pytestmark = pytest.mark.usefixtures("private")


@pytest.fixture
def carl(client: ApiClient) -> Caller:
    return make_caller(Role.REPRESENTATIVE, "carl@example.com")


@pytest.fixture
def dora(client: ApiClient) -> Caller:
    return make_caller(Role.REPRESENTATIVE, "dora@example.com")


@pytest.fixture
def customer_id(representative: Caller) -> UUID:
    with transaction() as session:
        return make_customer(session, NAME, owner_user_id=representative.user_id).id


def share(client: ApiClient, caller: Caller, customer_id: UUID, **body: Any) -> Reply:
    path = f"/api/v1/customers/{customer_id}/grants"
    return client.post(path, json=body, headers=caller.headers)


def shared(client: ApiClient, caller: Caller, customer_id: UUID, **body: Any) -> Any:
    answer = share(client, caller, customer_id, **body)
    assert answer.status_code == 201, answer.text
    return answer.json


def at(caller: Caller, version: int) -> dict[str, str]:
    return {**caller.headers, "If-Match": f'"{version}"'}


def sees(client: ApiClient, caller: Caller, customer_id: UUID) -> bool:
    answer = client.get(f"/api/v1/customers/{customer_id}", headers=caller.headers)
    assert answer.status_code in {200, 404}, answer.text
    return answer.status_code == 200


def listed(client: ApiClient, caller: Caller, path: str) -> list[Any]:
    answer = client.get(f"/api/v1{path}", headers=caller.headers)
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json["items"]
    return items


def test_what_is_shared_is_seen_at_once_with_by_whom_and_why(
    client: ApiClient, representative: Caller, carl: Caller, customer_id: UUID
) -> None:
    assert not sees(client, carl, customer_id)

    made = shared(
        client, representative, customer_id, user_id=str(carl.user_id), level="comment",
        reason="Han kender dem",
    )  # fmt: skip

    assert (made["grantee"]["name"], made["shared_by_name"]) == ("carl", "bo")
    assert made["subject"] == {"type": "customer", "id": str(customer_id)}
    assert made["allowed_actions"] == ["read", "share", "delete"]
    found = client.get(f"/api/v1/customers/{customer_id}", headers=carl.headers).json
    assert found["allowed_actions"] == ["read", "comment"]
    assert found["shared"] == {
        "level": "comment", "may_share": False, "expires_at": None, "reason": "Han kender dem",
        "shared_by": str(representative.user_id), "shared_by_name": "bo",
    }  # fmt: skip
    [own] = listed(client, carl, "/grants?user=me")
    assert (own["id"], own["allowed_actions"]) == (made["id"], ["read", "delete"])


def test_the_list_is_narrowed_to_what_is_shared_with_me(
    client: ApiClient, representative: Caller, carl: Caller, customer_id: UUID
) -> None:
    with transaction() as session:
        own = make_customer(session, "Egen ApS", owner_user_id=carl.user_id).id
    shared(client, representative, customer_id, user_id=str(carl.user_id))

    [found] = listed(client, carl, "/customers?shared=true")
    [other] = listed(client, carl, "/customers?shared=false")

    assert (found["id"], found["shared"]["level"]) == (str(customer_id), "read")
    assert (other["id"], other["shared"]) == (str(own), None)
    assert listed(client, representative, "/customers?shared=true") == []
    refused = client.get("/api/v1/customers?shared=maybe", headers=carl.headers)
    assert [e["code"] for e in refused.json["errors"]] == ["invalid_boolean"]


def test_a_share_ends_by_itself(
    client: ApiClient, representative: Caller, carl: Caller, customer_id: UUID
) -> None:
    tomorrow = (utcnow() + timedelta(days=1)).isoformat()
    made = shared(
        client, representative, customer_id, user_id=str(carl.user_id), expires_at=tomorrow
    )
    assert sees(client, carl, customer_id)

    with transaction() as session:
        session.get_one(AccessGrant, UUID(made["id"])).expires_at = utcnow() - timedelta(seconds=1)

    assert not sees(client, carl, customer_id)
    [over] = listed(client, representative, f"/customers/{customer_id}/grants?live=false")
    assert (over["id"], over["live"]) == (made["id"], False)
    again = shared(client, representative, customer_id, user_id=str(carl.user_id))
    assert again["id"] != made["id"]
    assert sees(client, carl, customer_id)


def test_a_share_is_changed_and_taken_back_and_the_history_tells(
    client: ApiClient, representative: Caller, carl: Caller, customer_id: UUID
) -> None:
    made = shared(client, representative, customer_id, user_id=str(carl.user_id))
    path = f"/api/v1/grants/{made['id']}"

    changed = client.patch(path, json={"level": "write"}, headers=at(representative, 1))
    twice = share(client, representative, customer_id, user_id=str(carl.user_id))
    assert (changed.status_code, changed.json["level"]) == (200, "write")
    assert (twice.status_code, twice.json["code"]) == (409, "shared")
    assert twice.json["details"] == {"existing_id": made["id"]}
    edited = client.patch(
        f"/api/v1/customers/{customer_id}", json={"city": "Ry"}, headers=at(carl, 1)
    )
    assert edited.status_code == 200
    assert client.delete(path, headers=at(representative, 2)).status_code == 204

    assert not sees(client, carl, customer_id)
    assert client.get(path, headers=carl.headers).status_code == 404
    with transaction() as session:
        acts = session.scalars(
            select(Event).where(Event.subject_id == customer_id).order_by(Event.id)
        ).all()
        told = [(e.type, (e.data or {}).get("level")) for e in acts if "shar" in e.type]
    assert told == [
        ("customer.shared", "read"), ("customer.share_changed", "write"),
        ("customer.unshared", "write"),
    ]  # fmt: skip


def test_a_grantee_shares_on_only_where_he_may_and_no_further(
    client: ApiClient, representative: Caller, carl: Caller, dora: Caller, *, customer_id: UUID
) -> None:
    day = timedelta(days=1)
    in_ten_days = (utcnow() + 10 * day).isoformat()
    made = shared(
        client, representative, customer_id, user_id=str(carl.user_id), level="comment",
        expires_at=in_ten_days,
    )  # fmt: skip
    to_dora = {"user_id": str(dora.user_id)}
    assert share(client, carl, customer_id, **to_dora).status_code == 403
    client.patch(
        f"/api/v1/grants/{made['id']}", json={"may_share": True}, headers=at(representative, 1)
    )

    too_high = share(client, carl, customer_id, **to_dora, level="write", expires_at=in_ten_days)
    for_ever = share(client, carl, customer_id, **to_dora)
    too_long = share(
        client, carl, customer_id, **to_dora, expires_at=(utcnow() + 11 * day).isoformat()
    )
    within = share(client, carl, customer_id, **to_dora, level="comment", expires_at=in_ten_days)

    assert [too_high.status_code, for_ever.status_code, too_long.status_code] == [403, 403, 403]
    assert "comment" in too_high.json["detail"]
    assert within.status_code == 201, within.text
    assert sees(client, dora, customer_id)
    path = f"/api/v1/grants/{within.json['id']}"
    raised = client.patch(path, json={"expires_at": None}, headers=at(carl, 1))
    lowered = client.patch(path, json={"level": "read"}, headers=at(carl, 1))
    others = client.delete(f"/api/v1/grants/{made['id']}", headers=at(dora, 2))
    assert (raised.status_code, lowered.status_code, others.status_code) == (403, 200, 404)
    names = {g["grantee"]["name"] for g in listed(client, carl, f"/customers/{customer_id}/grants")}
    assert names == {"carl", "dora"}
    assert len(listed(client, dora, f"/customers/{customer_id}/grants")) == 1
    assert client.delete(path, headers=at(representative, 2)).status_code == 204
    assert not sees(client, dora, customer_id)


def test_a_grantee_may_give_up_what_is_shared_with_him_and_change_nothing(
    client: ApiClient, representative: Caller, carl: Caller, customer_id: UUID
) -> None:
    made = shared(client, representative, customer_id, user_id=str(carl.user_id))
    path = f"/api/v1/grants/{made['id']}"

    changed = client.patch(path, json={"level": "write"}, headers=at(carl, 1))
    given_up = client.delete(path, headers=at(carl, 1))

    assert (changed.status_code, given_up.status_code) == (403, 204)
    assert not sees(client, carl, customer_id)


def test_what_somebody_has_by_his_team_he_does_not_keep_by_sharing_it_with_himself(
    client: ApiClient, administrator: Caller, representative: Caller, carl: Caller,
    *, customer_id: UUID,
) -> None:  # fmt: skip
    body = {"name": "north", "member_ids": [str(carl.user_id)]}
    team = client.post("/api/v1/teams", json=body, headers=administrator.headers).json
    shared(client, representative, customer_id, team_id=team["id"], level="write", may_share=True)

    kept = share(client, carl, customer_id, user_id=str(carl.user_id))

    assert (kept.status_code, kept.json["errors"][0]["code"]) == (422, "oneself")


def test_what_is_shared_with_somebody_he_does_not_keep_by_sharing_it_with_a_team_of_his(
    client: ApiClient, administrator: Caller, representative: Caller, carl: Caller,
    *, customer_id: UUID,
) -> None:  # fmt: skip
    teams = [
        client.post("/api/v1/teams", json=body, headers=administrator.headers).json["id"]
        for body in (
            {"name": "his", "member_ids": [str(carl.user_id), str(representative.user_id)]},
            {"name": "others", "member_ids": [str(administrator.user_id)]},
        )
    ]
    shared(client, representative, customer_id, user_id=str(carl.user_id), may_share=True)

    answers = [share(client, carl, customer_id, team_id=each) for each in teams]
    owners = share(client, representative, customer_id, team_id=teams[0])

    assert [each.status_code for each in answers] == [422, 201]
    assert answers[0].json["errors"] == [
        {
            "pointer": "/team_id",
            "code": "oneself",
            "message": "Nobody shares a record with himself.",
        }
    ]
    assert owners.status_code == 201


def test_a_manager_in_line_shares_and_one_beside_does_not(
    client: ApiClient, representative: Caller, carl: Caller, customer_id: UUID
) -> None:
    leader = make_caller(Role.MANAGER, "erik@example.com")
    beside = make_caller(Role.MANAGER, "fie@example.com")
    with transaction() as session:
        team = Team(name="north", manager_user_id=leader.user_id)
        session.add(team)
        session.flush()
        session.add(TeamMember(team_id=team.id, user_id=representative.user_id))

    body = {"user_id": str(carl.user_id)}
    refused = share(client, beside, customer_id, **body)
    granted = share(client, leader, customer_id, **body)

    assert (refused.status_code, granted.status_code) == (404, 201)


@pytest.mark.parametrize("ended", ["member", "team", "person"])
def test_a_share_with_a_team_is_one_with_its_people_as_long_as_there_are_any(
    client: ApiClient, representative: Caller, administrator: Caller, carl: Caller,
    *, customer_id: UUID, ended: str,
) -> None:  # fmt: skip
    team = client.post(
        "/api/v1/teams", json={"name": "north", "member_ids": [str(carl.user_id)]},
        headers=administrator.headers,
    ).json  # fmt: skip
    shared(client, representative, customer_id, team_id=team["id"], reason="Fælles")
    [found] = listed(client, carl, "/customers?shared=true")
    assert found["shared"]["reason"] == "Fælles"

    path, matched = f"/api/v1/teams/{team['id']}", at(administrator, team["version"])
    if ended == "member":
        client.patch(path, json={"member_ids": []}, headers=matched)
        assert not sees(client, carl, customer_id)
    elif ended == "team":
        client.delete(path, headers=matched)
        assert not sees(client, carl, customer_id)
    else:
        user = f"/api/v1/users/{carl.user_id}"
        client.patch(user, json={"active": False}, headers=at(administrator, 1))
        answer = client.get(f"/api/v1/customers/{customer_id}", headers=carl.headers)
        assert answer.status_code == 401
    assert sees(client, representative, customer_id)


def test_what_cannot_be_a_share_is_refused_by_field(
    client: ApiClient, representative: Caller, carl: Caller, customer_id: UUID
) -> None:
    with transaction() as session:
        session.get_one(User, carl.user_id).active = False
    nobody = {"user_id": str(UUID(int=1))}

    def codes(**body: Any) -> list[tuple[str, str]]:
        answer = share(client, representative, customer_id, **body)
        assert answer.status_code == 422, answer.text
        return [(error["pointer"], error["code"]) for error in answer.json["errors"]]

    assert codes() == [("/user_id", "one_of")]
    assert codes(**nobody, team_id=str(UUID(int=1))) == [("/user_id", "one_of")]
    assert codes(**nobody) == [("/user_id", "unknown_user")]
    assert codes(user_id=str(carl.user_id)) == [("/user_id", "unknown_user")]
    assert codes(user_id=str(representative.user_id)) == [("/user_id", "owner")]
    assert codes(team_id=str(UUID(int=1))) == [("/team_id", "unknown_team")]
    assert codes(**nobody, level="all") == [("/level", "choice")]
    with transaction() as session:
        session.get_one(User, carl.user_id).active = True
    assert codes(user_id=str(carl.user_id), expires_at=utcnow().isoformat()) == [
        ("/expires_at", "past")
    ]
    with transaction() as session:
        assert session.scalars(select(AccessGrant)).all() == []


CHANGES: dict[str, Callable[[ApiClient, Caller, Caller], Reply]] = {
    "token revoked": lambda client, root, carl: client.post(
        f"/api/v1/tokens/{carl.token_id}/revocation", headers=root.headers
    ),
    "made inactive": lambda client, root, carl: client.patch(
        f"/api/v1/users/{carl.user_id}", json={"active": False}, headers=at(root, 1)
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_who_loses_his_rights_is_out_at_once_in_this_process(
    client: ApiClient, administrator: Caller, carl: Caller, change: str
) -> None:
    assert client.get("/api/v1/me", headers=carl.headers).status_code == 200

    assert CHANGES[change](client, administrator, carl).status_code == 200

    assert client.get("/api/v1/me", headers=carl.headers).status_code == 401


def test_a_role_that_changes_changes_what_is_allowed_at_once_in_this_process(
    client: ApiClient, administrator: Caller, carl: Caller
) -> None:
    role = {"code": "clerk", "label": "Clerk", "rights": ["*:read"], "reach": "visible",
            "reads": ["public"], "writes": []}  # fmt: skip
    made = client.post("/api/v1/roles", json=role, headers=administrator.headers).json
    client.patch(
        f"/api/v1/users/{carl.user_id}", json={"roles": ["clerk"]}, headers=at(administrator, 1)
    )
    refused = client.post("/api/v1/customers", json={"name": "Ny ApS"}, headers=carl.headers)

    client.patch(
        f"/api/v1/roles/{made['id']}", json={"rights": ["*:read", "customers:create"]},
        headers=at(administrator, 1),
    )  # fmt: skip

    granted = client.post("/api/v1/customers", json={"name": "Ny ApS"}, headers=carl.headers)
    assert (refused.status_code, granted.status_code) == (403, 201)
