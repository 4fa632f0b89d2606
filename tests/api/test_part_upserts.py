"""Contacts, notes and reminders by a script's own references."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from hub.access.roles import Role
from hub.clock import utcnow
from hub.customers.models import Contact
from hub.db import transaction
from hub.history.models import Event
from hub.mail.models import Delivery
from hub.notes.models import Note
from hub.reminders.models import Reminder
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer

TOMORROW = (utcnow() + timedelta(days=2)).date().isoformat()
KINDS: dict[str, tuple[type[Contact] | type[Note] | type[Reminder], dict[str, Any], dict[str, Any]]]
KINDS = {
    "contacts": (Contact, {"last_name": "Holm", "mobile": "22 33 44 55"}, {"job": "Buyer"}),
    "notes": (Note, {"body": "called", "at": "2026-01-05T10:00:00Z"}, {"body": "called twice"}),
    "reminders": (Reminder, {"title": "call", "on": TOMORROW, "at": "09:00"}, {"title": "write"}),
}
every_kind = pytest.mark.parametrize("kind", sorted(KINDS))


@pytest.fixture
def customer(administrator: Caller) -> str:
    with transaction() as session:
        made = make_customer(
            session, "Nordlys", external_ref="shop-1", owner_user_id=administrator.user_id
        )
        return str(made.id)


def put(client: ApiClient, caller: Caller, kind: str, ref: str, **fields: Any) -> Reply:
    path = f"/api/v1/{kind}/by-external-ref/{ref}"
    return client.put(path, headers=caller.headers, json=fields)


def send(
    client: ApiClient, caller: Caller, kind: str, *items: dict[str, Any], query: str = ""
) -> Any:
    answer = client.post(
        f"/api/v1/{kind}/batch{query}", headers=caller.headers, json={"items": list(items)}
    )
    assert answer.status_code == 200, answer.text
    return answer.json


def count(kind: str) -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(KINDS[kind][0])) or 0


@every_kind
def test_the_first_creates_the_second_changes_nothing_and_a_difference_changes(
    client: ApiClient, administrator: Caller, customer: str, kind: str
) -> None:
    _, fields, other = KINDS[kind]
    whole = {**fields, "customer_external_ref": "shop-1"}

    made = put(client, administrator, kind, "erp/1", **whole)
    again = put(client, administrator, kind, "erp/1", **whole)
    changed = put(client, administrator, kind, "erp/1", **other)

    assert [each.status_code for each in (made, again, changed)] == [201, 200, 200], made.text
    assert [each.headers["ETag"] for each in (made, again, changed)] == ['"1"', '"1"', '"2"']
    assert made.headers["Location"] == f"/api/v1/{kind}/{made.json['id']}"
    assert (made.json["external_ref"], made.json["customer_id"]) == ("erp/1", customer)
    assert again.json["id"] == changed.json["id"] == made.json["id"]
    name, value = next(iter(other.items()))
    assert changed.json[name] == value
    assert count(kind) == 1


@every_kind
def test_one_is_read_and_listed_by_its_reference(
    client: ApiClient, administrator: Caller, customer: str, kind: str
) -> None:
    def get(caller: Caller, path: str) -> Reply:
        return client.get(f"/api/v1/{kind}{path}", headers=caller.headers)

    whole = {**KINDS[kind][1], "customer_id": customer}
    made = put(client, administrator, kind, "erp/1", **whole).json
    put(client, administrator, kind, "erp/2", **whole)

    found = get(administrator, "/by-external-ref/erp/1")
    listed = get(administrator, "?external_ref=erp/1").json["items"]
    nobody = get(administrator, "/by-external-ref/erp/3")

    assert (found.status_code, found.headers["ETag"]) == (200, '"1"')
    assert found.json == get(administrator, f"/{made['id']}").json
    assert [each["id"] for each in listed] == [made["id"]]
    assert (nobody.status_code, nobody.json["code"]) == (404, "not_found")


@every_kind
def test_why_one_was_made_and_changed_is_kept_in_its_history(
    client: ApiClient, administrator: Caller, customer: str, kind: str
) -> None:
    del customer
    _, fields, other = KINDS[kind]
    whole = {**fields, "customer_external_ref": "shop-1"}

    made = put(client, administrator, kind, "a?reason=F%C3%B8rste%20gang", **whole)
    put(client, administrator, kind, "a?reason=Intet%20nyt", **whole)
    put(client, administrator, kind, "a?reason=Ny%20stilling", **other)
    refused = put(client, administrator, kind, "a?because=x", **other)

    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "/because"
    with transaction() as session:
        told = session.scalars(
            select(Event).where(Event.subject_id == UUID(made.json["id"])).order_by(Event.id)
        )
        assert [(each.data or {}).get("reason") for each in told] == [
            "Første gang", "Ny stilling",
        ]  # fmt: skip


@every_kind
def test_a_batch_says_what_was_created_changed_and_left(
    client: ApiClient, administrator: Caller, customer: str, kind: str
) -> None:
    _, fields, other = KINDS[kind]
    whole = {**fields, "customer_id": customer}
    put(client, administrator, kind, "a", **whole)
    put(client, administrator, kind, "b", **whole)

    answer = send(
        client, administrator, kind,
        {"external_ref": "a", "fields": whole},
        {"external_ref": "b", "fields": other},
        {"external_ref": "c", "fields": whole},
        {"external_ref": "d", "fields": {**fields, "customer_external_ref": "nobody"}},
        {"external_ref": "e", "fields": {**whole, "colour": "red"}},
        {"external_ref": "f", "fields": {"customer_id": customer}},
    )  # fmt: skip

    statuses = [result["status"] for result in answer["results"]]
    assert statuses == [204, 200, 201, 422, 422, 422]
    pointers = [result["problem"]["errors"][0]["pointer"] for result in answer["results"][3:]]
    assert pointers[:2] == ["/fields/customer_external_ref", "/fields/colour"]
    counted = [answer[name] for name in ("unchanged", "changed", "created", "failed")]
    assert counted == [1, 1, 1, 3]
    assert count(kind) == 3


@every_kind
def test_a_batch_says_once_why_and_all_that_it_writes_keep_it(
    client: ApiClient, administrator: Caller, customer: str, kind: str
) -> None:
    _, fields, other = KINDS[kind]
    whole = {**fields, "customer_id": customer}
    kept = [put(client, administrator, kind, ref, **whole).json["id"] for ref in "ab"]

    answer = send(
        client, administrator, kind,
        {"external_ref": "a", "fields": whole},
        {"external_ref": "b", "fields": other},
        {"external_ref": "c", "fields": whole},
        query="?reason=Ny%20liste",
    )  # fmt: skip

    assert [result["status"] for result in answer["results"]] == [204, 200, 201]
    with transaction() as session:
        told = session.scalars(select(Event).order_by(Event.id)).all()
        reasons = [
            [(each.data or {}).get("reason") for each in told if str(each.subject_id) == identifier]
            for identifier in (*kept, answer["results"][2]["id"])
        ]
    assert reasons == [[None], [None, "Ny liste"], ["Ny liste"]]


@every_kind
def test_a_new_one_says_whose_it_is_and_a_known_one_stays_there(
    client: ApiClient, administrator: Caller, customer: str, kind: str
) -> None:
    fields = KINDS[kind][1]
    with transaction() as session:
        other = str(make_customer(session, "Havn", external_ref="shop-2").id)
    nobodys = put(client, administrator, kind, "a", **fields)
    twice = put(
        client, administrator, kind, "a", **fields, customer_id=customer,
        customer_external_ref="shop-1",
    )  # fmt: skip
    put(client, administrator, kind, "a", **fields, customer_id=customer)

    moved = put(client, administrator, kind, "a", **fields, customer_id=other)
    moved_by_reference = put(client, administrator, kind, "a", customer_external_ref="shop-2")

    errors = [each.json["errors"][0] for each in (nobodys, twice, moved, moved_by_reference)]
    assert [(each["pointer"], each["code"]) for each in errors] == [
        ("/customer_id", "required"), ("/customer_id", "required"),
        ("/customer_id", "other_customer"), ("/customer_external_ref", "other_customer"),
    ]  # fmt: skip
    assert count(kind) == 1


@every_kind
def test_a_deleted_one_frees_its_reference(
    client: ApiClient, administrator: Caller, customer: str, kind: str
) -> None:
    model, fields, _ = KINDS[kind]
    first = put(client, administrator, kind, "a", **fields, customer_id=customer).json["id"]
    with transaction() as session:
        session.get_one(model, first).deleted_at = utcnow()

    again = put(client, administrator, kind, "a", **fields, customer_id=customer)

    assert (again.status_code, again.json["id"] != first) == (201, True), again.text


@every_kind
def test_what_somebody_else_may_not_change_stays_as_it_is(
    client: ApiClient, administrator: Caller, representative: Caller, customer: str, *, kind: str
) -> None:
    _, fields, other = KINDS[kind]
    put(client, administrator, kind, "a", **fields, customer_id=customer)

    refused = put(client, representative, kind, "a", **other)
    viewer = make_caller(Role.VIEWER, "vibe@example.com")

    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
    assert put(client, viewer, kind, "b", **fields, customer_id=customer).status_code == 403
    with transaction() as session:
        kinds = session.scalars(select(Event.type).where(Event.type.endswith(".updated")))
        assert [each for each in kinds if not each.startswith("customer.")] == []


@every_kind
def test_a_stale_version_is_refused_and_so_is_one_of_nothing(
    client: ApiClient, administrator: Caller, customer: str, kind: str
) -> None:
    _, fields, other = KINDS[kind]
    put(client, administrator, kind, "a", **fields, customer_id=customer)
    put(client, administrator, kind, "a", **other)
    headers = administrator.headers | {"If-Match": '"1"'}

    late = client.put(f"/api/v1/{kind}/by-external-ref/a", headers=headers, json=fields)
    gone = client.put(f"/api/v1/{kind}/by-external-ref/b", headers=headers, json=fields)

    assert [(each.status_code, each.json["code"]) for each in (late, gone)] == [
        (412, "stale_version"), (412, "stale_version"),
    ]  # fmt: skip


@every_kind
def test_of_two_who_send_the_same_at_once_one_creates_and_one_finds_it(
    client: ApiClient, administrator: Caller, customer: str, kind: str
) -> None:
    items = [
        {"external_ref": f"r{number}", "fields": {**KINDS[kind][1], "customer_id": customer}}
        for number in range(10)
    ]
    answers: list[Any] = []
    begin = Barrier(2)

    def put_in(batch: list[dict[str, Any]]) -> None:
        begin.wait()
        answers.append(send(client, administrator, kind, *batch))

    both = [Thread(target=put_in, args=(batch,)) for batch in (items, items[::-1])]
    for each in both:
        each.start()
    for each in both:
        each.join(60)

    assert sorted(answer["created"] for answer in answers) == [0, 10]
    assert sorted(answer["unchanged"] for answer in answers) == [0, 10]
    assert count(kind) == 10


def test_the_same_reminder_sent_twice_sends_one_invitation_even_after_it_is_done(
    client: ApiClient, administrator: Caller, customer: str
) -> None:
    fields = {**KINDS["reminders"][1], "customer_id": customer}
    made = put(client, administrator, "reminders", "a", **fields)
    done = f"/api/v1/reminders/{made.json['id']}/done"
    client.post(done, headers=administrator.headers)

    again = put(client, administrator, "reminders", "a", **fields)
    moved = put(client, administrator, "reminders", "a", title="write")

    assert (again.status_code, again.json["state"], again.json["sequence"]) == (200, "done", 1)
    assert (moved.status_code, moved.json["code"]) == (409, "reminder_state")
    with transaction() as session:
        mails = session.scalars(select(Delivery.kind).order_by(Delivery.id)).all()
    assert mails == ["invitation", "cancellation"]
