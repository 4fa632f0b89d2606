"""Mass assignment by real processes, with workers that die on the way."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.stack import Client, Stack

pytestmark = [pytest.mark.stack, pytest.mark.slow]

CUSTOMERS = 10_000
LONG_S = 90.0


class Office:
    """A whole Hub whose workers die where they are told to."""

    def __init__(self, directory: Path) -> None:
        self.crashes = directory / "crashes"
        self.crashes.mkdir()
        self.stack = Stack(
            {"HUB_LEASE_S": "2", "HUB_SWEEP_S": "0.3", "HUB_CRASH_AT": str(self.crashes)}
        )

    @property
    def client(self) -> Client:
        return self.stack.client

    def arm(self, deaths: int) -> None:
        for number in range(deaths):
            (self.crashes / f"in_assignment.{number}").touch()

    def sql(self, statement: str, **parameters: Any) -> Any:
        engine = create_engine(self.stack.database_url)
        with engine.begin() as connection:
            found = connection.execute(text(statement), parameters)
            rows = [tuple(row) for row in found] if found.returns_rows else []
        engine.dispose()
        return rows

    def user(self, email: str) -> str:
        body = {"email": email, "name": email, "roles": ["representative"]}
        return str(self.client.post("/api/v1/users", json=body).json()["id"])

    def plan(self, plan_id: str) -> Any:
        return self.client.get(f"/api/v1/plans/{plan_id}").json()

    def until(self, plan_id: str, state: str) -> Any:
        self.stack.wait_until(lambda: self.plan(plan_id)["state"] == state, within_s=LONG_S)
        return self.plan(plan_id)


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    with tempfile.TemporaryDirectory(prefix="hub-office-") as directory:
        made = Office(Path(directory))
        with made.stack:
            yield made


def test_ten_thousand_customers_change_hands_once_whatever_dies(office: Office) -> None:
    bo, carl = office.user("bo@nordlys.example"), office.user("carl@nordlys.example")
    office.sql(
        "insert into customer (id, kind, name, roles, currency, lifecycle, owner_user_id,"
        " search_text) select uuidv7(), 'organisation', 'Kunde ' || n, '{prospect}', 'DKK',"
        " 'active', cast(:bo as uuid), 'kunde' from generate_series(1, :count) n",
        bo=bo, count=CUSTOMERS,
    )  # fmt: skip
    office.arm(2)

    made = office.client.post(
        "/api/v1/assignments",
        json={
            "query": {"filter": {"owner": bo}}, "set": {"owner_user_id": carl}, "reason": "he left",
        },
    )  # fmt: skip
    assert made.status_code == 202, made.text
    plan_id = made.json()["id"]
    office.stack.wait_until(lambda: office.plan(plan_id)["expires_at"], within_s=LONG_S)
    assert office.plan(plan_id)["counters"] == {"items": CUSTOMERS, "assign": CUSTOMERS}

    office.arm(3)
    office.client.post(f"/api/v1/plans/{plan_id}/application")
    applied = office.until(plan_id, "applied")
    assert applied["counters"] == {"items": CUSTOMERS, "assign": CUSTOMERS, "done": CUSTOMERS}
    assert office.sql(
        "select owner_user_id::text, version, count(*) from customer group by 1, 2"
    ) == [(carl, 2, CUSTOMERS)]

    office.arm(2)
    office.client.post(f"/api/v1/plans/{plan_id}/undo")
    undone = office.until(plan_id, "undone")
    assert undone["counters"]["undone"] == CUSTOMERS
    assert office.sql(
        "select owner_user_id::text, version, count(*) from customer group by 1, 2"
    ) == [(bo, 3, CUSTOMERS)]
    assert list(office.crashes.iterdir()) == []  # all of them died
    assert office.sql(
        "select count(*), count(distinct subject_id) from event"
        " where type = 'customer.assigned' and cause_id = :plan",
        plan=plan_id,
    ) == [(2 * CUSTOMERS, CUSTOMERS)]
