"""A protected customer does not exist for others, whatever is asked and however.

For a representative, `test_matrix` shows it of every route and by every question.
"""

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from hub.access.models import User
from hub.access.roles import BASE_ROLES, Role
from hub.clock import utcnow
from hub.customers.models import Contact, Customer
from hub.db import transaction
from hub.history.models import Event
from hub.history.sealing import seal
from hub.ledger.models import Job
from hub.notes.models import Note
from hub.plans.models import PlanItem
from hub.reminders.models import Reminder
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller
from tests.security.possessions import Possessions, make_possessions
from tests.security.routes import Route, breakdowns, documented_routes

WORD = "Zanzibarfalk"
OF_THE_CUSTOMER = {
    "address_id", "approval_id", "conflict_id", "contact_id", "customer_id", "duplicate_id",
    "grant_id", "link_id", "note_id", "reminder_id", "external_ref",
}  # fmt: skip
WITHOUT_A_SESSION = "GET /session"  # who calls by a token has none
SEEN_BY_ALL_WITH_A_RIGHT = {Role.ADMINISTRATOR, Role.AUDITOR}
OTHERS = [each for each in Role if each not in {*SEEN_BY_ALL_WITH_A_RIGHT, Role.REPRESENTATIVE}]


@pytest.fixture
def routes(app: Flask) -> list[Route]:
    return documented_routes(app)


@pytest.fixture
def hidden(client: ApiClient) -> Possessions:
    made = make_possessions(make_caller(Role.REPRESENTATIVE, "other@example.com"), WORD)
    with transaction() as session:
        session.execute(
            update(Customer)
            .where(Customer.owner_user_id.is_not(None))
            .values(protected_at=utcnow(), protected_until=utcnow() + timedelta(days=1))
        )
    return made


def told_of(hidden: Possessions) -> set[str]:
    """Return the ids and texts that hang on the protected customers."""
    with transaction() as session:
        found = {str(each) for each in session.scalars(select(Customer.id))}
        for texts in (Customer.name, Customer.external_ref, Contact.last_name, Note.body,
                      Reminder.title):  # fmt: skip
            found |= {text for text in session.scalars(select(texts)) if text}
    found |= {hidden.paths[name] for name in OF_THE_CUSTOMER}
    return found - {WORD}  # the word alone stands in the name of a report, which is no secret


@pytest.mark.parametrize("role", OTHERS)
def test_nothing_of_it_is_found_by_its_id(
    client: ApiClient, routes: list[Route], hidden: Possessions, role: Role
) -> None:
    caller = make_caller(role, "caller@example.com")
    secrets = told_of(hidden)
    wrong, asked = [], 0
    for route in routes:
        if not OF_THE_CUSTOMER & set(route.parameters.values()):
            continue
        if not BASE_ROLES[role].grants(route.permission.verb, route.permission.collection):
            continue
        asked += 1
        answer = route.call(client, caller.headers, hidden)
        own_words = answer.text
        for name in route.records.values():
            own_words = own_words.replace(hidden.paths[name], "")
        expected = 409 if route.takes_a_reference else 404
        if answer.status_code != expected or any(each in own_words for each in secrets):
            wrong.append((str(route), answer.status_code, answer.text))

    assert wrong == []
    assert asked > 8


@pytest.mark.parametrize("role", OTHERS)
def test_no_list_count_or_search_knows_of_it(
    client: ApiClient, routes: list[Route], hidden: Possessions, role: Role
) -> None:
    caller = make_caller(role, "caller@example.com")
    with transaction() as session:  # what he asked for himself, while he still saw it
        session.execute(
            update(Job).where(Job.subject_type == "customer").values(created_by=caller.user_id)
        )
        while seal(session):
            pass
    secrets = told_of(hidden)
    wrong, asked = [], 0
    his = slice(OTHERS.index(role), None, len(OTHERS))
    for route in filter(is_of_no_record, routes):
        if not BASE_ROLES[role].grants(route.permission.verb, route.permission.collection):
            continue
        for query in queries(route, counted_by=his):
            asked += 1
            answer = route.call(client, caller.headers, hidden, query=query)
            refused = answer.status_code != 200 and str(route) != WITHOUT_A_SESSION
            if refused or any(each in answer.text for each in secrets):
                wrong.append((str(route), query, answer.text))

    assert wrong == []
    assert asked > 75


def is_of_no_record(route: Route) -> bool:
    return route.operation.method == "GET" and not set(route.parameters) - {"name"}


def queries(route: Route, *, counted_by: slice = slice(None)) -> list[str]:
    """Return what a list is asked; of a summary, some of the fields it can be counted by."""
    listing = route.operation.listing
    if listing is None:
        return [""]
    if route.path.endswith("/summary"):
        return ["", *breakdowns(listing)[counted_by]]
    counted = ",".join(field.name for field in listing.fields if field.facet)
    asked = ["", f"?facets={counted}"] if counted else [""]
    return [*asked, f"?q={WORD}"] if listing.search is not None else asked


