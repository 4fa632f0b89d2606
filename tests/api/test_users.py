import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from flask import Flask, Request

from api import authentication, dispatch
from hub.access.models import User
from hub.access.principals import Principal
from hub.access.roles import Role
from hub.db import transaction
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller

BODY = {"email": "Carl@Example.com", "name": "Carl", "roles": ["representative"]}


def test_a_user_is_made_shown_and_listed(client: ApiClient, administrator: Caller) -> None:
    body = {**BODY, "locale": "da", "zone": "Europe/Copenhagen", "phone": "+45 12345678"}

    made = client.post("/api/v1/users", headers=administrator.headers, json=body)
    shown = client.get(made.headers["Location"], headers=administrator.headers)
    listed = client.get("/api/v1/users", headers=administrator.headers)

    assert made.status_code == 201
    assert made.headers["ETag"] == '"1"'
    assert shown.json == made.json
    assert shown.json["email"] == "carl@example.com"
    assert shown.json["created_by"] == str(administrator.user_id)
    assert (shown.json["locale"], shown.json["zone"]) == ("da", "Europe/Copenhagen")
    assert [user["email"] for user in listed.json["items"]] == [
        "anna@example.com",
        "carl@example.com",
    ]


def test_a_person_says_when_he_works_and_takes_it_back(
    client: ApiClient, representative: Caller
) -> None:
    def change(version: int, hours: object) -> Reply:
        headers = {**representative.headers, "If-Match": f'"{version}"'}
        return client.patch("/api/v1/me", headers=headers, json={"working_hours": hours})

    said = change(1, {"mon": ["08:00", "16:00"], "fri": ["08:00", "14:30"], "sat": None})
    shown = client.get(f"/api/v1/users/{representative.user_id}", headers=representative.headers)
    emptied = change(2, None)

    assert said.status_code == 200
    assert shown.json["working_hours"] == {
        "mon": ["08:00", "16:00"], "fri": ["08:00", "14:30"], "sat": None
    }  # fmt: skip
    assert (emptied.status_code, emptied.json["working_hours"]) == (200, None)


@pytest.mark.parametrize(
    ("hours", "pointer"),
    [
        ({"mon": ["16:00", "08:00"]}, "/working_hours"),
        ({"mon": ["08:00", "24:00"]}, "/working_hours/mon/1"),
        ({"mon": ["08:00"]}, "/working_hours/mon"),
        ({"monday": ["08:00", "16:00"]}, "/working_hours/monday"),
    ],
)
def test_hours_that_nobody_works_are_refused(
    client: ApiClient, representative: Caller, hours: object, pointer: str
) -> None:
    answer = client.patch(
        "/api/v1/me", headers={**representative.headers, "If-Match": '"1"'},
        json={"working_hours": hours},
    )  # fmt: skip

    assert (answer.status_code, [e["pointer"] for e in answer.json["errors"]]) == (422, [pointer])


def test_a_list_is_read_page_by_page(client: ApiClient, administrator: Caller) -> None:
    for number in range(4):
        make_caller(Role.REPRESENTATIVE, f"user{number}@example.com")

    path, names = "/api/v1/users?limit=2", []
    while path:
        answer = client.get(path, headers=administrator.headers)
        names += [user["name"] for user in answer.json["items"]]
        link = answer.headers.get("Link")
        assert (link is None) == (answer.json["next_cursor"] is None)
        path = link.partition("<")[2].partition(">")[0] if link else ""

    assert names == ["anna", "user0", "user1", "user2", "user3"]


def test_an_address_is_taken_in_any_case(client: ApiClient, administrator: Caller) -> None:
    body = {**BODY, "email": "ANNA@example.COM"}

    answer = client.post("/api/v1/users", headers=administrator.headers, json=body)

    assert (answer.status_code, answer.json["code"]) == (409, "email_taken")
    assert answer.json["details"] == {"user_id": str(administrator.user_id)}


@pytest.mark.parametrize("email", ["carl", "carl@", "@example.com", "c d@example.com", "a@b@c"])
def test_what_is_no_address_is_refused(
    client: ApiClient, administrator: Caller, email: str
) -> None:
    answer = client.post(
        "/api/v1/users", headers=administrator.headers, json={**BODY, "email": email}
    )

    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json["errors"]] == ["/email"]


def test_an_address_of_this_machine_is_taken(client: ApiClient, administrator: Caller) -> None:
    answer = client.post(
        "/api/v1/users", headers=administrator.headers, json={**BODY, "email": "carl@localhost"}
    )

    assert (answer.status_code, answer.json["email"]) == (201, "carl@localhost")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("roles", ["king"]),
        ("locale", "xx_XX"),
        ("zone", "Mars/Olympus"),
        ("version", 7),
        ("id", "x"),
    ],
)
def test_a_bad_field_is_named(
    client: ApiClient, administrator: Caller, field: str, value: object
) -> None:
    answer = client.post(
        "/api/v1/users", headers=administrator.headers, json={**BODY, field: value}
    )

    assert answer.status_code == 422
    assert [e["pointer"] for e in answer.json["errors"]] == [f"/{field}"]


