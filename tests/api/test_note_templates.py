"""Templates of notes over HTTP: kept by administrators, filled from what a note is about."""

from typing import Any
from uuid import UUID

import pytest

from hub.customers import contacts
from hub.customers.models import Customer
from hub.db import transaction
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from tests.api.test_activities import broken, get, post
from tests.people import make_customer

API = "/api/v1"


@pytest.fixture
def customer(representative: Caller) -> str:
    with transaction() as session:
        made = make_customer(
            session, "Nordlys A/S", owner_user_id=representative.user_id, ref_no="10007"
        )
        contacts.create(session, made, {"first_name": "Ida", "last_name": "Holm"})
        return str(made.id)


@pytest.fixture
def template(client: ApiClient, administrator: Caller) -> Any:
    return post(
        client, administrator, "/note-templates",
        {"name": "Opringning", "type": "call",
         "body": "{author} ringede til {contact} hos {customer} ({number}) på {phone}: {{ja/nej}}"},
    )  # fmt: skip


def change(client: ApiClient, caller: Caller, template: Any, **changes: Any) -> Any:
    headers = {**caller.headers, "If-Match": f'"{template["version"]}"'}
    path = f"{API}/note-templates/{template['id']}"
    return client.patch(path, json=changes, headers=headers)


def test_a_note_is_made_from_a_template_with_its_places_filled(
    client: ApiClient, representative: Caller, customer: str, template: Any
) -> None:
    path = f"/customers/{customer}/notes"

    note = post(client, representative, path, {"template_id": template["id"]})

    assert (
        note["body"] == "bo ringede til Ida Holm hos Nordlys A/S (10007) på +4533121212: {ja/nej}"
    )
    assert (note["type"], note["template_id"]) == ("call", template["id"])
    own = {"template_id": template["id"], "body": "Rettet", "type": "meeting"}
    edited = post(client, representative, path, own)
    assert (edited["body"], edited["type"], edited["template_id"]) == (
        "Rettet", "meeting", template["id"],
    )  # fmt: skip
    found = get(client, representative, f"/notes?template={template['id']}")
    assert found["total"]["count"] == 2


def test_what_a_lead_does_not_know_shows_as_a_dash(
    client: ApiClient, representative: Caller, template: Any
) -> None:
    lead = post(client, representative, "/leads", {"company": "Kranen ApS"})

    [filled] = get(client, representative, f"/leads/{lead['id']}/note-templates")["items"]

    assert filled["body"] == "bo ringede til – hos Kranen ApS (L-0001) på –: {ja/nej}"
    assert (filled["template_id"], filled["type_label"]) == (template["id"], "Call")


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ({"body": "Til {boss}"}, [("/body", "placeholder")]),
        ({"body": "Til {customer.name}"}, [("/body", "placeholder")]),
        ({"body": "Til {}"}, [("/body", "placeholder")]),
        ({"body": "Til {name!r} {boss}"}, [("/body", "placeholder"), ("/body", "placeholder")]),
        ({"body": "Til {name"}, [("/body", "brace")]),
        ({"type": "none"}, [("/type", "unknown")]),
    ],
)
def test_an_unknown_place_or_type_is_refused(
    client: ApiClient, administrator: Caller, template: Any, body: Any, rules: Any
) -> None:
    made = post(client, administrator, "/note-templates", {"name": "x", "body": "y", **body}, 422)
    changed = change(client, administrator, template, **body)

    assert broken(made) == broken(changed.json) == rules
    assert get(client, administrator, "/note-templates")["total"]["count"] == 1


def test_a_retired_template_makes_no_note_and_stays_in_those_there_are(
    client: ApiClient, administrator: Caller, representative: Caller, customer: str, template: Any
) -> None:
    path = f"/customers/{customer}/notes"
    post(client, representative, path, {"template_id": template["id"]})

    assert change(client, administrator, template, active=False).status_code == 200

    refused = post(client, representative, path, {"template_id": template["id"]}, 422)
    assert broken(refused) == [("/template_id", "retired")]
    assert get(client, representative, f"/customers/{customer}/note-templates")["items"] == []
    unknown = post(client, representative, path, {"template_id": str(UUID(int=4))}, 422)
    assert broken(unknown) == [("/template_id", "unknown")]
    assert get(client, representative, f"{path}")["total"]["count"] == 1
    events = get(client, administrator, f"/note-templates/{template['id']}/events")["items"]
    assert [each["type"] for each in events] == ["note_template.updated", "note_template.created"]


def test_a_note_has_words_of_its_own_or_a_template(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    refused = post(client, representative, f"/customers/{customer}/notes", {"type": "call"}, 422)

    assert broken(refused) == [("/body", "required")]


def test_only_administrators_keep_templates_and_a_name_is_given_once(
    client: ApiClient, administrator: Caller, representative: Caller, template: Any
) -> None:
    body = {"name": "OPRINGNING", "body": "x"}

    assert post(client, representative, "/note-templates", body, 403)["code"] == "forbidden"
    taken = post(client, administrator, "/note-templates", body, 409)
    assert (taken["code"], taken["details"]) == ("taken", {"pointer": "/name"})
    entries = get(client, administrator, "/catalogues/note_types/entries")["items"]
    [used] = [each["used_by"] for each in entries if each["code"] == "call"]
    assert used["note-templates"]["total"] == 1


def test_the_edits_of_a_note_are_its_history(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    note = post(client, representative, f"/customers/{customer}/notes", {"body": "Ringede"})
    headers = {**representative.headers, "If-Match": '"1"'}
    client.patch(f"{API}/notes/{note['id']}", json={"body": "Ringede to gange"}, headers=headers)

    [edited, made] = get(client, representative, f"/notes/{note['id']}/events")["items"]

    assert (made["type"], edited["actor"]["name"]) == ("note.created", "bo")
    assert [(each["field"], each["before"], each["after"]) for each in edited["changes"]] == [
        ("body", "Ringede", "Ringede to gange")
    ]


def test_a_lead_fills_its_name_and_its_customer(
    client: ApiClient, administrator: Caller, representative: Caller, customer: str
) -> None:
    made = {"name": "Kort", "body": "{name} / {customer} / {date}"}
    template = post(client, administrator, "/note-templates", made)
    with transaction() as session:
        assert session.get_one(Customer, UUID(customer)).name == "Nordlys A/S"
    lead = post(client, representative, "/leads", {"customer_id": customer})

    note = post(
        client, representative, f"/leads/{lead['id']}/notes", {"template_id": template["id"]}
    )

    assert note["body"].startswith("Nordlys A/S / Nordlys A/S / ")
    assert note["body"][-4:].isdigit()
