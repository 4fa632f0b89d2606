"""Leads over HTTP: from the first interest to closing, by the workflow that is the default."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.access.models import Team, TeamMember, User
from hub.access.roles import Role
from hub.clock import utcnow
from hub.customers import contacts, following
from hub.customers.models import Customer
from hub.db import transaction
from hub.history.models import Event
from hub.leads import services
from hub.leads.models import Lead
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from hub.pools.holding import put_in
from hub.pools.models import ClaimState, Pool
from hub.reminders.models import Reminder
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer
from tests.pools import make_pool

API = "/api/v1"


def post(client: ApiClient, caller: Caller, path: str, body: Any, status: int = 201) -> Any:
    answer = client.post(f"{API}{path}", json=body, headers=caller.headers)
    assert answer.status_code == status, answer.text
    return answer.json


def get(client: ApiClient, caller: Caller, path: str) -> Any:
    answer = client.get(f"{API}{path}", headers=caller.headers)
    assert answer.status_code == 200, answer.text
    return answer.json


def patch(client: ApiClient, caller: Caller, lead: Any, **changes: Any) -> Reply:
    headers = {**caller.headers, "If-Match": f'"{lead["version"]}"'}
    return client.patch(f"{API}/leads/{lead['id']}", json=changes, headers=headers)


def broken(answer: Any) -> list[tuple[str, str]]:
    return [(each["pointer"], each["code"]) for each in answer["errors"]]


@pytest.fixture
def lead(client: ApiClient, representative: Caller) -> Any:
    return post(client, representative, "/leads", {"company": "Kranen ApS", "source": "website"})


def move(
    client: ApiClient, caller: Caller, lead: Any, to: str, status: int = 200, **more: Any
) -> Any:
    return post(client, caller, f"/leads/{lead['id']}/transitions", {"to": to, **more}, status)


def test_a_company_becomes_a_lead_of_its_creator_with_a_number_of_its_own(
    client: ApiClient, representative: Caller
) -> None:
    made = post(
        client, representative, "/leads",
        {"company": " Kranen  ApS ", "person": "Ida Holm", "phone": "70 00 00 04",
         "email": "IDA@kranen.example", "net_potential_value": "12500.50",
         "est_conversion_on": "2027-03-01", "source": "trade_show"},
    )  # fmt: skip

    assert (made["number"], made["name"]) == ("L-0001", "Kranen  ApS")
    assert made["owner_user_id"] == str(representative.user_id)
    assert (made["phone"], made["email"]) == ("+4570000004", "IDA@kranen.example")
    assert (made["net_potential_value"], made["currency"]) == ("12500.50", "DKK")
    assert (made["state"]["key"], made["state"]["kind"]) == ("pending_qualification", "new")
    assert (made["probability"], made["is_open"], made["converted"]) == (10, True, None)


def test_a_lead_takes_the_currency_of_the_customer_that_it_comes_to_but_for_its_amounts(
    client: ApiClient, representative: Caller
) -> None:
    there = post(client, representative, "/customers", {"name": "Kran GmbH", "currency": "EUR"})
    free = post(client, representative, "/leads", {"company": "Kranen"})
    valued = post(
        client, representative, "/leads", {"company": "Kranen", "net_potential_value": "100.00"}
    )

    taken = patch(client, representative, free, customer_id=there["id"])
    refused = patch(client, representative, valued, customer_id=there["id"])

    assert (free["currency"], taken.json["currency"]) == ("DKK", "EUR")
    assert refused.status_code == 422
    assert broken(refused.json) == [("/customer_id", "other_currency")]


def test_a_lead_is_spun_off_a_customer_and_numbers_rise_by_one(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    with transaction() as session:
        customer = make_customer(
            session, name="Nordlys A/S", ref_no="10007", currency="EUR",
            owner_user_id=representative.user_id,
        )  # fmt: skip
    spun = post(client, representative, "/leads", {"customer_id": str(customer.id)})

    assert (lead["number"], spun["number"]) == ("L-0001", "L-0002")
    assert (spun["name"], spun["customer_number"], spun["currency"]) == (
        "Nordlys A/S", "10007", "EUR",
    )  # fmt: skip
    listed = get(client, representative, f"/customers/{customer.id}/leads")
    assert [each["number"] for each in listed["items"]] == ["L-0002"]


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ({}, [("/company", "required")]),
        ({"company": "A", "source": "tv"}, [("/source", "unknown")]),
        ({"company": "A", "cvr": "99000008"}, [("/cvr", "check_digit")]),
        ({"company": "A", "mobile": "nej"}, [("/mobile", "format")]),
        ({"company": "A", "probability": 101}, [("/probability", "too_large")]),
        ({"company": "A", "workflow": "none"}, [("/workflow", "unknown")]),
        ({"company": "A", "number": "L-9"}, [("/number", "unknown")]),
        ({"company": "A", "state": "won"}, [("/state", "unknown")]),
        ({"company": "A", "net_potential_value": "1.234"}, [("/net_potential_value", "precision")]),
        ({"company": "A", "contact_id": str(UUID(int=1))}, [("/contact_id", "without_customer")]),
    ],
)
def test_what_breaks_a_rule_is_named_and_nothing_is_written(
    client: ApiClient, representative: Caller, body: Any, rules: list[tuple[str, str]]
) -> None:
    answer = post(client, representative, "/leads", body, 422)

    assert broken(answer) == rules
    made = post(client, representative, "/leads", {"company": "Den næste"})
    assert made["number"] == "L-0001"


def test_a_person_of_nobody_and_one_of_another_customer_are_refused_alike(
    client: ApiClient, representative: Caller
) -> None:
    with transaction() as session:
        own, other = (make_customer(session, name) for name in ("Kranen ApS", "Møllen ApS"))
        theirs = contacts.create(session, other, {"last_name": "Holm"}).id
        own_id = own.id
    lead = post(client, representative, "/leads", {"customer_id": str(own_id)})

    answers = [
        patch(client, representative, lead, contact_id=str(each)) for each in (theirs, UUID(int=1))
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert [broken(answer.json) for answer in answers] == [[("/contact_id", "unknown")]] * 2


def test_a_customer_that_one_may_not_see_has_no_leads_of_ones_own(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    with transaction() as session:
        customer = make_customer(session, owner_user_id=administrator.user_id)
        customer.protected_at, customer.protected_until = utcnow(), utcnow() + timedelta(days=3)
        customer_id = customer.id

    post(client, representative, "/leads", {"customer_id": str(customer_id)}, 404)
    others = post(client, administrator, "/leads", {"customer_id": str(customer_id)})
    hidden = client.get(f"{API}/leads/{others['id']}", headers=representative.headers)
    assert hidden.status_code == 404
    assert get(client, representative, "/leads")["total"] == {"count": 0, "exact": True}


def test_leads_and_opportunities_of_a_customer_in_a_pool_tell_nobody_of_it(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    with transaction() as session:
        people = [session.get_one(User, each.user_id) for each in (representative, administrator)]
        pool = make_pool(session, people[:1], managers=people[1:])
        customer = make_customer(session, "Kranen ApS", ref_no="77001")
        body = {"customer_id": str(customer.id), "owner_user_id": str(representative.user_id)}
        pooled, customer_id = (pool.id, customer.id), customer.id
    post(client, administrator, "/leads", body)
    post(client, administrator, "/opportunities", {**body, "name": "Havn"})
    stranger = make_caller(Role.REPRESENTATIVE, "stine@example.com")
    assert "Kranen" in client.get(f"{API}/leads", headers=stranger.headers).text
    with transaction() as session:
        pool, customer = session.get_one(Pool, pooled[0]), session.get_one(Customer, customer_id)
        put_in(session, pool, customer, how=ClaimState.RELEASED, reason="x", now=utcnow())

    for path in ("leads", "opportunities", "opportunities?facets=customer",
                 "opportunities/summary?by=customer"):  # fmt: skip
        answer = client.get(f"{API}/{path}", headers=stranger.headers)
        assert answer.status_code == 200
        assert not any(each in answer.text for each in ("Kranen", "77001", str(customer_id))), path


def test_the_worksheet_is_edited_and_what_it_was_is_in_the_history(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    changed = patch(client, representative, lead, probability=35, referrer="Bo", source="referral")

    assert changed.status_code == 200, changed.text
    assert (changed.json["probability"], changed.json["version"]) == (35, 2)
    assert patch(client, representative, lead, referrer="Ib").status_code == 412
    with transaction() as session:
        event = session.scalars(select(Event).where(Event.type == "lead.updated")).one()
        assert event.changes == {
            "probability": [10, 35], "referrer": [None, "Bo"], "source": ["website", "referral"],
        }  # fmt: skip


def test_the_eleven_fields_of_the_header_are_edited_in_place_or_follow_by_themselves(
    client: ApiClient, administrator: Caller
) -> None:
    campaign = {"code": "north", "label": "Nord"}
    post(client, administrator, "/catalogues/programs/entries", campaign)
    inside, outside, assigned = (
        make_caller(Role.REPRESENTATIVE, f"{name}@example.com") for name in ("inge", "otto", "ole")
    )
    with transaction() as session:
        customer = make_customer(session, name="Nordlys A/S", ref_no="10007")
    lead = post(client, administrator, "/leads", {"customer_id": str(customer.id)})

    edited = patch(
        client, administrator, lead, program="north", source="advert", probability=45,
        est_conversion_on="2999-03-01", net_potential_value="12500.50",
    )  # fmt: skip
    assert edited.status_code == 200, edited.text
    people = {
        "inside_rep_id": str(inside.user_id), "outside_rep_id": str(outside.user_id),
        "owner_user_id": str(assigned.user_id),
    }  # fmt: skip
    post(client, administrator, f"/leads/{lead['id']}/ownership", {**people, "reason": "Nyt"}, 200)
    note = {"body": "Ringede", "at": "2026-03-01T10:00:00Z"}
    post(client, administrator, f"/leads/{lead['id']}/notes", note)
    move(client, administrator, lead, "development")

    shown = get(client, administrator, f"/leads/{lead['id']}")
    header = {
        "program": "north", "source": "advert", "customer_number": "10007", **people,
        "est_conversion_on": "2999-03-01", "net_potential_value": "12500.50",
        "last_note_at": "2026-03-01T10:00:00Z", "probability": 30,
    }  # fmt: skip
    assert {name: shown[name] for name in header} == header
    assert shown["state"]["key"] == "development"
    for field, value in (
        ("state", "quoting"), ("customer_number", "1"), ("last_note_at", "2026-01-01T00:00:00Z"),
        ("owner_user_id", str(inside.user_id)),
    ):  # fmt: skip
        assert broken(patch(client, administrator, shown, **{field: value}).json) == [
            (f"/{field}", "unknown")
        ]


def test_in_axelors_workflow_a_new_lead_is_its_creators_in_progress_once_begun_and_given_by_hand(
    client: ApiClient, administrator: Caller
) -> None:
    other = make_caller(Role.REPRESENTATIVE, "ole@example.com")
    lead = post(client, administrator, "/leads", {"company": "Kranen", "workflow": "axelor"})

    assert (lead["state"]["key"], lead["state"]["label"]) == ("new", "New")
    assert lead["owner_user_id"] == str(administrator.user_id)
    begun = move(client, administrator, lead, "in_progress")
    assert (begun["state"]["label"], begun["state"]["kind"]) == ("In progress", "working")
    given = {"owner_user_id": str(other.user_id), "reason": "Hans område"}
    post(client, administrator, f"/leads/{lead['id']}/ownership", given, 200)
    assert get(client, other, "/leads?owner=me")["total"]["count"] == 1


@pytest.mark.parametrize("earlier", [0, 60])
def test_a_lost_lead_that_is_taken_up_again_has_the_probability_that_it_had(
    client: ApiClient, administrator: Caller, earlier: int
) -> None:
    body = {"company": "Kranen", "workflow": "axelor", "probability": 30}
    lead = post(client, administrator, "/leads", body)
    patch(client, administrator, lead, probability=earlier)

    lost = move(client, administrator, lead, "lost")
    again = move(client, administrator, lead, "in_progress", reason="De ringede")
    later = move(client, administrator, lead, "lost")

    assert [each["probability"] for each in (lost, again, later)] == [0, earlier, 0]


def test_a_sales_team_follows_a_lead_up_in_the_place_of_one_seller(
    client: ApiClient, private: None, administrator: Caller
) -> None:
    seller = make_caller(Role.REPRESENTATIVE, "siv@example.com")
    with transaction() as session:
        team = Team(name="Nord")
        session.add(team)
        session.flush()
        session.add(TeamMember(team_id=team.id, user_id=seller.user_id))
        team_id = str(team.id)
    lead = post(client, administrator, "/leads", {"company": "Kranen"})
    hidden = client.get(f"{API}/leads/{lead['id']}", headers=seller.headers)

    given = {"owner_user_id": None, "team_id": team_id, "reason": "Deres by"}
    made = post(client, administrator, f"/leads/{lead['id']}/ownership", given, 200)

    assert hidden.status_code == 404
    assert (made["owner_user_id"], made["team_id"]) == (None, team_id)
    shown = get(client, seller, f"/leads/{lead['id']}")
    assert "edit" in shown["allowed_actions"]
    assert get(client, seller, f"/leads?team={team_id}")["total"]["count"] == 1


def test_an_opportunity_is_made_from_a_lead_that_stays_one(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    made = post(client, representative, "/opportunities", {"name": "Kran", "lead_id": lead["id"]})

    assert (made["lead_id"], made["customer_id"]) == (lead["id"], None)
    assert get(client, representative, f"/leads/{lead['id']}")["converted"] is None
    tab = get(client, representative, f"/leads/{lead['id']}/related")["items"][0]
    assert (tab["name"], tab["total"]["count"]) == ("opportunities", 1)
    back = get(client, representative, f"/opportunities/{made['id']}/related")["items"][0]
    assert back["name"] == "lead"
    [found] = get(client, representative, back["link"].removeprefix(API))["items"]
    assert found["id"] == lead["id"]


def test_it_moves_along_the_edges_and_is_refused_elsewhere_with_what_is_allowed(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    refused = move(client, representative, lead, "customer", 409)
    assert (refused["code"], refused["details"]["allowed"]) == (
        "transition_refused", ["development", "inactive"],
    )  # fmt: skip

    steps = [
        move(client, representative, lead, state)
        for state in ("development", "quoting", "customer")
    ]
    assert [each["probability"] for each in steps] == [30, 60, 100]
    moved = steps[-1]
    assert (moved["state"]["key"], moved["is_open"]) == ("customer", True)
    assert broken(patch(client, representative, moved, probability=90).json) == [
        ("/probability", "certain")
    ]
    shown = get(client, representative, f"/leads/{lead['id']}/transitions")
    assert shown["targets"] == []
    assert [(each["from"], each["to"]) for each in shown["log"]] == [
        ("quoting", "customer"), ("development", "quoting"),
        ("pending_qualification", "development"),
    ]  # fmt: skip


def test_a_move_hands_it_to_whoever_goes_on_with_it_in_one_event(
    client: ApiClient, administrator: Caller, lead: Any
) -> None:
    other = make_caller(Role.REPRESENTATIVE, "ole@example.com")

    moved = move(
        client, administrator, lead, "development", owner_user_id=str(other.user_id),
        reason="Jylland",
    )  # fmt: skip

    assert moved["owner_user_id"] == str(other.user_id)
    [logged] = get(client, administrator, f"/leads/{lead['id']}/transitions")["log"]
    assert (logged["owner_before"], logged["owner_after"], logged["reason"]) == (
        lead["owner_user_id"], str(other.user_id), "Jylland",
    )  # fmt: skip
    assert (logged["from"], logged["to"], logged["cause"]) == (
        "pending_qualification", "development", "request",
    )  # fmt: skip


def test_its_state_can_be_told_from_its_history_alone(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    for state in ("development", "inactive", "pending_qualification"):
        move(client, representative, lead, state)
    log = get(client, representative, f"/leads/{lead['id']}/transitions")["log"]
    assert [(each["owner_before"], each["owner_after"]) for each in log] == [
        (None, lead["owner_user_id"])
    ] * 3

    with transaction() as session:
        events = session.scalars(
            select(Event).where(Event.subject_id == UUID(lead["id"])).order_by(Event.id)
        )
        told = [each.changes["state"] for each in events if each.changes]
    assert told == [
        [None, "pending_qualification"],
        ["pending_qualification", "development"],
        ["development", "inactive"],
        ["inactive", "pending_qualification"],
    ]


def test_closing_is_an_act_of_its_own_and_a_day_brings_it_back(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    path = f"/leads/{lead['id']}"
    closed = post(
        client, representative, f"{path}/closing",
        {"lost_reason": "timing", "set_aside_until": "2999-01-04", "reason": "Næste år"}, 200,
    )  # fmt: skip

    assert (closed["is_open"], closed["lost_reason"]) == (False, "timing")
    assert closed["state"]["key"] == "pending_qualification"
    assert move(client, representative, lead, "development", 409)["code"] == "closed"
    assert get(client, representative, "/leads?is_open=false")["total"]["count"] == 1
    with transaction() as session:
        job = session.scalars(select(Job).where(Job.task == TaskName.WAKE_LEAD)).one()
        assert job.run_at.isoformat() == "2999-01-03T23:00:00+00:00"  # midnight in Copenhagen

    opened = post(client, representative, f"{path}/reopening", {}, 200)
    assert (opened["is_open"], opened["set_aside_until"]) == (True, None)


def test_a_lead_that_was_set_aside_is_due_on_its_day_and_not_before(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    day = "2999-01-04"
    post(client, representative, f"/leads/{lead['id']}/closing", {"set_aside_until": day}, 200)
    with transaction() as session:
        found = session.get_one(Lead, UUID(lead["id"]))
        until = found.set_aside_until
        assert until is not None
        assert not services.is_due_again(found, until - timedelta(days=1))
        assert services.is_due_again(found, until)


def test_the_past_is_no_day_to_come_back(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    path = f"/leads/{lead['id']}/closing"

    past = {"set_aside_until": "2020-01-01"}
    answers = [
        post(client, representative, path, past, 422),
        post(client, representative, "/leads", {"company": "Mole", **past}, 422),
        patch(client, representative, lead, **past).json,
    ]

    assert [broken(answer) for answer in answers] == [[("/set_aside_until", "past")]] * 3


def test_leads_are_found_by_everything_of_their_header_together(
    client: ApiClient, private: None, administrator: Caller, representative: Caller
) -> None:
    inside, outside = (make_caller(Role.REPRESENTATIVE, f"{n}@x.example").user_id for n in "io")
    program = {"code": "north", "label": "Nord"}
    post(client, administrator, "/catalogues/programs/entries", program)
    body = {"name": "Nordlys", "region": "Fyn", "city": "Odense"}
    customer = post(client, administrator, "/customers", body)["id"]
    header = {
        "customer_id": customer, "program": "north", "source": "advert",
        "owner_user_id": str(representative.user_id), "inside_rep_id": str(inside),
        "outside_rep_id": str(outside),
    }  # fmt: skip
    lead = post(client, administrator, "/leads", header)
    own = post(client, representative, "/leads", {"company": "Nordhavn", "region": "Fyn"})
    for day in ("2026-01-05", "2026-03-05"):
        note = {"body": "Ringet", "at": f"{day}T10:00:00Z"}
        post(client, administrator, f"/leads/{lead['id']}/notes", note)
    wanted = (
        "name.contains=nordl", "noted_at.gte=2026-01-01", "noted_at.lt=2026-02-01",
        f"outside_rep={outside}", f"inside_rep={inside}", "region=Fyn", "city=Odense",
        "state=pending_qualification", "source=advert", "program=north",
        f"owner={representative.user_id}", "is_open=true",
    )  # fmt: skip

    together = get(client, administrator, f"/leads?{'&'.join(wanted)}")
    between = get(client, administrator, "/leads?noted_at.gte=2026-02-01&noted_at.lt=2026-03-01")
    all_of_fyn = get(client, administrator, "/leads?region=Fyn&sort=number&facets=region")
    seen = get(client, representative, "/leads?region=Fyn&facets=region")

    assert [each["id"] for each in together["items"]] == [lead["id"]]
    assert between["total"]["count"] == 0
    assert [each["id"] for each in all_of_fyn["items"]] == [lead["id"], own["id"]]
    assert [each["count"] for each in all_of_fyn["facets"]["region"]["slices"]] == [2]
    # It is his, and its customer is not: of that one the list tells him nothing.
    assert [each["id"] for each in seen["items"]] == [own["id"]]
    assert [each["count"] for each in seen["facets"]["region"]["slices"]] == [1, 1]


def test_a_note_on_a_lead_is_the_newest_of_its_customer_too(
    client: ApiClient, representative: Caller
) -> None:
    with transaction() as session:
        customer = make_customer(session, owner_user_id=representative.user_id)
    lead = post(client, representative, "/leads", {"customer_id": str(customer.id)})
    body = {"body": "Vil have tilbud", "type": "call",
            "reminder": {"title": "Ring", "on": "2999-01-04"}}  # fmt: skip

    note = post(client, representative, f"/leads/{lead['id']}/notes", body)

    assert (note["subject_type"], note["customer_id"]) == ("lead", str(customer.id))
    assert note["reminder"]["subject_id"] == lead["id"]
    shown = get(client, representative, f"/leads/{lead['id']}")
    of_customer = get(client, representative, f"/customers/{customer.id}")
    assert shown["last_note_at"] == of_customer["last_note_at"] == note["at"]
    found = get(client, representative, f"/leads?noted_at.gte={note['at'][:10]}")
    assert found["total"]["count"] == 1
    assert get(client, representative, "/leads?noted_at.lt=2000-01-01")["total"]["count"] == 0
    notes = get(client, representative, f"/leads/{lead['id']}/notes")
    assert [each["id"] for each in notes["items"]] == [note["id"]]

    headers = {**representative.headers, "If-Match": '"1"'}
    assert client.delete(f"{API}/notes/{note['id']}", headers=headers).status_code == 204
    assert get(client, representative, f"/leads/{lead['id']}")["last_note_at"] is None
    assert get(client, representative, f"/customers/{customer.id}")["last_note_at"] is None


def test_a_lead_with_notes_is_not_deleted_and_one_without_keeps_its_number(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    headers = {**representative.headers, "If-Match": '"1"'}
    note = post(client, representative, f"/leads/{lead['id']}/notes", {"body": "Ringede"})

    held = client.delete(f"{API}/leads/{lead['id']}", headers=headers)
    assert (held.status_code, held.json["code"]) == (409, "in_use")
    assert held.json["details"]["blockers"] == [{"entity": "note", "id": note["id"]}]

    client.delete(f"{API}/notes/{note['id']}", headers=headers)
    assert client.delete(f"{API}/leads/{lead['id']}", headers=headers).status_code == 204
    assert client.get(f"{API}/leads/{lead['id']}", headers=headers).status_code == 404
    assert post(client, representative, "/leads", {"company": "Næste"})["number"] == "L-0002"


def test_who_is_not_its_owner_neither_moves_nor_changes_it_unless_he_takes_it(
    client: ApiClient, administrator: Caller, representative: Caller, lead: Any
) -> None:
    other = make_caller(Role.REPRESENTATIVE, "ole@example.com")

    assert move(client, other, lead, "development", 403)["code"] == "forbidden"
    assert patch(client, other, lead, referrer="Bo").status_code == 403
    free = {"owner_user_id": None, "reason": "Givet fri"}
    post(client, representative, f"/leads/{lead['id']}/ownership", free, 200)
    taken = post(client, other, f"/leads/{lead['id']}/taking", {"reason": "Min egn"}, 200)
    assert taken["owner_user_id"] == str(other.user_id)


def test_leads_are_found_by_name_number_phone_and_person(
    client: ApiClient, representative: Caller
) -> None:
    body = {"company": "Kranen ApS", "person": "Ida Holm", "phone": "70000004"}
    post(client, representative, "/leads", body)
    post(client, representative, "/leads", {"company": "Svanen A/S"})

    for question in ("kranen", "L-0001", "holm", "70000004", "krannen"):
        found = get(client, representative, f"/leads?q={question}")
        assert [each["number"] for each in found["items"]] == ["L-0001"], question


def test_lists_filter_sort_and_count_by_what_the_header_has(
    client: ApiClient, representative: Caller
) -> None:
    for number in range(11):
        source = "website" if number % 2 else "advert"
        post(client, representative, "/leads", {"company": f"Nr {number}", "source": source})

    newest = get(client, representative, "/leads?limit=2")
    assert [each["number"] for each in newest["items"]] == ["L-0011", "L-0010"]
    counted = get(client, representative, "/leads?facets=source,state,is_open&limit=1")["facets"]
    assert {each["value"]: each["count"] for each in counted["source"]["slices"]} == {
        "advert": 6, "website": 5,
    }  # fmt: skip
    assert [each["count"] for each in counted["state"]["slices"]] == [11]
    mine = get(client, representative, "/leads?owner=me&source=advert&state_kind=new&limit=1")
    assert mine["total"]["count"] == 6


def test_leads_follow_the_name_of_their_customer(client: ApiClient, representative: Caller) -> None:
    with transaction() as session:
        customer = make_customer(session, name="Nordlys", owner_user_id=representative.user_id)
    lead = post(client, representative, "/leads", {"customer_id": str(customer.id)})
    headers = {**representative.headers, "If-Match": '"1"'}
    path = f"{API}/customers/{customer.id}"
    assert client.patch(path, json={"name": "Sydlys"}, headers=headers).status_code == 200

    with transaction() as session:
        asked = session.scalars(select(Job).where(Job.task == TaskName.FOLLOW_CUSTOMER)).all()
        assert [job.args["customer_id"] for job in asked] == [str(customer.id)]
        assert following.follow(session, customer.id, limit=9) == 1
    shown = get(client, representative, f"/leads/{lead['id']}")
    assert (shown["name"], shown["version"]) == ("Sydlys", 1)
    assert get(client, representative, "/leads?q=sydlys")["total"]["count"] == 1


def test_a_customer_with_a_lead_is_not_deleted(client: ApiClient, representative: Caller) -> None:
    with transaction() as session:
        customer: Customer = make_customer(session, owner_user_id=representative.user_id)
    lead = post(client, representative, "/leads", {"customer_id": str(customer.id)})

    headers = {**representative.headers, "If-Match": '"1"'}
    held = client.delete(f"{API}/customers/{customer.id}", headers=headers)

    assert held.json["details"]["blockers"] == [{"entity": "lead", "id": lead["id"]}]


def test_a_script_sends_leads_under_its_own_references_and_twice_is_once(
    client: ApiClient, representative: Caller
) -> None:
    path = f"{API}/leads/by-external-ref/fair-17"
    body = {"company": "Gøgens Garn I/S", "source": "trade_show", "workflow": "axelor"}

    made = client.put(path, json=body, headers=representative.headers)
    again = client.put(path, json=body, headers=representative.headers)

    assert (made.status_code, again.status_code) == (201, 200)
    assert (made.json["number"], made.json["state"]["key"]) == ("L-0001", "new")
    assert again.json == made.json
    other = client.put(path, json={"workflow": "cetec"}, headers=representative.headers)
    assert broken(other.json) == [("/workflow", "by_an_act")]
    batch = {"items": [
        {"external_ref": "fair-17", "fields": {"city": "Ry"}},
        {"external_ref": "fair-18", "fields": {"company": "Viben"}},
        {"external_ref": "fair-19", "fields": {"company": "Svanen", "source": "tv"}},
    ]}  # fmt: skip
    counted = post(client, representative, "/leads/batch", batch, 200)
    assert [counted[each] for each in ("created", "changed", "failed")] == [1, 1, 1]
    assert broken(counted["results"][2]["problem"]) == [("/fields/source", "unknown")]


def test_the_history_of_a_lead_is_read_in_words(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    move(client, representative, lead, "development", reason="Vil have tilbud")

    events = get(client, representative, f"/leads/{lead['id']}/events")["items"]

    assert [each["type"] for each in events] == ["lead.transitioned", "lead.created"]


@pytest.fixture
def colleague(representative: Caller) -> Caller:
    del representative
    return make_caller(Role.REPRESENTATIVE, "ole@example.com")


def take_away(client: ApiClient, caller: Caller, lead: Any, query: str = "") -> Reply:
    headers = {**caller.headers, "If-Match": f'"{lead["version"]}"'}
    return client.delete(f"{API}/leads/{lead['id']}{query}", headers=headers)


def events_of(client: ApiClient, caller: Caller, path: str) -> list[tuple[str, Any]]:
    return [
        (each["type"], (each["data"] or {}).get("lead_id"))
        for each in get(client, caller, f"{path}/events")["items"]
    ]


def test_a_junk_lead_goes_with_what_a_colleague_noted_and_planned_and_what_is_done_stays(
    client: ApiClient, representative: Caller, colleague: Caller, lead: Any
) -> None:
    path = f"/leads/{lead['id']}"
    reminded = {"body": "Ringede", "reminder": {"title": "Ring", "on": "2999-01-04"}}
    note = post(client, colleague, f"{path}/notes", reminded)
    call = {"kind": "call", "title": "Ring"}
    planned = post(client, colleague, f"{path}/activities", call)
    done = post(client, colleague, f"{path}/activities", {**call, "state": "done"})

    held = take_away(client, representative, lead)

    assert (held.status_code, held.json["code"]) == (409, "in_use")
    assert held.json["details"]["kinds"] == {"activity": 2, "note": 1}
    assert "with_notes" in held.json["detail"]
    assert (
        take_away(client, representative, lead, "?with_notes=true&reason=Spam").status_code == 204
    )
    for gone in (path, f"/notes/{note['id']}", f"/activities/{planned['id']}"):
        answer = client.get(f"{API}{gone}", headers=colleague.headers)
        assert answer.status_code == 404, gone
    kept = get(client, colleague, f"/activities/{done['id']}")
    assert (kept["state"], kept["subjects"]) == ("done", [])
    assert get(client, colleague, f"/reminders/{note['reminder']['id']}")["state"] == "cancelled"
    told = get(client, representative, f"{path}/events")["items"][0]
    assert (told["type"], told["reason"]) == ("lead.deleted", "Spam")
    assert events_of(client, representative, f"/notes/{note['id']}") == [
        ("note.deleted", lead["id"]), ("note.created", None),
    ]  # fmt: skip
    assert events_of(client, colleague, f"/activities/{planned['id']}")[0] == (
        "activity.deleted", lead["id"],
    )  # fmt: skip


def test_what_was_noted_and_planned_about_a_customers_junk_lead_is_the_customers(
    client: ApiClient, representative: Caller, colleague: Caller
) -> None:
    with transaction() as session:
        customer = make_customer(session, owner_user_id=representative.user_id).id
    lead = post(client, representative, "/leads", {"customer_id": str(customer)})
    note = post(client, colleague, f"/leads/{lead['id']}/notes", {"body": "Ringede"})
    planned = post(
        client, colleague, f"/leads/{lead['id']}/activities", {"kind": "call", "title": "Ring"}
    )

    assert take_away(client, representative, lead, "?with_notes=true").status_code == 204

    moved = get(client, colleague, f"/notes/{note['id']}")
    assert (moved["subject_type"], moved["subject_id"]) == ("customer", str(customer))
    about = get(client, colleague, f"/activities/{planned['id']}")["subjects"]
    assert [(each["type"], each["id"]) for each in about] == [("customer", str(customer))]
    assert get(client, colleague, f"/customers/{customer}")["last_note_at"] == note["at"]


def test_an_opportunity_holds_a_lead_whose_notes_go_and_all_stays_as_it_was(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    note = post(client, representative, f"/leads/{lead['id']}/notes", {"body": "Ringede"})
    made = post(client, representative, "/opportunities", {"name": "K", "lead_id": lead["id"]})

    held = take_away(client, representative, lead, "?with_notes=true")

    assert (held.status_code, held.json["code"]) == (409, "in_use")
    assert held.json["details"]["blockers"] == [{"entity": "opportunity", "id": made["id"]}]
    assert get(client, representative, f"/notes/{note['id']}")["body"] == "Ringede"


def test_who_may_not_delete_the_lead_does_not_with_its_notes_and_wrong_wishes_are_refused(
    client: ApiClient, representative: Caller, colleague: Caller, lead: Any
) -> None:
    note = post(client, colleague, f"/leads/{lead['id']}/notes", {"body": "Ringede"})

    assert take_away(client, colleague, lead, "?with_notes=true").status_code == 403
    refused = take_away(client, representative, lead, "?with_notes=perhaps")
    assert broken(refused.json) == [("/with_notes", "type")]
    assert get(client, colleague, f"/notes/{note['id']}")["body"] == "Ringede"


def test_nobody_is_reminded_of_a_lead_that_is_gone(
    client: ApiClient, representative: Caller, lead: Any
) -> None:
    note = post(
        client, representative, f"/leads/{lead['id']}/notes",
        {"body": "Ringede", "reminder": {"title": "Ring", "on": "2999-01-04"}},
    )  # fmt: skip
    headers = {**representative.headers, "If-Match": '"1"'}
    client.delete(f"{API}/notes/{note['id']}", headers=headers)

    assert take_away(client, representative, lead).status_code == 204

    with transaction() as session:
        reminder = session.get_one(Reminder, UUID(note["reminder"]["id"]))
        assert (reminder.state, reminder.closed_at is not None) == ("cancelled", True)