def test_a_change_moves_the_version_and_a_cleared_field_is_null(
    client: ApiClient, administrator: Caller
) -> None:
    made = client.post(
        "/api/v1/users", headers=administrator.headers, json={**BODY, "phone": "12345678"}
    )
    path = made.headers["Location"]
    headers = {**administrator.headers, "If-Match": made.headers["ETag"]}

    changed = client.patch(path, headers=headers, json={"phone": None, "active": False})
    stale = client.patch(path, headers=headers, json={"name": "Other"})

    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (changed.json["phone"], changed.json["active"]) == (None, False)
    assert (changed.json["name"], changed.json["updated_by"]) == (
        "Carl",
        str(administrator.user_id),
    )
    assert (stale.status_code, stale.json["details"]) == (412, {"current_version": 2})


def test_a_patch_that_changes_nothing_moves_no_version(
    client: ApiClient, administrator: Caller
) -> None:
    headers = {**administrator.headers, "If-Match": '"1"'}

    answer = client.patch("/api/v1/me", headers=headers, json={"name": "anna"})

    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')


def test_the_last_administrator_stays(client: ApiClient, administrator: Caller) -> None:
    path = f"/api/v1/users/{administrator.user_id}"
    headers = {**administrator.headers, "If-Match": '"1"'}

    for change in ({"active": False}, {"roles": ["representative"]}):
        answer = client.patch(path, headers=headers, json=change)
        assert (answer.status_code, answer.json["code"]) == (409, "last_administrator")

    with transaction() as session:
        user = session.get_one(User, administrator.user_id)
        assert (user.active, user.roles, user.version) == (True, [Role.ADMINISTRATOR], 1)


def test_two_administrators_cannot_dismiss_each_other(
    app: Flask, client: ApiClient, administrator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_caller(Role.ADMINISTRATOR, "eva@example.com")
    both_are_known, known = threading.Barrier(2, timeout=120), authentication.authenticate

    def authenticate(request: Request, now: datetime) -> Principal:
        caller = known(request, now)
        both_are_known.wait()  # before either is dismissed
        return caller

    def dismiss(pair: tuple[Caller, Caller]) -> int:
        by, whom = pair
        headers = {**by.headers, "If-Match": '"1"'}
        path = f"/api/v1/users/{whom.user_id}"
        fresh = ApiClient(app.test_client())
        return fresh.patch(path, headers=headers, json={"active": False}).status_code

    monkeypatch.setattr(dispatch, "authenticate", authenticate)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(dismiss, [(administrator, other), (other, administrator)]))

    assert sorted(answers) == [200, 409]


def test_of_parallel_edits_one_wins_per_version(
    app: Flask, client: ApiClient, administrator: Caller
) -> None:
    def edit(number: int) -> int:
        headers = {**administrator.headers, "If-Match": '"1"'}
        fresh = ApiClient(app.test_client())
        answer = fresh.patch("/api/v1/me", headers=headers, json={"name": f"name {number}"})
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(edit, range(24)))

    assert answers == [200] + [412] * 23
    assert client.get("/api/v1/me", headers=administrator.headers).headers["ETag"] == '"2"'


def test_a_representative_knows_his_colleagues_and_changes_only_himself(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    headers = {**representative.headers, "If-Match": '"1"'}

    colleague = client.get(f"/api/v1/users/{administrator.user_id}", headers=headers)
    refused = client.patch(
        f"/api/v1/users/{administrator.user_id}", headers=headers, json={"name": "x"}
    )
    himself = client.patch("/api/v1/me", headers=headers, json={"locale": "da"})
    promotion = client.patch("/api/v1/me", headers=headers, json={"roles": ["administrator"]})

    assert colleague.json["allowed_actions"] == ["read"]
    assert refused.status_code == 403
    assert (himself.status_code, himself.json["locale"]) == (200, "da")
    assert promotion.json["errors"][0] == {
        "pointer": "/roles",
        "code": "unknown",
        "message": promotion.json["errors"][0]["message"],
    }


def test_me_says_how_far_the_token_reaches(client: ApiClient) -> None:
    caller = make_caller(Role.REPRESENTATIVE, "script@example.com", ("me:read", "jobs:read"))

    answer = client.get("/api/v1/me", headers=caller.headers)

    assert answer.json["scopes"] == ["jobs:read", "me:read"]
    assert answer.json["token_id"] == str(caller.token_id)
    assert "*:edit" in answer.json["rights"]
    assert "*:configure" not in answer.json["rights"]


def test_an_unknown_user_is_not_found(client: ApiClient, administrator: Caller) -> None:
    missing = "01900000-0000-7000-8000-00000000000a"

    answer = client.get(f"/api/v1/users/{missing}", headers=administrator.headers)

    assert (answer.status_code, answer.json["detail"]) == (404, f"There is no user {missing}.")
