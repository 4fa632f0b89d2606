"""Journey J4: a salesperson's week. Each day goes on from the one before."""

import email.policy
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from io import BytesIO
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from icalendar import Calendar
from openpyxl import load_workbook

from connectors.sandbox.imap import PASSWORD, USER, RunningImap, serve
from connectors.sandbox.mailbox.store import Entry
from hub.signatures.checking import new_secret, sign
from tests.journeys.world import WAIT, Person, World
from tests.patience import wait_for_time_until_midnight

pytestmark = pytest.mark.stack
ZONE = ZoneInfo("Europe/Copenhagen")

FAIR = """\
Id;Firma;Kontaktperson;Mail;Tlf;By;Kampagne;Kilde;Værdi
1;Vibens Vogne ApS;Ida Prøve;ida@viben.example;33 12 12 13;Struer;Forårskampagne;Messe;45.000,50
2;Gøgens Garn I/S;Bo Prøve;bo@gogen.example;33 12 12 14;Ribe;Forårskampagne;Messe;12.000,00
3;Ternens Telte;Eva Prøve;;33 12 12 15;;;Messe;
4;Alkens Anker;;ingen mail;;;;Messe;
"""


@pytest.fixture(scope="module")
def week(world: World) -> SimpleNamespace:
    """Whoever takes part, and what the days leave to the next ones."""
    wait_for_time_until_midnight(ZONE)  # all that is said here of today is of one day
    for catalogue, code, label in (
        ("programs", "spring", "Forårskampagne"), ("competitors", "rival", "Rival A/S"),
    ):  # fmt: skip
        world.post(f"/catalogues/{catalogue}/entries", {"code": code, "label": label})
    return SimpleNamespace(
        karen=world.person("Karen Prøve", "manager"),
        mette=world.person("Mette Prøve", "representative"),
        jonas=world.person("Jonas Prøve", "representative"),
        leads={},
    )


@pytest.fixture
def inbox() -> Iterator[RunningImap]:
    running = serve()
    yield running
    running.stop()


def today() -> date:
    return datetime.now(ZONE).date()


def in_days(days: int) -> str:
    return (today() + timedelta(days=days)).isoformat()


def mails(world: World, to: Person) -> list[tuple[Entry, EmailMessage]]:
    found = []
    for entry in world.mails():
        if entry.recipient == to.email:
            parsed = BytesParser(policy=email.policy.default).parsebytes(world.mailbox.raw(entry))
            assert isinstance(parsed, EmailMessage)
            found.append((entry, parsed))
    return found


def test_1_monday_leads_come_in_by_a_file(world: World, week: SimpleNamespace) -> None:
    fair = world.client.post(
        "/api/v1/imports", params={"entity": "leads", "name": "messe.csv"},
        data=FAIR.encode("cp1252"), headers={"Content-Type": "text/csv", **WAIT},
    ).json()  # fmt: skip

    assert (fair["state"], fair["counters"]) == ("planned", {"items": 4, "create": 3, "refuse": 1})
    assert {each["header"]: each["field"] for each in fair["columns"]} == {
        "Id": "external_ref", "Firma": "company", "Kontaktperson": "person", "Mail": "email",
        "Tlf": "phone", "By": "city", "Kampagne": "program", "Kilde": "source",
        "Værdi": "net_potential_value",
    }  # fmt: skip
    assert world.get("/leads")["total"]["count"] == 0

    done = world.post(f"/imports/{fair['id']}/application", status=202, **WAIT)

    assert (done["state"], done["counters"]["done"]) == ("partial", 3)
    rows = world.get(f"/imports/{fair['id']}/rows")["items"]
    [refused] = [row for row in rows if row["action"] == "refuse"]
    assert [(it["column"], it["message"]) for it in refused["reasons"]] == [
        ("Mail", "This is not a mail address.")
    ]
    assert [row["row"] for row in rows] == [2, 3, 4, 5]
    lead = world.get(f"/leads/{rows[0]['lead_id']}")
    assert (lead["number"], lead["name"], lead["person"], lead["phone"]) == (
        "L-0001", "Vibens Vogne ApS", "Ida Prøve", "+4533121213",
    )  # fmt: skip
    assert (lead["program"], lead["source"], lead["net_potential_value"], lead["channel"]) == (
        "spring", "trade_show", "45000.50", "import",
    )  # fmt: skip
    assert (lead["owner_user_id"], lead["state"]["key"]) == (None, "pending_qualification")
    world.eventually(
        lambda: world.client.get(f"/api/v1/imports/{fair['id']}/result").status_code,
        lambda status: status == 200,
    )
    week.viben, week.gogen, week.ternen = (row["lead_id"] for row in rows[:3])


