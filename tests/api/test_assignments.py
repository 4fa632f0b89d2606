from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

import workers.tasks  # noqa: F401 - registers the bodies
from hub.access.models import User
from hub.access.roles import Role
from hub.assignments import services
from hub.configuration import replace
from hub.customers.models import Customer
from hub.customers.policy import ProtectionPolicy
from hub.db import transaction
from hub.ledger.tasks import TaskName
from hub.plans.models import Plan, PlanItem
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.hub.absences.test_presence import be_away
from tests.people import make_customer
from workers.chain import drain


@pytest.fixture
def colleague(client: ApiClient) -> Caller:
    return make_caller(Role.REPRESENTATIVE, "carl@example.com")


def customers(owner: Caller, count: int) -> list[str]:
    with transaction() as session:
        return [
            str(make_customer(session, f"Kunde {n}", owner_user_id=owner.user_id).id)
            for n in range(count)
        ]


def assign(client: ApiClient, caller: Caller, to: Caller, **body: Any) -> Reply:
    wanted = {"set": {"owner_user_id": str(to.user_id)}, "reason": "on leave", **body}
    return client.post("/api/v1/assignments", json=wanted, headers=caller.headers)


def step(client: ApiClient, caller: Caller, plan_id: str, act: str) -> Reply:
    return client.post(f"/api/v1/plans/{plan_id}/{act}", headers=caller.headers)


def owners(ids: list[str]) -> set[UUID | None]:
    with transaction() as session:
        return set(session.scalars(select(Customer.owner_user_id).where(Customer.id.in_(ids))))


def test_a_plan_is_previewed_applied_and_undone(
    client: ApiClient, representative: Caller, colleague: Caller
) -> None:
    mine, others = customers(representative, 3), customers(colleague, 1)

    made = assign(client, representative, colleague, ids=[*mine, *others])
    plan_id = made.json["id"]
    listed = client.get(f"/api/v1/plans/{plan_id}/items", headers=representative.headers).json

    assert (made.status_code, made.headers["Location"]) == (201, f"/api/v1/plans/{plan_id}")
    assert (made.json["kind"], made.json["state"]) == ("assign", "draft")
    assert made.json["counters"] == {"items": 3, "assign": 3}
    assert made.json["scope"]["left_out"] == 1
    assert made.json["allowed_actions"] == ["read", "assign"]
    assert [item["record_id"] for item in listed["items"]] == mine
    assert others[0] not in made.text

    applied = step(client, representative, plan_id, "application")
    drain(TaskName.APPLY_ASSIGNMENT)
    assert (applied.status_code, applied.json["state"]) == (202, "applying")
    assert owners(mine) == {colleague.user_id}

    undone = step(client, representative, plan_id, "undo")
    drain(TaskName.UNDO_ASSIGNMENT)
    assert undone.status_code == 202
    assert owners(mine) == {representative.user_id}


def test_a_plan_gives_nobody_more_protected_customers_than_he_may_have(
    client: ApiClient, representative: Caller, colleague: Caller
) -> None:
    with transaction() as session:
        replace(session, ProtectionPolicy(most_per_owner=2), expected_version=1)
    mine = customers(representative, 4)
    for owner, protected in ((representative, mine[:2]), (colleague, customers(colleague, 1))):
        for each in protected:
            path = f"/api/v1/customers/{each}/protection"
            assert client.post(path, json={}, headers=owner.headers).status_code == 200

    plan_id = assign(client, representative, colleague, ids=mine).json["id"]
    step(client, representative, plan_id, "application")
    drain(TaskName.APPLY_ASSIGNMENT)

    items = client.get(f"/api/v1/plans/{plan_id}/items", headers=representative.headers).json
    assert sorted(
        (item["outcome"], [each["code"] for each in item["errors"] or []])
        for item in items["items"]
    ) == [("done", [])] * 3 + [("failed", ["too_many_protected"])]  # fmt: skip


def test_a_query_chooses_as_the_list_does(
    client: ApiClient, representative: Caller, colleague: Caller
) -> None:
    mine = customers(representative, 3)
    query = {"filter": {"owner": "me", "name": {"ne": "Kunde 1"}}}

    made = assign(client, representative, colleague, query=query)
    wrong = assign(client, representative, colleague, query={"filter": {"colour": "red"}})

    assert made.json["counters"]["items"] == 2
    assert mine[1] not in client.get(
        f"/api/v1/plans/{made.json['id']}/items", headers=representative.headers
    ).text  # fmt: skip
    assert wrong.status_code == 422
    assert wrong.json["errors"][0]["pointer"] == "/query/filter/colour/eq"


