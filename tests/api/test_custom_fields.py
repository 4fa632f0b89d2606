"""Custom fields over the API: administered, written, filtered, sorted, counted, exported."""

from typing import Any

import pytest

import workers.tasks  # noqa: F401 - registers the bodies
from hub.access.callers import principal_of
from hub.access.models import User
from hub.access.roles import Role
from hub.clock import utcnow
from hub.db import transaction
from hub.leads import services as leads
from hub.ledger.tasks import TaskName
from hub.reports.models import Export
from hub.workflow import errands
from hub.workflow.errands import Doing, Errand, Occasion
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from workers.chain import drain


def add(client: ApiClient, caller: Caller, key: str, kind: str, **fields: Any) -> Reply:
    body = {"entity": "customer", "key": key, "type": kind, "label": key.title(), **fields}
    return client.post("/api/v1/custom-fields", json=body, headers=caller.headers)


def create(client: ApiClient, caller: Caller, name: str, **custom: Any) -> Reply:
    return client.post(
        "/api/v1/customers", json={"name": name, "custom": custom}, headers=caller.headers
    )


def names(client: ApiClient, caller: Caller, query: str) -> list[str]:
    answer = client.get(f"/api/v1/customers?{query}", headers=caller.headers)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json["items"]]


@pytest.fixture
def fleet(client: ApiClient, administrator: Caller) -> None:
    for key, kind in (("boats", "number"), ("length", "decimal"), ("built", "date"),
                      ("seen", "instant"), ("afloat", "boolean"), ("nick", "text")):  # fmt: skip
        assert add(client, administrator, key, kind).status_code == 201
    assert add(client, administrator, "sail", "choice", section="Rig").status_code == 201
    assert add(client, administrator, "skipper", "reference", reference="user").status_code == 201
    entry = client.post(
        "/api/v1/catalogues/custom_customer_sail/entries",
        json={"code": "genoa", "label": "Genua"}, headers=administrator.headers,
    )  # fmt: skip
    assert entry.status_code == 201, entry.text
    skipper = str(administrator.user_id)
    for name, custom in (
        ("Alken", {"boats": 2, "length": "9.5", "built": "2001-05-01", "afloat": True,
                   "sail": "genoa", "nick": "Al"}),
        ("Bekkasinen", {"boats": 10, "length": 12.25, "seen": "2026-01-01T00:00:00Z",
                        "skipper": skipper}),
        ("Crane", {}),
    ):  # fmt: skip
        made = create(client, administrator, name, **custom)
        assert made.status_code == 201, made.text


@pytest.mark.usefixtures("fleet")
def test_they_are_filtered_sorted_and_counted_as_others_are(
    client: ApiClient, administrator: Caller
) -> None:
    for query, found in (
        ("custom.boats=10", ["Bekkasinen"]),
        ("custom.boats.gte=2&sort=-custom.boats", ["Bekkasinen", "Alken"]),
        ("custom.length.gt=9.5", ["Bekkasinen"]),
        ("custom.built.lt=2002-01-01", ["Alken"]),
        ("custom.seen.gte=2025-12-31", ["Bekkasinen"]),
        ("custom.afloat=true", ["Alken"]),
        ("custom.nick.contains=l", ["Alken"]),
        ("custom.sail=genoa", ["Alken"]),
        ("custom.skipper.empty=false", ["Bekkasinen"]),
        ("custom.boats.empty=true", ["Crane"]),
        ("sort=custom.boats", ["Alken", "Bekkasinen", "Crane"]),
    ):
        assert names(client, administrator, query) == found, query
    counted = client.get(
        "/api/v1/customers?facets=custom.sail,custom.afloat", headers=administrator.headers
    ).json["facets"]
    sails = {each["label"]: each["count"] for each in counted["custom.sail"]["slices"]}
    assert sails == {"Genua": 1, None: 2}

    refused = client.get("/api/v1/customers?custom.boats=many", headers=administrator.headers)
    assert [each["pointer"] for each in refused.json["errors"]] == ["/custom.boats"]
    assert (
        client.get("/api/v1/leads?custom.boats=2", headers=administrator.headers).status_code == 422
    )