def test_1_monday_a_lead_comes_in_by_a_signed_form(world: World, week: SimpleNamespace) -> None:
    secret = new_secret()
    form = world.connect(
        "form",
        {"name": "Hjemmesiden", "connector": "standard_webhooks",
         "settings": {"webhook_secret": secret, "lead_source": "website"}},
    )  # fmt: skip
    address = world.stack.base_url + world.post(f"/connections/{form['id']}/hook-secret")["path"]
    body = json.dumps(
        {
            "type": "lead.created", "timestamp": datetime.now(UTC).isoformat(),
            "data": {
                "id": "i-17", "company": "Spovens Sejl", "first_name": "Per",
                "last_name": "Prøve", "email": "per@spoven.example",
                "message": "Hvad koster\net storsejl?", "value": "8000", "currency": "EUR",
            },
        }
    ).encode()  # fmt: skip
    headers = sign([secret], delivery_id="m-1", body=body, now=datetime.now(UTC))
    forged = {**headers, "webhook-signature": headers["webhook-signature"][:-4] + "AAA="}

    answers = [
        requests.post(address, data=body, headers=each, timeout=120).status_code
        for each in (forged, headers, headers)
    ]

    assert answers == [401, 200, 200]
    [delivery] = world.eventually(
        lambda: world.get("/hook-deliveries", connection_id=form["id"])["items"],
        lambda items: [it["state"] for it in items] == ["imported"],
    )
    lead = world.get(f"/leads/{delivery['lead_id']}")
    assert (lead["name"], lead["person"], lead["description"], lead["source"]) == (
        "Spovens Sejl", "Per Prøve", "Hvad koster\net storsejl?", "website",
    )  # fmt: skip
    assert (lead["net_potential_value"], lead["currency"]) == ("8000.00", "EUR")
    assert (lead["channel"], lead["owner_user_id"]) == ("hook", None)
    week.spoven = lead["id"]


def test_1_monday_the_manager_gives_them_away(week: SimpleNamespace) -> None:
    karen, mette, jonas = week.karen, week.mette, week.jonas
    free = {"query": {"filter": {"owner": {"empty": True}, "source": {"eq": "trade_show"}}}}
    wish = {"entity": "leads", "set": {"owner_user_id": mette.id}, "reason": "Messen var Mettes"}

    plan = karen.post("/assignments", {**wish, **free}, **WAIT)

    assert plan["counters"] == {"items": 3, "assign": 3}
    items = karen.get(f"/plans/{plan['id']}/items")["items"]
    assert [(it["before"], it["after"]) for it in items] == [
        ({"owner_user_id": None}, {"owner_user_id": mette.id})
    ] * 3
    assert mette.get("/leads", owner="me")["total"]["count"] == 0
    done = karen.post(f"/plans/{plan['id']}/application", status=202, **WAIT)
    assert (done["state"], done["counters"]["done"]) == ("applied", 3)
    jonas.post(f"/leads/{week.spoven}/taking", {"reason": "Jeg kender sejl"}, status=200)

    for who, names in (
        (mette, ["Vibens Vogne ApS", "Gøgens Garn I/S", "Ternens Telte"]), (jonas, ["Spovens Sejl"])
    ):  # fmt: skip
        mine = who.get("/leads", owner="me", sort="number")["items"]
        assert [lead["name"] for lead in mine] == names
        assert {lead["signal"]["key"] for lead in mine} == {"new"}