UNMARKED = frozenset(
    f"GET /{path}"
    for path in (
        "hook-deliveries", "hook-deliveries/<uuid:delivery_id>",  # raw traffic: whose, nobody knows
        "jobs", "jobs/<uuid:job_id>",  # what is worked on, by its id alone
        "deliveries", "deliveries/<uuid:delivery_id>",  # likewise, by that of a reminder
        "pools/<uuid:pool_id>/customers", "pools/<uuid:pool_id>/draws/<uuid:draw_id>/candidates",
    )
)  # fmt: skip
"""What tells of no protected customer in particular; of a pool's, what waits is not protected."""


TELLING_NOTHING = frozenset(
    f"/{name}"
    for name in (
        "absences", "custom-fields", "deliveries", "exports", "jobs", "note-templates",
        "objective-progress", "objective-templates", "objectives", "report-runs", "reports", "runs",
        "workflows",
    )
)  # fmt: skip
"""Lists without a word of a customer; all others tell of it whoever may know, asked the same."""


def test_whatever_tells_those_who_read_everything_of_it_leaves_a_mark(
    client: ApiClient, routes: list[Route], hidden: Possessions
) -> None:
    administrator = make_caller(Role.ADMINISTRATOR, "root@example.com")
    with transaction() as session:
        while seal(session):
            pass
    secrets = told_of(hidden)
    unmarked, told = [], 0
    after = count_marks()
    telling: set[str] = set()
    for route in routes:
        if route.operation.method != "GET" or str(route) in UNMARKED:
            continue
        for query in queries(route):
            answer = route.call(client, administrator.headers, hidden, query=query)
            before, after = after, count_marks()
            others = answer.text
            for name in route.records.values():
                others = others.replace(hidden.paths[name], "")
            is_of_it = bool(OF_THE_CUSTOMER & set(route.parameters.values()))
            if not any(each in others for each in secrets) and not is_of_it:
                continue
            told += 1
            telling.add(f"{route} {query.partition('=')[0]}")
            if answer.status_code != 200 or after == before:
                unmarked.append((str(route), query, answer.status_code))

    assert unmarked == [], "\n".join(map(str, unmarked))
    assert told > 60
    asked = {
        f"{route} {query.partition('=')[0]}"
        for route in filter(is_of_no_record, routes)
        for query in queries(route)
        if route.operation.listing is not None and not route.path.endswith("/summary")
    }
    assert {each.split()[1] for each in asked - telling} == TELLING_NOTHING


def count_marks() -> int:
    with transaction() as session:
        mark = Event.type == "customer.protected_read"
        return session.scalar(select(func.count()).select_from(Event).where(mark)) or 0


def test_a_plan_made_while_it_was_seen_tells_no_more_than_what_became_of_it(
    client: ApiClient, hidden: Possessions
) -> None:
    importer = make_caller(Role.INTEGRATION, "importer@example.com")
    customer_id = UUID(hidden.paths["customer_id"])
    with transaction() as session:
        items = session.scalars(select(PlanItem).where(PlanItem.record_id == customer_id)).all()
        for item in items:
            item.before = {"name": f"{WORD} Havn"}
            item.outcome = "done"
            item.source = {"row": 2}
            item.errors = [{"pointer": "", "code": "kept", "message": "{other}",
                            "params": {"other": f"{WORD} Havn"}}]  # fmt: skip
        plans = {str(item.plan_id) for item in items}
    _hand_over(hidden, importer)

    answers = [client.get(f"/api/v1/plans/{p}/items", headers=importer.headers) for p in plans]
    answers.append(
        client.get(f"/api/v1/imports/{hidden.paths['import_id']}/rows", headers=importer.headers)
    )

    for answer in answers:
        assert answer.status_code == 200
        [item] = answer.json["items"]
        assert (item["action"], item["outcome"], item["before"]) == ("update", "done", None)
        assert str(customer_id) not in answer.text
        assert f"{WORD} Havn" not in answer.text


def _hand_over(hidden: Possessions, caller: Caller) -> None:
    from hub.imports.models import ImportJob
    from hub.plans.models import Plan

    with transaction() as session:
        session.execute(update(Plan).values(created_by=caller.user_id))
        session.execute(update(ImportJob).values(owner_user_id=caller.user_id))


def test_somebody_who_may_see_it_still_does(client: ApiClient, hidden: Possessions) -> None:
    with transaction() as session:
        owner = session.scalars(select(User).where(User.email == "other@example.com")).one()
    auditor = make_caller(Role.AUDITOR, "aud@example.com")

    assert str(owner.id) == hidden.paths["user_id"]
    for name in ("customers", "contacts", "notes"):
        answer = client.get(f"/api/v1/{name}", headers=auditor.headers)
        assert answer.json["total"]["count"] >= 1
