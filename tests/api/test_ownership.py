from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from api.authentication import forget_tokens
from hub.access import teams
from hub.access.roles import Role
from hub.customers.models import Customer
from hub.db import transaction
from hub.history.models import Event
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer


@pytest.fixture
def colleague(client: ApiClient) -> Caller:
    return make_caller(Role.REPRESENTATIVE, "carl@example.com")


def make(owner: Caller | None, name: str = "Havn ApS", **fields: Any) -> UUID:
    with transaction() as session:
        return make_customer(
            session, name, owner_user_id=owner.user_id if owner else None, **fields
        ).id


def owner_of(customer_id: UUID | str) -> UUID | None:
    with transaction() as session:
        return session.get_one(Customer, UUID(str(customer_id))).owner_user_id


def give(client: ApiClient, caller: Caller, customer_id: UUID, **body: Any) -> Reply:
    return client.post(
        f"/api/v1/customers/{customer_id}/ownership",
        json={"reason": "he knows them", **body},
        headers=caller.headers,
    )


def take(client: ApiClient, caller: Caller, customer_id: UUID, reason: str = "mine") -> Reply:
    return client.post(
        f"/api/v1/customers/{customer_id}/taking", json={"reason": reason}, headers=caller.headers
    )


def errors(answer: Reply) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(each["pointer"], each["code"]) for each in answer.json["errors"]]


@pytest.mark.parametrize(
    "field", ["owner_user_id", "team_id", "inside_rep_id", "outside_rep_id", "protected_until"]
)
def test_whose_a_customer_is_cannot_be_patched(
    client: ApiClient, administrator: Caller, field: str
) -> None:
    customer_id = make(administrator)

    answer = client.patch(
        f"/api/v1/customers/{customer_id}",
        json={field: str(administrator.user_id)},
        headers={**administrator.headers, "If-Match": '"1"'},
    )

    assert errors(answer) == [(f"/{field}", "unknown")]


def test_an_owner_gives_his_customer_away_and_sees_it_as_anybody_does(
    client: ApiClient, representative: Caller, colleague: Caller
) -> None:
    customer_id = make(representative)

    answer = give(client, representative, customer_id, owner_user_id=str(colleague.user_id))

    assert answer.status_code == 200
    assert answer.json["owner_user_id"] == str(colleague.user_id)
    assert answer.json["allowed_actions"] == ["read", "comment"]
    assert answer.headers["ETag"] == '"2"'


def test_what_is_given_away_under_private_visibility_is_out_of_sight(
    client: ApiClient, representative: Caller, colleague: Caller, private: None
) -> None:
    customer_id = make(representative)
    headers = {**representative.headers, "Idempotency-Key": "k", "Prefer": "wait=1"}
    body = {"owner_user_id": str(colleague.user_id), "reason": "he knows them"}
    path = f"/api/v1/customers/{customer_id}"

    first = client.post(f"{path}/ownership", json=body, headers=headers)
    again = client.post(f"{path}/ownership", json=body, headers=headers)
    read = client.get(path, headers=representative.headers)

    assert (first.status_code, first.data) == (204, b"")
    assert (again.status_code, again.data) == (204, b"")
    assert read.status_code == 404
    assert owner_of(customer_id) == colleague.user_id


def test_a_colleague_may_not_give_what_is_anothers(
    client: ApiClient, representative: Caller, colleague: Caller
) -> None:
    customer_id = make(colleague)

    given = give(client, representative, customer_id, owner_user_id=str(representative.user_id))
    taken = take(client, representative, customer_id)

    assert (given.status_code, taken.status_code) == (403, 403)
    assert owner_of(customer_id) == colleague.user_id


def test_a_manager_in_line_gives_and_takes_what_is_his_peoples(
    client: ApiClient, representative: Caller, colleague: Caller
) -> None:
    manager = make_caller(Role.MANAGER, "mette@example.com")
    with transaction() as session:
        teams.create_team(
            session,
            {"name": "north", "manager_user_id": manager.user_id,
             "member_ids": [representative.user_id]},
        )  # fmt: skip
    forget_tokens()
    led, other = make(representative), make(colleague, "Anden ApS")

    taken = take(client, manager, led)
    given = give(client, manager, led, owner_user_id=str(colleague.user_id))
    foreign = take(client, manager, other)

    assert (taken.status_code, taken.json["owner_user_id"]) == (200, str(manager.user_id))
    assert given.status_code == 200
    assert foreign.status_code == 403


def test_what_is_nobodys_may_be_taken_once(
    client: ApiClient, representative: Caller, colleague: Caller
) -> None:
    customer_id = make(None)
    offered = client.get(f"/api/v1/customers/{customer_id}", headers=representative.headers)

    taken = take(client, representative, customer_id, reason="from the list")
    again = take(client, representative, customer_id)
    late = take(client, colleague, customer_id)

    assert "claim" in offered.json["allowed_actions"]
    assert (taken.status_code, taken.json["version"]) == (200, 2)
    assert "claim" not in taken.json["allowed_actions"]
    assert (again.status_code, again.json["version"]) == (200, 2)
    assert (late.status_code, late.json["code"]) == (403, "forbidden")
    with transaction() as session:
        [event] = session.scalars(select(Event).where(Event.type == "customer.assigned"))
    assert (event.user_id, event.data) == (representative.user_id, {"reason": "from the list"})


