"""Approvals and credit by real processes: mails that go out, and workers that die on the way."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, text

import hub.db
from hub.clock import utcnow
from hub.customers.models import Customer
from hub.db import transaction
from hub.history.models import Event
from tests.debts import LONG_AGO, Paper, make_books, owe
from tests.people import make_customer
from tests.workshop import Workshop

pytestmark = pytest.mark.stack

DEBTORS = 450  # more than two batches of the pass over all
LONG_S = 300.0


class Office:
    """A workshop and what is done there."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.stack = workshop.stack
        self.call = workshop.call

    def set_policy(self, **policy: Any) -> None:
        version = self.call("GET", "/settings/credit")["version"]
        self.call("PUT", "/settings/credit", json=policy, headers={"If-Match": f'"{version}"'})

    def held(self) -> int:
        found = self.call("GET", "/customers?hold=held_auto&limit=1")["total"]
        assert found["exact"]
        return int(found["count"])

    def caller(self, email: str, role: str) -> tuple[str, dict[str, str]]:
        user = self.call(
            "POST", "/users", 201, json={"email": email, "name": email[:5], "roles": [role]}
        )
        body = {"user_id": user["id"], "name": "x", "scopes": ["*"]}
        token = self.call("POST", "/tokens", 201, json=body)["token"]
        return user["id"], {"Authorization": f"Bearer {token}"}

    def mails(self) -> list[str]:
        return [entry.recipient for entry in self.workshop.mails()]


@pytest.fixture
def office(workshop: Workshop) -> Office:
    return Office(workshop)


@pytest.fixture
def database_of(office: Office) -> Iterator[Engine]:
    """The stack's own database, for what an accounting system would write."""
    engine = hub.db.connect(office.stack.database_url, fsync=False)
    yield engine
    engine.dispose()


def test_all_who_owe_come_on_hold_once_although_workers_die_and_go_when_they_need_not(
    office: Office, database_of: Engine
) -> None:
    with transaction() as session:
        books = make_books(session)
        for number in range(DEBTORS):
            debtor = make_customer(session, f"Skyldner {number}")
            owe(session, debtor, Paper(due_on=LONG_AGO), books=books)
    for place in ("before_commit", "after_commit", "after_claim"):
        office.workshop.arm(place)

    office.set_policy(automatic="past_due")
    office.stack.wait_until(office.workshop.all_died, within_s=LONG_S)
    office.stack.wait_until_idle()

    assert office.held() == DEBTORS
    with transaction() as session:
        held = select(func.count(), func.count(Event.subject_id.distinct())).where(
            Event.type == "customer.held"
        )
        assert tuple(session.execute(held).one()) == (DEBTORS, DEBTORS)
    office.set_policy(automatic="none")
    office.stack.wait_until(lambda: office.held() == 0, within_s=LONG_S)


def test_a_transaction_is_asked_for_by_mail_and_done_when_it_is_approved(
    office: Office, database_of: Engine
) -> None:
    manager_id, manager = office.caller("mette@hub.example", "manager")
    seller_id, seller = office.caller("bo@hub.example", "representative")
    team = {"name": "Nord", "manager_user_id": manager_id, "member_ids": [seller_id]}
    office.call("POST", "/teams", 201, json=team)
    customer = office.call("POST", "/customers", 201, json={"name": "Nye ApS"}, headers=seller)
    path = f"/customers/{customer['id']}"
    office.call(
        "PUT", f"{path}/credit-code", json={"code": "new_account"},
        headers=manager | {"If-Match": '"1"'},
    )  # fmt: skip

    wanted = {"action": "order", "reference": "1001", "reason": "Første ordre"}
    asked = office.call("POST", f"{path}/transaction-approvals", 201, json=wanted, headers=seller)
    office.stack.wait_until(lambda: office.mails() == ["mette@hub.example"])
    question = f"{path}/permissions?action=order&reference=1001"
    assert office.call("GET", question, headers=seller)["answer"] == "with_approval"
    office.call("POST", f"/approvals/{asked['id']}/approval", json={}, headers=manager)

    assert office.call("GET", question, headers=seller)["answer"] == "yes"
    office.stack.wait_until(lambda: office.mails()[1:] == ["bo@hub.example"])


def test_what_nobody_decides_over_expires_by_the_schedule(
    office: Office, database_of: Engine
) -> None:
    _, seller = office.caller("ib@hub.example", "representative")
    customer = office.call("POST", "/customers", 201, json={"name": "Sene ApS"}, headers=seller)
    with transaction() as session:
        session.get_one(Customer, UUID(customer["id"])).credit_code = "new_account"
    wanted = {"action": "order", "reference": "7", "reason": "Haster"}
    asked = office.call(
        "POST", f"/customers/{customer['id']}/transaction-approvals", 201, json=wanted,
        headers=seller,
    )  # fmt: skip

    with transaction() as session:
        session.execute(
            text("update approval set expires_at = :then where id = :id"),
            {"then": utcnow(), "id": asked["id"]},
        )
        session.execute(
            text("update schedule set next_at = now() where task = 'approvals.expire_requests'")
        )

    office.stack.wait_until(
        lambda: (
            office.call("GET", f"/approvals/{asked['id']}", headers=seller)["state"] == "expired"
        )
    )
