"""J2: a follow-up, and the Monday list."""

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

from openpyxl import load_workbook

from ops.demo.mail import calendar_property, mail_since, newest_position
from ops.demo.stage import Person, Stage

_ZONE = ZoneInfo("Europe/Copenhagen")
_SOON = timedelta(seconds=8)  # time enough for the invitation to go out first
_MAIL_WITHIN_S = 30
_ALERT_WITHIN_S = 120  # alerts gather for some seconds, so does the all-clear


def tell(stage: Stage) -> None:
    """Tell it."""
    stage.teller.chapter(
        "Journey 2: a follow-up, and the Monday list",
        "Mette notes what was said and wants to be reminded. Her calendar learns of it by mail.",
    )
    mette = stage.people["mette"]
    customer = stage.get("/customers", {"q": "nordlys", "sort": "created_at"}, by=mette.server)[
        "items"
    ][0]
    reminder = _write_note(stage, mette, customer)
    _move(stage, mette, reminder)
    _finish(stage, mette, reminder)
    _keep_a_day(stage, mette, customer)
    _be_reminded(stage, mette, customer)
    _send_monday_list(stage, mette)
    report = _send_nothing(stage)
    _be_refused(stage, mette, report)


def _write_note(stage: Stage, mette: Person, customer: dict[str, Any]) -> dict[str, Any]:
    stage.teller.step("A note with a reminder for tomorrow at nine")
    tomorrow = (datetime.now(_ZONE) + timedelta(days=1)).date()
    before = newest_position(stage)
    body = {
        "body": "Vil have tilbud på 40 lanterner.",
        "type": "call",
        "reminder": {"title": "Ring om tilbuddet", "on": str(tomorrow), "at": "09:00"},
    }
    written = stage.show(
        "POST", f"/customers/{customer['id']}/notes", body, status=201, by=mette.server,
        fields={"fire_at": "reminder.fire_at", "sequence": "reminder.sequence"},
    ).json  # fmt: skip
    reminder: dict[str, Any] = written["reminder"]
    mail = _invited(stage, mette, before, method="REQUEST", sequence=0)
    stage.check(mail["uid"] == reminder["uid"], "the event of the reminder", mail["uid"])
    stage.teller.success(
        f"Mail “{mail['subject']}” to {mette.email}: METHOD:REQUEST, SEQUENCE:0, "
        f"starts {calendar_property(mail, 'DTSTART')}, in Danish, with an event for her calendar."
    )
    stage.sights["The invitation (.ics)"] = f"{stage.places.mailbox}/{mail['position']}"
    return reminder


def _move(stage: Stage, mette: Person, reminder: dict[str, Any]) -> None:
    stage.teller.step("Moved by a day: the same event in the calendar, changed")
    before = newest_position(stage)
    later = datetime.fromisoformat(reminder["on"]) + timedelta(days=1)
    path = f"/reminders/{reminder['id']}"
    stage.change(path, {"on": later.date().isoformat()}, by=mette.server)
    mail = _invited(stage, mette, before, method="REQUEST", sequence=1)
    stage.check(mail["uid"] == reminder["uid"], "the same UID", mail["uid"])
    stage.teller.success("Same UID, SEQUENCE:1.")


def _finish(stage: Stage, mette: Person, reminder: dict[str, Any]) -> None:
    stage.teller.step("Done before it was due: the event leaves the calendar, no reminder comes")
    before = newest_position(stage)
    stage.show(
        "POST", f"/reminders/{reminder['id']}/done", status=200, by=mette.server,
        fields={"state": "state"},
    )  # fmt: skip
    _invited(stage, mette, before, method="CANCEL", sequence=2)
    stage.teller.success("METHOD:CANCEL for the same UID.")


def _keep_a_day(stage: Stage, mette: Person, customer: dict[str, Any]) -> None:
    stage.teller.step("A day without a time is an event for the whole day")
    before = newest_position(stage)
    day = (datetime.now(_ZONE) + timedelta(days=20)).date()
    made = stage.show(
        "POST", f"/customers/{customer['id']}/reminders",
        {"title": "Årsmøde hos kunden", "on": str(day)}, status=201, by=mette.server,
        fields={"all_day": "all_day"},
    ).json  # fmt: skip
    mail = _invited(stage, mette, before, method="REQUEST", sequence=0)
    starts = calendar_property(mail, "DTSTART")
    stage.check(mail["uid"] == made["uid"], "the event of the reminder", mail["uid"])
    stage.check(starts == f"{day:%Y%m%d}", "a date and no time of day", starts)
    stage.teller.success(f"Her calendar has it on {day}, with no time of day.")


