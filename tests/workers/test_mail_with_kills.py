"""Mail by real processes and a real SMTP server, with workers that die at the worst moments."""

import signal
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.sandbox.mailbox import Entry
from hub.clock import utcnow
from tests.patience import ask_in_time
from tests.workshop import Workshop

pytestmark = [pytest.mark.stack, pytest.mark.slow]

LONG_S = 300.0
FAR = timedelta(hours=1)  # sooner than what comes with the wrong day, zone or chore


class MailWorld:
    """A workshop and what is done there."""

    def __init__(self, workshop: Workshop) -> None:
        self.mailbox = workshop.mailbox
        self.stack = workshop.stack
        self.client = workshop.client
        self.arm = workshop.arm
        self._customers = 0

    def remind(self) -> dict[str, Any]:
        """Write a note with a reminder of the distant future; returns the reminder."""
        made = self._remind({"on": "2090-12-01", "at": "09:00"})
        assert made is not None
        return made

    def remind_soon(self, in_s: float) -> dict[str, Any]:
        """Write a note with a reminder that is due in so many seconds, or a little later."""
        return ask_in_time(
            lambda due: self._remind(
                {"on": f"{due:%Y-%m-%d}", "at": f"{due:%H:%M:%S}", "zone": "UTC"}
            ),
            in_s=in_s,
        )

    def _remind(self, moment: dict[str, str]) -> dict[str, Any] | None:
        """Return the reminder; None where its moment is over."""
        self._customers += 1
        customer = self.client.post(
            "/api/v1/customers",
            json={"name": f"Firma {self._customers} Kahytten", "allow_duplicate": True,
                  "reason": "test"},
        ).json()  # fmt: skip
        answer = self.client.post(
            f"/api/v1/customers/{customer['id']}/notes",
            json={"body": "Vil have prisen", "reminder": {"title": "Ring", **moment}},
        )
        if answer.status_code == 422 and '"past"' in answer.text:
            return None
        assert answer.status_code == 201, answer.text
        reminder: dict[str, Any] = answer.json()["reminder"]
        return reminder

    def deliveries(self, reminder: dict[str, Any], **wanted: str) -> list[dict[str, Any]]:
        answer = self.client.get(
            "/api/v1/deliveries",
            params={"source_id": reminder["id"], "sort": "created_at", **wanted},
        )
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def wait_sent(self, reminder: dict[str, Any], kind: str = "invitation") -> dict[str, Any]:
        self.stack.wait_until(
            lambda: self.deliveries(reminder, kind=kind, state="sent"), within_s=LONG_S
        )
        (delivery,) = self.deliveries(reminder, kind=kind)
        return delivery

    def repeats_listed(self, delivery: dict[str, Any]) -> int:
        """Return how often the history lists a delivery as a possible repeat."""
        answer = self.client.get(
            "/api/v1/events", params={"type": "delivery.possible_repeat", "limit": "500"}
        )
        return sum(event["subject_id"] == delivery["id"] for event in answer.json()["items"])

    def received(self, delivery: dict[str, Any]) -> list[Entry]:
        wanted = delivery["message_id"]
        return [entry for entry in self.mailbox.entries() if entry.message_id == wanted]


@pytest.fixture(scope="module")
def world(workshop: Workshop) -> MailWorld:
    return MailWorld(workshop)


def test_an_invitation_is_in_the_mailbox_soon_after_the_note_is_saved(world: MailWorld) -> None:
    before = utcnow()

    delivery = world.wait_sent(world.remind())

    (entry,) = world.received(delivery)
    assert (entry.method, entry.sequence) == ("REQUEST", 0)
    assert datetime.fromisoformat(entry.received_at) - before < FAR


@pytest.mark.parametrize(
    ("place", "most"),
    [
        ("after_claim", 1),
        ("before_send", 1),
        ("after_mail", 1),
        ("after_rcpt", 1),
        ("before_final_dot", 1),
        ("after_final_dot", 2),
        ("after_250", 2),
    ],
)
def test_a_worker_that_dies_while_it_sends_loses_no_mail_and_repeats_one_at_most(
    world: MailWorld, place: str, most: int
) -> None:
    [armed] = world.arm(place)

    delivery = world.wait_sent(world.remind())

    assert not armed.exists()
    copies = world.received(delivery)
    assert 1 <= len(copies) <= most
    assert len({copy.sha256 for copy in copies}) == 1
    repeats = len(copies) - 1
    assert delivery["possible_repeats"] >= repeats
    if place == "after_250":
        assert (repeats, delivery["possible_repeats"]) == (1, 1)
    if place == "after_claim":
        assert delivery["possible_repeats"] == 0
    world.stack.wait_until(lambda: world.repeats_listed(delivery) == delivery["possible_repeats"])


def test_a_reminder_is_mailed_once_when_it_is_due_and_not_before(world: MailWorld) -> None:
    reminder = world.remind_soon(4)
    due = datetime.fromisoformat(reminder["fire_at"])

    delivery = world.wait_sent(reminder, "due")

    world.stack.wait_until_idle()
    (entry,) = world.received(delivery)
    assert due <= datetime.fromisoformat(entry.received_at) < due + FAR


def test_a_reminder_due_while_nobody_works_is_mailed_once_they_are_back(world: MailWorld) -> None:
    reminder = world.remind_soon(5)
    world.wait_sent(reminder)
    world.stack.kill("worker", signal.SIGKILL)
    world.stack.kill("relay", signal.SIGKILL)
    world.stack.flush_redis()
    world.stack.wait_until(
        lambda: utcnow() > datetime.fromisoformat(reminder["fire_at"]) + timedelta(seconds=1)
    )
    world.stack.start("relay")
    world.stack.start("worker")

    delivery = world.wait_sent(reminder, "due")

    world.stack.wait_until_idle()
    assert len(world.received(delivery)) == 1
    shown = world.client.get(f"/api/v1/reminders/{reminder['id']}").json()
    assert shown["state"] == "due_sent"


def test_mail_that_no_server_takes_goes_out_when_one_does(world: MailWorld) -> None:
    world.mailbox.set_down(down=True)
    reminder = world.remind()
    world.stack.wait_until(lambda: world.deliveries(reminder)[0]["tries"] >= 1)
    world.mailbox.set_down(down=False)

    delivery = world.wait_sent(reminder)

    assert len(world.received(delivery)) == 1
    assert delivery["possible_repeats"] == 0
