"""Records as they stood, and why they held what they held."""

import random
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select, text

from api.routes.histories import HISTORIES
from api.schemas.shapes import Because
from hub.access.roles import Role
from hub.custom_fields import CustomField
from hub.customers.models import Customer
from hub.db import transaction
from hub.history import sealing
from hub.history.models import Event
from hub.opportunities.models import Opportunity
from hub.origin import ActorKind, CauseKind, Origin
from tests.api.asking import API, broken, get, patch, post, remove
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller
from tests.security.possessions import make_possessions
from tests.security.routes import documented_routes


def as_of(client: ApiClient, caller: Caller, path: str, **query: str) -> Any:
    asked = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in query.items())
    return get(client, caller, f"{path}/as-of?{asked}")


def events(client: ApiClient, caller: Caller, path: str) -> list[Any]:
    return list(reversed(get(client, caller, f"{path}/events?limit=500")["items"]))


def values(past: Any) -> dict[str, Any]:
    return {each["field"]: each["value"] for each in past["origins"] if each["value"] is not None}


def origin(past: Any, field: str) -> Any:
    [found] = [each for each in past["origins"] if each["field"] == field]
    return found


def act_of(past: Any, field: str) -> Any:
    [found] = [each for each in past["events"] if each["id"] == origin(past, field)["event_id"]]
    return found


@pytest.fixture
def colours(client: ApiClient) -> None:
    with transaction() as session:
        session.add_all(
            CustomField(entity_name=entity, key=key, label=key.title(), type=type_)
            for entity in ("customer", "lead")
            for key, type_ in (("colour", "text"), ("visits", "number"))
        )


EDITS: dict[str, dict[str, tuple[Any, ...]]] = {
    "customers": {
        "name": ("Nordlys", "Sydlys", "Vestlys"),
        "city": ("Ry", "Aarhus", None),
        "roles": (["prospect"], ["customer"], ["customer", "supplier"]),
        "credit_limit": ("25000.00", "0.5", None),
        "handles": ({"skype": "nord"}, {"skype": "lys"}, {"skype": None}),
        "refuses_email": (True, False),
        "custom": ({"colour": "red"}, {"colour": "blue", "visits": 3}, {"colour": None}),
        "note": ("calls on Fridays", None),
        "iban": ("DK5000400440116243", None),
    },
    "leads": {
        "company": ("Kranen ApS", "Kranen A/S"),
        "person": ("Ida Holm", None),
        "est_conversion_on": ("2999-01-01", "2999-02-01", None),
        "net_potential_value": ("1000", "0.5", None),
        "probability": (0, 10, 90),
        "refuses_calls": (True, False),
        "custom": ({"colour": "red"}, {"colour": None}),
    },
}
MADE = {
    "customers": {"name": "Nordlys", "city": "Ry"},
    "leads": {"company": "Kranen ApS", "currency": "EUR"},
}
AMOUNTS = {"credit_limit", "net_potential_value"}


def random_edit(chance: random.Random, kind: str) -> dict[str, Any]:
    """Return a change of one to four fields."""
    names = chance.sample(sorted(EDITS[kind]), chance.randint(1, 4))
    return {name: chance.choice(EDITS[kind][name]) for name in names}


def comparable(told: dict[str, Any]) -> dict[str, Any]:
    """Return values without what events write as it was given: 0.5 for 0.5000."""
    return {
        name: Decimal(each) if name in AMOUNTS else each
        for name, each in told.items()
        if each is not None
    }


@pytest.mark.parametrize(("kind", "seed"), [("customers", 1), ("customers", 2), ("leads", 3)])
def test_each_state_that_a_record_was_read_in_is_read_again_and_its_events_lead_to_the_present(
    client: ApiClient, administrator: Caller, colours: None, kind: str, seed: int
) -> None:
    chance = random.Random(seed)
    made = post(client, administrator, f"/{kind}", MADE[kind])
    path = f"/{kind}/{made['id']}"
    read = [get(client, administrator, path)]
    for _ in range(8):
        answer = patch(client, administrator, f"/{kind}", read[-1], **random_edit(chance, kind))
        assert answer.status_code == 200, answer.text
        if answer.json["version"] != read[-1]["version"]:
            read.append(get(client, administrator, path))
    happened = events(client, administrator, path)

    pasts = [as_of(client, administrator, path, at=each["at"]) for each in happened]

    assert len(happened) == len(read) > 4
    kept = pasts[0]["record"].keys() & read[0].keys() - {"state"}
    assert EDITS[kind].keys() < kept
    for past, then, event in zip(pasts, read, happened, strict=True):
        assert {name: past["record"][name] for name in kept} == {name: then[name] for name in kept}
        assert (past["lost"], past["last_event_id"]) == ([], event["id"])
    replayed = values(pasts[0])
    for event in happened[1:]:
        replayed |= {each["field"]: each["after"] for each in event["changes"]}
    assert comparable(replayed) == comparable(values(as_of(client, administrator, path)))


