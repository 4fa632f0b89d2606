"""Recall by real processes: the relay's schedule, a worker, a mailbox, a worker that dies."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text

from tests.workshop import Workshop

pytestmark = pytest.mark.stack

SELLER = "saelger@nordlys.example"
_DUE = text("""
    update schedule set next_at = clock_timestamp() where task = 'pools.recall_customers'
""")
_LONG_AGO = text("update pool_claim set owned_at = owned_at - interval '40 days'")
_WARNED = "select count(*) from pool_claim where warning_out_on is not null"
_NOTICE_OVER = text("""
    update pool_claim set warning_out_on = warning_out_on - 7, recall_on = current_date - 1
    where warning_out_on is not null
""")


class Office:
    """A workshop and what is done there."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop
        self.call = workshop.call

    def eventually(self, ask: Callable[[], Any], expected: object) -> None:
        self.workshop.stack.wait_until(lambda: ask() == expected)

    def mails(self) -> list[str]:
        return [entry.recipient for entry in self.workshop.mails()]


@pytest.fixture
def office(workshop: Workshop) -> Office:
    return Office(workshop)


@pytest.fixture
def clock(workshop: Workshop) -> Engine:
    """The workshop's own database, to let time pass in it."""
    return workshop.engine


def let(engine: Engine, *statements: Any) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)


def test_the_schedule_warns_by_mail_and_a_killed_worker_recalls_all_the_same(
    office: Office, clock: Engine
) -> None:
    seller = office.call(
        "POST", "/users", 201,
        json={"email": SELLER, "name": "Sælger", "roles": ["representative"], "locale": "da"},
    )  # fmt: skip
    team = office.call("POST", "/teams", 201, json={"name": "Nord", "member_ids": [seller["id"]]})
    pool = office.call(
        "POST", "/pools", 201,
        json={
            "name": "Nord", "claim_team_ids": [team["id"]], "recall_after_days": 30,
            "notice_days": 7, "cooldown_days": 90,
        },
    )["id"]  # fmt: skip
    ids = [
        office.call("POST", "/customers", 201, json={"name": f"Fiskerøgeriet {number}"})["id"]
        for number in range(3)
    ]
    entered = office.call(
        "POST", f"/pools/{pool}/entries", json={"customer_ids": ids, "reason": "ny egn"}
    )
    assert entered["done"] == 3
    items = [{"customer_id": each, "user_id": seller["id"]} for each in ids]
    assigned = office.call(
        "POST", f"/pools/{pool}/assignments", json={"items": items, "reason": "hans egn"}
    )
    assert assigned["done"] == 3

    def warned() -> int:
        claims = office.call("GET", f"/pools/{pool}/claims")["items"]
        [(out,)] = office.workshop.sql(_WARNED)  # the mail arrives before that is noted
        return min(int(out), len([claim for claim in claims if claim["recall_on"]]))

    let(clock, _LONG_AGO, _DUE)
    office.eventually(office.mails, [SELLER])
    office.eventually(warned, 3)
    office.call("POST", f"/customers/{ids[0]}/notes", 201, json={"body": "Ringede til dem."})

    office.workshop.arm("before_commit")
    let(clock, _NOTICE_OVER, _DUE)

    def states() -> list[str]:
        return [office.call("GET", f"/customers/{each}")["pool_state"] for each in ids]

    office.eventually(states, ["owned", "in_pool", "in_pool"])
    office.eventually(office.workshop.all_died, expected=True)
    again = office.call(
        "POST", f"/pools/{pool}/assignments", json={"items": items[1:2], "reason": "igen"}
    )
    assert again["results"][0]["problem"]["code"] == "cooldown"
    office.workshop.stack.wait_until_idle()
    assert office.mails() == [SELLER]

    def recalled() -> list[Any]:
        found = office.call("GET", "/events?after=0&type=customer.pool_recalled")["items"]
        return list(found)

    office.eventually(lambda: {each["subject_id"] for each in recalled()}, set(ids[1:]))
    assert {each["data"]["reason"] for each in recalled()} == {"No note for 30 days."}
    assert {each["actor_kind"] for each in recalled()} == {"job"}
