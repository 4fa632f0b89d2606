"""Mass assignment by real processes, with workers that die on the way."""

from typing import Any

import pytest

from tests.workshop import Workshop

pytestmark = [pytest.mark.stack, pytest.mark.slow]

CUSTOMERS = 2_500  # each job of a plan takes a thousand at most
LONG_S = 300.0


class Office:
    """A workshop and what is done there."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop

    def user(self, email: str) -> str:
        body = {"email": email, "name": email, "roles": ["representative"]}
        return str(self.workshop.call("POST", "/users", 201, json=body)["id"])

    def plan(self, plan_id: str) -> Any:
        return self.workshop.call("GET", f"/plans/{plan_id}")

    def until(self, plan_id: str, state: str) -> Any:
        self.workshop.stack.wait_until(
            lambda: self.plan(plan_id)["state"] == state, within_s=LONG_S
        )
        return self.plan(plan_id)


@pytest.fixture
def office(workshop: Workshop) -> Office:
    return Office(workshop)


def test_thousands_of_customers_change_hands_once_whatever_dies(
    office: Office, workshop: Workshop
) -> None:
    bo, carl = office.user("bo@nordlys.example"), office.user("carl@nordlys.example")
    workshop.sql(
        "insert into customer (id, kind, name, roles, currency, lifecycle, owner_user_id,"
        " search_text) select uuidv7(), 'organisation', 'Kunde ' || n, '{prospect}', 'DKK',"
        " 'active', cast(:bo as uuid), 'kunde' from generate_series(1, :count) n",
        bo=bo, count=CUSTOMERS,
    )  # fmt: skip
    workshop.arm("in_assignment", 2)

    made = workshop.client.post(
        "/api/v1/assignments",
        json={
            "query": {"filter": {"owner": bo}}, "set": {"owner_user_id": carl}, "reason": "he left",
        },
    )  # fmt: skip
    assert made.status_code == 202, made.text
    plan_id = made.json()["id"]
    workshop.stack.wait_until(lambda: office.plan(plan_id)["expires_at"], within_s=LONG_S)
    assert office.plan(plan_id)["counters"] == {"items": CUSTOMERS, "assign": CUSTOMERS}

    workshop.arm("in_assignment", 3)
    workshop.client.post(f"/api/v1/plans/{plan_id}/application")
    applied = office.until(plan_id, "applied")
    assert applied["counters"] == {"items": CUSTOMERS, "assign": CUSTOMERS, "done": CUSTOMERS}
    assert workshop.sql(
        "select owner_user_id::text, version, count(*) from customer group by 1, 2"
    ) == [(carl, 2, CUSTOMERS)]

    workshop.arm("in_assignment", 2)
    workshop.client.post(f"/api/v1/plans/{plan_id}/undo")
    undone = office.until(plan_id, "undone")
    assert undone["counters"]["undone"] == CUSTOMERS
    assert workshop.sql(
        "select owner_user_id::text, version, count(*) from customer group by 1, 2"
    ) == [(bo, 3, CUSTOMERS)]
    assert workshop.all_died()
    assert workshop.sql(
        "select count(*), count(distinct subject_id) from event"
        " where type = 'customer.assigned' and cause_id = :plan",
        plan=plan_id,
    ) == [(2 * CUSTOMERS, CUSTOMERS)]