def test_as_it_is_now_each_kind_of_record_has_the_form_in_which_it_is_read(
    client: ApiClient, app: Flask, administrator: Caller
) -> None:
    own = make_possessions(administrator, "Zanzibarfalk")
    reads = {
        route.path.removeprefix(API): route
        for route in documented_routes(app)
        if route.operation.method == "GET"
    }
    compared = {}
    for history in HISTORIES:
        if history.path not in reads:
            continue
        read = reads[history.path].call(client, administrator.headers, own)
        past = reads[f"{history.path}/as-of"].call(client, administrator.headers, own)
        assert (read.status_code, past.status_code) == (200, 200), past.text
        names = read.json.keys() & past.json["record"].keys()
        compared[history.model.entity()] = len(names)
        told, is_so = (
            {name: without_time(answer[name]) for name in names}
            for answer in (past.json["record"], read.json)
        )
        assert told == is_so, history.path
        missing = read.json.keys() - names - set(past.json["not_kept"])
        assert missing <= {"version", "updated_at", "updated_by", "allowed_actions", "warnings",
                               "absent_until"}  # fmt: skip

    assert len(compared) > 20
    assert min(compared.values()) > 5


CHANGES: dict[str, Any] = {
    "city": "Ribe", "job": "Chef", "name": None, "title": "Skriv", "label": "Otto", "body": "Ring",
    "prefix": "Z", "format": "csv", "active": False, "level": "write", "reason": "Kursus",
}  # fmt: skip
"""What a record is changed in: the first of these that its kind has."""


def test_every_change_of_a_record_may_say_why_and_the_history_of_its_fields_says_so(
    client: ApiClient, app: Flask, administrator: Caller
) -> None:
    own = make_possessions(administrator, "Zanzibarfalk")
    reads, changes = (
        {route.path: route for route in documented_routes(app) if route.operation.method == method}
        for method in ("GET", "PATCH")
    )
    for route in changes.values():
        assert route.model is not None
        wanted = CHANGES | {"name": str(route)}  # of users twice: by their id, and as oneself
        field = next(name for name in wanted if name in route.model.model_fields)
        read = reads[route.path].call(client, administrator.headers, own).json
        changed = route.call(
            client, administrator.headers, own, query="?reason=Aftalt%20i%20telefon",
            version=read["version"], more={field: wanted[field]},
        )  # fmt: skip
        assert changed.status_code == 200, (str(route), changed.text)
        assert changed.json["version"] == read["version"] + 1, str(route)
        with transaction() as session:
            told = session.scalars(
                select(Event).where(Event.subject_id == UUID(changed.json["id"]))
                .order_by(Event.id.desc())
            ).first()  # fmt: skip
            assert told is not None
            assert (field in (told.changes or {}), told.data) == (
                True, {**(told.data or {}), "reason": "Aftalt i telefon"},
            )  # fmt: skip

    assert len(changes) > 25


def test_a_reason_of_a_change_is_shown_with_the_field_bounded_and_may_be_left_out(
    client: ApiClient, administrator: Caller
) -> None:
    made = post(client, administrator, "/leads", MADE["leads"])
    path = f"{API}/leads/{made['id']}"

    def change(version: int, reason: str, **fields: Any) -> Any:
        headers = {**administrator.headers, "If-Match": f'"{version}"'}
        return client.patch(f"{path}?reason={reason}", json=fields, headers=headers)

    assert broken(change(1, "x" * 501, city="Ry").json) == [("/reason", "too_long")]
    assert broken(change(1, "", city="Ry").json) == [("/reason", "too_short")]
    assert broken(change(1, "%00", city="Ry").json) == [("/reason", "nul_character")]
    assert change(1, "Flyttet", city="Ry").json["version"] == 2
    assert change(2, "Intet", city="Ry").json["version"] == 2
    patch(client, administrator, "/leads", {**made, "version": 2}, city="Ribe")

    newest, before = get(client, administrator, f"/leads/{made['id']}/events?field=city")["items"]
    assert (before["reason"], newest["reason"]) == ("Flyttet", None)
    past = as_of(client, administrator, f"/leads/{made['id']}", at=before["at"])
    assert act_of(past, "city")["reason"] == "Flyttet"


