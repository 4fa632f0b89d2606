"""Journey J2, steps 1 and 2: a follow-up, in the mailbox and in the calendar."""

import email.policy
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from connectors.sandbox.mailbox.store import Entry
from tests.journeys.world import World

pytestmark = pytest.mark.stack
ZONE = ZoneInfo("Europe/Copenhagen")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as made:
        yield made


@pytest.fixture(scope="module")
def mette(world: World) -> dict[str, Any]:
    """A Danish representative, and what authorises her."""
    user = world.post(
        "/users",
        {
            "email": "mette@hub.example",
            "name": "Mette Prøve",
            "role": "representative",
            "locale": "da",
            "zone": "Europe/Copenhagen",
        },
    )
    token = world.post("/tokens", {"user_id": user["id"], "name": "hers", "scopes": ["*"]})
    return {**user, "authorization": f"Bearer {token['token']}"}


@pytest.fixture(scope="module")
def customer(world: World) -> Any:
    return world.customer(name="Opfølgning ApS", phone="70 00 00 99")


def mails(world: World, recipient: str = "mette@hub.example") -> list[Entry]:
    return [entry for entry in world.mailbox.entries() if entry.recipient == recipient]


def message(world: World, entry: Entry) -> EmailMessage:
    parsed = BytesParser(policy=email.policy.default).parsebytes(world.mailbox.raw(entry))
    assert isinstance(parsed, EmailMessage)
    return parsed


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    content: str = body.get_content()
    return content


def event_of(mail: EmailMessage) -> tuple[str, Any]:
    [part] = [p for p in mail.walk() if p.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(part.get_content())
    assert part.get_param("method") == str(calendar["METHOD"])
    return str(calendar["METHOD"]), calendar.walk("VEVENT")[0]


def local_in(days: int, at: str = "09:00") -> tuple[str, datetime]:
    """Return a day so far ahead, and the instant of a time on it in Copenhagen."""
    day = (datetime.now(ZONE) + timedelta(days=days)).date()
    hour, minute = map(int, at.split(":"))
    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)
    return day.isoformat(), local.astimezone(UTC)


def note_with_reminder(
    world: World, mette: dict[str, Any], customer: Any, reminder: dict[str, Any], body: str
) -> Any:
    return world.post(
        f"/customers/{customer['id']}/notes",
        {"body": body, "reminder": reminder},
        Authorization=mette["authorization"],
    )


def test_1_a_note_with_a_reminder_mails_an_invitation_at_once(
    world: World, mette: dict[str, Any], customer: Any
) -> None:
    day, instant = local_in(9)
    before = len(mails(world))

    written = note_with_reminder(
        world, mette, customer, {"title": "Ring til Nordlys", "on": day, "at": "09:00"},
        "De overvejer tilbuddet.",
    )  # fmt: skip

    [entry] = world.eventually(lambda: mails(world)[before:], bool, within_s=10)
    mail = message(world, entry)
    method, event = event_of(mail)
    assert method == "REQUEST"
    assert event["DTSTART"].dt == instant
    assert event["DTSTART"].to_ical().endswith(b"Z")
    assert (event["SEQUENCE"], event["TRANSP"]) == (0, "TRANSPARENT")
    assert str(event["UID"]) == written["reminder"]["uid"]
    text = text_of(mail)
    assert "+45 70 00 00 99" in text or "+4570000099" in text
    assert "De overvejer tilbuddet." in text
    assert "http" in text
    assert "Opfølgning ApS" in text
    assert "Kunde" in text
    assert world.get(f"/customers/{customer['id']}")["last_note_at"] is not None


def test_1_a_date_without_a_time_is_an_all_day_event(
    world: World, mette: dict[str, Any], customer: Any
) -> None:
    day, _ = local_in(12)
    before = len(mails(world))

    note_with_reminder(world, mette, customer, {"title": "Hele dagen", "on": day}, "Hele dagen")

    [entry] = world.eventually(lambda: mails(world)[before:], bool, within_s=10)
    _, event = event_of(message(world, entry))
    assert event["DTSTART"].dt.isoformat() == day
    assert not isinstance(event["DTSTART"].dt, datetime)


def test_2_moving_keeps_the_uid_and_raises_the_sequence_and_done_cancels(
    world: World, mette: dict[str, Any], customer: Any
) -> None:
    day, _ = local_in(9)
    later, instant = local_in(10)
    before = len(mails(world))
    reminder = note_with_reminder(
        world, mette, customer, {"title": "Flyttes", "on": day, "at": "09:00"}, "Flyttes"
    )["reminder"]
    world.eventually(lambda: mails(world)[before:], lambda found: len(found) == 1)

    world.patch(f"/reminders/{reminder['id']}", {"on": later})
    world.eventually(lambda: mails(world)[before:], lambda found: len(found) == 2)
    world.post(f"/reminders/{reminder['id']}/done", status=200)

    entries = world.eventually(lambda: mails(world)[before:], lambda found: len(found) == 3)
    told = [event_of(message(world, entry)) for entry in entries]
    assert [method for method, _ in told] == ["REQUEST", "REQUEST", "CANCEL"]
    assert {str(event["UID"]) for _, event in told} == {reminder["uid"]}
    assert [int(event["SEQUENCE"]) for _, event in told] == [0, 1, 2]
    assert told[1][1]["DTSTART"].dt == instant
    assert len({entry.message_id for entry in entries}) == 3


def test_2_one_mail_when_it_is_due_and_none_for_a_cancelled_one(
    world: World, mette: dict[str, Any], customer: Any
) -> None:
    soon = datetime.now(ZONE) + timedelta(seconds=8)
    wish = {"on": soon.date().isoformat(), "at": soon.strftime("%H:%M:%S")}
    due = note_with_reminder(
        world, mette, customer, {"title": "Er forfalden", **wish}, "Sidste nyt fra kunden."
    )["reminder"]
    cancelled = note_with_reminder(world, mette, customer, {"title": "Aflyst", **wish}, "Aflyst")[
        "reminder"
    ]
    world.post(f"/reminders/{cancelled['id']}/cancellation", status=200)

    world.eventually(
        lambda: world.get(f"/reminders/{due['id']}"), lambda r: r["state"] == "due_sent"
    )
    sent = world.eventually(
        lambda: [m for m in mails(world) if m.uid is None and "forfalden" in (m.subject or "")],
        bool,
    )
    assert len(sent) == 1
    arrived = datetime.fromisoformat(sent[0].received_at)
    assert timedelta(0) <= arrived - soon.replace(microsecond=0) < timedelta(seconds=60)
    assert "Aflyst" in text_of(message(world, sent[0])) or "Sidste nyt" in text_of(
        message(world, sent[0])
    )
    assert not [m for m in mails(world) if m.method is None and "Aflyst" in (m.subject or "")]
