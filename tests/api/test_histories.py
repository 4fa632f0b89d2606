from typing import Any
from uuid import uuid4

import pytest

from hub.access.roles import Role
from hub.connections.models import Connection
from hub.customers import contacts
from hub.customers.models import Customer
from hub.db import transaction
from hub.history.records import Record
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from hub.notes import services as notes
from hub.origin import ActorKind, CauseKind, Origin
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer


def make(client: ApiClient, caller: Caller, **fields: Any) -> Any:
    answer = client.post("/api/v1/customers", headers=caller.headers, json={"name": "N", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json


def change(client: ApiClient, caller: Caller, customer: Any, **fields: Any) -> Any:
    headers = caller.headers | {
        "If-Match": f'"{customer["version"]}"',
        "X-Request-Id": "request-77",
    }
    path = f"/api/v1/customers/{customer['id']}"
    answer = client.patch(path, headers=headers, json=fields)
    assert answer.status_code == 200, answer.text
    return answer.json


def history(client: ApiClient, caller: Caller, path: str, **headers: str) -> Any:
    answer = client.get(f"/api/v1{path}", headers=caller.headers | headers)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_the_history_of_a_customer_says_who_changed_what_from_what_to_what_and_why(
    client: ApiClient, representative: Caller
) -> None:
    customer = make(client, representative, city="Aarhus")
    change(client, representative, customer, city="Odense")

    newest, first = history(client, representative, f"/customers/{customer['id']}/events")["items"]

    assert (newest["type"], newest["title"], first["title"]) == (
        "customer.updated", "Changed", "Created",
    )  # fmt: skip
    assert newest["changes"] == [
        {
            "field": "city", "label": "City", "before": "Aarhus", "after": "Odense",
            "before_label": None, "after_label": None,
        }
    ]  # fmt: skip
    assert newest["actor"] == {
        "kind": "token", "id": str(representative.token_id),
        "user_id": str(representative.user_id), "name": "bo",
    }  # fmt: skip
    assert newest["origin"] == {"kind": "request", "id": "request-77", "label": "A request"}
    assert (newest["request_id"], newest["job_id"]) == ("request-77", None)


def test_a_danish_reader_reads_danish_words(client: ApiClient, representative: Caller) -> None:
    customer = make(client, representative, customer_group="A")

    [made] = history(
        client, representative, f"/customers/{customer['id']}/events", **{"Accept-Language": "da"}
    )["items"]

    labels = {each["field"]: each["label"] for each in made["changes"]}
    assert (made["title"], made["origin"]["label"]) == ("Oprettet", "En forespørgsel")
    assert (labels["name"], labels["customer_group"]) == ("Navn", "Kundegruppe")


def words_of(entry: Any) -> dict[str, tuple[str | None, str | None]]:
    return {each["field"]: (each["before_label"], each["after_label"]) for each in entry["changes"]}


def test_codes_and_ids_are_told_by_what_people_call_them(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    for code, label in (("media", "Press"), ("public", "Public sector")):
        added = client.post(
            "/api/v1/catalogues/classifications/entries", headers=administrator.headers,
            json={"code": code, "label": label},
        )  # fmt: skip
        assert added.status_code == 201, added.text
    customer = make(
        client, representative, source="website", classifications=["media", "public"],
        roles=["prospect"],
    )  # fmt: skip
    path = f"/customers/{customer['id']}"
    given = client.post(
        f"/api/v1{path}/ownership", headers=administrator.headers,
        json={"owner_user_id": str(administrator.user_id), "reason": "Nearer"},
    )  # fmt: skip
    assert given.status_code == 200, given.text
    changed = change(client, administrator, given.json, source="advert", classifications=["media"])
    assert changed["source"] == "advert"

    mine, assigned, made = history(client, administrator, f"{path}/events")["items"]
    danish = {"Accept-Language": "da"}
    read, *_ = history(client, administrator, f"{path}/events", **danish)["items"]

    assert words_of(mine) == {
        "source": ("Website", "Advertisement"),
        "classifications": ("Press, Public sector", "Press"),
    }  # fmt: skip
    assert words_of(assigned)["owner_user_id"] == ("bo", "anna")
    assert words_of(made)["owner_user_id"] == (None, "bo")
    assert words_of(made)["roles"] == (None, "Prospect")
    assert words_of(made)["name"] == (None, None)
    assert words_of(read)["source"] == ("Hjemmeside", "Annonce")


def test_a_state_is_told_as_the_workflow_of_the_record_calls_it(
    client: ApiClient, representative: Caller
) -> None:
    lead = client.post(
        "/api/v1/leads", json={"company": "Kranen ApS"}, headers=representative.headers
    ).json
    moved = client.post(
        f"/api/v1/leads/{lead['id']}/transitions", json={"to": "development"},
        headers=representative.headers,
    )  # fmt: skip
    assert moved.status_code == 200, moved.text

    path = f"/leads/{lead['id']}/events"
    told, _ = history(client, representative, path)["items"]
    read, _ = history(client, representative, path, **{"Accept-Language": "da"})["items"]

    assert words_of(told)["state"] == ("Pending qualification", "Development")
    assert words_of(read)["state"] == ("Afventer kvalificering", "Udvikling")


def test_what_a_job_did_names_the_job_and_the_person_it_was_done_for(
    client: ApiClient, representative: Caller
) -> None:
    with transaction() as session:
        customer = make_customer(session, "Nordlys", owner_user_id=representative.user_id)
        customer_id = customer.id
        enqueue(session, TaskName.LOOK_UP_COMPANY, key="k", customer_id=customer_id)
    with transaction() as session:
        job_id = session.query(Job).one().id
    origin = Origin(ActorKind.JOB, job_id, representative.user_id, CauseKind.REGISTRY, str(uuid4()))
    with transaction(origin) as session:
        session.get_one(Customer, customer_id).city = "Ry"

    newest = history(client, representative, f"/customers/{customer_id}/events")["items"][0]

    assert (newest["job_id"], newest["request_id"]) == (str(job_id), None)
    assert (newest["actor"]["name"], newest["origin"]["label"]) == ("bo", "The company registry")


def test_pages_of_a_history_skip_and_repeat_nothing(
    client: ApiClient, representative: Caller
) -> None:
    customer = make(client, representative)
    for number in range(4):
        customer = change(client, representative, customer, city=f"By {number}")
    path, cities = f"/customers/{customer['id']}/events?limit=2", []
    answer = history(client, representative, path)
    while answer["items"]:
        cities += [each["changes"][0]["after"] for each in answer["items"]]
        if answer["next_cursor"] is None:
            break
        answer = history(client, representative, f"{path}&cursor={answer['next_cursor']}")

    assert cities[:4] == ["By 3", "By 2", "By 1", "By 0"]
    assert len(cities) == 5


def test_a_reader_is_not_shown_what_was_in_fields_that_are_not_his(
    client: ApiClient, administrator: Caller
) -> None:
    customer = make(client, administrator, iban="DK5000400440116243", city="Aarhus")
    viewer = make_caller(Role.VIEWER, "vibe@example.com")
    path = f"/customers/{customer['id']}/events"

    told, read = history(client, administrator, path), history(client, viewer, path)

    assert "DK5000400440116243" in str(told)
    assert "DK5000400440116243" not in str(read)
    assert "Aarhus" in str(read)


def test_the_history_of_what_was_deleted_stays_readable(
    client: ApiClient, representative: Caller
) -> None:
    customer = make(client, representative)
    headers = representative.headers | {"If-Match": '"1"'}
    client.delete(f"/api/v1/customers/{customer['id']}", headers=headers)

    found = history(client, representative, f"/customers/{customer['id']}/events")["items"]

    assert [each["title"] for each in found] == ["Deleted", "Created"]


def test_contacts_notes_and_connections_have_histories_too(
    client: ApiClient, administrator: Caller
) -> None:
    with transaction() as session:
        customer = make_customer(session, "Nordlys", owner_user_id=administrator.user_id)
        records: dict[str, Record] = {
            "contacts": contacts.create(session, customer, {"last_name": "Holm"}),
            "notes": notes.create(session, customer, body="called", now=customer.created_at),
            "connections": Connection(name="Books", connector="fake", kind="accounting"),
            "customers": customer,
        }
        session.add(records["connections"])
        session.flush()
        ids = {kind: record.id for kind, record in records.items()}

    for kind, identifier in ids.items():
        found = history(client, administrator, f"/{kind}/{identifier}/events")["items"]
        assert [each["title"] for each in found] == ["Created"], kind
        assert found[0]["actor"]["name"] == "Hub itself"


def test_a_change_of_nobody_here_is_one_of_the_system_that_it_came_from(
    client: ApiClient, administrator: Caller
) -> None:
    with transaction() as session:
        books = Connection(name="Books", connector="fake", kind="accounting")
        session.add(books)
        session.flush()
    for cause in (str(books.id), "gone"):
        origin = Origin(ActorKind.JOB, cause_kind=CauseKind.ACCOUNTING, cause_id=cause)
        with transaction(origin) as session:
            customer = make_customer(session, "Nordlys", owner_user_id=administrator.user_id)

        [found] = history(client, administrator, f"/customers/{customer.id}/events")["items"]

        wanted = "Books" if cause != "gone" else "Hub itself"
        assert (found["actor"]["name"], found["actor"]["user_id"]) == (wanted, None)


@pytest.mark.parametrize("kind", ["customers", "contacts", "reminders", "connections"])
def test_an_unknown_record_has_no_history(
    client: ApiClient, administrator: Caller, kind: str
) -> None:
    answer = client.get(f"/api/v1/{kind}/{uuid4()}/events", headers=administrator.headers)

    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_whom_a_customer_is_shared_with_is_not_told_to_those_it_is_only_shown_to(
    client: ApiClient, representative: Caller
) -> None:
    friend = make_caller(Role.REPRESENTATIVE, "friend@example.com")
    customer = make(client, representative)
    grant = {
        "subject_type": "customer", "subject_id": customer["id"], "user_id": str(friend.user_id),
        "reason": "holiday",
    }  # fmt: skip
    path = f"/api/v1/customers/{customer['id']}/grants"
    del grant["subject_type"], grant["subject_id"]
    made = client.post(path, headers=representative.headers, json=grant)
    assert made.status_code == 201, made.text
    events = f"/customers/{customer['id']}/events"

    own = history(client, representative, events)["items"]
    others = history(client, friend, events)["items"]

    assert [(each["title"], each["reason"]) for each in own] == [
        ("Shared", "holiday"), ("Created", None),
    ]  # fmt: skip
    assert [each["title"] for each in others] == ["Created"]


def test_the_history_of_accounts_is_for_those_who_read_all_events(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    path = f"/api/v1/users/{representative.user_id}/events"

    refused = client.get(path, headers=representative.headers)
    read = client.get(path, headers=administrator.headers)

    assert (refused.status_code, read.status_code) == (403, 200)
    assert [each["title"] for each in read.json["items"]] == ["Created"]