def without_time(value: Any) -> Any:
    """Return a state without since when; reading says the moment, the history its transaction."""
    if isinstance(value, dict) and "since" in value:
        return {name: each for name, each in value.items() if name != "since"}
    return value


def test_with_a_value_goes_who_set_it_when_why_and_what_it_was_before(
    client: ApiClient, representative: Caller
) -> None:
    customer = post(client, representative, "/customers", {"name": "N", "city": "Ry"})
    plan = str(uuid4())
    by_import = Origin(
        ActorKind.JOB, uuid4(), representative.user_id, CauseKind.IMPORT, plan
    )  # fmt: skip
    with transaction(by_import) as session:
        session.get_one(Customer, UUID(customer["id"])).city = "Odense"

    past = as_of(client, representative, f"/customers/{customer['id']}")

    city, made = origin(past, "city"), act_of(past, "currency")
    assert (city["label"], city["value"], city["before"]) == ("City", "Odense", "Ry")
    assert (city["lost"], city["source"]) == (False, None)
    act = act_of(past, "city")
    assert (act["title"], act["origin"]["label"], act["origin"]["id"]) == (
        "Changed", "An import", plan,
    )  # fmt: skip
    assert act["actor"]["name"] == "bo"
    assert (made["title"], origin(past, "kind")["event_id"]) == ("Created", made["id"])
    owner = origin(past, "owner_user_id")
    assert (owner["value"], owner["value_label"]) == (str(representative.user_id), "bo")
    assert (city["value_label"], city["before_label"]) == (None, None)
    assert [each["id"] for each in past["events"]] == [act["id"], made["id"]]


def test_a_history_is_narrowed_to_fields_that_there_are(
    client: ApiClient, administrator: Caller, colours: None
) -> None:
    customer = post(client, administrator, "/customers", {"name": "N", "city": "Ry"})
    path = f"/customers/{customer['id']}"
    patch(client, administrator, "/customers", customer, city="Odense")
    customer = get(client, administrator, path)
    patch(client, administrator, "/customers", customer, custom={"colour": "red"})
    viewer = make_caller(Role.VIEWER, "vibe@example.com")

    by_city = get(client, administrator, f"{path}/events?field=city")["items"]
    by_both = get(client, administrator, f"{path}/events?field=name&field=custom.colour")["items"]
    unknown = client.get(f"{API}{path}/events?field=mood", headers=administrator.headers)
    hidden = client.get(f"{API}{path}/events?field=iban", headers=viewer.headers)

    assert [each["title"] for each in by_city] == ["Changed", "Created"]
    assert [[c["field"] for c in each["changes"]] for each in by_both[:1]] == [["custom.colour"]]
    assert broken(unknown.json) == broken(hidden.json) == [("/field", "unknown")]


SPEAK = {"before_label": None, "after_label": None}
"""Of values that speak for themselves."""


def test_two_instants_are_compared(client: ApiClient, representative: Caller) -> None:
    customer = post(client, representative, "/customers", {"name": "N", "city": "Ry"})
    path = f"/customers/{customer['id']}"
    patch(client, representative, "/customers", customer, city="Odense", postcode="5000")
    first = events(client, representative, path)[0]["at"]

    past = as_of(client, representative, path, compared_with=first)

    assert past["changes"] == [
        {"field": "city", "label": "City", "before": "Ry", "after": "Odense", **SPEAK},
        {"field": "postcode", "label": "Postcode", "before": None, "after": "5000", **SPEAK},
    ]