def test_2_tuesday_they_are_called(world: World, week: SimpleNamespace) -> None:
    mette = week.mette
    template = {"name": "Opringning", "type": "call", "body": "Talte med {contact} hos {customer}."}
    template_id = world.post("/note-templates", template)["id"]

    note = mette.post(f"/leads/{week.viben}/notes", {"template_id": template_id})
    call = mette.post(
        f"/leads/{week.viben}/activities",
        {"kind": "call", "title": "Ring til Ida", "due": {"on": in_days(-1)}},
    )
    overdue = mette.get("/activities", assignee="me", overdue="true")["items"]
    done = mette.post(
        f"/activities/{call['id']}/transitions", {"to": "done", "outcome": "agreed"}, status=200
    )

    assert (note["body"], note["type_label"]) == (
        "Talte med Ida Prøve hos Vibens Vogne ApS.", "Opkald",
    )  # fmt: skip
    assert [each["id"] for each in overdue] == [call["id"]]
    assert (done["outcome_label"], done["is_overdue"]) == ("Enige", False)
    lead = mette.get(f"/leads/{week.viben}")
    assert lead["last_note_at"] == note["at"]
    assert lead["last_contact_at"] == done["closed_at"]


def test_2_tuesday_a_meeting_stands_in_the_calendar(world: World, week: SimpleNamespace) -> None:
    mette, day = week.mette, in_days(8)

    meeting = mette.post(
        f"/leads/{week.viben}/activities",
        {
            "kind": "meeting", "title": "Fremvisning", "location": "Kajen 1, Struer",
            "start": {"on": day, "at": "10:00"}, "end": {"on": day, "at": "11:00"},
            "attendees": [{"email": "ida@viben.example", "name": "Ida Prøve"}],
            "reminder": {"title": "Fremvisning hos Viben", "on": day, "at": "10:00"},
        },
    )  # fmt: skip

    [(_, mail)] = world.eventually(lambda: mails(world, mette), lambda found: len(found) == 1)
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(part.get_content())
    event: Any = calendar.walk("VEVENT")[0]
    assert (str(calendar["METHOD"]), event["SEQUENCE"]) == ("REQUEST", 0)
    assert str(event["UID"]) == meeting["reminder"]["uid"]
    begins = datetime.fromisoformat(f"{day}T10:00").replace(tzinfo=ZONE)
    assert event["DTSTART"].dt == begins.astimezone(UTC)
    text = mail.get_body(("plain",))
    assert text is not None
    for told in (
        "Fremvisning hos Viben", "L-0001 Vibens Vogne ApS", "Telefon: +4533121213",
        "Sted: Kajen 1, Struer", "Talte med Ida Prøve hos Vibens Vogne ApS.",
    ):  # fmt: skip
        assert told in text.get_content(), text.get_content()


def test_2_tuesday_a_mail_stands_at_the_lead_of_whom_it_is(
    world: World, week: SimpleNamespace, inbox: RunningImap
) -> None:
    settings = {
        "host": "127.0.0.1", "port": inbox.port, "security": "none", "user": USER,
        "password": PASSWORD, "afterwards": "seen",
    }  # fmt: skip
    made = world.connect("inbox", {"name": "Post", "connector": "imap", "settings": settings})
    path = f"/connections/{made['id']}"
    world.post(f"{path}/pull", status=202, **WAIT)
    mail = (
        "Message-ID: <garn@gogen>\r\nFrom: Bo <Bo@gogen.example>\r\nSubject: Garn\r\n"
        "\r\nHvornår?\r\n"
    )
    inbox.deliver(mail.encode())
    inbox.deliver(f"Auto-Submitted: auto-replied\r\n{mail}".replace("garn@", "ferie@").encode())

    world.post(f"{path}/pull", status=202, **WAIT)

    came = world.eventually(
        lambda: world.get("/hook-deliveries", connection_id=made["id"])["items"],
        lambda found: sorted(it["state"] for it in found) == ["ignored", "imported"],
    )
    assert {it["lead_id"] for it in came} == {None, week.gogen}
    notes = week.mette.get(f"/leads/{week.gogen}/notes")["items"]
    assert [(it["type"], it["body"], it["author_user_id"]) for it in notes] == [
        ("mail", "Garn\n\nHvornår?\n\nFrom: Bo <bo@gogen.example>", None)
    ]
    world.eventually(
        lambda: [each.flags for each in inbox.messages()],
        lambda found: found == [{"\\Seen"}] * 2,
    )
    world.post(f"{path}/pause", status=200)


