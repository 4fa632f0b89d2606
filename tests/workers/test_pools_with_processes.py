"""Recall by real processes: the relay's schedule, a worker, a mailbox, a worker that dies."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from connectors.sandbox import mailbox
from tests.stack import Stack

pytestmark = pytest.mark.stack

SELLER = "saelger@nordlys.example"
_DUE = text("""
    update schedule set next_at = clock_timestamp() where task = 'pools.recall_customers'
""")
_LONG_AGO = text("update pool_claim set owned_at = owned_at - interval '40 days'")
_NOTICE_OVER = text("""
    update pool_claim set warning_out_on = warning_out_on - 7, recall_on = current_date - 1
    where warning_out_on is not null
""")


class Office:
    """A whole Hub with a mailbox, whose workers die where they are told to."""

    def __init__(self, directory: Path) -> None:
        self.crashes = directory / "crashes"
        self.crashes.mkdir()
        self.mailbox = mailbox.serve(0, 0, directory / "mail")
        self.stack = Stack(
            {
                "HUB_SMTP_URL": f"smtp://127.0.0.1:{self.mailbox.smtp_port}",
                "HUB_MAIL_FROM": "Hub <hub@hub.example>",
                "HUB_LEASE_S": "2",
                "HUB_SWEEP_S": "0.3",
                "HUB_CRASH_AT": str(self.crashes),
            }
        )

    def call(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        answer = self.stack.client.request(method, f"/api/v1{path}", **options)
        assert answer.status_code == status, answer.text
        return answer.json()

    def eventually(self, ask: Callable[[], Any], expected: object) -> None:
        self.stack.wait_until(lambda: ask() == expected, within_s=60)

    def mails(self) -> list[str]:
        return [entry.recipient for entry in self.mailbox.entries()]


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    with tempfile.TemporaryDirectory(prefix="hub-office-") as directory:
        made = Office(Path(directory))
        with made.stack:
            yield made
        made.mailbox.stop()


@pytest.fixture
def clock(office: Office) -> Iterator[Engine]:
    """The office's own database, to let time pass in it."""
    engine = create_engine(office.stack.database_url)
    yield engine
    engine.dispose()


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

    let(clock, _LONG_AGO, _DUE)
    office.eventually(office.mails, [SELLER])
    office.eventually(
        lambda: len(
            [
                claim
                for claim in office.call("GET", f"/pools/{pool}/claims")["items"]
                if claim["recall_on"]
            ]
        ),
        3,
    )
    office.call("POST", f"/customers/{ids[0]}/notes", 201, json={"body": "Ringede til dem."})

    (office.crashes / "before_commit.once").touch()
    let(clock, _NOTICE_OVER, _DUE)

    def states() -> list[str]:
        return [office.call("GET", f"/customers/{each}")["pool_state"] for each in ids]

    office.eventually(states, ["owned", "in_pool", "in_pool"])
    office.eventually(lambda: list(office.crashes.iterdir()), [])
    again = office.call(
        "POST", f"/pools/{pool}/assignments", json={"items": items[1:2], "reason": "igen"}
    )
    assert again["results"][0]["problem"]["code"] == "cooldown"
    assert office.mails() == [SELLER]

    def recalled() -> list[Any]:
        found = office.call("GET", "/events?after=0&type=customer.pool_recalled")["items"]
        return list(found)

    office.eventually(lambda: {each["subject_id"] for each in recalled()}, set(ids[1:]))
    assert {each["data"]["reason"] for each in recalled()} == {"No note for 30 days."}
    assert {each["actor_kind"] for each in recalled()} == {"job"}
