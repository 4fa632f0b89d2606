"""Journey J3, steps 2 to 4, and what the accounting synchronisation promises besides."""

import email.policy
import time
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest

from connectors.sandbox.mailbox import Entry
from tests.journeys.world import World

pytestmark = pytest.mark.stack


def writes(world: World, number: str) -> list[dict[str, Any]]:
    """Return what was written to one customer in e-conomic, in order."""
    return [
        write
        for write in world.economic.control("GET", "writes")
        if write["path"] == f"/customers/{number}"
    ]


def text_of(world: World, entry: Entry) -> str:
    """Return what a mail says, without its markup."""
    mail = BytesParser(policy=email.policy.default).parsebytes(world.mailbox.raw(entry))
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def pull(world: World) -> None:
    """Take in what changed in e-conomic."""
    world.post(
        f"/connections/{world.connections['economic']['id']}/pull", status=202, Prefer="wait=30"
    )


def edit_there(world: World, number: str, **properties: Any) -> None:
    """Edit a customer as a person in e-conomic would, a moment after the last change."""
    world.economic.control("POST", "clock", {"advance_s": 5})
    world.economic.control("PATCH", f"customers/{number}", properties)


def edited_in_a_second(world: World) -> Any:
    """Return a customer whose town was changed five times in a second, the last time to By 4."""
    for attempt in range(20):  # on a slow machine until it is quick enough
        made = world.customer(name=f"Fem Rettelser {attempt} ApS")
        version, began = made["version"], time.monotonic()
        for number in range(5):
            answer = world.client.patch(
                f"/api/v1/customers/{made['id']}", json={"city": f"By {number}"},
                headers={"If-Match": f'"{version}"'},
            )  # fmt: skip
            assert answer.status_code == 200, answer.text
            version = answer.json()["version"]
        if time.monotonic() - began < 1:
            return made
    raise AssertionError("five edits always take more than a second")


def test_five_edits_in_a_second_reach_the_other_side_once(
    world: World,
) -> None:
    made = edited_in_a_second(world)

    world.eventually(lambda: world.remote(made["ref_no"]), lambda c: c.get("city") == "By 4")
    world.settle()
    assert [write["body"]["city"] for write in writes(world, made["ref_no"])] == ["By 4"]


def test_an_edit_there_comes_back_with_its_origin_and_without_an_echo(world: World) -> None:
    made = world.customer(name="Rettet Derovre ApS")
    path = f"/customers/{made['id']}"
    before = len(writes(world, made["ref_no"]))

    edit_there(world, made["ref_no"], city="Odense C", zip="5000")
    pull(world)

    changed = world.eventually(lambda: world.get(path), lambda c: c["city"] == "Odense C")
    assert changed["postcode"] == "5000"
    source = changed["provenance"]["city"]
    assert (source["origin"], source["source"], source["source_name"]) == (
        "accounting", world.connections["economic"]["id"], "e-conomic",
    )  # fmt: skip
    happened = world.eventually(
        lambda: [
            e
            for e in world.get("/events", type="customer.updated", limit=1000)["items"]
            if e["subject_id"] == made["id"] and "city" in e["changes"]
        ],
        bool,
    )
    assert happened[-1]["cause_kind"] == "accounting"
    assert happened[-1]["changes"]["city"] == [None, "Odense C"]
    pull(world)
    world.settle()
    assert len(writes(world, made["ref_no"])) == before
    assert world.get(path)["version"] == changed["version"]


def test_2_and_3_a_refused_token_holds_changes_and_a_new_one_sends_them_once_in_order(
    world: World,
) -> None:
    first = world.customer(name="Holdt Et ApS")
    second = world.customer(name="Holdt To ApS")
    connection = f"/connections/{world.connections['economic']['id']}"
    world.economic.control("DELETE", "tokens")

    for made, city in ((first, "Ribe"), (second, "Varde")):
        world.patch(f"/customers/{made['id']}", {"city": city})
    third = world.post("/customers", {"name": "Holdt Tre ApS", "roles": ["customer"]})

    revoked = world.eventually(lambda: world.get(connection), lambda c: c["state"] == "revoked")
    assert revoked["message"]["code"] == "credentials_refused"
    world.eventually(lambda: world.get(connection), lambda c: c["waiting_changes"] == 3)
    held = world.get(f"/customers/{first['id']}")
    assert held["city"] == "Ribe"
    assert held["accounting"]["state"] == "linked"
    waits = held["accounting"]["message"]
    assert waits["code"] == "credentials_refused"
    assert waits["text"].startswith("What is to be sent to e-conomic waits: The other side refuses")
    assert waits["remedy"].startswith("Enter new credentials and test the connection")
    assert waits["link"] == f"/api/v1{connection}"
    assert first["updated_at"] < waits["since"]
    [problem] = world.eventually(
        lambda: [p for p in world.get("/problems")["items"] if p["kind"] == "connection_revoked"],
        lambda found: found and found[0]["count"] == 3,
    )
    assert problem["subject"]["name"] == "e-conomic"
    assert problem["since"]
    assert problem["remedy"]["text"]
    assert problem["retry"] == f"/api/v1/problems/{problem['id']}/retry"
    [alert] = world.eventually(
        lambda: [m for m in world.mails() if "e-conomic" in (m.subject or "")], bool
    )
    assert "Waiting changes: 3" in text_of(world, alert).splitlines()
    before = len(world.economic.control("GET", "writes"))

    world.economic.control(
        "PUT",
        "tokens",
        {"app_secret_token": "sandbox-app", "agreement_grant_token": "sandbox-grant"},
    )
    world.patch(connection, {"settings": {"agreement_grant_token": "sandbox-grant"}})
    world.post(f"{connection}/test", status=202, Prefer="wait=30")

    world.eventually(lambda: world.get(connection)["state"], lambda state: state == "active")
    world.eventually(
        lambda: world.get(f"/customers/{third['id']}"),
        lambda c: c["accounting"]["state"] == "linked",
    )
    mended = world.get(f"/customers/{first['id']}")["accounting"]
    assert mended == {"state": "linked", "message": None, "messages": []}
    sent = [
        (write["method"], write["body"].get("city") or write["body"]["name"])
        for write in world.economic.control("GET", "writes")[before:]
        if write["status"] < 300
    ]
    assert sent == [("PUT", "Ribe"), ("PUT", "Varde"), ("POST", "Holdt Tre ApS")]
    jobs = [
        world.get("/jobs", subject_id=made["id"], task="accounting.push_customer")["items"][0]
        for made in (first, second, third)
    ]
    started = [job["started_at"] for job in jobs]
    assert started == sorted(started)
    told = world.eventually(
        lambda: [m for m in world.mails() if "e-conomic" in (m.subject or "")],
        lambda found: len(found) == 2,
    )
    assert told[1].subject != told[0].subject