def test_2_tuesday_one_is_set_aside_until_spring(week: SimpleNamespace) -> None:
    mette, spring = week.mette, in_days(90)

    aside = mette.post(
        f"/leads/{week.ternen}/closing",
        {"lost_reason": "timing", "set_aside_until": spring, "reason": "Først til foråret"},
        status=200,
    )

    assert (aside["is_open"], aside["set_aside_until"]) == (False, spring)
    assert aside["state"]["key"] == "pending_qualification"
    open_ones = mette.get("/leads", owner="me", is_open="true", sort="number")["items"]
    assert [lead["id"] for lead in open_ones] == [week.viben, week.gogen]


def test_3_wednesday_they_move_on(week: SimpleNamespace) -> None:
    mette, path = week.mette, f"/leads/{week.viben}/transitions"

    moved = mette.post(path, {"to": "development", "reason": "Vil have tilbud"}, status=200)
    refused = mette.post(path, {"to": "customer"}, status=409)
    offered = mette.get(path)
    mette.post(path, {"to": "quoting", "reason": "Tilbud sendt"}, status=200)

    assert (moved["state"]["label"], moved["probability"]) == ("Udvikling", 30)
    assert refused["code"] == "transition_refused"
    assert refused["details"]["allowed"] == [each["to"] for each in offered["targets"]]
    assert refused["detail"] == (
        "Det kan ikke flyttes fra Udvikling til Kunde,"
        " men til: Afventer kvalificering; Tilbudsgivning; Inaktiv."
    )
    assert [(it["from"], it["to"], it["reason"]) for it in mette.get(path)["log"]] == [
        ("development", "quoting", "Tilbud sendt"),
        ("pending_qualification", "development", "Vil have tilbud"),
    ]


def test_4_thursday_one_becomes_a_customer(week: SimpleNamespace) -> None:
    mette, lead = week.mette, f"/leads/{week.viben}"
    known = mette.post(
        "/customers", {"name": "Vibens Vogne ApS", "city": "Struer", "roles": ["prospect"]}
    )
    sale = {"amount": "45000.00", "expected_close_on": in_days(5), "follow_up_on": in_days(-1)}

    refused = mette.post(f"{lead}/conversion-previews", {"opportunity": sale}, status=409)
    wish = {"customer_id": known["id"], "opportunity": sale, "reason": "De har bestilt"}
    preview = mette.post(f"{lead}/conversion-previews", wish)

    assert refused["code"] == "duplicate"
    assert [each["id"] for each in refused["details"]["candidates"]] == [known["id"]]
    assert [(it["action"], it["entity"]) for it in preview["items"]] == [
        ("link", "customer"), ("create", "contact"), ("create", "opportunity"), ("update", "lead"),
    ]  # fmt: skip
    assert mette.get(lead)["converted"] is None

    applied = mette.post(f"/plans/{preview['id']}/application", status=202, **WAIT)

    assert (applied["state"], applied["counters"]["done"]) == ("applied", 4)
    after = mette.get(lead)
    assert (after["is_open"], after["state"]["kind"], after["customer_id"]) == (
        False, "won", known["id"],
    )  # fmt: skip
    [contact] = mette.get("/contacts", customer=known["id"])["items"]
    assert (contact["first_name"], contact["last_name"], contact["email"]) == (
        "Ida", "Prøve", "ida@viben.example",
    )  # fmt: skip
    [sold] = mette.get("/opportunities", lead=week.viben)["items"]
    assert (sold["number"], sold["amount"], sold["weighted"], sold["contact_id"]) == (
        "O-0001", "45000.00", "4500.00", contact["id"],
    )  # fmt: skip
    assert (sold["program"], sold["source"], sold["owner_user_id"]) == (
        "spring", "trade_show", mette.id,
    )  # fmt: skip
    assert (sold["signal"]["key"], sold["overdue"]["key"]) == ("closing_soon", "overdue")
    week.customer, week.sold, week.conversion = known["id"], sold["id"], preview["id"]


def month_of(day: str) -> str:
    return f"{day[:7]}-01"


def groups(summary: Any) -> set[tuple[Any, ...]]:
    """Return the groups of a summary: what they are of, currency, count, amount, weighted."""
    return {
        (*(key["value"] for key in it["keys"]), it["currency"], it["count"], *amounts(it["sums"]))
        for it in summary["groups"]
    }