@pytest.mark.usefixtures("fleet")
def test_a_page_sorted_by_one_goes_on_where_it_ended(
    client: ApiClient, administrator: Caller
) -> None:
    found, cursor = [], ""
    for _ in range(3):
        page = client.get(
            f"/api/v1/customers?sort=-custom.length&limit=1{cursor}", headers=administrator.headers
        ).json
        found += [each["name"] for each in page["items"]]
        cursor = f"&cursor={page['next_cursor']}"
    assert found == ["Bekkasinen", "Alken", "Crane"]


@pytest.mark.usefixtures("fleet")
def test_they_are_described_and_exported(client: ApiClient, administrator: Caller) -> None:
    described = client.get("/api/v1/listings/customers", headers=administrator.headers).json
    fields = {each["name"]: each for each in described["fields"]}
    assert (fields["custom.boats"]["label"], fields["custom.boats"]["kind"]) == ("Boats", "integer")

    asked = client.post(
        "/api/v1/exports",
        json={"dataset": "customers", "format": "csv",
              "query": {"fields": ["name", "custom.boats", "custom.sail", "custom.skipper"],
                        "sort": ["name"]}},
        headers=administrator.headers,
    )  # fmt: skip
    assert asked.status_code in {201, 202}, asked.text
    drain(TaskName.RENDER_EXPORT)
    with transaction() as session:
        export = session.get_one(Export, asked.json["id"])
        assert export.file_id is not None
    text = client.get(
        f"/api/v1/exports/{asked.json['id']}/file", headers=administrator.headers
    ).data.decode("utf-8-sig")
    lines = [line.replace(";", ",").replace('"', "") for line in text.splitlines()]
    assert lines == [
        "Name,Boats,Sail,Skipper", "Alken,2,Genua,", "Bekkasinen,10,,anna", "Crane,,,",
    ]  # fmt: skip


@pytest.mark.usefixtures("fleet")
def test_a_patch_changes_one_and_the_history_calls_it_by_its_label(
    client: ApiClient, administrator: Caller
) -> None:
    made = create(client, administrator, "Dykanden", boats=1, nick="D").json
    changed = client.patch(
        f"/api/v1/customers/{made['id']}", json={"custom": {"boats": 3}},
        headers={**administrator.headers, "If-Match": '"1"'},
    )  # fmt: skip
    assert changed.json["custom"] == {"boats": 3, "nick": "D"}

    history = client.get(
        f"/api/v1/customers/{made['id']}/events", headers=administrator.headers
    ).json["items"]
    assert history[0]["changes"] == [
        {
            "field": "custom.boats",
            "label": "Boats",
            "before": 1,
            "after": 3,
            "before_label": None,
            "after_label": None,
        }
    ]
    refused = create(client, administrator, "Edderfuglen", boats="many", sail="spinnaker")
    assert [(each["pointer"], each["code"]) for each in refused.json["errors"]] == [
        ("/custom/boats", "wrong_type"), ("/custom/sail", "unknown"),
    ]  # fmt: skip


