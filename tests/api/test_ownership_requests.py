"""Applying for leads and opportunities, several at once; whoever leads decides over each."""

from typing import Any

import pytest

from hub.access.models import Team, TeamMember
from hub.access.roles import Role
from hub.db import transaction
from tests.api.asking import API, broken, get, post
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller

PATH = "/ownership-requests"


@pytest.fixture
def manager(client: ApiClient, representative: Caller) -> Caller:
    """Whoever leads the representative, and nobody else."""
    caller = make_caller(Role.MANAGER, "mona@example.com")
    with transaction() as session:
        team = Team(name="Nord", manager_user_id=caller.user_id)
        session.add(team)
        session.flush()
        session.add(TeamMember(team_id=team.id, user_id=representative.user_id))
    return caller


@pytest.fixture
def cases(client: ApiClient, administrator: Caller) -> list[Any]:
    made = [post(client, administrator, "/opportunities", {"name": name}) for name in "ab"]
    freed = {"owner_user_id": None, "reason": "Givet fri"}
    return [
        post(client, administrator, f"/opportunities/{each['id']}/ownership", freed, 200)
        for each in made
    ]


def ask(client: ApiClient, caller: Caller, *ids: str, entity: str = "opportunities") -> Reply:
    body = {"entity": entity, "ids": list(ids), "reason": "Min egn"}
    return client.post(f"{API}{PATH}", json=body, headers=caller.headers)


def test_several_are_applied_for_at_once_and_each_is_decided_over(
    client: ApiClient, representative: Caller, manager: Caller, cases: list[Any]
) -> None:
    asked = ask(client, representative, *(each["id"] for each in cases))

    assert asked.status_code == 201, asked.text
    assert [each["id"] for each in asked.json["items"]] == [each["id"] for each in cases]
    first, second = (each["approval_id"] for each in asked.json["items"])
    waiting = get(client, manager, "/approvals?state=requested")["items"]
    assert {each["id"]: each["action_label"] for each in waiting} == dict.fromkeys(
        (first, second), "Get an opportunity"
    )
    post(client, manager, f"/approvals/{first}/approval", {}, 200)
    post(client, manager, f"/approvals/{second}/refusal", {"reason": "Ikke nu"}, 200)
    mine = get(client, representative, "/opportunities?owner=me")["items"]
    assert [each["id"] for each in mine] == [cases[0]["id"]]
    told = get(client, representative, f"/opportunities/{cases[0]['id']}/events")["items"][0]
    assert (told["type"], told["reason"]) == ("opportunity.assigned", "Min egn")


def test_what_cannot_be_applied_for_is_named_and_nothing_is_asked(
    client: ApiClient, private: None, administrator: Caller, representative: Caller
) -> None:
    own = post(client, representative, "/opportunities", {"name": "min"})
    over = post(client, representative, "/opportunities", {"name": "lukket"})
    for verb, body in (("lost", {"lost_reason": "price"}), ("closing", {})):
        post(client, representative, f"/opportunities/{over['id']}/{verb}", body, 200)
    other = post(client, administrator, "/opportunities", {"name": "andens"})["id"]

    refused = ask(client, representative, own["id"], over["id"], other)

    assert refused.status_code == 422
    assert broken(refused.json) == [
        ("/ids/0", "not_needed"), ("/ids/1", "closed"), ("/ids/2", "unknown"),
    ]  # fmt: skip
    assert get(client, administrator, "/approvals")["items"] == []


def test_asked_twice_or_without_the_right_it_is_refused_and_given_away_it_is_not_his_any_more(
    client: ApiClient, administrator: Caller, representative: Caller, manager: Caller,
    cases: list[Any],
) -> None:  # fmt: skip
    wanted = cases[0]["id"]
    [asked] = ask(client, representative, wanted).json["items"]
    again = ask(client, representative, wanted)
    viewer = ask(client, make_caller(Role.VIEWER, "vera@example.com"), wanted)
    given = {"owner_user_id": str(administrator.user_id), "reason": "Min"}
    post(client, administrator, f"/opportunities/{wanted}/ownership", given, 200)

    late = post(client, manager, f"/approvals/{asked['approval_id']}/approval", {}, 409)

    assert (again.status_code, again.json["code"]) == (409, "already_requested")
    assert viewer.status_code == 403
    assert late["code"] == "owner_changed"
    assert get(client, representative, f"/approvals/{asked['approval_id']}")["state"] == "requested"


def test_leads_are_applied_for_likewise(
    client: ApiClient, administrator: Caller, representative: Caller, manager: Caller
) -> None:
    lead = post(client, administrator, "/leads", {"company": "Kranen"})
    [asked] = ask(client, representative, lead["id"], entity="leads").json["items"]

    told = get(client, administrator, f"/approvals/{asked['approval_id']}")
    assert told["data"] == {"owner_user_id": str(administrator.user_id)}
    post(client, administrator, f"/approvals/{asked['approval_id']}/approval", {}, 200)
    assert get(client, representative, f"/leads/{lead['id']}")["owner_user_id"] == str(
        representative.user_id
    )