def amounts(sums: dict[str, str]) -> list[str]:
    return [sums[name] for name in ("amount", "weighted", "net_potential_value") if name in sums]


def test_5_friday_what_may_come_is_forecast(week: SimpleNamespace) -> None:
    mette, jonas = week.mette, week.jonas
    mette.post(f"/opportunities/{week.sold}/next", {"reason": "Ordren er klar"}, status=200)
    week.lost = mette.post(
        "/opportunities",
        {"name": "Garn til Gøgen", "lead_id": week.gogen, "amount": "12000.00",
         "expected_close_on": in_days(5), "probability": 40},
    )["id"]  # fmt: skip
    jonas.post(
        "/opportunities",
        {"name": "Storsejl", "lead_id": week.spoven, "amount": "8000.00", "currency": "EUR",
         "expected_close_on": in_days(70), "probability": 50},
    )  # fmt: skip

    forecast = week.karen.get(
        "/opportunities/summary", by="expected_close_on.month,owner", is_open="true"
    )

    soon, later = month_of(in_days(5)), month_of(in_days(70))
    assert groups(forecast) == {
        (soon, mette.id, "DKK", 2, "57000.00", "16050.00"),
        (later, jonas.id, "EUR", 1, "8000.00", "4000.00"),
    }
    assert {(it["currency"], it["sums"]["weighted"]) for it in forecast["totals"]} == {
        ("DKK", "16050.00"), ("EUR", "4000.00"),
    }  # fmt: skip
    [of_mette] = [it for it in forecast["groups"] if it["currency"] == "DKK"]
    found = week.karen.post(
        "/reports",
        {"name": "Mettes", "dataset": "opportunities", "query": {"filter": of_mette["filter"]}},
    )
    listed = week.karen.client.get(found["list_path"]).json()
    assert {each["id"] for each in listed["items"]} == {week.sold, week.lost}


def test_5_friday_one_is_won_and_one_is_lost(week: SimpleNamespace) -> None:
    mette = week.mette

    won = mette.post(f"/opportunities/{week.sold}/won", {"close": True}, status=200)
    refused = mette.post(f"/opportunities/{week.lost}/lost", {}, status=422)
    lost = mette.post(
        f"/opportunities/{week.lost}/lost",
        {"lost_reason": "competitor", "competitor": "rival", "lost_text": "20 % billigere"},
        status=200,
    )

    assert (won["stage"]["key"], won["weighted"], won["is_open"]) == ("won", "45000.00", False)
    assert [error["pointer"] for error in refused["errors"]] == ["/lost_reason"]
    assert (lost["stage"]["key"], lost["weighted"], lost["competitor"]) == ("lost", "0.00", "rival")
    by_rival = week.karen.get(
        "/opportunities/summary", **{"by": "stage_kind,competitor", "decided_at.gte": "today"}
    )
    assert groups(by_rival) == {
        ("won", None, "DKK", 1, "45000.00", "45000.00"),
        ("lost", "rival", "DKK", 1, "12000.00", "0.00"),
    }


def test_5_friday_programs_and_sources_are_counted(week: SimpleNamespace) -> None:
    karen = week.karen

    programs = karen.get("/leads/summary", by="program,state")
    sources = karen.get("/leads/summary", by="source,is_open")

    assert groups(programs) == {
        ("spring", "customer", "DKK", 1, "45000.50"),
        ("spring", "pending_qualification", "DKK", 1, "12000.00"),
        (None, "pending_qualification", "DKK", 1, "0.00"),
        (None, "pending_qualification", "EUR", 1, "8000.00"),
    }
    assert groups(sources) == {
        ("trade_show", True, "DKK", 1, "12000.00"),
        ("trade_show", False, "DKK", 2, "45000.50"),
        ("website", True, "EUR", 1, "8000.00"),
    }


