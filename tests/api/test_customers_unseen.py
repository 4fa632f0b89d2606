"""A customer is shown through other records only to those who see it (domain.md §4)."""

from datetime import timedelta
from typing import Any

import pytest

import workers.tasks  # noqa: F401 - registers the bodies
from hub.access.models import User
from hub.access.roles import Role
from hub.clock import utcnow
from hub.customers.models import Customer
from hub.db import transaction
from hub.history.sealing import seal
from hub.ledger.tasks import TaskName
from tests.api.asking import API, get, patch, post
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer
from tests.pools import make_pool, make_waiting
from workers.chain import drain

OLD, NEW, NUMBER = "Zanzibar ApS", "Hemmelig Ny ApS", "77001"


@pytest.fixture
def carl(client: ApiClient) -> Caller:
    return make_caller(Role.REPRESENTATIVE, "carl@example.com")


@pytest.fixture
def ids(client: ApiClient, administrator: Caller, representative: Caller, carl: Caller) -> Any:
    """A customer that Bo protects, renamed since; a lead and an opportunity of it are Carl's."""
    with transaction() as session:
        customer = make_customer(session, OLD, owner_user_id=representative.user_id, ref_no=NUMBER)
        body = {"customer_id": str(customer.id), "owner_user_id": str(carl.user_id)}
    made = {"customer": body["customer_id"]}
    made["lead"] = post(client, administrator, "/leads", {**body, "company": "Kranen"})["id"]
    named = {**body, "name": "Forretning", "lead_id": made["lead"]}
    made["opportunity"] = post(client, administrator, "/opportunities", named)["id"]
    post(client, carl, "/leads", {"company": "Alken ApS"})
    for entity in ("lead", "opportunity"):
        path = "leads" if entity == "lead" else "opportunities"
        post(client, carl, f"/{path}/{made[entity]}/notes", {"body": "ringet"})
        call = {"kind": "call", "title": "Ring"}
        post(client, carl, f"/{path}/{made[entity]}/activities", call)
    days = {"days": 3}
    path = f"/customers/{made['customer']}"
    post(client, representative, f"{path}/protection", days, 200)
    kept = get(client, representative, path)
    assert patch(client, representative, "/customers", kept, name=NEW).status_code == 200
    drain(TaskName.FOLLOW_CUSTOMER)
    with transaction() as session:
        while seal(session):
            pass
    return made


def told(client: ApiClient, caller: Caller, path: str, ids: Any) -> list[str]:
    """Return what an answer tells of the customer beyond what was asked."""
    answer = client.get(f"{API}{path}", headers=caller.headers)
    assert answer.status_code == 200, answer.text
    text = answer.text.replace(path, "")
    return [each for each in (OLD, NEW, NUMBER, ids["customer"]) if each in text]


