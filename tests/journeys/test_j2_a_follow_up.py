"""Journey J2, steps 1 and 2: a follow-up, in the mailbox and in the calendar."""

import email.policy
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from openpyxl import load_workbook

from connectors.sandbox.mailbox.store import Entry
from tests.journeys.world import World

pytestmark = pytest.mark.stack
ZONE = ZoneInfo("Europe/Copenhagen")


@pytest.fixture(scope="module")
def mette(world: World) -> dict[str, Any]:
    """A Danish representative, and what authorises her."""
    user = world.post(
        "/users",
        {
            "email": "mette@hub.example",
            "name": "Mette Prøve",
            "roles": ["representative"],
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
    return [entry for entry in world.mails() if entry.recipient == recipient]


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

    [entry] = world.eventually(lambda: mails(world)[before:], bool)
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

    [entry] = world.eventually(lambda: mails(world)[before:], bool)
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
    assert (
        timedelta(0) <= arrived - soon.replace(microsecond=0) < timedelta(minutes=30)
    )  # no zone is as near
    assert "Aflyst" in text_of(message(world, sent[0])) or "Sidste nyt" in text_of(
        message(world, sent[0])
    )
    assert not [m for m in mails(world) if m.method is None and "Aflyst" in (m.subject or "")]


@pytest.fixture(scope="module")
def jens(world: World) -> dict[str, Any]:
    """An English-speaking representative with nothing to do."""
    made: dict[str, Any] = world.post(
        "/users",
        {
            "email": "jens@hub.example",
            "name": "Jens Prøve",
            "roles": ["representative"],
            "locale": "en",
            "zone": "Europe/Copenhagen",
        },
    )
    return made


WEEK = {"recipient": {"eq": "me"}, "fire_at": {"lt": "week+1w"}, "state": {"eq": "scheduled"}}


def scheduled(world: World, report: Any, **options: Any) -> Any:
    """Put a report on a schedule that falls due in a few seconds, as if on Monday at eight."""
    starts = datetime.now(ZONE) + timedelta(seconds=4)
    return world.post(
        f"/reports/{report['id']}/schedules",
        {
            "rule": "FREQ=WEEKLY",
            "zone": "Europe/Copenhagen",
            "starts_at_local": starts.strftime("%Y-%m-%dT%H:%M:%S"),
            "recipients": {"mode": "each_owner"},
            **options,
        },
    )


def runs_of(world: World, schedule: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.get("/report-runs", schedule=schedule["id"])["items"]
    return found


def workbook_of(mail: EmailMessage) -> Any:
    [part] = [p for p in mail.iter_attachments() if p.get_filename("").endswith(".xlsx")]
    return sheet_of(part.get_content())


def sheet_of(workbook: bytes) -> Any:
    return load_workbook(BytesIO(workbook)).active


def test_3_each_owner_gets_his_own_list_of_the_week_as_a_workbook(
    world: World, mette: dict[str, Any], jens: dict[str, Any], customer: Any
) -> None:
    today = datetime.now(ZONE).date().isoformat()
    for number in range(3):
        note_with_reminder(
            world, mette, customer, {"title": f"=Ring {number}", "on": today, "at": "23:59"}, "x"
        )
    hers = world.client.get(
        "/api/v1/reminders",
        params={"recipient": "me", "fire_at.lt": "week+1w", "state": "scheduled"},
        headers={"Authorization": mette["authorization"]},
    ).json()
    report = world.post(
        "/reports",
        {"name": "Ugens opgaver", "dataset": "reminders", "query": {"filter": WEEK}},
    )

    schedule = scheduled(
        world, report, recipients={"mode": "users", "user_ids": [mette["id"], jens["id"]]},
        on_empty="skip",
    )  # fmt: skip

    runs = world.eventually(
        lambda: runs_of(world, schedule),
        lambda found: (
            len(found) == 2 and all(run["state"] in {"delivered", "skipped_empty"} for run in found)
        ),
    )
    by_recipient = {run["recipient_user_id"]: run for run in runs}
    assert by_recipient[jens["id"]]["state"] == "skipped_empty"
    run = by_recipient[mette["id"]]
    assert run["state"] == "delivered"
    assert run["row_count"] == run["total"] == hers["total"]["count"]
    [entry] = [m for m in mails(world) if "Ugens opgaver" in (m.subject or "")]
    sheet = workbook_of(message(world, entry))
    headers = [cell.value for cell in sheet[1]]
    assert "Kunde" in headers
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref is not None
    assert sheet.max_row == hers["total"]["count"] + 1
    first = dict(zip(headers, sheet[2], strict=True))
    assert any(cell.is_date for cell in first.values())
    titles = {cell.value: cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row}
    assert titles["=Ring 0"] != "f"
    assert not [m for m in mails(world, "jens@hub.example") if "Ugens" in (m.subject or "")]


def test_3_each_owner_gets_what_is_overdue_and_due_this_week_of_his_own_and_nothing_of_others(
    world: World, mette: dict[str, Any], jens: dict[str, Any], customer: Any
) -> None:
    today = datetime.now(ZONE)
    soon = today + timedelta(seconds=3)
    wishes = {
        "Mettes forfaldne": (mette, {"on": f"{soon:%Y-%m-%d}", "at": f"{soon:%H:%M:%S}"}),
        "Mettes denne uge": (mette, {"on": f"{today:%Y-%m-%d}", "at": "23:59"}),
        "Mettes om et år": (mette, {"on": f"{today + timedelta(days=365):%Y-%m-%d}"}),
        "Jens' denne uge": (jens, {"on": f"{today:%Y-%m-%d}", "at": "23:59"}),
    }
    made = {
        title: world.post(
            f"/customers/{customer['id']}/reminders",
            {"title": title, "recipient_user_id": who["id"], **wish},
        )
        for title, (who, wish) in wishes.items()
    }
    world.eventually(
        lambda: world.get(f"/reminders/{made['Mettes forfaldne']['id']}")["state"],
        lambda state: state == "due_sent",
    )
    due = {"fire_at": {"lt": "week+1w"}, "state": {"eq": ["scheduled", "due_sent"]}}
    report = world.post(
        "/reports", {"name": "Mandag", "dataset": "reminders", "query": {"filter": due}}
    )

    schedule = scheduled(world, report)

    runs = world.eventually(
        lambda: runs_of(world, schedule),
        lambda found: found and all(run["state"] == "delivered" for run in found),
    )
    counts = {run["recipient_user_id"]: (run["row_count"], run["total"]) for run in runs}
    sheets = {
        who["id"]: workbook_of(message(world, entry))
        for who in (mette, jens)
        for entry in mails(world, who["email"])
        if "Mandag" in (entry.subject or "")
    }
    listed = {
        who: [str(cell.value) for row in sheet.iter_rows(min_row=2) for cell in row]
        for who, sheet in sheets.items()
    }
    assert counts.keys() >= {mette["id"], jens["id"]}
    for who, sheet in sheets.items():
        assert counts[who] == (sheet.max_row - 1, sheet.max_row - 1)
    assert {"Mettes forfaldne", "Mettes denne uge"} <= set(listed[mette["id"]])
    assert not {"Mettes om et år", "Jens' denne uge"} & set(listed[mette["id"]])
    assert "Jens' denne uge" in listed[jens["id"]]
    assert not [each for each in listed[jens["id"]] if each.startswith("Mettes")]
    assert "Kunde" in [cell.value for cell in sheets[mette["id"]][1]]
    assert "Customer" in [cell.value for cell in sheets[jens["id"]][1]]


def test_3_a_refusing_mail_server_fails_the_run_and_the_file_can_be_had(
    world: World, mette: dict[str, Any]
) -> None:
    report = world.post(
        "/reports",
        {"name": "Afvist rapport", "dataset": "reminders", "query": {"filter": WEEK}},
    )
    world.mailbox.faults.refuse.add("mette@hub.example")
    try:
        schedule = scheduled(world, report, recipients={"mode": "users", "user_ids": [mette["id"]]})
        [run] = world.eventually(
            lambda: runs_of(world, schedule),
            lambda found: len(found) == 1 and found[0]["state"] == "failed",
        )
    finally:
        world.mailbox.faults.refuse.clear()

    file = world.client.get(
        f"/api/v1/report-runs/{run['id']}/file",
        headers={"Authorization": mette["authorization"]},
    )
    assert file.status_code == 200
    assert sheet_of(file.content).max_row == run["row_count"] + 1
    problems = world.eventually(
        lambda: [p for p in world.get("/problems")["items"] if p["kind"] == "mail_failed"], bool
    )
    assert problems[0]["subject"]["name"] == "mette@hub.example"
    assert problems[0]["remedy"]["text"]
