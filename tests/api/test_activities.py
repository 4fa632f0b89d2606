"""Activities over HTTP: planned, discussed, done; seen with what they are about."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from hub.access.models import Team, TeamMember
from hub.access.roles import Role
from hub.activities.models import ActivityKind
from hub.clock import utcnow
from hub.customers import contacts
from hub.customers.models import Customer
from hub.db import transaction
from hub.history.models import Event
from hub.mail.models import Delivery, DeliveryKind
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller, narrow
from tests.hiding import hide, lead
from tests.people import make_customer

API = "/api/v1"


def post(client: ApiClient, caller: Caller, path: str, body: Any, status: int = 201) -> Any:
    answer = client.post(f"{API}{path}", json=body, headers=caller.headers)
    assert answer.status_code == status, answer.text
    return answer.json


def get(client: ApiClient, caller: Caller, path: str, status: int = 200) -> Any:
    answer = client.get(f"{API}{path}", headers=caller.headers)
    assert answer.status_code == status, answer.text
    return answer.json


def patch(client: ApiClient, caller: Caller, activity: Any, **changes: Any) -> Reply:
    headers = {**caller.headers, "If-Match": f'"{activity["version"]}"'}
    return client.patch(f"{API}/activities/{activity['id']}", json=changes, headers=headers)


def move(
    client: ApiClient, caller: Caller, activity: Any, to: str, status: int = 200, **more: Any
) -> Any:
    path = f"/activities/{activity['id']}/transitions"
    return post(client, caller, path, {"to": to, **more}, status)


def titles(client: ApiClient, caller: Caller, query: str) -> list[str]:
    return [each["title"] for each in get(client, caller, f"/activities?{query}")["items"]]


def broken(answer: Any) -> list[tuple[str, str]]:
    return [(each["pointer"], each["code"]) for each in answer["errors"]]


def customer_of(caller: Caller, name: str = "Nordlys A/S") -> str:
    with transaction() as session:
        return str(make_customer(session, name, owner_user_id=caller.user_id).id)


@pytest.fixture
def customer(representative: Caller) -> str:
    return customer_of(representative)


@pytest.fixture
def call(client: ApiClient, representative: Caller, customer: str) -> Any:
    body = {"kind": "call", "title": "Ring om tilbuddet"}
    return post(client, representative, f"/customers/{customer}/activities", body)


def test_a_meeting_is_planned_with_time_place_and_people(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    with transaction() as session:
        of = session.get_one(Customer, UUID(customer))
        contact = contacts.create(session, of, {"first_name": "Ida", "last_name": "Holm"})
        contact_id = str(contact.id)
    other = make_caller(Role.REPRESENTATIVE, "ole@example.com")

    made = post(
        client, representative, f"/customers/{customer}/activities",
        {"kind": "meeting", "title": "Gennemgang", "location": "Hos dem", "category": "negotiation",
         "start": {"on": "2999-03-01", "at": "09:00"}, "end": {"on": "2999-03-01", "at": "10:30"},
         "zone": "Europe/Copenhagen", "assignee_ids": [str(other.user_id)],
         "contact_ids": [contact_id],
         "attendees": [{"contact_id": contact_id}, {"user_id": str(representative.user_id)},
                       {"email": "bo@kranen.example", "name": "Bo"}]},
    )  # fmt: skip

    assert (made["kind"], made["state"], made["is_open"]) == ("meeting", "planned", True)
    assert (made["at"], made["over_at"]) == ("2999-03-01T08:00:00Z", "2999-03-01T09:30:00Z")
    assert (made["start"], made["due"]) == ({"on": "2999-03-01", "at": "09:00:00"}, None)
    assert made["category_label"] == "Negotiation"
    assert [each["name"] for each in made["assignees"]] == ["ole"]
    assert [each["name"] for each in made["attendees"]] == ["Ida Holm", "bo", "Bo"]
    assert [(each["type"], each["name"]) for each in made["subjects"]] == [
        ("customer", "Nordlys A/S")
    ]
    assert made["contacts"] == [{"id": contact_id, "name": "Ida Holm", "customer_id": customer}]
    assert made["allowed_states"] == ["in_progress", "done", "cancelled"]
    assert titles(client, representative, f"contact={contact_id}") == ["Gennemgang"]
    assert titles(client, representative, "attendee=me") == ["Gennemgang"]
    assert titles(client, representative, "assignee=me") == []


@pytest.mark.parametrize("kind", [each.value for each in ActivityKind])
def test_each_kind_is_made_from_a_lead_from_a_customer_and_from_a_contact(
    client: ApiClient, representative: Caller, customer: str, kind: str
) -> None:
    of_lead = post(client, representative, "/leads", {"company": "Kranen"})
    contact = post(client, representative, f"/customers/{customer}/contacts", {"first_name": "Ida"})
    body = {"kind": kind, "title": "a"}

    from_lead = post(client, representative, f"/leads/{of_lead['id']}/activities", body)
    from_customer = post(client, representative, f"/customers/{customer}/activities", body)
    from_contact = post(
        client, representative, "/activities", {**body, "contact_ids": [contact["id"]]}
    )

    assert [
        (made["kind"], [(each["type"], each["id"]) for each in made["subjects"]])
        for made in (from_lead, from_customer, from_contact)
    ] == [
        (kind, [("lead", of_lead["id"])]), (kind, [("customer", customer)]),
        (kind, [("customer", customer)]),
    ]  # fmt: skip
    assert [each["id"] for each in from_contact["contacts"]] == [contact["id"]]


def test_activities_are_counted_by_those_who_are_to_do_them(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    ole = make_caller(Role.REPRESENTATIVE, "ole@example.com")
    both = [str(representative.user_id), str(ole.user_id)]
    for number, assignees in enumerate((both, both[1:], [])):
        body = {"kind": "task", "title": str(number), "assignee_ids": assignees}
        post(client, representative, f"/customers/{customer}/activities", body)

    facet = get(client, representative, "/activities?facets=assignee")["facets"]["assignee"]

    assert [(each["value"], each["label"], each["count"]) for each in facet["slices"]] == [
        (both[1], "ole", 2), (both[0], "bo", 1), (None, None, 1),
    ]  # fmt: skip
    for each in facet["slices"]:
        [(operator, value)] = each["filter"].items()
        query = f"assignee.{operator}={str(value).lower()}"
        assert len(titles(client, representative, query)) == each["count"]


def test_a_day_stays_a_day_and_is_overdue_when_it_is_over(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    path = f"/customers/{customer}/activities"
    for title, day in (("før", "2026-01-05"), ("senere", "2999-01-05")):
        body = {"kind": "task", "title": title, "due": {"on": day}, "zone": "Europe/Copenhagen"}
        post(client, representative, path, body)

    [late] = get(client, representative, "/activities?overdue=true")["items"]
    assert (late["title"], late["is_overdue"]) == ("før", True)
    assert (late["at"], late["over_at"]) == ("2026-01-04T23:00:00Z", "2026-01-05T23:00:00Z")
    assert late["due"] == {"on": "2026-01-05", "at": None}
    assert titles(client, representative, "at.gte=2999-01-04&at.lt=2999-01-06") == ["senere"]


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ({"kind": "dance"}, [("/kind", "choice")]),
        ({"category": "none"}, [("/category", "unknown")]),
        ({"end": {"on": "2999-01-01"}}, [("/end", "without_start")]),
        (
            {"start": {"on": "2999-01-02"}, "end": {"on": "2999-01-01"}},
            [("/end", "before_start")],
        ),
        (
            {"start": {"on": "2999-01-02"}, "end": {"on": "2999-01-02", "at": "09:00"}},
            [("/end", "day_or_time")],
        ),
        (
            {"start": {"on": "2999-01-02"}, "due": {"on": "2999-01-02"}},
            [("/due", "start_or_due")],
        ),
        ({"assignee_ids": [str(UUID(int=7))]}, [("/assignee_ids", "unknown_user")]),
        ({"contact_ids": [str(UUID(int=7))]}, [("/contact_ids", "unknown")]),
        ({"attendees": [{}]}, [("/attendees/0", "one_of")]),
        ({"team_id": str(UUID(int=7))}, [("/team_id", "unknown")]),
        ({"happened_at": "2026-01-01T10:00:00Z"}, [("/happened_at", "future")]),
        ({"reminder": {"title": "x", "on": "2020-01-01"}}, [("/reminder/on", "past")]),
        ({"subjects": []}, [("/subjects", "unknown")]),
    ],
)
def test_what_breaks_a_rule_is_named_and_nothing_is_written(
    client: ApiClient, representative: Caller, customer: str, body: Any, rules: Any
) -> None:
    path = f"/customers/{customer}/activities"

    answer = post(client, representative, path, {"kind": "call", "title": "x", **body}, 422)

    assert broken(answer) == rules
    assert get(client, representative, path)["total"]["count"] == 0


def test_it_moves_as_the_model_says_and_is_refused_elsewhere_with_what_is_allowed(
    client: ApiClient, representative: Caller, call: Any
) -> None:
    assert move(client, representative, call, "in_progress")["allowed_states"] == [
        "done", "cancelled"
    ]  # fmt: skip
    refused = move(client, representative, call, "planned", 409)
    assert (refused["code"], refused["details"]) == (
        "activity_state", {"state": "in_progress", "allowed": ["done", "cancelled"]},
    )  # fmt: skip
    done = move(client, representative, call, "done", outcome="agreed", reason="Vil købe")
    assert (done["outcome_label"], done["done_by_user_id"]) == (
        "Agreed", str(representative.user_id),
    )  # fmt: skip
    reopened = move(client, representative, call, "planned")
    assert (reopened["done_by_user_id"], reopened["closed_at"]) == (None, None)
    move(client, representative, call, "cancelled")
    assert move(client, representative, call, "planned", 409)["details"]["allowed"] == []

    events = get(client, representative, f"/activities/{call['id']}/events")["items"]
    assert [each["type"] for each in events] == [
        "activity.transitioned", "activity.transitioned", "activity.transitioned",
        "activity.transitioned", "activity.created",
    ]  # fmt: skip
    assert [each["reason"] for each in events][2] == "Vil købe"


def last_contact(client: ApiClient, caller: Caller, customer: str) -> Any:
    return get(client, caller, f"/customers/{customer}")["last_contact_at"]


def test_a_call_that_is_done_is_the_last_contact_of_all_it_is_about_until_it_is_opened_again(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    other = customer_of(representative, "Sydlys A/S")
    lead = post(client, representative, "/leads", {"customer_id": other})
    made = post(
        client, representative, "/activities",
        {"kind": "call", "title": "Begge", "subjects": [
            {"type": "lead", "id": lead["id"]}, {"type": "customer", "id": customer}]},
    )  # fmt: skip
    version = get(client, representative, f"/customers/{other}")["version"]

    move(client, representative, made, "done", happened_at="2026-03-01T10:00:00Z")

    at = "2026-03-01T10:00:00Z"
    assert last_contact(client, representative, customer) == at
    assert last_contact(client, representative, other) == at
    shown = get(client, representative, f"/leads/{lead['id']}")
    assert (shown["last_contact_at"], shown["last_note_at"]) == (at, None)
    assert get(client, representative, f"/customers/{other}")["version"] == version

    move(client, representative, made, "planned")
    assert last_contact(client, representative, customer) is None
    assert last_contact(client, representative, other) is None


def test_the_newest_of_several_contacts_counts_and_tasks_and_mails_do_not(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    path, done = f"/customers/{customer}/activities", {"state": "done", "title": "x"}
    for kind, day in (("call", 3), ("meeting", 5), ("call", 4), ("task", 9), ("mail", 8)):
        post(
            client, representative, path,
            {"kind": kind, "happened_at": f"2026-02-0{day}T12:00:00Z", **done},
        )  # fmt: skip
    assert last_contact(client, representative, customer) == "2026-02-05T12:00:00Z"

    [meeting] = get(client, representative, f"{path}?kind=meeting")["items"]
    headers = {**representative.headers, "If-Match": '"1"'}
    gone = client.delete(f"{API}/activities/{meeting['id']}", headers=headers)

    assert gone.status_code == 204
    assert last_contact(client, representative, customer) == "2026-02-04T12:00:00Z"


def test_a_note_that_is_done_already_happened_when_it_began(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    made = post(
        client, representative, f"/customers/{customer}/activities",
        {"kind": "call", "title": "Ringede", "state": "done", "zone": "Europe/Copenhagen",
         "start": {"on": "2026-03-02", "at": "09:00"}},
    )  # fmt: skip

    assert (made["state"], made["at"]) == ("done", "2026-03-02T08:00:00Z")
    moved = patch(client, representative, made, start={"on": "2026-03-03"})
    assert (moved.status_code, moved.json["code"]) == (409, "activity_state")
    assert patch(client, representative, made, body="Vil høre mere").status_code == 200


def test_it_counts_for_who_did_it(client: ApiClient, administrator: Caller) -> None:
    doer = make_caller(Role.REPRESENTATIVE, "ole@example.com")
    made = post(
        client, administrator, "/activities",
        {"kind": "call", "title": "x", "assignee_ids": [str(doer.user_id)]},
    )  # fmt: skip

    done = move(client, administrator, made, "done")
    assert done["done_by_user_id"] == str(doer.user_id)
    move(client, administrator, made, "planned")
    named = move(client, administrator, made, "done", done_by_user_id=str(administrator.user_id))
    assert named["done_by_user_id"] == str(administrator.user_id)
    assert titles(client, administrator, "done_by=me&kind=call") == ["x"]


def test_it_is_changed_by_its_author_those_whose_it_is_and_who_leads_them(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    assignee = make_caller(Role.REPRESENTATIVE, "ole@example.com")
    colleague = make_caller(Role.REPRESENTATIVE, "pia@example.com")
    manager = lead("Nord", assignee, by="mads@example.com")
    made = post(
        client, representative, f"/customers/{customer}/activities",
        {"kind": "task", "title": "1", "assignee_ids": [str(assignee.user_id)]},
    )  # fmt: skip

    assert patch(client, colleague, made, title="2").status_code == 403
    assert move(client, colleague, made, "done", 403)["code"] == "forbidden"
    for caller, title in ((representative, "2"), (assignee, "3"), (manager, "4")):
        answer = patch(client, caller, made, title=title)
        assert answer.status_code == 200, answer.text
        made = answer.json
    assert (made["title"], made["version"]) == ("4", 4)


def test_who_takes_part_sees_it_and_not_what_he_may_not_see(
    client: ApiClient, administrator: Caller
) -> None:
    guest = make_caller(Role.REPRESENTATIVE, "ole@example.com")
    stranger = make_caller(Role.REPRESENTATIVE, "pia@example.com")
    hidden, open_to_all = str(hide(administrator)), customer_of(administrator)
    made = post(
        client, administrator, "/activities",
        {"kind": "meeting", "title": "Fortroligt", "attendees": [{"user_id": str(guest.user_id)}],
         "subjects": [{"type": "customer", "id": hidden}]},
    )  # fmt: skip
    path = f"/activities/{made['id']}"

    seen = get(client, guest, path)
    assert (seen["title"], seen["subjects"]) == ("Fortroligt", [])
    assert get(client, guest, f"/activities?customer={hidden}")["total"]["count"] == 0
    assert get(client, guest, f"/activities?subject={hidden}")["total"]["count"] == 0
    events = client.get(f"{API}{path}/events", headers=guest.headers)
    assert hidden not in events.text
    get(client, stranger, path, 404)
    assert get(client, stranger, "/activities")["total"]["count"] == 0

    widened = patch(
        client, administrator, made,
        subjects=[{"type": "customer", "id": hidden}, {"type": "customer", "id": open_to_all}],
    )  # fmt: skip
    assert len(widened.json["subjects"]) == 2
    assert [each["id"] for each in get(client, stranger, path)["subjects"]] == [open_to_all]


def test_what_an_editor_does_not_see_of_it_stays_when_he_changes_the_rest(
    client: ApiClient, administrator: Caller, representative: Caller, customer: str
) -> None:
    hidden = str(hide(administrator))
    made = post(
        client, administrator, "/activities",
        {"kind": "task", "title": "x", "assignee_ids": [str(representative.user_id)],
         "subjects": [{"type": "customer", "id": hidden}]},
    )  # fmt: skip

    changed = patch(client, representative, made, subjects=[{"type": "customer", "id": customer}])

    assert [each["id"] for each in changed.json["subjects"]] == [customer]
    shown = get(client, administrator, f"/activities/{made['id']}")
    assert {each["id"] for each in shown["subjects"]} == {hidden, customer}


def test_nobody_speaks_of_what_he_does_not_see(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    hidden = str(hide(administrator))
    with transaction() as session:
        of = session.get_one(Customer, UUID(hidden))
        contact_id = str(contacts.create(session, of, {"last_name": "Holm"}).id)
    body = {"kind": "call", "title": "x"}

    named = {**body, "subjects": [{"type": "customer", "id": hidden}]}
    refused = post(client, representative, "/activities", named, 422)
    assert broken(refused) == [("/subjects/0", "unknown")]
    for field, value in (
        ("contact_ids", [contact_id]),
        ("attendees", [{"contact_id": contact_id}]),
    ):
        refused = post(client, representative, "/activities", {**body, field: value}, 422)
        assert broken(refused) == [(f"/{field}", "unknown")]


def test_a_memo_is_for_the_team_and_what_is_about_nothing_for_who_wrote_it(
    client: ApiClient, representative: Caller
) -> None:
    colleague = make_caller(Role.REPRESENTATIVE, "ole@example.com")
    stranger = make_caller(Role.REPRESENTATIVE, "pia@example.com")
    with transaction() as session:
        team = Team(name="Nord")
        session.add(team)
        session.flush()
        for member in (representative, colleague):
            session.add(TeamMember(team_id=team.id, user_id=member.user_id))
        team_id = str(team.id)

    memo = post(client, representative, "/activities", {"kind": "memo", "title": "Husk messen"})
    post(client, representative, "/activities", {"kind": "todo", "title": "Mit eget"})

    assert memo["team_id"] == team_id
    assert titles(client, representative, "assignee=me") == ["Husk messen", "Mit eget"]
    assert titles(client, colleague, "") == ["Husk messen"]
    assert titles(client, stranger, "") == []
    assert patch(client, colleague, memo, title="x").status_code == 403


def test_many_speak_and_what_is_said_stays(
    client: ApiClient, representative: Caller, call: Any
) -> None:
    other = make_caller(Role.REPRESENTATIVE, "ole@example.com")
    path = f"/activities/{call['id']}"

    post(client, representative, f"{path}/comments", {"body": "Ringede, ingen svarede"})
    said = post(client, other, f"{path}/comments", {"body": "Prøv efter kl. 15"})

    assert said["author_name"] == "ole"
    listed = get(client, representative, f"{path}/comments?limit=1")
    assert [each["body"] for each in listed["items"]] == ["Ringede, ingen svarede"]
    rest = get(client, representative, f"{path}/comments?cursor={listed['next_cursor']}")
    assert [each["body"] for each in rest["items"]] == ["Prøv efter kl. 15"]
    shown = get(client, representative, path)
    assert (shown["comments"], shown["version"]) == (2, 1)
    for method in (client.patch, client.delete):
        answer = method(f"{API}{path}/comments", headers=representative.headers)
        assert answer.status_code == 405
    with transaction() as session:
        told = session.scalars(select(Event.type).where(Event.subject_id == UUID(call["id"])))
        assert sorted(told) == ["activity.commented", "activity.commented", "activity.created"]


def test_who_finishes_it_is_not_reminded_of_it_any_more(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    body = {"kind": "call", "title": "Ring", "reminder": {"title": "Ring nu", "on": "2999-01-04"}}
    made = post(client, representative, f"/customers/{customer}/activities", body)
    further = post(
        client, representative, f"/activities/{made['id']}/reminders",
        {"title": "Igen", "on": "2999-01-05"},
    )  # fmt: skip

    assert (further["subject_type"], further["subject_id"]) == ("activity", made["id"])
    assert (further["activity_id"], further["customer_id"]) == (made["id"], customer)
    move(client, representative, made, "done")

    found = get(client, representative, f"/reminders?subject={made['id']}")["items"]
    assert [each["state"] for each in found] == ["done", "done"]
    with transaction() as session:
        kinds = session.scalars(select(Delivery.kind).order_by(Delivery.id)).all()
    assert kinds.count(DeliveryKind.CANCELLATION) == 2


def test_a_reminder_of_an_activity_is_seen_by_who_sees_the_activity(
    client: ApiClient, administrator: Caller
) -> None:
    guest = make_caller(Role.REPRESENTATIVE, "ole@example.com")
    stranger = make_caller(Role.REPRESENTATIVE, "pia@example.com")
    made = post(
        client, administrator, "/activities",
        {"kind": "task", "title": "x", "assignee_ids": [str(guest.user_id)],
         "subjects": [{"type": "customer", "id": str(hide(administrator))}]},
    )  # fmt: skip
    body = {"title": "Husk", "on": "2999-01-04", "recipient_user_id": str(guest.user_id)}
    reminder = post(client, administrator, f"/activities/{made['id']}/reminders", body)

    assert get(client, guest, f"/reminders/{reminder['id']}")["title"] == "Husk"
    get(client, stranger, f"/reminders/{reminder['id']}", 404)


def test_lists_filter_search_and_count(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    path = f"/customers/{customer}/activities"
    for kind, title in (("call", "Ring til Viben"), ("call", "Ring til Kranen"), ("task", "Skriv")):
        post(client, representative, path, {"kind": kind, "title": title, "category": "follow_up"})
    [call, *_] = get(client, representative, f"{path}?q=kranen")["items"]
    move(client, representative, call, "done")

    assert titles(client, representative, "assignee=me&is_open=true&sort=created_at") == [
        "Ring til Viben", "Skriv",
    ]  # fmt: skip
    assert titles(client, representative, f"customer={customer}&state=done") == ["Ring til Kranen"]
    assert titles(client, representative, f"subject={customer}&kind=task") == ["Skriv"]
    assert titles(client, representative, "category=follow_up&author=me&kind.ne=call") == ["Skriv"]
    counted = get(client, representative, "/activities?facets=kind,category,is_open")["facets"]
    assert {each["label"]: each["count"] for each in counted["kind"]["slices"]} == {
        "Call": 2, "Task": 1,
    }  # fmt: skip
    assert [each["label"] for each in counted["category"]["slices"]] == ["Follow-up"]
    assert titles(client, representative, "assignee.empty=true") == []
    used = get(client, representative, "/catalogues/activity_categories/entries")["items"]
    assert [each["used_by"] for each in used if each["code"] == "follow_up"] == [
        {"activities": {"total": 3, "open": 2, "closed": 1}}
    ]


def test_a_token_for_some_customers_shows_their_activities_only(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    other = customer_of(representative, "Sydlys A/S")
    for of, title in ((customer, "nord"), (other, "syd")):
        post(
            client, representative, f"/customers/{of}/activities",
            {"kind": "call", "title": title},
        )  # fmt: skip
    post(client, representative, "/activities", {"kind": "todo", "title": "mit"})

    narrowed = narrow(representative, {"name": {"eq": "Nordlys A/S"}})

    assert titles(client, narrowed, "") == ["nord"]


def test_a_customer_or_lead_with_activities_is_not_deleted(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    lead = post(client, representative, "/leads", {"company": "Kranen"})
    headers = {**representative.headers, "If-Match": '"1"'}
    for path in (f"/customers/{customer}", f"/leads/{lead['id']}"):
        made = post(client, representative, f"{path}/activities", {"kind": "call", "title": "x"})
        held = client.delete(f"{API}{path}", headers=headers)
        assert (held.status_code, held.json["code"]) == (409, "in_use")
        assert held.json["details"]["blockers"] == [{"entity": "activity", "id": made["id"]}]
        client.delete(f"{API}/activities/{made['id']}", headers=headers)
        assert client.delete(f"{API}{path}", headers=headers).status_code == 204


def test_a_script_sends_activities_under_its_own_references_and_twice_is_once(
    client: ApiClient, representative: Caller
) -> None:
    with transaction() as session:
        make_customer(session, owner_user_id=representative.user_id, external_ref="erp-1")
    path = f"{API}/activities/by-external-ref/cal-17"
    body = {"kind": "call", "title": "Ring", "subjects": [
        {"type": "customer", "external_ref": "erp-1"}]}  # fmt: skip

    made = client.put(path, json=body, headers=representative.headers)
    again = client.put(path, json=body, headers=representative.headers)

    assert (made.status_code, again.status_code) == (201, 200), made.text
    assert again.json == made.json
    batch = {"items": [
        {"external_ref": "cal-17", "fields": {"state": "done",
                                              "happened_at": "2026-03-01T10:00:00Z"}},
        {"external_ref": "cal-17", "fields": {"state": "done"}},
        {"external_ref": "cal-18", "fields": {"kind": "task", "title": "Skriv"}},
        {"external_ref": "cal-19", "fields": {"kind": "task"}},
        {"external_ref": "cal-20", "fields": {"kind": "task", "title": "x", "subjects": [
            {"type": "lead", "external_ref": "none"}]}},
    ]}  # fmt: skip
    counted = post(client, representative, "/activities/batch", batch, 200)
    assert [each["status"] for each in counted["results"]] == [200, 204, 201, 422, 422]
    assert broken(counted["results"][3]["problem"]) == [("/fields/title", "required")]
    assert broken(counted["results"][4]["problem"]) == [("/fields/subjects/0", "unknown")]
    shown = client.put(path, json={}, headers=representative.headers).json
    assert (shown["state"], shown["at"]) == ("done", "2026-03-01T10:00:00Z")


def test_a_reading_by_a_right_alone_is_marked(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    hidden = hide(representative)
    made = post(
        client, representative, f"/customers/{hidden}/activities",
        {"kind": "call", "title": "x"},
    )  # fmt: skip

    get(client, administrator, f"/activities/{made['id']}")

    with transaction() as session:
        marks = session.scalars(select(Event).where(Event.type == "customer.protected_read")).all()
        assert [mark.subject_id for mark in marks] == [hidden]


def test_the_version_seen_is_asked_for(
    client: ApiClient, representative: Caller, call: Any
) -> None:
    assert patch(client, representative, call, title="2").status_code == 200
    assert patch(client, representative, call, title="3").status_code == 412
    unknown = get(client, representative, f"/activities/{uuid4()}", 404)
    assert unknown["code"] == "not_found"


def test_a_day_of_work_is_counted_by_an_index(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    from sqlalchemy import text

    with transaction() as session:
        session.execute(text("set local enable_seqscan = off"))
        plan = session.execute(
            text(
                "explain select count(*) from activity where done_by_user_id = :user"
                " and kind = 'call' and state = 'done' and deleted_at is null"
                " and at >= :start and at < :start + interval '1 day'"
            ),
            {"user": representative.user_id, "start": utcnow() - timedelta(days=1)},
        ).scalars()
        assert "ix_activity_done" in "\n".join(plan)


def test_a_record_takes_its_activities_along_to_its_new_customer(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    lead = post(client, representative, "/leads", {"company": "Kranen ApS"})
    done = {"kind": "call", "title": "x", "state": "done", "happened_at": "2026-03-01T10:00:00Z"}
    post(client, representative, f"/leads/{lead['id']}/activities", done)
    path = f"/customers/{customer}/activities"
    assert get(client, representative, path)["total"]["count"] == 0

    headers = {**representative.headers, "If-Match": '"1"'}
    changed = client.patch(
        f"{API}/leads/{lead['id']}", json={"customer_id": customer}, headers=headers
    )

    assert changed.status_code == 200, changed.text
    assert get(client, representative, path)["total"]["count"] == 1
    assert last_contact(client, representative, customer) == "2026-03-01T10:00:00Z"