def test_they_are_retired_and_only_by_who_configures(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    made = add(client, administrator, "boats", "number")
    path, tag = made.headers["Location"], {"If-Match": made.headers["ETag"]}
    assert add(client, representative, "more", "text").status_code == 403
    assert add(client, administrator, "boats", "text").status_code == 409
    create(client, administrator, "Alken", boats=1)

    held = client.delete(path, headers={**administrator.headers, **tag})
    retired = client.patch(
        path, json={"active": False, "label": "Både"}, headers={**administrator.headers, **tag}
    )
    refused = create(client, administrator, "Bekkasinen", boats=1)

    assert (held.status_code, held.json["code"]) == (409, "in_use")
    assert held.json["details"]["kinds"] == {"customer": 1}
    assert (retired.json["active"], retired.json["label"]) == (False, "Både")
    assert [each["code"] for each in refused.json["errors"]] == ["retired"]
    assert names(client, representative, "custom.boats=1") == ["Alken"]


def get(client: ApiClient, caller: Caller, path: str) -> Any:
    answer = client.get(f"/api/v1{path}", headers=caller.headers)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_who_is_shown_a_field_and_may_set_it_is_said_by_its_class(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    viewer = make_caller(Role.VIEWER, "vera@example.com")
    add(client, administrator, "berths", "number")
    add(client, administrator, "fee", "decimal", field_class="internal", tab="Klub")
    add(client, administrator, "account", "text", field_class="sensitive")
    whole = {"berths": 3, "fee": "7.5", "account": "Zinnober"}
    customer = create(client, administrator, "Alken", **whole).json
    path = f"/customers/{customer['id']}"
    shown = {
        caller.user_id: [
            get(client, caller, path)["custom"],
            get(client, caller, "/customers")["items"][0]["custom"],
        ]
        for caller in (administrator, representative, viewer)
    }

    public, internal = {"berths": 3}, {"berths": 3, "fee": "7.5"}
    assert shown == {
        administrator.user_id: [whole] * 2, representative.user_id: [internal] * 2,
        viewer.user_id: [public] * 2,
    }  # fmt: skip
    told = get(client, representative, f"{path}/events")["items"][0]["changes"]
    names = {each["field"] for each in told if each["field"].startswith("custom.")}
    assert names == {"custom.berths", "custom.fee"}
    fields = {each["name"] for each in get(client, viewer, "/listings/customers")["fields"]}
    assert "custom.berths" in fields
    assert not {"custom.fee", "custom.account"} & fields
    for query in ("custom.account=Zinnober", "fields=custom.account", "facets=custom.account"):
        refused = client.get(f"/api/v1/customers?{query}", headers=representative.headers)
        assert (query, refused.status_code) == (query, 422)


def test_what_is_not_ones_own_to_set_is_refused_and_not_emptied_along_with_the_rest(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    add(client, administrator, "berths", "number")
    account = add(client, administrator, "account", "text", field_class="sensitive")
    mine = client.post(
        "/api/v1/customers", headers=representative.headers,
        json={"name": "Alken", "custom": {"berths": 3}},
    ).json  # fmt: skip
    path = f"/api/v1/customers/{mine['id']}"

    def patch(caller: Caller, version: int, custom: Any) -> Reply:
        headers = {**caller.headers, "If-Match": f'"{version}"'}
        return client.patch(path, json={"custom": custom}, headers=headers)

    refused = patch(representative, 1, {"account": "Zinnober"})
    assert refused.status_code == 422
    assert [(each["pointer"], each["code"]) for each in refused.json["errors"]] == [
        ("/custom/account", "field_not_yours")
    ]
    assert patch(administrator, 1, {"account": "Zinnober"}).json["version"] == 2
    assert patch(representative, 2, None).json["custom"] == {}
    assert get(client, administrator, f"/customers/{mine['id']}")["custom"] == {
        "account": "Zinnober"
    }
    opened = client.patch(
        f"/api/v1/custom-fields/{account.json['id']}", json={"field_class": "public"},
        headers={**administrator.headers, "If-Match": '"1"'},
    )  # fmt: skip
    assert opened.json["field_class"] == "public"
    assert get(client, representative, f"/customers/{mine['id']}")["custom"] == {
        "account": "Zinnober"
    }


def test_what_becomes_of_a_lead_takes_over_the_fields_that_both_have(
    client: ApiClient, administrator: Caller
) -> None:
    def both(key: str, kind: str, *, entity: str = "customer", **fields: Any) -> None:
        here = {name: value for name, value in fields.items() if name != "there"}
        assert add(client, administrator, key, kind, entity="lead", **here).status_code == 201
        there = {**here, **fields.get("there", {})}
        kind = there.pop("type", kind)
        assert add(client, administrator, key, kind, entity=entity, **there).status_code == 201

    both("boats", "number")
    both("berth", "text")
    both("length", "number", there={"type": "decimal"})
    both("fee", "text", field_class="sensitive", there={"field_class": "internal"})
    both("harbour", "choice", catalogue="sources")
    both("depth", "number", entity="opportunity")
    custom = {"boats": 2, "berth": "A1", "length": 9, "fee": "7", "harbour": "advert", "depth": 3}
    lead = client.post(
        "/api/v1/leads", json={"company": "Alken", "custom": custom}, headers=administrator.headers
    )
    assert lead.status_code == 201, lead.text

    converted = client.post(
        f"/api/v1/leads/{lead.json['id']}/conversion", headers=administrator.headers,
        json={"customer": {"name": "Alken", "custom": {"berth": "B2"}}, "opportunity": {}},
    )  # fmt: skip

    assert converted.status_code == 201, converted.text
    [customer] = get(client, administrator, "/customers")["items"]
    assert customer["custom"] == {"boats": 2, "berth": "B2", "harbour": "advert"}
    [case] = get(client, administrator, "/opportunities")["items"]
    assert case["custom"] == {"depth": 3}


def test_a_record_shows_its_own_fields_under_tabs_and_sections_and_every_piece_of_its_history(
    client: ApiClient, administrator: Caller
) -> None:
    for key, tab, section in (("member_no", "Klub", "Medlem"), ("berths", "Klub", "Havn"),
                              ("water", "Sejlads", None)):  # fmt: skip
        made = add(client, administrator, key, "text", tab=tab, section=section)
        assert made.status_code == 201, made.text
    customer = create(client, administrator, "Alken", member_no="S-1", berths="4").json
    path = f"/customers/{customer['id']}"
    for version, changes in enumerate(
        ({"city": "Ry"}, {"custom": {"berths": "5", "water": "sund"}}, {"city": None}), 1
    ):
        headers = {**administrator.headers, "If-Match": f'"{version}"'}
        answer = client.patch(f"/api/v1{path}", json=changes, headers=headers)
        assert answer.status_code == 200, answer.text

    shown = get(client, administrator, path)["custom"]
    fields = get(client, administrator, "/custom-fields?entity=customer&facets=tab&sort=place")
    told = get(client, administrator, f"{path}/events")["items"]

    assert [(each["tab"], each["section"], shown[each["key"]]) for each in fields["items"]] == [
        ("Klub", "Medlem", "S-1"), ("Klub", "Havn", "5"), ("Sejlads", None, "sund"),
    ]  # fmt: skip
    tabs = fields["facets"]["tab"]["slices"]
    assert [(each["value"], each["count"]) for each in tabs] == [("Klub", 2), ("Sejlads", 1)]
    klub = get(client, administrator, "/custom-fields?entity=customer&tab=Klub")
    assert klub["total"]["count"] == 2
    assert [
        {(change["label"], change["before"], change["after"]) for change in each["changes"]}
        for each in told[:3]
    ] == [
        {("City", "Ry", None)},
        {("Berths", "4", "5"), ("Water", None, "sund")},
        {("City", None, "Ry")},
    ]
    assert told[3]["type"] == "customer.created"


@pytest.mark.usefixtures("fleet")
def test_the_history_tells_choices_by_their_words_and_others_by_their_names(
    client: ApiClient, administrator: Caller
) -> None:
    skipper = str(administrator.user_id)
    made = create(client, administrator, "Dykanden", sail="genoa", skipper=skipper, boats=2).json

    [told] = get(client, administrator, f"/customers/{made['id']}/events")["items"]

    words = {each["field"]: each["after_label"] for each in told["changes"]}
    assert words["custom.sail"] == "Genua"
    assert words["custom.skipper"] == "anna"
    assert words["custom.boats"] is None


def test_contacts_have_fields_of_their_own_filtered_guarded_and_carried_over(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    def field(key: str, kind: str, entity: str = "contact", **more: Any) -> None:
        assert add(client, administrator, key, kind, entity=entity, **more).status_code == 201

    field("birthday", "date")
    field("salary", "decimal", field_class="sensitive")
    field("badge", "text")
    field("badge", "text", entity="lead")
    customer = create(client, representative, "Alken").json["id"]
    contacts = f"/api/v1/customers/{customer}/contacts"
    body = {"first_name": "Anna", "custom": {"birthday": "1990-05-01"}}

    made = client.post(contacts, json=body, headers=representative.headers)

    assert (made.status_code, made.json["custom"]) == (201, {"birthday": "1990-05-01"})
    wrong = client.post(
        contacts, json={**body, "custom": {"birthday": "soon"}}, headers=representative.headers
    )
    foreign = client.post(
        contacts, json={**body, "custom": {"salary": "1.00"}}, headers=representative.headers
    )
    for answer, pointer in ((wrong, "/custom/birthday"), (foreign, "/custom/salary")):
        assert [each["pointer"] for each in answer.json["errors"]] == [pointer], answer.text
    path = f"/api/v1/contacts/{made.json['id']}"
    paid = client.patch(
        path, json={"custom": {"salary": "100.5", "badge": "A-1"}},
        headers={**administrator.headers, "If-Match": '"1"'},
    )  # fmt: skip
    assert paid.json["custom"] == {"birthday": "1990-05-01", "salary": "100.5", "badge": "A-1"}
    seen = client.get(path, headers=representative.headers).json["custom"]
    assert seen == {"birthday": "1990-05-01", "badge": "A-1"}
    for query, count in (("custom.birthday.lt=2000-01-01", 1), ("custom.badge=B", 0)):
        listed = client.get(f"/api/v1/contacts?{query}", headers=representative.headers).json
        assert listed["total"]["count"] == count, query

    lead = client.post(
        "/api/v1/leads", json={"company": "Bo ApS", "person": "Bo Lund", "custom": {"badge": "B"}},
        headers=representative.headers,
    ).json  # fmt: skip
    became = client.post(
        f"/api/v1/leads/{lead['id']}/conversion", json={}, headers=representative.headers
    ).json
    person = client.get(f"/api/v1/contacts/{became['contact_id']}", headers=representative.headers)
    assert person.json["custom"] == {"badge": "B"}


def test_activities_have_fields_of_their_own_and_are_held_to_the_policy_but_not_errands(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    assert add(client, administrator, "mood", "text", entity="activity").status_code == 201
    known = client.get("/api/v1/settings/entry", headers=administrator.headers)
    rules = [
        {"entity": "activity", "field": "custom.mood", "required": True, "duplicates": "warn"},
        {"entity": "activity", "field": "location", "duplicates": "forbid"},
    ]
    client.put(
        "/api/v1/settings/entry", json={"rules": rules},
        headers={**administrator.headers, "If-Match": known.headers["ETag"]},
    )  # fmt: skip
    body = {"kind": "call", "title": "Ring", "custom": {"mood": "God"}, "location": "Ry"}

    def plan(**fields: Any) -> Reply:
        return client.post(
            "/api/v1/activities", json={**body, **fields}, headers=representative.headers
        )

    made = plan()

    assert (made.status_code, made.json["custom"], made.json["warnings"]) == (
        201, {"mood": "God"}, [],
    )  # fmt: skip
    lacking = plan(custom=None)
    assert [(e["pointer"], e["code"]) for e in lacking.json["errors"]] == [
        ("/custom/mood", "required")
    ]
    taken = plan(location="RY")
    assert (taken.status_code, taken.json["code"]) == (409, "duplicate_value")
    assert taken.json["details"] == {"existing_id": made.json["id"], "pointer": "/location"}
    warned = plan(location=None)
    assert [(w["pointer"], w["existing_id"]) for w in warned.json["warnings"]] == [
        ("/custom/mood", made.json["id"])
    ]
    emptied = client.patch(
        f"/api/v1/activities/{made.json['id']}", json={"custom": {"mood": None}},
        headers={**representative.headers, "If-Match": '"1"'},
    )  # fmt: skip
    assert [e["pointer"] for e in emptied.json["errors"]] == ["/custom/mood"]
    changed = client.patch(
        f"/api/v1/activities/{made.json['id']}", json={"custom": {"mood": "Sur"}},
        headers={**representative.headers, "If-Match": '"1"'},
    )  # fmt: skip
    assert changed.json["custom"] == {"mood": "Sur"}
    listed = client.get("/api/v1/activities?custom.mood=Sur", headers=representative.headers).json
    assert [each["id"] for each in listed["items"]] == [made.json["id"]]
    upserted = client.put(
        "/api/v1/activities/by-external-ref/a", json={"kind": "call", "title": "Ring"},
        headers=representative.headers,
    )  # fmt: skip
    assert [e["pointer"] for e in upserted.json["errors"]] == ["/custom/mood"]
    with transaction() as session:
        lead = leads.create(session, {"company": "Alken"}, now=utcnow())
        mover = principal_of(session, session.get_one(User, representative.user_id))
        errand = Errand(Doing.ACTIVITY, title="Ring", kind="call")
        occasion = Occasion(mover, "I dialog", None, utcnow())
        done = errands.carry_out(session, lead, [errand], occasion)
    assert [each["do"] for each in done] == ["activity"]
