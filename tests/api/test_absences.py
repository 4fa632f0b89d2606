"""Absences over the API: whose they are to set and to read, and what colleagues are told."""

from datetime import timedelta
from typing import Any

import pytest

from hub.access import teams
from hub.access.roles import Role
from hub.clock import business_date, utcnow
from hub.db import transaction
from hub.settings import get_settings
from tests.api.asking import broken, get, patch, post, remove
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller

PATH = "/absences"
TODAY = business_date(utcnow(), get_settings().zone)
TOMORROW = (TODAY + timedelta(days=1)).isoformat()  # it may be today by then
LAST = (TODAY + timedelta(days=4)).isoformat()
NOW = {"starts_on": TODAY.isoformat(), "ends_on": LAST}


@pytest.fixture
def manager(representative: Caller) -> Caller:
    """Who leads the representative in a team."""
    made = make_caller(Role.MANAGER, "mette@example.com")
    with transaction() as session:
        teams.create_team(
            session,
            {"name": "Nord", "manager_user_id": made.user_id,
             "member_ids": [representative.user_id]},
        )  # fmt: skip
    return made


@pytest.mark.parametrize("role", [Role.REPRESENTATIVE, Role.VIEWER, Role.ASSISTANT, Role.AUDITOR])
def test_everybody_says_when_he_is_away_himself(client: ApiClient, role: Role) -> None:
    caller = make_caller(role, "bo@example.com")

    made = post(client, caller, PATH, {**NOW, "reason": "Ferie"})
    assert (made["user_id"], made["ends_on"]) == (str(caller.user_id), LAST)
    assert made["allowed_actions"] == ["read", "edit", "delete"]
    assert get(client, caller, "/me")["absent_until"] == LAST

    changed = patch(client, caller, PATH, made, ends_on=TOMORROW).json
    assert get(client, caller, "/me")["absent_until"] == TOMORROW
    assert remove(client, caller, PATH, changed).status_code == 204
    assert get(client, caller, "/me")["absent_until"] is None
    told = get(client, caller, f"{PATH}/{made['id']}/events")["items"]
    assert [each["type"] for each in told] == [
        "absence.deleted", "absence.updated", "absence.created",
    ]  # fmt: skip
    [change] = told[1]["changes"]
    assert (change["field"], change["before"], change["after"]) == (
        "ends_on", LAST, TOMORROW,
    )  # fmt: skip


def test_who_leads_somebody_sets_and_reads_his_absences_and_colleagues_know_that_he_is_away(
    client: ApiClient, representative: Caller, manager: Caller, administrator: Caller
) -> None:
    colleague = make_caller(Role.REPRESENTATIVE, "carl@example.com")
    body = {**NOW, "user_id": str(representative.user_id), "reason": "Sygdom"}

    made = post(client, manager, PATH, body)

    at = f"{PATH}/{made['id']}"
    assert get(client, representative, at)["reason"] == "Sygdom"
    assert get(client, administrator, at)["allowed_actions"] == ["read", "edit", "delete"]
    assert client.get(f"/api/v1{at}", headers=colleague.headers).status_code == 404
    assert client.get(f"/api/v1{at}/events", headers=colleague.headers).status_code == 404
    assert get(client, colleague, PATH)["items"] == []
    listed = get(client, manager, f"{PATH}?is_current=true&user={representative.user_id}")
    assert [each["id"] for each in listed["items"]] == [made["id"]]
    users = get(client, colleague, "/users")["items"]
    absent = {each["id"]: each["absent_until"] for each in users}
    assert absent.pop(str(representative.user_id)) == LAST
    assert set(absent.values()) == {None}
    assert "Sygdom" not in str(users)
    assert patch(client, administrator, PATH, made, reason=None).json["reason"] is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({**NOW, "ends_on": "2026-01-01"}, [("/ends_on", "order")]),
        ({**NOW, "user_id": "00000000-0000-7000-8000-000000000000"},
         [("/user_id", "unknown_user")]),
        ({"starts_on": TODAY.isoformat()}, [("/ends_on", "required")]),
    ],
)  # fmt: skip
def test_what_is_no_absence_is_refused(
    client: ApiClient, representative: Caller, body: Any, expected: list[tuple[str, str]]
) -> None:
    assert broken(post(client, representative, PATH, body, 422)) == expected


def test_nobody_sets_an_absence_of_whom_he_does_not_lead(
    client: ApiClient, representative: Caller, manager: Caller
) -> None:
    for person in (manager, make_caller(Role.REPRESENTATIVE, "carl@example.com")):
        body = {**NOW, "user_id": str(person.user_id)}
        assert broken(post(client, representative, PATH, body, 422)) == [("/user_id", "not_yours")]
    made = post(client, representative, PATH, NOW)
    answer = patch(client, representative, PATH, made, ends_on="2026-01-01")
    assert broken(answer.json) == [("/ends_on", "order")]


@pytest.mark.parametrize("kind", ["customers", "leads", "opportunities"])
def test_who_gives_something_to_somebody_who_is_away_is_told_and_it_is_his_all_the_same(
    client: ApiClient, administrator: Caller, representative: Caller, kind: str
) -> None:
    post(client, representative, PATH, NOW)
    named = {"owner_user_id": str(representative.user_id)}
    name = {"company": "Havn ApS"} if kind == "leads" else {"name": "Havn ApS"}

    made = post(client, administrator, f"/{kind}", name)
    given = post(
        client, administrator, f"/{kind}/{made['id']}/ownership", {**named, "reason": "egn"}, 200
    )
    again = get(client, administrator, f"/{kind}/{made['id']}")

    assert given["owner_user_id"] == str(representative.user_id)
    [warning] = given["warnings"]
    assert (warning["pointer"], warning["code"], warning["existing_entity"]) == (
        "/owner_user_id", "absent", "user",
    )  # fmt: skip
    assert warning["text"] == f"bo is away until {LAST}; it is given all the same."
    assert again["warnings"] == []
    other = dict.fromkeys(name, "Viben ApS")
    at_once = post(client, administrator, f"/{kind}", {**other, **named})
    assert [each["code"] for each in at_once["warnings"]] == ["absent"]
