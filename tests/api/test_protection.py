"""Protection over HTTP, and the marks that readings of it leave."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

import workers.tasks.reports  # noqa: F401 - registers the tasks
from hub.access.models import AccessGrant, Team, TeamMember
from hub.access.roles import Role
from hub.clock import utcnow
from hub.configuration import replace
from hub.customers.models import Customer
from hub.customers.policy import ProtectionPolicy
from hub.db import transaction
from hub.history.models import Event
from hub.history.sealing import seal
from hub.ledger.tasks import TaskName
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer
from workers.chain import drain

DAY = timedelta(days=1)
NAME = "Zanzibar ApS"


@pytest.fixture
def leader(representative: Caller) -> Caller:
    made = make_caller(Role.MANAGER, "erik@example.com")
    with transaction() as session:
        team = Team(name="north", manager_user_id=made.user_id)
        session.add(team)
        session.flush()
        session.add(TeamMember(team_id=team.id, user_id=representative.user_id))
    return made


@pytest.fixture
def carl(client: ApiClient) -> Caller:
    return make_caller(Role.REPRESENTATIVE, "carl@example.com")


@pytest.fixture
def auditor(client: ApiClient) -> Caller:
    return make_caller(Role.AUDITOR, "aud@example.com")


def make(owner: Caller, name: str = NAME, **fields: Any) -> UUID:
    with transaction() as session:
        return make_customer(session, name, owner_user_id=owner.user_id, **fields).id


@pytest.fixture
def customer_id(representative: Caller) -> UUID:
    return make(representative)


def protect(client: ApiClient, caller: Caller, customer_id: UUID, **body: Any) -> Reply:
    path = f"/api/v1/customers/{customer_id}/protection"
    return client.post(path, json=body, headers=caller.headers)


def protected(client: ApiClient, caller: Caller, customer_id: UUID, **body: Any) -> Any:
    answer = protect(client, caller, customer_id, **body)
    assert answer.status_code == 200, answer.text
    return answer.json


def release(client: ApiClient, caller: Caller, customer_id: UUID, version: int) -> int:
    return client.delete(
        f"/api/v1/customers/{customer_id}/protection",
        headers={**caller.headers, "If-Match": f'"{version}"'},
    ).status_code


def status(client: ApiClient, caller: Caller, customer_id: UUID) -> int:
    return client.get(f"/api/v1/customers/{customer_id}", headers=caller.headers).status_code


def set_policy(**fields: int) -> None:
    with transaction() as session:
        replace(session, ProtectionPolicy(**fields), expected_version=1)


def marks(customer_id: UUID) -> list[tuple[UUID | None, str]]:
    with transaction() as session:
        found = session.scalars(
            select(Event)
            .where(Event.type == "customer.protected_read", Event.subject_id == customer_id)
            .order_by(Event.id)
        )
        return [(event.user_id, (event.data or {})["how"]) for event in found]


def test_protected_it_does_not_exist_for_others_and_ends_by_itself(
    client: ApiClient, representative: Caller, carl: Caller, leader: Caller, *, customer_id: UUID
) -> None:
    assert status(client, carl, customer_id) == 200

    shown = protected(client, representative, customer_id, days=3, reason="Stor sag")

    until = utcnow() + 3 * DAY
    assert shown["protected"] is True
    assert abs((datetime.fromisoformat(shown["until"]) - until).total_seconds()) < 60
    unknown = client.get(f"/api/v1/customers/{UUID(int=7)}", headers=carl.headers)
    hidden = client.get(f"/api/v1/customers/{customer_id}", headers=carl.headers)
    assert (hidden.status_code, unknown.status_code) == (404, 404)
    assert (
        hidden.json["detail"].replace(str(customer_id), str(UUID(int=7)))
        == (unknown.json["detail"])
    )
    assert [status(client, each, customer_id) for each in (representative, leader)] == [200, 200]
    with transaction() as session:
        customer = session.get_one(Customer, customer_id)
        customer.protected_until = utcnow() - timedelta(seconds=1)
    assert status(client, carl, customer_id) == 200
    assert (
        client.get(
            f"/api/v1/customers/{customer_id}/protection", headers=representative.headers
        ).json["protected"]
        is False
    )


def test_it_is_renewed_and_released_and_its_history_is_kept(
    client: ApiClient, representative: Caller, leader: Caller, customer_id: UUID
) -> None:
    first = protected(client, representative, customer_id, days=3, reason="Stor sag")
    second = protected(client, leader, customer_id, days=30, reason="Trækker ud")
    assert (second["since"], second["by"]) == (first["since"], str(leader.user_id))
    assert second["version"] == first["version"] + 1

    assert release(client, representative, customer_id, first["version"]) == 412
    assert release(client, representative, customer_id, second["version"]) == 204

    told = client.get(
        f"/api/v1/customers/{customer_id}/protection", headers=representative.headers
    ).json
    assert (told["protected"], told["until"]) == (False, None)
    assert [(e["type"], e["by_name"], e["reason"]) for e in reversed(told["history"])] == [
        ("customer.protected", "bo", "Stor sag"),
        ("customer.protection_renewed", "erik", "Trækker ud"),
        ("customer.protection_released", "bo", None),
    ]


def test_only_the_owner_and_his_line_protect_it(
    client: ApiClient, representative: Caller, carl: Caller, administrator: Caller
) -> None:
    as_inside_rep = make(representative)
    with transaction() as session:
        session.get_one(Customer, as_inside_rep).inside_rep_id = carl.user_id
        session.add(
            AccessGrant(
                subject_type="customer", subject_id=as_inside_rep, user_id=carl.user_id,
                level="write", may_share=True,
            )
        )  # fmt: skip
        nobodys = make_customer(session, "Ingens ApS").id

    answers = [
        protect(client, carl, as_inside_rep),
        protect(client, carl, nobodys),
        protect(client, administrator, nobodys),
        protect(client, administrator, as_inside_rep),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 409, 200]
    assert answers[2].json["code"] == "no_owner"
    shown = client.get(f"/api/v1/customers/{as_inside_rep}", headers=carl.headers).json
    assert "protect" not in shown["allowed_actions"]
    history = client.get(f"/api/v1/customers/{as_inside_rep}/protection", headers=carl.headers)
    assert (history.status_code, history.json["history"]) == (200, [])


def test_policies_bound_how_long_and_how_many(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    set_policy(default_days=9, longest_days=10, most_per_owner=1)
    other = make(representative, "Anden ApS")

    too_long = protect(client, representative, customer_id, days=11)
    past = protect(client, representative, customer_id, until=utcnow().isoformat())
    both = protect(client, representative, customer_id, days=1, until=utcnow().isoformat())
    default = protected(client, representative, customer_id)
    renewed = protected(client, representative, customer_id, days=10)
    too_many = protect(client, representative, other)

    assert [(e["pointer"], e["code"]) for e in too_long.json["errors"]] == [("/until", "too_long")]
    assert "10 days" in too_long.json["errors"][0]["message"]
    assert past.json["errors"][0]["code"] == "past"
    assert both.json["errors"][0]["code"] == "one_of"
    assert (datetime.fromisoformat(default["until"]) - utcnow()).days == 8
    assert (datetime.fromisoformat(renewed["until"]) - utcnow()).days == 9
    assert (too_many.status_code, too_many.json["code"]) == (409, "too_many_protected")
    assert too_many.json["details"] == {"most": 1}
    assert release(client, representative, customer_id, renewed["version"]) == 204
    assert protect(client, representative, other).status_code == 200


def test_nobody_is_given_more_protected_customers_than_he_may_have(
    client: ApiClient, representative: Caller, leader: Caller, carl: Caller
) -> None:
    set_policy(most_per_owner=2)
    ids = [make(representative, f"Nr {number} ApS") for number in range(3)]
    protected(client, carl, make(carl, "Carls ApS"))
    for each in ids[:2]:
        protected(client, representative, each)
    to_carl = {"owner_user_id": str(carl.user_id), "reason": "he knows them"}

    def give(customer_id: UUID) -> Reply:
        path = f"/api/v1/customers/{customer_id}/ownership"
        return client.post(path, json=to_carl, headers=representative.headers)

    assert give(ids[0]).status_code in {200, 204}
    refused = give(ids[1])
    open_one = give(ids[2])

    assert (refused.status_code, refused.json["code"]) == (409, "too_many_protected")
    assert refused.json["details"] == {"most": 2}
    assert open_one.status_code == 200
    assert status(client, representative, ids[1]) == 200


def test_nobody_takes_more_protected_customers_than_he_may_have(
    client: ApiClient, representative: Caller, leader: Caller
) -> None:
    set_policy(most_per_owner=1)

    def take_protected(name: str) -> int:
        customer_id = make(representative, name)
        protected(client, representative, customer_id)
        path = f"/api/v1/customers/{customer_id}/taking"
        body = {"reason": "holiday"}
        return client.post(path, json=body, headers=leader.headers).status_code

    assert [take_protected("Første ApS"), take_protected("Anden ApS")] == [200, 409]


def test_of_many_who_protect_at_once_no_more_than_the_policy_allows_succeed(
    client: ApiClient, representative: Caller
) -> None:
    set_policy(most_per_owner=3)
    ids = [make(representative, f"Nr {number} ApS") for number in range(8)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda each: protect(client, representative, each).status_code, ids)
        )

    assert sorted(answers) == [200] * 3 + [409] * 5


def test_a_reading_by_a_right_to_everything_leaves_a_mark_and_others_do_not(
    client: ApiClient, representative: Caller, leader: Caller, auditor: Caller,
    *, administrator: Caller, carl: Caller, customer_id: UUID,
) -> None:  # fmt: skip
    make(representative, "Uden beskyttelse ApS")
    with transaction() as session:
        session.add(
            AccessGrant(
                subject_type="customer", subject_id=customer_id, user_id=carl.user_id, level="read"
            )
        )
    protected(client, representative, customer_id)
    path = f"/api/v1/customers/{customer_id}"
    note = client.post(
        f"{path}/notes", json={"body": "Ringede"}, headers=representative.headers
    ).json
    contact = client.post(
        f"{path}/contacts", json={"last_name": "Holm"}, headers=representative.headers
    ).json
    for caller in (representative, leader, carl):
        for each in (path, "/api/v1/customers", "/api/v1/notes", "/api/v1/contacts"):
            assert client.get(each, headers=caller.headers).status_code == 200
    assert marks(customer_id) == []

    for each in (path, "/api/v1/customers", f"/api/v1/notes/{note['id']}", "/api/v1/contacts",
                 "/api/v1/customers?q=Uden", f"/api/v1/contacts/{contact['id']}",
                 f"{path}/duplicates"):  # fmt: skip
        assert client.get(each, headers=auditor.headers).status_code == 200
    client.patch(path, json={}, headers={**administrator.headers, "If-Match": '"2"'})

    aud, root = auditor.user_id, administrator.user_id
    assert marks(customer_id) == [
        (aud, "record"), (aud, "list"), (aud, "record"), (aud, "list"), (aud, "record"),
        (aud, "record"), (root, "record"),
    ]  # fmt: skip
    told = client.get(f"{path}/protection", headers=representative.headers).json["history"]
    assert {(e["type"], e["by_name"], e["how"]) for e in told[:7]} >= {
        ("customer.protected_read", "aud", "list"), ("customer.protected_read", "anna", "record"),
    }  # fmt: skip


def test_an_export_and_the_feed_of_events_leave_marks_too(
    client: ApiClient, representative: Caller, administrator: Caller, customer_id: UUID
) -> None:
    others = make(representative, "Uden beskyttelse ApS")
    protected(client, representative, customer_id)
    for dataset in ("customers", "notes"):
        body = {"dataset": dataset, "format": "csv"}
        for caller in (administrator, representative):
            answer = client.post("/api/v1/exports", json=body, headers=caller.headers)
            assert answer.status_code == 202
    drain(TaskName.RENDER_EXPORT)
    assert marks(customer_id) == [(administrator.user_id, "export")]
    with transaction() as session:
        seal(session)

    position = 0
    for _ in range(2):
        page = client.get(f"/api/v1/events?after={position}", headers=administrator.headers).json
        position = page["next_after"]
        with transaction() as session:
            seal(session)
    last = client.get(f"/api/v1/events?after={position}", headers=administrator.headers).json

    assert marks(customer_id) == [
        (administrator.user_id, "export"), (administrator.user_id, "events"),
    ]  # fmt: skip
    assert marks(others) == []
    assert last["items"] == []  # reading of readings leaves none, or there were no end of it


def test_what_is_refused_leaves_a_mark_of_what_it_told(
    client: ApiClient, representative: Caller, administrator: Caller, customer_id: UUID
) -> None:
    protected(client, representative, customer_id)
    with transaction() as session:
        customer = session.get_one(Customer, customer_id)
        customer.external_ref = "77"
        name = customer.name
    path = f"/api/v1/customers/{customer_id}"
    others = make(representative, "Uden beskyttelse ApS")

    taken = client.post(
        "/api/v1/customers", json={"name": "B", "external_ref": "77"}, headers=administrator.headers
    )
    stale = client.patch(
        path, json={"city": "Ry"}, headers={**administrator.headers, "If-Match": '"9"'}
    )
    batch = {"items": [{"external_ref": "77", "fields": {"cvr": "99000008"}}]}
    counted = client.post("/api/v1/customers/batch", json=batch, headers=administrator.headers)

    assert (taken.status_code, taken.json["details"]["existing_id"]) == (409, str(customer_id))
    assert (stale.status_code, counted.json["failed"]) == (412, 1)
    assert name not in taken.text
    root = administrator.user_id
    assert marks(customer_id) == [(root, "refusal"), (root, "record"), (root, "record")]
    assert marks(others) == []
