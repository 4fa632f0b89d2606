"""How numbers are made is set over the API; customers are numbered where that is set."""

from typing import Any

import pytest
from sqlalchemy import select

from hub.clock import utcnow
from hub.connections.models import Connection
from hub.customers import bulk
from hub.customers.models import Customer
from hub.db import transaction
from hub.origin import CauseKind
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller


def sequence(client: ApiClient, caller: Caller, kind: str = "customer") -> dict[str, Any]:
    answer = client.get("/api/v1/number-sequences", headers=caller.headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = {each["kind"]: each for each in answer.json["items"]}[kind]
    return found


def change(client: ApiClient, caller: Caller, kind: str = "customer", **fields: Any) -> Reply:
    known = sequence(client, caller, kind)
    return client.patch(
        f"/api/v1/number-sequences/{known['id']}",
        json=fields,
        headers={**caller.headers, "If-Match": f'"{known["version"]}"'},
    )


def create(client: ApiClient, caller: Caller, name: str, **fields: Any) -> str | None:
    made = client.post("/api/v1/customers", json={"name": name, **fields}, headers=caller.headers)
    assert made.status_code == 201, made.text
    number: str | None = made.json["ref_no"]
    return number


def test_customers_are_numbered_where_that_is_set_and_by_no_connection(
    client: ApiClient, administrator: Caller
) -> None:
    assert create(client, administrator, "Ternen") is None
    changed = change(client, administrator, prefix="K-", start=100, automatic=True)
    assert (changed.status_code, changed.json["preview"], changed.json["version"]) == (
        200, "K-100", 2,
    )  # fmt: skip

    assert create(client, administrator, "Skarven", ref_no="K-101") == "K-101"
    assert create(client, administrator, "Hejren") == "K-100"
    assert create(client, administrator, "Gøgen") == "K-102"
    with transaction() as session:
        made = bulk.create_many(
            session, [{"name": "Svanen"}, {"name": "Lommen", "ref_no": "7"}, {"name": "Alken"}],
            prepared=[None] * 3, channel="import", origin=CauseKind.IMPORT, source="x",
            now=utcnow(),
        )  # fmt: skip
        numbers = session.scalars(select(Customer.ref_no).where(Customer.id.in_(made)))
        assert sorted(map(str, numbers)) == ["7", "K-103", "K-104"]

    with transaction() as session:
        books = Connection(name="books", connector="fake", kind="accounting", numbering_owner=True)
        books.owner_user_id = administrator.user_id
        session.add(books)
    assert create(client, administrator, "Falken") is None


def test_what_was_set_is_in_the_history_and_giving_out_is_not(
    client: ApiClient, administrator: Caller
) -> None:
    known = change(client, administrator, automatic=True, minimum_digits=4).json
    create(client, administrator, "Ternen")

    now = sequence(client, administrator)
    history = client.get(
        f"/api/v1/number-sequences/{known['id']}/events", headers=administrator.headers
    ).json["items"]
    assert (now["version"], now["next_number"], now["preview"]) == (2, 2, "0002")
    assert [entry["type"] for entry in history] == ["number_sequence.updated"]


@pytest.mark.parametrize(
    ("kind", "fields", "pointer"),
    [
        ("lead", {"automatic": False}, "/automatic"),
        ("lead", {"prefix": "L1"}, "/prefix"),
        ("customer", {"start": 0}, "/start"),
        ("customer", {"minimum_digits": 19}, "/minimum_digits"),
    ],
)
def test_what_breaks_a_rule_is_refused(
    client: ApiClient, administrator: Caller, kind: str, fields: dict[str, Any], pointer: str
) -> None:
    refused = change(client, administrator, kind, **fields)

    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]
    assert sequence(client, administrator, kind)["version"] == 1


def test_only_who_configures_changes_them(client: ApiClient, representative: Caller) -> None:
    assert sequence(client, representative, "lead")["prefix"] == "L-"
    assert change(client, representative, prefix="X-").status_code == 403