def _be_reminded(stage: Stage, mette: Person, customer: dict[str, Any]) -> None:
    stage.teller.step("One that falls due in a few seconds")
    before = newest_position(stage)
    due = datetime.now(_ZONE) + _SOON
    body = {
        "title": "Send kataloget",
        "on": due.date().isoformat(),
        "at": due.strftime("%H:%M:%S"),
    }
    path = f"/customers/{customer['id']}/reminders"
    made = stage.show(
        "POST", path, body, status=201, by=mette.server, fields={"fire_at": "fire_at"}
    ).json
    stage.eventually(
        lambda: stage.get(f"/reminders/{made['id']}", by=mette.server)["state"],
        lambda state: state == "due_sent",
        "the reminder is sent",
        within_s=_MAIL_WITHIN_S,
    )
    plain = [
        mail
        for mail in mail_since(stage, before, mette.email)
        if mail["method"] is None and made["title"] in mail["subject"]
    ]
    stage.check(len(plain) == 1, "exactly one reminder mail", [m["subject"] for m in plain])
    [mail] = plain
    text = mail["parts"][0]["text"]
    stage.check(customer["phone"] in text, f"the phone {customer['phone']} in the mail", text)
    stage.check("40 lanterner" in text, "the last note in the mail", text)
    stage.teller.success(
        f"One mail “{mail['subject']}” at {mail['received_at'][11:19]} UTC, with the customer's "
        "phone number, the last note and a link."
    )
    stage.sights["The reminder mail"] = f"{stage.places.mailbox}/{mail['position']}"


def _send_monday_list(stage: Stage, mette: Person) -> None:
    stage.teller.step("The Monday list: each owner gets his own, in his language")
    soon = (datetime.now(_ZONE) + timedelta(days=2)).date()
    stage.quietly(
        "POST", f"/customers/{_second_customer(stage, mette)}/reminders",
        {"title": "Følg op på ordren", "on": str(soon)}, status=201, by=mette.server,
    )  # fmt: skip
    query = {
        "filter": {"state": {"eq": ["scheduled", "due_sent"]}, "fire_at": {"lt": "today+7d"}},
        "sort": ["fire_at"],
        "fields": ["customer", "title", "fire_at", "state"],
    }
    body = {
        "name": "Mandagslisten", "dataset": "reminders", "query": query, "audience": "everybody",
    }  # fmt: skip
    report = stage.show("POST", "/reports", body, status=201, fields={"id": "id"}).json
    weekly = {
        "rule": "FREQ=WEEKLY;BYDAY=MO",
        "starts_at_local": _next_monday().isoformat(timespec="minutes"),
        "recipients": {"mode": "each_owner"},
    }
    schedule = stage.show(
        "POST", f"/reports/{report['id']}/schedules", weekly, status=201,
        fields={"next_at": "next_at"},
    ).json  # fmt: skip
    before = newest_position(stage)
    stage.teller.aside("Nobody waits for Monday here: it is run once beside its rhythm.")
    stage.show("POST", f"/schedules/{schedule['id']}/run-now", status=202, Prefer="wait=15")
    runs = stage.eventually(
        lambda: stage.get("/report-runs", {"schedule": schedule["id"]})["items"],
        lambda found: found and all(run["state"] == "delivered" for run in found),
        "every run is delivered",
    )
    own = [run for run in runs if run["recipient_user_id"] == mette.id]
    stage.check(len(own) == 1, "one run for Mette", runs)
    mails = [m for m in mail_since(stage, before, mette.email) if "Mandagslisten" in m["subject"]]
    stage.check(len(mails) == 1, "one mail with the list", [m["subject"] for m in mails])
    _open_workbook(stage, mette, report, own[0])
    stage.sights["The mail with the list"] = f"{stage.places.mailbox}/{mails[0]['position']}"


def _send_nothing(stage: Stage) -> dict[str, Any]:
    stage.teller.step("Nothing to report: as the schedule says, silence or a word of it")
    jonas, before = stage.people["jonas"], newest_position(stage)
    query = {"filter": {"recipient": {"eq": "me"}, "state": {"eq": "scheduled"}}}
    body = {"name": "Egne opgaver", "dataset": "reminders", "query": query}
    report = stage.show("POST", "/reports", body, status=201, fields={"id": "id"}).json
    silent = _run(stage, report, jonas, on_empty="skip")
    told = _run(stage, report, jonas, on_empty="send")
    stage.check(silent["state"] == "skipped_empty", "no mail for no rows", silent)
    stage.check((told["state"], told["row_count"]) == ("delivered", 0), "a mail all the same", told)
    mails = [m for m in mail_since(stage, before, jonas.email) if "Egne opgaver" in m["subject"]]
    stage.check(len(mails) == 1, "one mail of the two runs", [m["subject"] for m in mails])
    stage.teller.success(
        f"Jonas has nothing to do. One schedule skips him ({silent['state']}), the other says so."
    )
    return dict(report)


