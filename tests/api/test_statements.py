"""How many round trips to the database an act costs, said once: more of them is a decision."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event

from hub import remembering
from hub.connections.models import Connection, ConnectionState
from hub.customers.models import AccountingState, Customer, RegistryState
from hub.db import transaction
from tests.api.asking import get, post
from tests.api.client import ApiClient
from tests.api.conftest import Caller

FIRST = {
    "name": "Bølgebryder A/S", "cvr": "12345674", "roles": ["customer"], "phone": "70000002",
    "email": "info@boelgebryder.example", "address": "Åvej 4", "postcode": "8000", "city": "Aarhus",
}  # fmt: skip
SECOND = FIRST | {
    "name": "Nordlys Testværk ApS", "cvr": "99000007", "phone": "70000001",
    "email": "info@nordlys.example", "address": "Kajen 3",
}  # fmt: skip


@pytest.fixture
def statements(database: Engine) -> Iterator[list[str]]:
    said: list[str] = []

    def note(*call: Any) -> None:
        said.append(" ".join(call[2].split())[:60])

    event.listen(database, "before_cursor_execute", note)
    yield said
    event.remove(database, "before_cursor_execute", note)


def test_a_new_customer_costs_nine_statements_and_three_for_what_its_maker_may_not_see(
    client: ApiClient,
    representative: Caller,
    statements: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remembering, "LASTS_S", 3600.0)
    with transaction() as session:
        session.add_all(
            Connection(name=kind, connector="any", kind=kind, state=ConnectionState.ACTIVE)
            for kind in ("accounting", "registry")
        )
    client.post("/api/v1/customers", json=FIRST, headers=representative.headers)
    statements.clear()

    answer = client.post("/api/v1/customers", json=SECOND, headers=representative.headers)

    assert answer.status_code == 201
    assert [statement.split(" (")[0][:32] for statement in statements] == [
        "select pg_advisory_xact_lock_sha",
        "select distinct k.record_id from",  # which like it are hidden from him
        "with wanted as",
        "SELECT blind_match.first_at FROM",  # was he told of one too often?
        "select w.place, k.record_id from",  # is it surely one of those?
        "INSERT INTO customer",
        "with given as",
        "SELECT connection.name, connecti",
        "SELECT connection.name, connecti",
        "UPDATE customer SET registry_sta",
        "INSERT INTO event",
        "insert into job",
    ]
    with transaction() as session:
        made = session.get_one(Customer, answer.json["id"])
    assert (made.registry_state, made.accounting_state) == (
        RegistryState.WAITING,
        AccountingState.WAITING,
    )


def _some_of_each(client: ApiClient, caller: Caller, number: int) -> None:
    customer = post(client, caller, "/customers", {"name": f"Havn nummer {number}"})
    about = {"customer_id": customer["id"]}
    lead = post(client, caller, "/leads", about)
    post(client, caller, "/opportunities", {"name": f"Ordre {number}", "lead_id": lead["id"]})
    at = f"/customers/{customer['id']}"
    post(client, caller, f"{at}/contacts", {"last_name": f"Person {number}"})
    post(client, caller, f"{at}/addresses", {"kind": "shipping", "address": f"Kaj {number}"})
    post(client, caller, f"{at}/notes", {"body": "Ringede"})
    post(client, caller, f"{at}/activities", {"kind": "call", "title": f"Ring {number}"})


def test_a_list_costs_as_many_statements_for_many_rows_as_for_one(
    client: ApiClient, administrator: Caller, statements: list[str]
) -> None:
    for number in range(1, 5):
        _some_of_each(client, administrator, number)

    def cost(path: str) -> int:
        counts = []
        for _ in range(3):  # who asks is read anew now and then
            statements.clear()
            get(client, administrator, path)
            counts.append(len(statements))
        return min(counts)

    names = (
        "customers", "leads", "opportunities", "contacts", "addresses", "notes", "activities",
        "events", "jobs", "users",
    )  # fmt: skip
    costs = {name: (cost(f"/{name}?limit=2"), cost(f"/{name}?limit=4")) for name in names}

    assert {name: many for name, (few, many) in costs.items() if many > few} == {}
    assert max(many for _, many in costs.values()) <= 9