def test_before_it_was_made_there_was_none_and_the_future_is_not_known(
    client: ApiClient, representative: Caller
) -> None:
    customer = post(client, representative, "/customers", {"name": "N"})
    path = f"{API}/customers/{customer['id']}/as-of"
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat().replace("+", "%2B")

    early = client.get(f"{path}?at=2020-01-01T00:00:00Z", headers=representative.headers)
    future = client.get(f"{path}?at={later}", headers=representative.headers)
    naive = client.get(f"{path}?at=2020-01-01T00:00:00", headers=representative.headers)
    unknown = client.get(f"{API}/customers/{uuid4()}/as-of", headers=representative.headers)

    assert (early.status_code, early.json["code"]) == (404, "not_yet")
    assert re.fullmatch(
        r"This customer was made later, at \w{3} \d+, 20\d\d, \d+:\d\d:\d\d [AP]M\.",
        early.json["detail"].replace("\u202f", " "),
    )
    assert (future.status_code, broken(future.json)) == (422, [("/at", "future")])
    assert (naive.status_code, broken(naive.json)) == (422, [("/at", "instant")])
    assert (unknown.status_code, unknown.json["code"]) == (404, "not_found")


def test_what_was_taken_away_is_read_with_who_did_that_and_as_it_was_before(
    client: ApiClient, representative: Caller
) -> None:
    lead = post(client, representative, "/leads", {"company": "Nordlys ApS"})
    path = f"/leads/{lead['id']}"
    before = events(client, representative, path)[-1]["at"]
    assert remove(client, representative, "/leads", lead).status_code == 204

    gone, was = (
        as_of(client, representative, path, **when) for when in ({}, {"at": before})
    )  # fmt: skip

    assert client.get(f"{API}{path}", headers=representative.headers).status_code == 404
    assert (gone["deleted"]["title"], gone["deleted"]["actor"]["name"]) == ("Deleted", "bo")
    assert gone["record"]["company"] == was["record"]["company"] == "Nordlys ApS"
    assert was["deleted"] is None
    assert was["record"]["state"] == {**lead["state"], "since": before}


