"""What is asked of entries: of people, programs, files and shops alike."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from hub.access.roles import Role
from hub.clock import utcnow
from hub.customers import bulk
from hub.customers.models import Customer
from hub.db import transaction
from hub.entry_policies.enforcing import REQUIRED
from hub.errors import ConflictError, ValidationError
from hub.hooks.models import DeliveryState
from hub.origin import CauseKind
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.hub.hooks.shops import deliveries, make_shop
from tests.hub.imports.uploads import apply, lines, rows, upload
from tests.people import make_customer


def set_policy(client: ApiClient, caller: Caller, *rules: dict[str, Any]) -> Reply:
    known = client.get("/api/v1/settings/entry", headers=caller.headers)
    return client.put(
        "/api/v1/settings/entry", json={"rules": list(rules)},
        headers={**caller.headers, "If-Match": known.headers["ETag"]},
    )  # fmt: skip


def rule(field: str, entity: str = "customer", **asked: Any) -> dict[str, Any]:
    return {"entity": entity, "field": field, **asked}


def create(client: ApiClient, caller: Caller, kind: str = "customers", **fields: Any) -> Reply:
    return client.post(f"/api/v1/{kind}", json=fields, headers=caller.headers)


def told(answer: Reply) -> list[tuple[str, str]]:
    return [(each["pointer"], each["code"]) for each in answer.json["errors"]]


@pytest.fixture
def asked(client: ApiClient, administrator: Caller) -> None:
    made = client.post(
        "/api/v1/custom-fields",
        json={"entity": "customer", "key": "member", "type": "text", "label": "Medlem"},
        headers=administrator.headers,
    )
    assert made.status_code == 201
    done = set_policy(
        client, administrator,
        rule("city", required=True), rule("custom.member", duplicates="forbid"),
        rule("industry", duplicates="warn"), rule("source", "lead", required=True),
        rule("email", "lead", duplicates="forbid"),
    )  # fmt: skip
    assert done.status_code == 200, done.text


@pytest.mark.usefixtures("asked")
def test_what_is_required_is_needed_at_first_and_not_emptied(
    client: ApiClient, administrator: Caller
) -> None:
    assert told(create(client, administrator, name="Alken")) == [("/city", "required")]
    made = create(client, administrator, name="Alken", city="Ry")
    emptied = client.patch(
        f"/api/v1/customers/{made.json['id']}", json={"city": None},
        headers={**administrator.headers, "If-Match": '"1"'},
    )  # fmt: skip
    assert told(emptied) == [("/city", "required")]
    assert told(create(client, administrator, "leads", company="A")) == [("/source", "required")]

    with transaction() as session:
        old = make_customer(session, "Bekkasinen", city="Ry")
        session.get_one(Customer, old.id).city = None  # from before the policy
    renamed = client.patch(
        f"/api/v1/customers/{old.id}", json={"phone": "33121213"},
        headers={**administrator.headers, "If-Match": '"1"'},
    )  # fmt: skip
    assert renamed.status_code == 200, renamed.text


@pytest.mark.usefixtures("asked")
def test_a_value_that_must_be_new_is_refused_and_one_that_should_be_is_told(
    client: ApiClient, administrator: Caller
) -> None:
    fields: dict[str, Any] = {"city": "Ry", "industry": "Både", "custom": {"member": "M-1"}}
    first = create(client, administrator, name="Alken", **fields).json
    assert first["warnings"] == []

    refused = create(client, administrator, name="Bo", city="Ry", custom={"member": "m-1"})
    assert (refused.status_code, refused.json["code"]) == (409, "duplicate_value")
    assert refused.json["details"] == {"existing_id": first["id"], "pointer": "/custom/member"}

    warned = create(client, administrator, name="Bo", city="Odder", industry="BÅDE")
    assert [(w["pointer"], w["existing_id"]) for w in warned.json["warnings"]] == [
        ("/industry", first["id"])
    ]
    same = client.patch(
        f"/api/v1/customers/{first['id']}", json={"custom": {"member": "M-1"}, "city": "Ribe"},
        headers={**administrator.headers, "If-Match": '"1"'},
    )  # fmt: skip
    assert (same.status_code, same.json["warnings"]) == (200, [])

    lead = {"company": "A", "source": "website", "email": "a@ry.example"}
    assert create(client, administrator, "leads", **lead).status_code == 201
    again = create(client, administrator, "leads", **{**lead, "email": "A@ry.example"})
    assert again.json["code"] == "duplicate_value"


@pytest.mark.usefixtures("asked")
def test_of_what_one_does_not_see_he_is_told_whom_to_ask(
    client: ApiClient, administrator: Caller, representative: Caller, private: None
) -> None:
    del private
    fields: dict[str, Any] = {"city": "Ry", "industry": "Både", "custom": {"member": "M-1"}}
    create(client, administrator, name="Alken", **fields)

    refused = create(client, representative, name="Bo", **fields)
    warned = create(client, representative, name="Bo", city="Ry", industry="Både")

    assert refused.status_code == 409
    assert "existing_id" not in refused.json["details"]
    assert refused.json["details"]["blind_match"]["reference"]
    assert (warned.status_code, warned.json["warnings"]) == (201, [])


@pytest.mark.usefixtures("asked")
def test_whoever_guesses_at_values_of_leads_is_told_of_so_many_and_no_more(
    client: ApiClient, administrator: Caller, representative: Caller, private: None
) -> None:
    del private
    kept = client.get("/api/v1/settings/sharing", headers=administrator.headers)
    client.put(
        "/api/v1/settings/sharing", json={"blind_matches_per_hour": 2},
        headers={**administrator.headers, "If-Match": kept.headers["ETag"]},
    )  # fmt: skip
    lead = {"company": "A", "source": "website"}
    for n in range(3):
        create(client, administrator, "leads", **lead, email=f"{n}@ry.example", external_ref=str(n))

    by_value = create(client, representative, "leads", **lead, email="0@ry.example")
    by_reference = create(client, representative, "leads", **lead, external_ref="1")
    upserted = client.put(
        "/api/v1/leads/by-external-ref/2", json={"referrer": "Bo"}, headers=representative.headers
    )
    beyond = create(client, representative, "leads", **lead, email="nobody@ry.example")

    assert [each.json["code"] for each in (by_value, by_reference)] == ["duplicate_value", "taken"]
    assert all(each.json["details"]["blind_match"] for each in (by_value, by_reference))
    assert [(each.status_code, each.json["code"]) for each in (upserted, beyond)] == [
        (429, "too_many_blind_matches")
    ] * 2
    asked = client.post(
        "/api/v1/access-requests", headers=representative.headers,
        json={"reference": by_value.json["details"]["blind_match"]["reference"], "level": "read",
              "reason": "Min kunde"},
    )  # fmt: skip
    assert (asked.status_code, asked.json["action"]) == (201, "access.lead.read")


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> Any:
    from api.authentication import forget_tokens
    from hub.settings import get_settings

    monkeypatch.setenv("HUB_VISIBILITY", "private")
    get_settings.cache_clear()
    forget_tokens()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.mark.usefixtures("asked")
def test_of_many_who_write_one_value_at_once_one_does(app: Flask, administrator: Caller) -> None:
    def one(place: int) -> int:
        body = {"name": f"Alk {place}", "city": "Ry", "custom": {"member": "M-1"}}
        sent = app.test_client().post("/api/v1/customers", json=body, headers=administrator.headers)
        return sent.status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(8))) == [201] + [409] * 7


@pytest.mark.usefixtures("asked")
def test_rows_of_files_are_held_to_it(client: ApiClient, administrator: Caller) -> None:
    fields: dict[str, Any] = {"city": "Ry", "industry": "Både", "custom": {"member": "M-1"}}
    create(client, administrator, name="Alken", **fields)

    import_id = upload(
        lines(
            "Navn;By;Medlem;Branche", "Bekkasinen;;M-2;", "Dykanden;Ry;m-1;",
            "Edderfuglen;Ry;M-3;", "Fiskehejren;Ry;M-3;", "Gravanden;Ribe;M-4;både",
        )
    )  # fmt: skip
    planned = [
        (row.action, [(each["pointer"], each["code"]) for each in row.errors or []])
        for row in rows(import_id)
    ]
    assert planned == [
        ("refuse", [("/city", "required")]),
        ("refuse", [("/custom/member", "duplicate_value")]),
        ("create", []),
        ("refuse", [("/custom/member", "duplicate_value")]),
        ("create", [("/industry", "duplicate_value")]),
    ]
    applied = apply(import_id)
    assert applied.counters["done"] == 2
    found = client.get("/api/v1/customers?custom.member=M-3", headers=administrator.headers).json
    assert [each["name"] for each in found["items"]] == ["Edderfuglen"]


@pytest.mark.usefixtures("asked")
def test_sets_are_held_to_it_as_well(client: ApiClient) -> None:
    del client

    def make(*made: dict[str, Any]) -> None:
        with transaction() as session:
            bulk.create_many(
                session, made, prepared=[None] * len(made), channel="import",
                origin=CauseKind.IMPORT, source="x", now=utcnow(),
            )  # fmt: skip

    with pytest.raises(ValidationError) as missing:
        make({"name": "Alken"})
    assert missing.value.errors[0].pointer == "/city"
    one = {"city": "Ry", "custom": {"member": "M-9"}}
    with pytest.raises(ConflictError, match=r"custom\.member"):
        make({"name": "A", **one}, {"name": "B", **one})


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        ([rule("mood", required=True)], "/rules/0/field"),
        ([rule("custom.mood", required=True)], "/rules/0/field"),
        ([rule("city", "boat", required=True)], "/rules/0/entity"),
        ([rule("city", required=True), rule("city", duplicates="warn")], "/rules/1/field"),
        ([rule("city", duplicates="perhaps")], "/rules/0/duplicates"),
    ],
)
def test_a_policy_of_what_there_is_not_is_refused(
    client: ApiClient, administrator: Caller, rules: list[dict[str, Any]], pointer: str
) -> None:
    refused = set_policy(client, administrator, *rules)
    assert [each["pointer"] for each in refused.json["errors"]] == [pointer]


def test_only_who_configures_sets_it(client: ApiClient, representative: Caller) -> None:
    other = make_caller(Role.MANAGER, "leader@example.com")
    for caller in (representative, other):
        assert set_policy(client, caller, rule("city", required=True)).status_code == 403


@pytest.mark.usefixtures("asked")
def test_a_shops_order_waits_with_its_reason_until_it_fits(
    client: ApiClient, administrator: Caller
) -> None:
    set_policy(client, administrator, rule("website", required=True))
    shop = make_shop()
    state = shop.tell("order.created", shop.guest_order(first_name="Signe", email="s@ry.example"))
    assert state is DeliveryState.FAILED
    [kept] = deliveries()
    assert kept.message is not None
    assert kept.message["text"] == REQUIRED

    set_policy(client, administrator)
    again = shop.tell("order.created", shop.guest_order(first_name="Bo", email="b@ry.example"))
    assert again is DeliveryState.IMPORTED


@pytest.mark.usefixtures("asked")
def test_batches_are_held_to_it_item_by_item(client: ApiClient, administrator: Caller) -> None:
    items = [
        {"external_ref": "1", "fields": {"name": "Alken", "city": "Ry", "custom": {"member": "1"}}},
        {"external_ref": "2", "fields": {"name": "Bo", "city": "Ry", "custom": {"member": "1"}}},
        {"external_ref": "3", "fields": {"name": "Cia"}},
    ]
    answer = client.post(
        "/api/v1/customers/batch", json={"items": items}, headers=administrator.headers
    ).json
    assert [each["status"] for each in answer["results"]] == [201, 409, 422]
    assert answer["results"][2]["problem"]["errors"][0]["pointer"] == "/fields/city"


def test_contacts_are_held_to_it_by_people_programs_files_and_conversions(
    client: ApiClient, administrator: Caller
) -> None:
    done = set_policy(
        client, administrator,
        rule("email", "contact", duplicates="forbid"), rule("job", "contact", required=True),
        rule("mobile", "contact", duplicates="warn"),
    )  # fmt: skip
    assert done.status_code == 200, done.text
    customer = create(client, administrator, name="Alken").json["id"]
    kind = f"customers/{customer}/contacts"
    anna = {"first_name": "Anna", "job": "Køb", "email": "a@ry.example", "mobile": "20000001"}

    first = create(client, administrator, kind, **anna)
    assert (first.status_code, first.json["warnings"]) == (201, [])
    assert told(create(client, administrator, kind, first_name="Bo")) == [("/job", "required")]
    twice = create(client, administrator, kind, first_name="Bo", job="Salg", email="A@ry.example")
    assert (twice.status_code, twice.json["code"]) == (409, "duplicate_value")
    assert twice.json["details"] == {"existing_id": first.json["id"], "pointer": "/email"}
    warned = create(client, administrator, kind, first_name="Bo", job="Salg", mobile="20000001")
    assert [
        (each["pointer"], each["existing_id"], each["existing_entity"])
        for each in warned.json["warnings"]
    ] == [("/mobile", first.json["id"], "contact")]
    emptied = client.patch(
        f"/api/v1/contacts/{first.json['id']}", json={"job": None},
        headers={**administrator.headers, "If-Match": '"1"'},
    )  # fmt: skip
    assert told(emptied) == [("/job", "required")]
    batch = client.post(
        "/api/v1/contacts/batch", headers=administrator.headers,
        json={"items": [
            {"external_ref": ref, "fields": {"customer_id": customer, "last_name": ref, **fields}}
            for ref, fields in (("a", {}), ("b", {"job": "Salg"}), ("c", {"job": "Salg",
                                "email": "a@ry.example"}))
        ]},
    ).json  # fmt: skip
    assert [result["status"] for result in batch["results"]] == [422, 201, 409]
    lead = create(client, administrator, "leads", company="Bo ApS", person="Bo Lund").json
    refused = create(client, administrator, f"leads/{lead['id']}/conversion")
    assert told(refused) == [("/contact/job", "required")]

    import_id = upload(
        lines("Navn;Kontakt;Stilling;Contact email", "Bekkasinen;Cai Dam;;",
              "Dykanden;Dan Elm;Salg;", "Edderfuglen;Eva;Salg;a@ry.example")
    )  # fmt: skip
    without, made, taken = rows(import_id)
    assert [(each["pointer"], each["code"]) for each in without.errors or []] == [
        ("/contact/job", "required")
    ]
    assert (without.action, made.action, taken.action) == ("refuse", "create", "create")
    apply(import_id)
    assert [
        (row.outcome, [each["code"] for each in row.errors or []]) for row in rows(import_id)[1:]
    ] == [("done", []), ("failed", ["duplicate_value"])]