def test_what_is_wrong_is_named_and_nothing_is_planned(
    client: ApiClient, representative: Caller, colleague: Caller
) -> None:
    mine = customers(representative, 1)

    def codes(**body: Any) -> list[tuple[str, str]]:
        answer = assign(client, representative, colleague, **body)
        assert answer.status_code == 422, answer.text
        return [(error["pointer"], error["code"]) for error in answer.json["errors"]]

    assert codes() == [("", "required")]
    assert codes(ids=mine, query={}) == [("", "required")]
    assert codes(ids=[]) == [("/ids", "too_short")]
    assert codes(ids=mine, set={}) == [("/set", "required")]
    assert codes(ids=mine, set={"owner_user_id": str(uuid4())}) == [
        ("/set/owner_user_id", "unknown_user")
    ]
    assert codes(ids=mine, reason=" ") == [("/reason", "too_short")]
    with transaction() as session:
        assert session.scalars(select(Plan)).all() == []


def test_a_plan_takes_the_right_of_its_kind(
    client: ApiClient, administrator: Caller, representative: Caller, colleague: Caller
) -> None:
    viewer = make_caller(Role.VIEWER, "vera@example.com")
    plan_id = assign(client, representative, colleague, ids=customers(representative, 1)).json["id"]
    with transaction() as session:
        of_import = Plan(kind="import", created_by=representative.user_id)
        strange = Plan(kind="erase", created_by=representative.user_id)
        session.add_all([of_import, strange])
        session.flush()
    read_only = make_caller(Role.ADMINISTRATOR, "rita@example.com", ("plans:read",))

    denied = assign(client, viewer, colleague, ids=[str(uuid4())])
    foreign = step(client, colleague, plan_id, "application")
    importing = step(client, representative, str(of_import.id), "application")
    narrow = step(client, read_only, plan_id, "application")
    unknown = step(client, representative, str(strange.id), "undo")
    early = step(client, administrator, plan_id, "undo")

    assert (denied.status_code, denied.json["code"]) == (403, "forbidden")
    assert foreign.status_code == 404
    assert (importing.status_code, "plans:import" in importing.json["detail"]) == (403, True)
    assert (narrow.status_code, "customers:assign" in narrow.json["detail"]) == (403, True)
    assert (unknown.status_code, unknown.json["code"]) == (409, "not_by_hand")
    assert (early.status_code, early.json["code"]) == (409, "not_applied")


def test_a_long_preview_is_a_workers_and_cannot_be_applied_before(
    client: ApiClient, representative: Caller, colleague: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "PLANNED_AT_ONCE", 2)
    customers(representative, 3)

    made = assign(client, representative, colleague, query={"filter": {"owner": "me"}})
    early = step(client, representative, made.json["id"], "application")
    drain(TaskName.PLAN_ASSIGNMENT)
    later = client.get(f"/api/v1/plans/{made.json['id']}", headers=representative.headers)

    assert made.status_code == 202
    assert made.headers["Location"].startswith("/api/v1/jobs/")
    assert (early.status_code, early.json["code"]) == (409, "not_ready")
    assert later.json["counters"] == {"items": 3, "assign": 3}
    with transaction() as session:
        assert len(session.scalars(select(PlanItem)).all()) == 3


@pytest.mark.parametrize(
    ("entity", "body"), [("leads", {"company": "Kranen"}), ("opportunities", {"name": "Kran"})]
)
def test_leads_and_opportunities_are_given_away_by_plans_too(
    client: ApiClient,
    representative: Caller,
    colleague: Caller,
    *,
    entity: str,
    body: dict[str, Any],
) -> None:
    mine, theirs = (
        client.post(f"/api/v1/{entity}", json=body, headers=caller.headers).json["id"]
        for caller in (representative, colleague)
    )
    query = {"filter": {"is_open": {"eq": True}}}

    made = assign(client, representative, colleague, entity=entity, query=query)
    plan_id = made.json["id"]
    assert (made.json["counters"], made.json["scope"]["left_out"]) == ({"items": 1, "assign": 1}, 1)
    step(client, representative, plan_id, "application")
    drain(TaskName.APPLY_ASSIGNMENT)

    path = f"/api/v1/{entity}/{mine}"
    given = client.get(path, headers=representative.headers).json
    assert (given["owner_user_id"], given["version"]) == (str(colleague.user_id), 2)
    events = client.get(f"{path}/events", headers=colleague.headers).json["items"]
    assert (events[0]["type"].partition(".")[2], events[0]["reason"]) == ("assigned", "on leave")
    step(client, representative, plan_id, "undo")
    drain(TaskName.UNDO_ASSIGNMENT)
    taken_back = client.get(path, headers=representative.headers).json
    assert taken_back["owner_user_id"] == str(representative.user_id)
    assert theirs not in made.text


def test_a_plan_says_that_whoever_gets_them_is_away(
    client: ApiClient, representative: Caller, colleague: Caller
) -> None:
    mine = customers(representative, 1)
    there = assign(client, representative, colleague, ids=mine).json["scope"]["absent"]
    with transaction() as session:
        until = be_away(session, session.get_one(User, colleague.user_id)).ends_on

    away = assign(client, representative, colleague, ids=mine).json["scope"]["absent"]

    assert (there, away) == ({}, {str(colleague.user_id): until.isoformat()})