def test_what_is_not_ones_own_to_see_is_not_told_of_the_past_either(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    fields = {"name": "N", "iban": "DK5000400440116243", "city": "Ry"}
    customer = post(client, administrator, "/customers", fields)
    path = f"/customers/{customer['id']}"
    patch(client, administrator, "/customers", customer, iban=None)
    at = events(client, administrator, path)[0]["at"]
    viewer = make_caller(Role.VIEWER, "vibe@example.com")

    told = as_of(client, administrator, path, at=at)
    read = as_of(client, viewer, path, at=at, compared_with=datetime.now(UTC).isoformat())
    protection = client.post(
        f"{API}{path}/protection", json={"reason": "secret"}, headers=administrator.headers
    )
    hidden = client.get(f"{API}{path}/as-of", headers=representative.headers)

    assert told["record"]["iban"] == fields["iban"]
    assert "iban" not in str(read)
    assert read["record"]["city"] == "Ry"
    assert protection.status_code == 200, protection.text
    assert hidden.status_code == 404


def test_of_what_was_erased_nothing_is_guessed(
    client: ApiClient, administrator: Caller, colours: None
) -> None:
    customer = post(
        client, administrator, "/customers", {"name": "N", "city": "Ry", "phone": "12345678"}
    )
    path = f"/customers/{customer['id']}"
    for changes in ({"city": "Odense"}, {"phone": "87654321"}, {"city": "Skagen"}):
        patch(client, administrator, "/customers", customer, **changes)
        customer = get(client, administrator, path)
    made, city, phone, _ = events(client, administrator, path)
    with transaction() as session:
        sealing.erase(session, [UUID(phone["id"])])

    before, after = (as_of(client, administrator, path, at=each["at"]) for each in (city, phone))
    now = as_of(client, administrator, path)

    assert (before["record"]["city"], before["record"]["phone"]) == ("Odense", "+4512345678")
    assert "postcode" in before["lost"]  # nothing tells of it on either side
    assert "city" not in before["lost"]
    assert (after["record"]["city"], after["record"]["phone"]) == ("Odense", "+4587654321")
    assert after["lost"] == []  # the present and what came later say it all
    assert now["lost"] == []
    assert (origin(now, "phone")["lost"], origin(now, "phone")["event_id"]) == (True, None)
    assert origin(now, "city")["lost"] is False
    assert made["type"] == "customer.created"


def test_of_two_that_waited_for_one_another_no_state_is_shown_that_never_was(
    client: ApiClient, administrator: Caller
) -> None:
    customer = post(client, administrator, "/customers", {"name": "N", "city": "Ry"})
    path = f"/customers/{customer['id']}"
    patch(client, administrator, "/customers", customer, city="Odense")
    customer = get(client, administrator, path)
    patch(client, administrator, "/customers", customer, postcode="5000")
    _, odense, postcode = events(client, administrator, path)
    begun = datetime.fromisoformat(odense["at"]) - timedelta(microseconds=5)
    with transaction() as session:  # the last one began first, and waited
        session.execute(
            text("update event set at = :at where id = :id"),
            {"at": begun, "id": postcode["id"]},
        )

    past = as_of(client, administrator, path, at=begun.isoformat())

    assert (past["record"]["city"], past["record"]["postcode"]) == ("Odense", "5000")


def test_people_of_a_team_moments_of_activities_and_recipients_are_told_too(
    client: ApiClient, administrator: Caller
) -> None:
    team = post(
        client, administrator, "/teams",
        {"name": "Fyn", "member_ids": [str(administrator.user_id)]},
    )  # fmt: skip
    call = post(
        client, administrator, "/activities",
        {"kind": "call", "title": "Ring", "due": {"on": "2999-01-05"},
         "assignee_ids": [str(administrator.user_id)]},
    )  # fmt: skip
    at = events(client, administrator, f"/activities/{call['id']}")[0]["at"]
    patch(client, administrator, "/teams", team, member_ids=[])
    patch(client, administrator, "/activities", call, due={"on": "2999-02-05", "at": "09:00"})
    first = events(client, administrator, f"/teams/{team['id']}")[0]["at"]

    was = as_of(client, administrator, f"/activities/{call['id']}", at=at)
    now = as_of(client, administrator, f"/activities/{call['id']}")
    teams = [
        as_of(client, administrator, f"/teams/{team['id']}", **when)["record"]["member_ids"]
        for when in ({"at": first}, {})
    ]

    assert (was["record"]["due"], now["record"]["due"]) == (
        {"on": "2999-01-05", "at": None}, {"on": "2999-02-05", "at": "09:00:00"},
    )  # fmt: skip
    assert was["record"]["assignees"] == [{"id": str(administrator.user_id), "name": "anna"}]
    assert was["record"]["is_open"] is True
    assert teams == [[str(administrator.user_id)], []]
    assert {"subjects", "contacts", "attendees"} <= set(was["not_kept"])


def test_why_a_record_was_taken_away_is_kept_with_it(
    client: ApiClient, administrator: Caller
) -> None:
    lead = post(client, administrator, "/leads", {"company": "Nordlys ApS"})
    team = post(client, administrator, "/teams", {"name": "Fyn"})
    for path, record in (("leads", lead), ("teams", team)):
        headers = {**administrator.headers, "If-Match": f'"{record["version"]}"'}
        url = f"{API}/{path}/{record['id']}?reason=entered%20twice"
        assert client.delete(url, headers=headers).status_code == 204

        past = as_of(client, administrator, f"/{path}/{record['id']}")

        assert past["deleted"]["reason"] == "entered twice"
        assert events(client, administrator, f"/{path}/{record['id']}")[-1]["type"].endswith(
            ".deleted"
        )


def test_whatever_has_a_history_is_taken_away_with_a_reason(app: Flask) -> None:
    known = {history.path for history in HISTORIES}
    taken = {
        route.path.removeprefix(API): route.operation.query
        for route in documented_routes(app)
        if route.operation.method == "DELETE"
    }

    assert len(known & taken.keys()) == 18
    assert {
        path
        for path in known & taken.keys()
        if not ((asked := taken[path]) and issubclass(asked, Because))
    } == set()


@pytest.mark.usefixtures("private")
def test_of_what_holds_a_record_only_what_is_seen_is_named_and_counted(
    client: ApiClient, representative: Caller, administrator: Caller
) -> None:
    lead = post(client, representative, "/leads", {"company": "Nordlys ApS"})
    other = post(client, administrator, "/opportunities", {"name": "Nord"})
    with transaction() as session:
        session.get_one(Opportunity, UUID(other["id"])).lead_id = UUID(lead["id"])

    hidden = remove(client, representative, "/leads", lead)
    seen = remove(client, administrator, "/leads", lead)

    assert (hidden.status_code, hidden.json["code"]) == (409, "in_use")
    assert hidden.json["detail"] == "It is kept, something refers to it: what you may not see."
    assert hidden.json["details"] == {"count": 0, "kinds": {}, "blockers": [], "others": True}
    assert seen.json["details"]["blockers"] == [{"entity": "opportunity", "id": other["id"]}]
    assert seen.json["detail"] == "It is kept, something refers to it: opportunity (1)."
