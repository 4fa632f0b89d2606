"""Timelines and related records over HTTP: everything in one order, and nothing that is hidden."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from api.authentication import forget_tokens
from hub.access.models import AccessGrant
from hub.access.roles import Role
from hub.clock import utcnow
from hub.connections.models import Connection
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.db import transaction
from hub.documents.models import DocMirror, DocumentKind, DocumentState
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName
from hub.origin import ActorKind, CauseKind, Origin
from hub.reminders.models import Reminder
from hub.timeline.kinds import APPEARANCES
from hub.timeline.related import RELATIONS
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller
from tests.api.test_activities import broken, get, post
from tests.people import make_customer

API = "/api/v1"
HIDDEN = "Zanzibarfalk"


@pytest.fixture
def customer(client: ApiClient, representative: Caller) -> str:
    with transaction() as session:
        return str(make_customer(session, "Nordlys", owner_user_id=representative.user_id).id)


def fill(client: ApiClient, owner: Caller, customer: str, lead: Any, word: str) -> None:
    """Put something of every kind on a customer and on its lead, of which `word` tells."""
    for path, said in ((f"/customers/{customer}", "åbent"), (f"/leads/{lead['id']}", word)):
        post(
            client, owner, f"{path}/notes",
            {"body": f"{said} note", "type": "call", "at": "2026-02-01T10:00:00Z",
             "reminder": {"title": f"{said} reminder", "on": "2999-01-04"}},
        )  # fmt: skip
        for fields in (
            {"state": "done", "happened_at": "2026-02-02T10:00:00Z"},
            {"start": {"on": "2999-01-05", "at": "09:00"}},
        ):
            post(
                client, owner, f"{path}/activities",
                {"kind": "call", "title": f"{said} call", **fields},
            )  # fmt: skip
        post(
            client, owner, f"{path}/ownership",
            {"inside_rep_id": str(owner.user_id), "reason": said}, 200,
        )  # fmt: skip
    opportunity = {"name": f"{word} sag", "customer_id": customer, "lead_id": lead["id"]}
    post(client, owner, "/opportunities", opportunity)
    moved = {"to": "development", "reason": word}
    post(client, owner, f"/leads/{lead['id']}/transitions", moved, 200)


def mirrored(customer: str, owner: Caller) -> None:
    """Have an import and the accounting system change a customer, and mirror an invoice of it."""
    with transaction() as session:
        books = Connection(name="books", connector="fake", kind="accounting")
        session.add(books)
        session.flush()
        for number, (kind, remaining) in enumerate(
            ((DocumentKind.INVOICE, 100), (DocumentKind.INVOICE, 0), (DocumentKind.ORDER, 100))
        ):
            session.add(DocMirror(
                connection_id=books.id, kind=kind, remote_id=str(number), number=f"F-{number}",
                customer_id=UUID(customer), issued_on=date(2026, 1, 5 + number), currency="DKK",
                amount=Decimal(100), remaining=Decimal(remaining),
                state=DocumentState.OPEN if remaining else DocumentState.SETTLED,
                starts_on=date(2026, 2, 1), delivers_on=date(2026, 2, 20),
            ))  # fmt: skip
        enqueue(
            session, TaskName.LOOK_UP_COMPANY, key=customer,
            subject=("customer", UUID(customer)), customer_id=customer,
        )  # fmt: skip
    for cause, city in ((CauseKind.IMPORT, "Ry"), (CauseKind.ACCOUNTING, "Ribe")):
        origin = Origin(ActorKind.USER, owner.user_id, owner.user_id, cause, "1")
        with transaction(origin) as session:
            of = session.get_one(Customer, UUID(customer))
            customers.update(session, of, {"city": city}, now=utcnow())


@pytest.fixture
def lead(client: ApiClient, representative: Caller, customer: str) -> Any:
    return post(client, representative, "/leads", {"customer_id": customer})


@pytest.fixture
def filled(client: ApiClient, representative: Caller, customer: str, lead: Any) -> str:
    fill(client, representative, customer, lead, HIDDEN)
    mirrored(customer, representative)
    return customer


def everything(client: ApiClient, caller: Caller, path: str, query: str = "") -> list[Any]:
    """Return all rows, read page by page from the newest to the oldest."""
    page = get(client, caller, f"{path}?limit=200&around=9999-01-01T00:00:00Z{query}")
    assert page["previous_cursor"] is None
    assert page["next_cursor"] is None
    items: list[Any] = page["items"]
    return items


def test_all_kinds_stand_in_one_order_the_newest_first(
    client: ApiClient, administrator: Caller, filled: str, lead: Any
) -> None:
    items = everything(client, administrator, f"/customers/{filled}/timeline")

    assert {each["kind"] for each in items} == APPEARANCES.keys()
    times = [(each["at"], each["id"]) for each in items]
    assert times == sorted(times, reverse=True)
    assert [(each["kind"], each["title"], each["at"]) for each in items[:4]] == [
        ("activity", f"{HIDDEN} call", "2999-01-05T08:00:00Z"),
        ("activity", "åbent call", "2999-01-05T08:00:00Z"),
        ("reminder", f"{HIDDEN} reminder", "2999-01-04T07:00:00Z"),
        ("reminder", "åbent reminder", "2999-01-04T07:00:00Z"),
    ]
    assert {each["kind"] for each in items if each["planned"]} == {
        "activity", "reminder", "job", "mail"
    }  # fmt: skip
    note = next(each for each in items if each["title"] == "åbent note")
    assert note["label"] == "Call"
    assert note["who"]["name"] == "bo"
    assert note["subject"] == {"type": "customer", "id": filled}
    invoice = next(each for each in items if each["title"] == "F-0")
    assert (invoice["label"], invoice["on"], invoice["at"]) == (
        "Invoice", "2026-01-05", "2026-01-05T00:00:00Z",
    )  # fmt: skip
    moved = next(each for each in items if each["kind"] == "transition")
    assert moved["title"] == "Pending qualification → Development"
    assert moved["reason"] == HIDDEN
    assert moved["label"] == "Moved on"
    assert moved["subject"] == {"type": "lead", "id": lead["id"]}
    for each in items:
        found = get(client, administrator, each["link"].removeprefix(API))
        assert each["id"] in str(found)


def test_who_the_mails_of_reminders_are_for_finds_them_there(
    client: ApiClient, representative: Caller, filled: str
) -> None:
    items = everything(client, representative, f"/customers/{filled}/timeline", "&kind=mail")

    assert [(each["title"], each["label"]) for each in items] == [
        ("bo@example.com", "Invitation")
    ] * 2


def test_a_lead_has_its_own(
    client: ApiClient, representative: Caller, filled: str, lead: Any
) -> None:
    items = everything(client, representative, f"/leads/{lead['id']}/timeline")

    kinds = {each["kind"] for each in items}
    assert kinds == {
        "note", "activity", "reminder", "opportunity", "transition", "ownership", "mail",
        "document",
    }  # fmt: skip
    assert {each["title"] for each in items if each["kind"] == "note"} == {f"{HIDDEN} note"}
    orders = [each for each in items if each["kind"] == "document"]
    assert [(each["label"], each["title"], each["on"]) for each in orders] == [
        ("Order", "F-2", "2026-01-07")
    ]


@pytest.mark.parametrize("limit", [1, 3, 8])
def test_pages_go_both_ways_and_no_row_is_missed_or_shown_twice(
    client: ApiClient, representative: Caller, filled: str, limit: int
) -> None:
    path = f"/customers/{filled}/timeline"
    whole = [each["id"] for each in everything(client, representative, path)]

    first = get(client, representative, f"{path}?limit={limit}")
    older = [each["id"] for each in first["items"]]
    newer: list[str] = []
    ahead = sum(each["at"] > utcnow().isoformat() for each in first["items"])
    cursor, kinds = first["next_cursor"], first["kinds"]
    while cursor:
        page = get(client, representative, f"{path}?limit={limit}&cursor={cursor}")
        older += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
    cursor = first["previous_cursor"]
    while cursor:
        page = get(client, representative, f"{path}?limit={limit}&cursor={cursor}")
        newer = [each["id"] for each in page["items"]] + newer
        cursor = page["previous_cursor"]

    assert ahead == limit // 2
    assert newer + older == whole
    assert sum(each["total"]["count"] for each in kinds) == len(whole)


def test_a_page_of_one_row_has_what_is_nearest_where_all_lies_ahead(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    path = f"/customers/{customer}"
    for day in ("2999-01-05", "2999-01-06"):
        planned = {"kind": "call", "title": day, "start": {"on": day, "at": "09:00"}}
        post(client, representative, f"{path}/activities", planned)
    listed = f"{path}/timeline?kind=activity&limit=1"

    first = get(client, representative, listed)
    second = get(client, representative, f"{listed}&cursor={first['previous_cursor']}")

    for page, title in ((first, "2999-01-05"), (second, "2999-01-06")):
        assert [each["title"] for each in page["items"]] == [title]
    assert (first["next_cursor"], second["previous_cursor"]) == (None, None)
    none = client.get(f"{API}{path}/timeline?limit=0", headers=representative.headers)
    assert [(each["pointer"], each["code"]) for each in none.json["errors"]] == [
        ("/limit", "too_small")
    ]


def test_it_is_narrowed_by_kind_and_by_what_is_planned(
    client: ApiClient, representative: Caller, filled: str
) -> None:
    path = f"/customers/{filled}/timeline"

    two = everything(client, representative, path, "&kind=note&kind=lead")
    planned = everything(client, representative, path, "&planned=true&kind=activity")
    done = everything(client, representative, path, "&planned=false&kind=activity")

    assert {each["kind"] for each in two} == {"note", "lead"}
    assert [each["at"][:4] for each in planned] == ["2999", "2999"]
    assert [each["at"][:4] for each in done] == ["2026", "2026"]
    refused = get(client, representative, f"{path}?kind=dream", 422)
    assert broken(refused)[0][0] == "/kind"
    for cursor in ("x", "b29wcw", "bzIwMjZ-eA"):
        refused = get(client, representative, f"{path}?cursor={cursor}", 422)
        assert broken(refused) == [("/cursor", "invalid_cursor")]


def share(record: str, entity: str, reader: Caller) -> None:
    with transaction() as session:
        session.add(AccessGrant(
            subject_type=entity, subject_id=UUID(record), level="read", user_id=reader.user_id
        ))  # fmt: skip


ROLES = [Role.REPRESENTATIVE, Role.ASSISTANT, Role.AUDITOR]


@pytest.mark.parametrize("role", ROLES)
def test_a_row_shows_and_counts_exactly_where_it_may_be_read_by_itself(
    client: ApiClient, private: None, administrator: Caller, representative: Caller, *,
    filled: str, lead: Any, role: Role,
) -> None:  # fmt: skip
    reader = make_caller(role, "reader@example.com")
    post(  # whoever takes part sees it, and is not told by this that it is about the customer
        client, representative, f"/leads/{lead['id']}/activities",
        {"kind": "meeting", "title": f"{HIDDEN} meeting",
         "attendees": [{"user_id": str(reader.user_id)}]},
    )  # fmt: skip
    path = f"/customers/{filled}/timeline"
    rows = everything(client, administrator, path)
    rows += everything(client, representative, path, "&kind=mail")
    meetings = {each["id"] for each in rows if each["title"] == f"{HIDDEN} meeting"}

    for entity, record in (("customer", filled), ("lead", lead["id"])):
        share(record, entity, reader)
        forget_tokens()
        sees_lead = role is Role.AUDITOR or entity == "lead"

        seen = {each["id"] for each in everything(client, reader, path)}
        first = client.get(f"{API}{path}?limit=200", headers=reader.headers)

        alone = {each["id"] for each in rows if shows(client, reader, each)}
        assert seen == (alone | meetings if sees_lead else alone - meetings), entity
        assert sum(each["total"]["count"] for each in first.json["kinds"]) == len(seen)
        if not sees_lead:
            assert HIDDEN not in first.text
            assert lead["id"] not in first.text
            of_lead = client.get(f"{API}/leads/{lead['id']}/timeline", headers=reader.headers)
            assert of_lead.status_code == 404


def shows(client: ApiClient, reader: Caller, row: Any) -> bool:
    """Say whether what a row links to is shown to a reader."""
    answer = client.get(row["link"], headers=reader.headers)
    return answer.status_code == 200 and row["id"] in answer.text


@pytest.mark.parametrize("role", [Role.REPRESENTATIVE, Role.ADMINISTRATOR])
def test_tabs_count_what_their_lists_show_and_no_tab_is_empty(
    client: ApiClient, private: None, filled: str, lead: Any, *, role: Role
) -> None:
    reader = make_caller(role, "reader@example.com")

    for entity, record in (("customer", filled), ("lead", lead["id"])):
        share(record, entity, reader)
        forget_tokens()
        asked = 0
        for path in (f"/customers/{filled}/related", f"/leads/{lead['id']}/related"):
            answer = client.get(f"{API}{path}", headers=reader.headers)
            for tab in answer.json.get("items", []):
                asked += tab_is_as_its_lists(client, reader, tab)
        assert asked > 3


def tab_is_as_its_lists(client: ApiClient, reader: Caller, tab: Any) -> int:
    """Fail where a tab does not count what its lists show; returns how many lists were read."""
    parts = [part for part in (tab, tab["open"], tab["closed"]) if part is not None]
    assert tab["total"]["count"] > 0
    for part in parts:
        listed = get(client, reader, part["link"].removeprefix(API))
        assert (tab["name"], listed["total"]) == (tab["name"], part["total"])
    if tab["open"] and tab["closed"]:
        halves = tab["open"]["total"]["count"] + tab["closed"]["total"]["count"]
        assert halves == tab["total"]["count"], tab
    return len(parts)


def tabs(client: ApiClient, caller: Caller, path: str) -> dict[str, tuple[Any, ...]]:
    return {
        each["name"]: tuple(
            part["total"]["count"] for part in (each, each["open"], each["closed"]) if part
        )
        for each in get(client, caller, f"{path}/related")["items"]
    }


def test_the_tabs_of_a_customer_and_of_its_lead(
    client: ApiClient, representative: Caller, filled: str, lead: Any
) -> None:
    for company in ("a", "b"):
        further = post(client, representative, "/leads", {"customer_id": filled})
        if company == "b":
            post(client, representative, f"/leads/{further['id']}/closing", {}, 200)

    of_customer = tabs(client, representative, f"/customers/{filled}")
    of_lead = tabs(client, representative, f"/leads/{lead['id']}")

    assert of_customer["leads"] == (3, 2, 1)
    assert of_customer["activities"] == (4, 2, 2)
    assert of_customer["notes"] == (2,)
    assert of_customer["invoices"] == (2, 1, 1)
    assert of_customer["orders"] == (1, 1, 0)
    assert of_customer["reminders"] == (2, 2, 0)
    assert "contacts" not in of_customer
    assert "payments" not in of_customer
    assert of_lead == {
        "customer": (1,), "same_customer_leads": (2, 1, 1), "notes": (1,),
        "activities": (2, 1, 1), "reminders": (1, 1, 0), "opportunities": (1, 1, 0),
        "same_customer_opportunities": (1, 1, 0), "orders": (1, 1, 0),
    }  # fmt: skip
    assert len({each.name for each in RELATIONS}) == len(RELATIONS)


def test_a_new_case_shows_the_other_cases_and_the_orders_of_its_customer(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    case: dict[str, Any] = {"pipeline": "tracelink", "customer_id": customer}
    first = post(client, representative, "/opportunities", {"name": "Første", **case})
    alone = tabs(client, representative, f"/opportunities/{first['id']}")
    offered = post(client, representative, "/opportunities", {"name": "Tilbudt", **case})
    third = post(client, representative, "/opportunities", {"name": "Tredje", **case})
    for path, body in (
        (f"{first['id']}/lost", {"lost_reason": "price"}),
        (f"{first['id']}/closing", {}),
        (f"{offered['id']}/transitions", {"to": "offer_given"}),
    ):
        post(client, representative, f"/opportunities/{path}", body, 200)
    mirrored(customer, representative)

    path = f"/opportunities/{third['id']}"
    found = tabs(client, representative, path)

    assert alone == {"customer": (1,)}
    assert found == {
        "customer": (1,), "same_customer_opportunities": (2, 1, 1), "orders": (1, 1, 0),
    }  # fmt: skip
    links = {
        each["name"]: each["link"].removeprefix(API)
        for each in get(client, representative, f"{path}/related")["items"]
    }
    others = get(client, representative, links["same_customer_opportunities"])["items"]
    assert {each["id"]: (each["stage"]["label"], each["is_open"]) for each in others} == {
        first["id"]: ("Lost", False), offered["id"]: ("Offer given", True),
    }  # fmt: skip
    [order] = get(client, representative, links["orders"])["items"]
    assert (order["number"], order["state"]) == ("F-2", "open")
    assert (order["starts_on"], order["delivers_on"]) == ("2026-02-01", "2026-02-20")


def test_a_contact_has_what_was_done_with_it_and_what_is_planned(
    client: ApiClient, private: None, representative: Caller, customer: str
) -> None:
    person = {"first_name": "Anna"}
    anna, bo = (
        post(client, representative, f"/customers/{customer}/contacts", person)["id"]
        for _ in range(2)
    )
    lead = post(client, representative, "/leads", {"customer_id": customer, "contact_id": anna})
    case = {"name": "Sag", "customer_id": customer, "contact_id": anna}
    post(client, representative, "/opportunities", case)
    post(client, representative, "/opportunities", {**case, "contact_id": bo})
    for fields in (
        {"title": "Ringet", "contact_ids": [anna], "state": "done",
         "happened_at": "2026-02-02T10:00:00Z"},
        {"title": "Møde", "kind": "meeting", "attendees": [{"contact_id": anna}],
         "start": {"on": "2999-01-05", "at": "09:00"}},
        {"title": "Andet", "contact_ids": [bo]},
    ):  # fmt: skip
        path = f"/customers/{customer}/activities"
        post(client, representative, path, {"kind": "call", **fields})
    mirrored(customer, representative)
    path = f"/contacts/{anna}"

    items = everything(client, representative, f"{path}/timeline")
    found = tabs(client, representative, path)

    assert [(each["kind"], each["title"], each["planned"]) for each in items] == [
        ("activity", "Møde", True),
        ("opportunity", "O-0001 Sag", False),
        ("lead", f"{lead['number']} Nordlys", False),
        ("activity", "Ringet", False),
        ("document", "F-2", False),
    ]
    assert found == {
        "customer": (1,), "leads": (1, 1, 0), "opportunities": (1, 1, 0), "activities": (2, 1, 1),
        "orders": (1, 1, 0),
    }  # fmt: skip
    for tab in get(client, representative, f"{path}/related")["items"]:
        listed = get(client, representative, tab["link"].removeprefix(API))
        assert listed["total"] == tab["total"]
    stranger = make_caller(Role.REPRESENTATIVE, "stranger@example.com")
    for part in ("timeline", "related"):
        hidden = client.get(f"{API}{path}/{part}", headers=stranger.headers)
        assert hidden.status_code == 404
    share(lead["id"], "lead", stranger)
    share(customer, "customer", stranger)
    told = everything(client, stranger, f"{path}/timeline")
    assert {each["kind"] for each in told} == {"lead", "activity", "document"}


def test_a_customer_with_nothing_has_an_empty_timeline_and_no_tabs(
    client: ApiClient, representative: Caller
) -> None:
    lead = post(client, representative, "/leads", {"company": "Kranen ApS"})

    page = get(client, representative, f"/leads/{lead['id']}/timeline")

    assert (page["items"], page["next_cursor"], page["previous_cursor"]) == ([], None, None)
    assert page["kinds"] == []
    assert tabs(client, representative, f"/leads/{lead['id']}") == {}


def test_rows_at_the_very_same_time_are_told_apart(
    client: ApiClient, representative: Caller, customer: str
) -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=1)
    for number in range(7):
        post(
            client, representative, f"/customers/{customer}/notes",
            {"body": str(number), "at": at.isoformat()},
        )  # fmt: skip
    path, found = f"/customers/{customer}/timeline", []
    page = get(client, representative, f"{path}?kind=note&limit=2")
    while True:
        found += [each["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        page = get(client, representative, f"{path}?kind=note&limit=2&cursor={page['next_cursor']}")

    assert len(found) == 7
    assert all(first > second for first, second in pairwise(found))
    with transaction() as session:
        assert session.scalars(select(Reminder)).all() == []