def test_a_refusal_names_the_field_and_the_rule(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    customer_id = make(None)
    policy = {"customers": {"roles": ["manager"]}}
    set_ = client.put(
        "/api/v1/settings/assignment", json=policy,
        headers={**administrator.headers, "If-Match": '"1"'},
    )  # fmt: skip
    unknown = client.put(
        "/api/v1/settings/assignment", json={"customers": {"roles": ["seller"]}},
        headers={**administrator.headers, "If-Match": '"2"'},
    )  # fmt: skip

    refused = give(client, administrator, customer_id, owner_user_id=str(representative.user_id))
    nothing = give(client, administrator, customer_id)
    silent = give(client, administrator, customer_id, owner_user_id=None, reason=" ")
    taken = take(client, representative, customer_id)

    assert set_.status_code == 200
    assert errors(unknown) == [("/customers/roles", "unknown_role")]
    assert errors(refused) == [("/owner_user_id", "not_assignable")]
    assert errors(taken) == [("/owner_user_id", "not_assignable")]
    assert errors(nothing) == [("", "required")]
    assert errors(silent) == [("/reason", "too_short")]


def test_a_creator_owns_what_he_makes_and_names_others_with_the_right_to_assign(
    client: ApiClient, representative: Caller, colleague: Caller
) -> None:
    program = make_caller(Role.INTEGRATION, "shop@example.com")

    def create(caller: Caller, name: str, **fields: Any) -> Reply:
        return client.post(
            "/api/v1/customers", json={"name": name, **fields}, headers=caller.headers
        )

    own = create(program, "Egen ApS", inside_rep_id=str(program.user_id))
    others = create(program, "Fremmed ApS", owner_user_id=str(colleague.user_id))
    given = create(representative, "Givet ApS", owner_user_id=str(colleague.user_id))

    assert (own.status_code, own.json["owner_user_id"]) == (201, str(program.user_id))
    assert errors(others) == [("/owner_user_id", "field_not_yours")]
    assert (given.status_code, given.json["owner_user_id"]) == (201, str(colleague.user_id))


def test_a_script_may_say_whose_a_customer_is_and_must_say_why_it_changes(
    client: ApiClient, representative: Caller, colleague: Caller
) -> None:
    path, headers = "/api/v1/customers/by-external-ref/shop-1", representative.headers

    def put(**fields: Any) -> Reply:
        return client.put(path, json={"name": "Shop ApS", **fields}, headers=headers)

    made = put(owner_user_id=str(representative.user_id))
    again = put(owner_user_id=str(representative.user_id))
    silent = put(owner_user_id=str(colleague.user_id))
    moved = put(owner_user_id=str(colleague.user_id), reason="moved to the south")
    back = put(owner_user_id=str(representative.user_id), reason="back")

    assert (made.status_code, again.status_code) == (201, 200)
    assert again.json["version"] == 1
    assert errors(silent) == [("/reason", "required")]
    assert (moved.status_code, moved.json["owner_user_id"]) == (200, str(colleague.user_id))
    assert back.status_code == 403
    assert owner_of(made.json["id"]) == colleague.user_id


def test_a_batch_says_whose_customers_are(
    client: ApiClient, administrator: Caller, colleague: Caller
) -> None:
    program = make_caller(Role.INTEGRATION, "shop@example.com")
    fields = {"name": "Nordlys ApS", "owner_user_id": str(colleague.user_id)}
    wanted = [{"external_ref": "a", "fields": fields}]

    def send(caller: Caller) -> Any:
        answer = client.post(
            "/api/v1/customers/batch", json={"items": wanted}, headers=caller.headers
        )
        return [(result["status"], (result["problem"] or {}).get("errors"))
                for result in answer.json["results"]]  # fmt: skip

    [(refused, rules)] = send(program)
    [(created, _)] = send(administrator)
    [(unchanged, _)] = send(administrator)

    assert (refused, created, unchanged) == (422, 201, 204)
    assert [(rule["pointer"], rule["code"]) for rule in rules] == [
        ("/fields/owner_user_id", "field_not_yours")
    ]


def test_an_import_gives_its_customers_only_to_whom_they_may_be_given(
    client: ApiClient, colleague: Caller
) -> None:
    program = make_caller(Role.INTEGRATION, "shop@example.com")

    def upload(owner: Caller) -> Reply:
        return client.post(
            f"/api/v1/imports?owner={owner.user_id}", data=b"Navn\nNordlys\n",
            headers={**program.headers, "Content-Type": "text/csv"},
        )  # fmt: skip

    refused, own = upload(colleague), upload(program)

    assert errors(refused) == [("/owner", "field_not_yours")]
    assert own.status_code == 202