PATHS = (
    "/leads", "/leads/{lead}", "/leads/{lead}/events", "/leads/{lead}/timeline",
    "/leads/{lead}/related", "/leads/{lead}/notes", "/leads/{lead}/note-templates",
    "/opportunities", "/opportunities/{opportunity}", "/opportunities/{opportunity}/events",
    "/opportunities/{opportunity}/related", "/opportunities?facets=customer",
    "/opportunities/summary?by=customer", "/notes", "/activities", "/events?after=0",
    "/leads?sort=name", "/leads?sort=-name", "/leads/{lead}/as-of",
    "/opportunities/{opportunity}/as-of",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_who_owns_what_belongs_to_it_is_told_nothing_of_it(
    client: ApiClient, carl: Caller, ids: Any, path: str
) -> None:
    if path == "/events?after=0":
        carl = make_caller(Role.INTEGRATION, "shop@example.com")
    assert told(client, carl, path.format_map(ids), ids) == []


def test_what_belongs_to_it_stays_and_is_not_found_by_what_it_says(
    client: ApiClient, carl: Caller, administrator: Caller, ids: Any
) -> None:
    def found(caller: Caller, path: str) -> list[str]:
        return [each["number"] for each in get(client, caller, path)["items"]]

    lead = get(client, carl, f"/leads/{ids['lead']}")
    assert (lead["number"], lead["company"], lead["owner_user_id"]) == (
        "L-0001", "Kranen", str(carl.user_id),
    )  # fmt: skip
    assert [lead[name] for name in ("name", "customer_id", "customer_number")] == [None] * 3
    for path in ("q=Hemmelig", "name.contains=Hemmelig", f"name={NEW}", f"customer_number={NUMBER}",
                 f"customer={ids['customer']}"):  # fmt: skip
        assert found(carl, f"/leads?{path}") == [], path
        assert found(administrator, f"/leads?{path}") == ["L-0001"], path
    assert found(carl, "/leads?customer.empty=true&sort=number") == ["L-0001", "L-0002"]
    assert found(carl, "/leads?name.ne=Alken ApS") == ["L-0001"]
    assert found(carl, "/leads?sort=name") == ["L-0002", "L-0001"]  # what has none comes last
    assert found(carl, "/leads?sort=-name") == ["L-0002", "L-0001"]
    first = get(client, carl, "/leads?sort=name&limit=1")
    second = get(client, carl, f"/leads?sort=name&limit=1&cursor={first['next_cursor']}")
    assert [each["number"] for each in second["items"]] == ["L-0001"]
    assert found(carl, f"/leads?sort=name&limit=1&cursor={second['previous_cursor']}") == ["L-0002"]
    assert found(administrator, "/leads?sort=name") == ["L-0002", "L-0001"]
    assert found(administrator, "/leads?sort=-name") == ["L-0001", "L-0002"]
    [none] = get(client, carl, "/opportunities?facets=customer")["facets"]["customer"]["slices"]
    assert (none["value"], none["label"], none["count"]) == (None, None, 1)


def test_who_sees_it_sees_it_through_what_belongs_to_it(
    client: ApiClient, administrator: Caller, ids: Any
) -> None:
    lead = get(client, administrator, f"/leads/{ids['lead']}")

    assert (lead["name"], lead["customer_id"], lead["customer_number"]) == (
        NEW, ids["customer"], NUMBER,
    )  # fmt: skip


def test_one_that_waits_in_a_pool_is_hidden_likewise(
    client: ApiClient, administrator: Caller, carl: Caller
) -> None:
    with transaction() as session:
        pool = make_pool(session, [session.get_one(User, administrator.user_id)])
        [customer] = make_waiting(session, pool, name=OLD, ref_no=NUMBER)
        ids = {"customer": str(customer.id)}
    body = {"customer_id": ids["customer"], "owner_user_id": str(carl.user_id)}
    ids["lead"] = post(client, administrator, "/leads", body)["id"]
    post(client, administrator, "/opportunities", {**body, "name": "Forretning"})

    for path in ("/leads", "/leads/{lead}", "/leads?sort=name", "/opportunities?facets=customer"):
        assert told(client, carl, path.format_map(ids), ids) == [], path
    assert get(client, carl, "/leads?q=Zanzibar")["total"]["count"] == 0
    assert get(client, carl, "/leads")["total"]["count"] == 1


def test_a_field_that_refers_to_a_hidden_record_is_empty(
    client: ApiClient, administrator: Caller, representative: Caller, carl: Caller
) -> None:
    field = {"entity": "customer", "key": "parent", "type": "reference", "reference": "customer",
             "label": "Parent"}  # fmt: skip
    post(client, administrator, "/custom-fields", field)
    with transaction() as session:
        parent, child = (
            make_customer(session, name, owner_user_id=representative.user_id)
            for name in (OLD, "Åben ApS")
        )
        ids = {"customer": str(parent.id), "child": str(child.id)}
    kept = get(client, representative, f"/customers/{ids['child']}")
    changed = patch(client, representative, "/customers", kept, custom={"parent": ids["customer"]})
    assert changed.status_code == 200, changed.text
    with transaction() as session:
        hidden = session.get_one(Customer, parent.id)
        hidden.protected_at, hidden.protected_until = utcnow(), utcnow() + timedelta(days=3)

    for path in ("/customers/{child}", "/customers", "/customers?facets=custom.parent",
                 "/customers/summary?by=custom.parent", "/customers/{child}/events",
                 "/customers?custom.parent={customer}"):  # fmt: skip
        assert told(client, carl, path.format_map(ids), ids) == [], path
    query = f"/customers?custom.parent={ids['customer']}"
    assert get(client, carl, query)["total"]["count"] == 0
    assert get(client, representative, query)["total"]["count"] == 1
    shown = get(client, representative, f"/customers/{ids['child']}")["custom"]
    assert shown == {"parent": ids["customer"]}