def test_4_a_phone_changed_on_both_sides_is_a_conflict_that_a_person_settles(
    world: World,
) -> None:
    made = world.customer(name="Uenige ApS", phone="+4511111111")
    path = f"/customers/{made['id']}"
    connection = f"/connections/{world.connections['economic']['id']}"
    world.post(f"{connection}/pause", status=200)
    world.patch(path, {"phone": "+4522222222"})
    edit_there(world, made["ref_no"], telephoneAndFaxNumber="33333333")

    world.post(f"{connection}/activation", status=200)

    [conflict] = world.eventually(
        lambda: world.get("/conflicts", customer=made["id"], state="open")["items"], bool
    )
    assert (conflict["field"], conflict["base"], conflict["local"], conflict["remote"]) == (
        "phone",
        "+4511111111",
        "+4522222222",
        "+4533333333",
    )
    assert world.get(path)["phone"] == "+4522222222"
    assert world.remote(made["ref_no"])["telephoneAndFaxNumber"] == "33333333"

    world.post(
        f"/conflicts/{conflict['id']}/resolution",
        {"choice": "local"},
        status=200,
        Prefer="wait=30",
    )

    world.eventually(
        lambda: world.remote(made["ref_no"]),
        lambda c: c["telephoneAndFaxNumber"] == "+4522222222",
    )
    assert world.get(path)["phone"] == "+4522222222"
    assert world.get("/conflicts", customer=made["id"], state="open")["items"] == []
    told = [(each["type"], each["origin"]["kind"]) for each in world.get(f"{path}/events")["items"]]
    assert ("customer.conflict_made", "accounting") in told
    assert ("customer.conflict_local_holds", "conflict") in told


def test_a_reply_lost_after_the_create_ends_in_one_customer(world: World) -> None:
    world.economic.fail("drop_reply", method="POST", path="/customers", times=1)
    made = world.post("/customers", {"name": "Tabt Svar ApS", "roles": ["customer"]})

    linked = world.eventually(
        lambda: world.get(f"/customers/{made['id']}"),
        lambda c: c["accounting"]["state"] == "linked",
    )
    assert world.remote(linked["ref_no"])["name"] == "Tabt Svar ApS"
    created = [
        write
        for write in world.economic.control("GET", "writes")
        if write["method"] == "POST" and write["body"]["name"] == "Tabt Svar ApS"
    ]
    assert len(created) == 1


def test_a_first_load_is_previewed_applied_and_undone(world: World) -> None:
    connection = world.connections["economic"]["id"]
    world.customer(name="Kendt Her ApS")
    known = world.post("/customers", {"name": "Kun Her ApS", "roles": ["prospect"], "cvr": None})
    world.economic.control(
        "POST",
        "customers",
        {
            "customerNumber": 70001,
            "name": "Kun Derovre ApS",
            "currency": "DKK",
            "customerGroup": {"customerGroupNumber": 1},
            "paymentTerms": {"paymentTermsNumber": 1},
            "vatZone": {"vatZoneNumber": 1},
        },
    )

    plan = world.post(f"/connections/{connection}/first-load", status=202, Prefer="wait=30")
    path = f"/plans/{plan['id']}"
    world.settle()
    plan = world.get(path)
    items = world.get(f"/plans/{plan['id']}/items", limit=500)["items"]
    [created] = [item for item in items if item["action"] == "create"]
    assert created["after"]["name"] == "Kun Derovre ApS"
    assert plan["counters"]["items"] == len(items)
    assert world.get("/customers", **{"name.contains": "Kun Derovre"})["items"] == []

    world.post(f"{path}/application", status=202, Prefer="wait=30")

    world.eventually(lambda: world.get(path)["state"], lambda state: state == "applied")
    [there_and_here] = world.get("/customers", **{"name.contains": "Kun Derovre"})["items"]
    assert there_and_here["ref_no"] == "70001"
    assert there_and_here["accounting"]["state"] == "linked"

    world.post(f"{path}/undo", status=202, Prefer="wait=30")

    world.eventually(lambda: world.get(path)["state"], lambda state: state == "undone")
    assert world.get("/customers", **{"name.contains": "Kun Derovre"})["items"] == []
    assert world.get(f"/customers/{known['id']}")["name"] == "Kun Her ApS"
