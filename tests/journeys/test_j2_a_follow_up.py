"""Journey J2, steps 1 and 2: a follow-up, in the mailbox and in the calendar."""

import email.policy
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from icalendar import Calendar
from openpyxl import load_workbook

from connectors.sandbox.mailbox.store import Entry
from tests.journeys.world import World
from tests.patience import ask_in_time, wait_for_time_until_midnight

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


def at(due: datetime) -> dict[str, str]:
    """Return what a reminder is told of when it falls due."""
    local = due.astimezone(ZONE)
    return {"on": f"{local:%Y-%m-%d}", "at": f"{local:%H:%M:%S}"}


def unless_past(answer: requests.Response) -> Any | None:
    """Return what was made; None where that was refused because it would be due already."""
    made = answer.json()
    if answer.status_code == 422 and [error["code"] for error in made["errors"]] == ["past"]:
        return None
    assert answer.status_code == 201, answer.text
    return made


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
    def written(title: str, soon: datetime) -> Any | None:
        answer = world.client.post(
            f"/api/v1/customers/{customer['id']}/notes",
            json={
                "body": f"Sidste nyt: {title}.",
                "reminder": {"title": f"{title} {soon:%X}", **at(soon)},
            },
            headers={"Authorization": mette["authorization"]},
        )
        return unless_past(answer)

    def one_of_two_cancelled(soon: datetime) -> tuple[Any, datetime] | None:
        due, cancelled = written("Er forfalden", soon), written("Aflyst", soon)
        if due is None or cancelled is None:
            return None
        path = f"/api/v1/reminders/{cancelled['reminder']['id']}/cancellation"
        in_time = world.client.post(path).status_code == 200 and datetime.now(UTC) < soon
        return (due["reminder"], soon) if in_time else None

    due, soon = ask_in_time(one_of_two_cancelled, in_s=5)

    def sent(title: str) -> list[Entry]:
        return [m for m in mails(world) if m.uid is None and f"{title} {soon:%X}" in str(m.subject)]

    world.eventually(
        lambda: world.get(f"/reminders/{due['id']}"), lambda r: r["state"] == "due_sent"
    )
    world.eventually(lambda: sent("Er forfalden"), bool)
    world.settle()
    [mail] = sent("Er forfalden")
    arrived = datetime.fromisoformat(mail.received_at)
    assert timedelta(0) <= arrived - soon < timedelta(minutes=30)  # no zone is as near
    assert "Sidste nyt: " in text_of(message(world, mail))
    assert sent("Aflyst") == []


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

    def ask(starts: datetime) -> Any | None:
        made = world.post(
            f"/reports/{report['id']}/schedules",
            {
                "rule": "FREQ=WEEKLY",
                "zone": "Europe/Copenhagen",
                "starts_at_local": f"{starts.astimezone(ZONE):%Y-%m-%dT%H:%M:%S}",
                "recipients": {"mode": "each_owner"},
                **options,
            },
        )
        return made if datetime.fromisoformat(made["next_at"]) == starts else None

    return ask_in_time(ask, in_s=4)


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
    wait_for_time_until_midnight(ZONE)
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
    wait_for_time_until_midnight(ZONE)
    today = datetime.now(ZONE)

    def reminded(title: str, who: dict[str, Any], wish: dict[str, str]) -> Any | None:
        body = {"title": title, "recipient_user_id": who["id"], **wish}
        path = f"/api/v1/customers/{customer['id']}/reminders"
        return unless_past(world.client.post(path, json=body))

    overdue = ask_in_time(lambda soon: reminded("Mettes forfaldne", mette, at(soon)), in_s=3)
    wishes = {
        "Mettes denne uge": (mette, {"on": f"{today:%Y-%m-%d}", "at": "23:59"}),
        "Mettes om et år": (mette, {"on": f"{today + timedelta(days=365):%Y-%m-%d}"}),
        "Jens' denne uge": (jens, {"on": f"{today:%Y-%m-%d}", "at": "23:59"}),
    }
    assert all(reminded(title, who, wish) for title, (who, wish) in wishes.items())
    world.eventually(
        lambda: world.get(f"/reminders/{overdue['id']}")["state"],
        lambda state: state == "due_sent",
    )
    due = {"fire_at": {"lt": "week+1w"}, "state": {"eq": ["scheduled", "due_sent"]}}
    report = world.post(
        "/reports", {"name": "Mandag", "dataset": "reminders", "query": {"filter": due}}
    )

    schedule = scheduled(world, report)

    runs = world.eventually(
        lambda: runs_of(world, schedule),
        lambda found: (
            {run["recipient_user_id"] for run in found} >= {mette["id"], jens["id"]}
            and all(run["state"] == "delivered" for run in found)
        ),
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
    assert sheets.keys() == {mette["id"], jens["id"]}
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