def _be_refused(stage: Stage, mette: Person, report: dict[str, Any]) -> None:
    stage.teller.step("The mail server refuses her address: the run fails, and somebody is told")
    before = newest_position(stage)
    stage.control(stage.mailbox, "POST", "/_sandbox/faults", {"refuse": [mette.email]})
    run = _run(stage, report, mette, on_empty="skip")
    stage.check(run["state"] == "failed", "the run says so", run)
    file = mette.server.call("GET", run["file"])
    stage.check(file.content[:2] == b"PK", "the workbook can be had all the same", file.status)
    [problem] = stage.eventually(
        lambda: [p for p in stage.get("/problems")["items"] if p["kind"] == "mail_failed"],
        bool,
        "it is a problem",
    )
    stage.teller.answer(
        f"{problem['kind']}  {problem['cause']['text']}  {problem['remedy']['text']}"
    )
    alert = _administrator_is_told(stage, before, "an alert")
    stage.control(stage.mailbox, "DELETE", "/_sandbox/faults")
    before = newest_position(stage)
    stage.show("POST", f"/problems/{problem['id']}/retry", status=202)
    stage.eventually(
        lambda: [m for m in mail_since(stage, before, mette.email) if m["method"] is None],
        lambda mails: len(mails) == 1,
        "the held mail arrives, once",
    )
    recovered = _administrator_is_told(stage, before, "the all-clear")
    stage.teller.success(
        f"“{alert['subject']}”; the address was mended, one retry sent the list, once; "
        f"“{recovered['subject']}”."
    )


def _run(stage: Stage, report: dict[str, Any], person: Person, *, on_empty: str) -> dict[str, Any]:
    """Put a report on one more schedule for one person, run it now, and return what came of it."""
    schedule = stage.quietly(
        "POST", f"/reports/{report['id']}/schedules",
        {
            "rule": "FREQ=WEEKLY;BYDAY=MO",
            "starts_at_local": _next_monday().isoformat(timespec="minutes"),
            "recipients": {"mode": "users", "user_ids": [person.id]}, "on_empty": on_empty,
        },
        status=201,
    ).json  # fmt: skip
    stage.show("POST", f"/schedules/{schedule['id']}/run-now", status=202, Prefer="wait=15")
    over = {"delivered", "failed", "skipped_empty"}
    [run] = stage.eventually(
        lambda: stage.get("/report-runs", {"schedule": schedule["id"]})["items"],
        lambda found: len(found) == 1 and found[0]["state"] in over,
        "the run is over",
    )
    stage.teller.answer(f"run {run['state']}  rows={run['row_count']}")
    return dict(run)


def _administrator_is_told(stage: Stage, after: int, what: str) -> dict[str, Any]:
    mails = stage.eventually(
        lambda: mail_since(stage, after, "admin@nordhandel.example"), bool, what, _ALERT_WITHIN_S
    )
    return dict(mails[0])


def _open_workbook(
    stage: Stage, mette: Person, report: dict[str, Any], run: dict[str, Any]
) -> None:
    file = mette.server.call("GET", run["file"])
    stage.check(file.content[:2] == b"PK", "a workbook", file.status)
    target = stage.directory / "workbooks" / "Mandagslisten-Mette.xlsx"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(file.content)
    sheet = load_workbook(BytesIO(file.content)).worksheets[0]
    rows = [row for row in sheet.iter_rows(values_only=True) if any(row)]
    listed = stage.get(f"/reports/{report['id']}", by=mette.server)["list_path"]
    total = mette.server.call("GET", f"{listed}&recipient=me").json["total"]["count"]
    stage.check(run["row_count"] == total, f"{total} rows as in the list", run["row_count"])
    stage.check(len(rows) == total + 1, f"a header and {total} rows", rows)
    headers = ", ".join(str(title) for title in rows[0])
    dates = [row[2] for row in rows[1:]]
    stage.check(all(isinstance(day, datetime) for day in dates), "real dates in cells", dates)
    stage.teller.success(
        f"Mette's workbook has the columns {headers} and {total} rows, as many as her list; the "
        "dates are dates."
    )
    stage.sights["Mette's workbook"] = str(target)


def _invited(
    stage: Stage, person: Person, after: int, *, method: str, sequence: int
) -> dict[str, Any]:
    def found() -> list[dict[str, Any]]:
        mails = mail_since(stage, after, person.email)
        return [m for m in mails if (m["method"], m["sequence"]) == (method, sequence)]

    [mail] = stage.eventually(
        found, lambda mails: len(mails) == 1, f"one mail with METHOD:{method}", _MAIL_WITHIN_S
    )
    return dict(mail)


def _second_customer(stage: Stage, mette: Person) -> str:
    mine = stage.get("/customers", {"owner": "me", "sort": "name"}, by=mette.server)["items"]
    return str(mine[0]["id"])


def _next_monday() -> datetime:
    now = datetime.now(_ZONE)
    day = now.date() + timedelta(days=7 - now.weekday())
    return datetime(day.year, day.month, day.day, 8)  # noqa: DTZ001 - a time on the wall clock
