"""Notes, reminders and deliveries over HTTP."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from hub.db import transaction
from hub.ledger.models import Job
from hub.mail.models import Delivery
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller
from tests.people import make_customer

NOTE = {"body": "Vil have prisen før fredag.", "type": "call"}
REMINDER = {"title": "Ring", "on": "2090-12-01", "at": "09:00"}


@pytest.fixture
def customer_id(client: ApiClient) -> UUID:
    with transaction() as session:
        return make_customer(session).id


def write(client: ApiClient, caller: Caller, customer_id: UUID, **fields: Any) -> Reply:
    return client.post(
        f"/api/v1/customers/{customer_id}/notes", json={**NOTE, **fields}, headers=caller.headers
    )


def versioned(caller: Caller, version: int) -> dict[str, str]:
    return {**caller.headers, "If-Match": f'"{version}"'}


def mails() -> list[str]:
    with transaction() as session:
        return [kind.value for kind in session.scalars(select(Delivery.kind).order_by(Delivery.id))]


def test_a_note_with_a_reminder_is_written_and_asks_for_the_invitation(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    reply = write(client, representative, customer_id, reminder=REMINDER)

    assert reply.status_code == 201
    assert reply.headers["Location"] == f"/api/v1/notes/{reply.json['id']}"
    assert 'rel="job"' in reply.headers["Link"]
    assert reply.json["author_user_id"] == str(representative.user_id)
    assert (reply.json["type"], reply.json["type_label"]) == ("call", "Call")
    reminder = reply.json["reminder"]
    assert reminder["note_id"] == reply.json["id"]
    assert (reminder["on"], reminder["at"], reminder["zone"], reminder["fire_at"]) == (
        "2090-12-01", "09:00:00", "Europe/Copenhagen", "2090-12-01T08:00:00Z",
    )  # fmt: skip
    assert reminder["recipient_user_id"] == str(representative.user_id)
    assert (reminder["state"], reminder["sequence"]) == ("scheduled", 0)
    assert mails() == ["invitation"]
    shown = client.get(f"/api/v1/customers/{customer_id}", headers=representative.headers)
    assert shown.json["last_note_at"] == reply.json["at"]


def test_a_customers_notes_are_listed_newest_first_with_their_total(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    with transaction() as session:
        other_id = make_customer(session, "Anden ApS").id
    for body in ("første", "anden"):
        write(client, representative, customer_id, body=body)
    write(client, representative, other_id, body="en andens")

    listed = client.get(
        f"/api/v1/customers/{customer_id}/notes?type=call", headers=representative.headers
    )
    everywhere = client.get("/api/v1/notes?q=andens", headers=representative.headers)

    assert [note["body"] for note in listed.json["items"]] == ["anden", "første"]
    assert listed.json["total"] == {"count": 2, "exact": True}
    assert [note["body"] for note in everywhere.json["items"]] == ["en andens"]


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"body": " "}, "/body", "too_short"),
        ({"type": "Møde!"}, "/type", "form"),
        ({"at": "2090-01-01T00:00:00Z"}, "/at", "future"),
        ({"reminder": {**REMINDER, "on": "2020-01-01"}}, "/reminder/at", "past"),
        ({"reminder": {**REMINDER, "at": "24:00"}}, "/reminder/at", "form"),
        ({"reminder": {**REMINDER, "zone": "Atlantis"}}, "/reminder/zone", "zone"),
        ({"reminder": {**REMINDER, "on": "9999-12-31"}}, "/reminder/on", "date"),
        ({"reminder": {"title": "Ring"}}, "/reminder/on", "required"),
        (
            {"reminder": {**REMINDER, "recipient_user_id": str(uuid4())}},
            "/reminder/recipient_user_id",
            "unknown_user",
        ),
    ],
)
def test_what_breaks_a_rule_is_refused_by_field_and_nothing_is_written(  # noqa: PLR0917 - of a table
    client: ApiClient,
    representative: Caller,
    customer_id: UUID,
    fields: dict[str, Any],
    pointer: str,
    code: str,
) -> None:
    reply = write(client, representative, customer_id, **fields)

    assert reply.status_code == 422
    assert [(e["pointer"], e["code"]) for e in reply.json["errors"]] == [(pointer, code)]
    assert mails() == []
    listed = client.get("/api/v1/notes", headers=representative.headers)
    assert listed.json["total"]["count"] == 0


def test_a_note_is_changed_and_taken_away_by_its_author_and_by_nobody_else(
    client: ApiClient, representative: Caller, administrator: Caller, customer_id: UUID
) -> None:
    note = write(client, administrator, customer_id).json
    path = f"/api/v1/notes/{note['id']}"

    refused = client.patch(path, json={"body": "x"}, headers=versioned(representative, 1))
    assert refused.status_code == 403
    assert client.delete(path, headers=versioned(representative, 1)).status_code == 403

    changed = client.patch(path, json={"body": "rettet"}, headers=versioned(administrator, 1))
    assert (changed.status_code, changed.json["body"], changed.json["version"]) == (
        200, "rettet", 2,
    )  # fmt: skip
    stale = client.patch(path, json={"body": "x"}, headers=versioned(administrator, 1))
    assert stale.status_code == 412
    assert client.delete(path, headers=versioned(administrator, 2)).status_code == 204
    assert client.get(path, headers=administrator.headers).status_code == 404
    shown = client.get(f"/api/v1/customers/{customer_id}", headers=administrator.headers)
    assert shown.json["last_note_at"] is None


def test_a_reminder_is_moved_made_all_day_and_handed_over(
    client: ApiClient, representative: Caller, administrator: Caller, customer_id: UUID
) -> None:
    reminder = client.post(
        f"/api/v1/customers/{customer_id}/reminders", json=REMINDER, headers=representative.headers
    )
    assert reminder.status_code == 201
    path = f"/api/v1/reminders/{reminder.json['id']}"

    moved = client.patch(path, json={"on": "2090-12-02"}, headers=versioned(representative, 1))
    assert (moved.json["sequence"], moved.json["fire_at"]) == (1, "2090-12-02T08:00:00Z")
    all_day = client.patch(
        path, json={"at": None}, headers=versioned(representative, moved.json["version"])
    )
    assert (all_day.json["all_day"], all_day.json["at"], all_day.json["fire_at"]) == (
        True, None, "2090-12-02T07:00:00Z",
    )  # fmt: skip
    handed = client.patch(
        path,
        json={"recipient_user_id": str(administrator.user_id)},
        headers=versioned(representative, all_day.json["version"]),
    )
    assert handed.json["sequence"] == 3
    assert mails() == ["invitation", "update", "update", "cancellation", "invitation"]


def test_reminders_of_a_day_are_found_whether_they_have_an_hour_or_not(
    client: ApiClient, representative: Caller, customer_id: UUID
) -> None:
    for title, on, at in (("Early", "2090-12-02", "00:10"), ("All day", "2090-12-02", None),
                          ("Later", "2090-12-03", "09:00")):  # fmt: skip
        made = client.post(
            f"/api/v1/customers/{customer_id}/reminders", headers=representative.headers,
            json={"title": title, "on": on, "at": at},
        )  # fmt: skip
        assert made.status_code == 201, made.text

    found = client.get("/api/v1/reminders?on=2090-12-02", headers=representative.headers)

    assert sorted(each["title"] for each in found.json["items"]) == ["All day", "Early"]


@pytest.mark.parametrize(("act", "state"), [("done", "done"), ("cancellation", "cancelled")])
def test_a_reminder_is_closed_once(
    client: ApiClient, representative: Caller, customer_id: UUID, act: str, state: str
) -> None:
    reminder = write(client, representative, customer_id, reminder=REMINDER).json["reminder"]
    path = f"/api/v1/reminders/{reminder['id']}"

    closed = client.post(f"{path}/{act}", headers=representative.headers)
    again = client.post(f"{path}/{act}", headers=representative.headers)

    assert (closed.status_code, closed.json["state"], closed.json["allowed_states"]) == (
        200, state, [],
    )  # fmt: skip
    assert (again.status_code, again.json["code"]) == (409, "reminder_state")
    assert again.json["details"] == {"state": state, "allowed": []}
    assert mails() == ["invitation", "cancellation"]


def test_another_persons_reminder_is_read_but_not_touched(
    client: ApiClient, representative: Caller, administrator: Caller, customer_id: UUID
) -> None:
    reminder = write(client, administrator, customer_id, reminder=REMINDER).json["reminder"]
    path = f"/api/v1/reminders/{reminder['id']}"

    assert client.get(path, headers=representative.headers).status_code == 200
    assert client.post(f"{path}/done", headers=representative.headers).status_code == 403
    mine = client.get("/api/v1/reminders?recipient=me", headers=representative.headers)
    assert mine.json["items"] == []


def test_deliveries_are_seen_by_whom_they_are_for(
    client: ApiClient, representative: Caller, administrator: Caller, customer_id: UUID
) -> None:
    write(client, representative, customer_id, reminder=REMINDER)
    write(client, administrator, customer_id, reminder=REMINDER)

    own = client.get("/api/v1/deliveries", headers=representative.headers).json["items"]
    everyones = client.get("/api/v1/deliveries?kind=invitation", headers=administrator.headers)

    assert [d["recipient"] for d in own] == ["bo@example.com"]
    assert (own[0]["state"], own[0]["tries"], own[0]["possible_repeats"]) == ("pending", 0, 0)
    assert everyones.json["total"]["count"] == 2


def test_only_a_failed_or_held_mail_is_sent_again(
    client: ApiClient, administrator: Caller, customer_id: UUID
) -> None:
    write(client, administrator, customer_id, reminder=REMINDER)
    (mail,) = client.get("/api/v1/deliveries", headers=administrator.headers).json["items"]
    path = f"/api/v1/deliveries/{mail['id']}/resend"

    refused = client.post(path, headers=administrator.headers)
    assert (refused.status_code, refused.json["code"]) == (409, "delivery_state")

    with transaction() as session:
        session.get_one(Delivery, UUID(mail["id"])).state = "failed"  # type: ignore[assignment]  # as the column takes it
    again = client.post(path, headers=administrator.headers)
    assert (again.status_code, again.json["state"]) == (202, "pending")


def test_a_test_mail_is_a_job_for_the_caller(client: ApiClient, representative: Caller) -> None:
    reply = client.post("/api/v1/mail/test", headers=representative.headers)

    assert reply.status_code == 202
    assert reply.headers["Location"] == f"/api/v1/jobs/{reply.json['id']}"
    with transaction() as session:
        (delivery,) = session.scalars(select(Delivery))
        assert (delivery.kind, delivery.recipient) == ("test", "bo@example.com")
        assert session.get_one(Job, UUID(reply.json["id"])).subject_id == delivery.id


def test_the_types_of_notes_are_named_in_the_readers_language(
    client: ApiClient, representative: Caller
) -> None:
    headers = {**representative.headers, "Accept-Language": "da"}

    found = client.get("/api/v1/catalogues/note_types/entries?code=meeting", headers=headers)

    assert [each["label"] for each in found.json["items"]] == ["Møde"]


@pytest.mark.parametrize("path", ["notes", "reminders", "deliveries", "problems", "catalogues"])
def test_nobody_reads_without_a_token(client: ApiClient, path: str) -> None:
    assert client.get(f"/api/v1/{path}").status_code == 401