def test_5_friday_each_owner_is_mailed_his_workbook(world: World, week: SimpleNamespace) -> None:
    report = world.post(
        "/reports",
        {
            "name": "Ugens salg", "dataset": "opportunities",
            "query": {"sort": ["number"], "fields": ["number", "name", "stage", "amount"]},
        },
    )  # fmt: skip
    schedule = world.post(
        f"/reports/{report['id']}/schedules",
        {"rule": "FREQ=WEEKLY;BYDAY=FR", "zone": "Europe/Copenhagen",
         "starts_at_local": "2026-01-02T16:00", "recipients": {"mode": "each_owner"},
         "on_empty": "skip"},
    )  # fmt: skip

    world.post(f"/schedules/{schedule['id']}/run-now", status=202)

    runs = world.eventually(
        lambda: world.get("/report-runs", schedule=schedule["id"])["items"],
        lambda found: len(found) == 2 and {run["state"] for run in found} == {"delivered"},
    )
    counted = {run["recipient_user_id"]: run["row_count"] for run in runs}
    assert counted == {week.mette.id: 2, week.jonas.id: 1}
    sold = workbook(world, week.mette)
    assert sold[0] == ("Salgsmulighed", "Navn", "Fase", "Beløb")
    assert sold[1:] == [
        ("O-0001", "Vibens Vogne ApS", "Vundet", 45000), ("O-0002", "Garn til Gøgen", "Tabt", 12000)
    ]  # fmt: skip
    assert workbook(world, week.jonas)[1:] == [("O-0003", "Storsejl", "Ny", 8000)]


def workbook(world: World, owner: Person) -> list[tuple[Any, ...]]:
    [mail] = [mail for entry, mail in mails(world, owner) if "Ugens salg" in (entry.subject or "")]
    [part] = [part for part in mail.iter_attachments() if part.get_filename("").endswith(".xlsx")]
    sheet = load_workbook(BytesIO(part.get_content())).active
    assert sheet is not None
    return list(sheet.iter_rows(values_only=True))


def test_5_friday_the_customers_timeline_tells_it_all(week: SimpleNamespace) -> None:
    told = week.mette.get(f"/customers/{week.customer}/timeline", limit=100)["items"]

    assert [(it["kind"], it["title"], it["reason"]) for it in told if not it["planned"]] == [
        ("transition", "Kvalificering → Vundet", None),
        ("transition", "Ny → Kvalificering", "Ordren er klar"),
        ("opportunity", "O-0001 Vibens Vogne ApS", None),
        ("transition", "De har bestilt", None),
        ("transition", "Tilbudsgivning → Kunde", "De har bestilt"),
        ("transition", "Udvikling → Tilbudsgivning", "Tilbud sendt"),
        ("transition", "Afventer kvalificering → Udvikling", "Vil have tilbud"),
        ("activity", "Ring til Ida", None),
        ("note", "Talte med Ida Prøve hos Vibens Vogne ApS.", None),
        ("ownership", "Messen var Mettes", None),
        ("lead", "L-0001 Vibens Vogne ApS", None),
    ]
    planned = [(it["kind"], it["label"], it["title"]) for it in told if it["planned"]]
    assert planned == [("activity", "Møde", "Fremvisning")]


def test_5_friday_a_file_can_still_be_taken_back_as_far_as_nobody_went_on_from_it(
    world: World, week: SimpleNamespace
) -> None:
    [fair] = world.get("/imports")["items"]

    undone = world.post(f"/imports/{fair['id']}/undo", status=202, **WAIT)

    assert (undone["state"], undone["counters"]["kept"]) == ("undone", 3)
    again = world.client.post(
        "/api/v1/imports", params={"entity": "leads"}, data=FAIR.encode(), headers=WAIT
    ).json()
    assert again["counters"] == {"items": 4, "skip": 3, "refuse": 1}


def test_5_friday_a_won_sale_stays_when_its_conversion_is_taken_back(week: SimpleNamespace) -> None:
    mette = week.mette

    mette.post(f"/plans/{week.conversion}/undo", status=202, **WAIT)

    items = mette.get(f"/plans/{week.conversion}/items")["items"]
    assert {it["entity"]: it["outcome"] for it in items} == {
        "customer": "undone", "contact": "kept", "opportunity": "kept", "lead": "undone",
    }  # fmt: skip
    lead = mette.get(f"/leads/{week.viben}")
    assert (lead["is_open"], lead["state"]["key"], lead["converted"]) == (True, "quoting", None)
    assert mette.get(f"/opportunities/{week.sold}")["stage"]["key"] == "won"
