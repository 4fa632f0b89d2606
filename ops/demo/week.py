"""J4: a salesperson's week."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hub.signatures.checking import new_secret, sign
from ops.demo import incoming_mail
from ops.demo.client import HttpServer
from ops.demo.mail import calendar_property, mail_since, newest_position
from ops.demo.prologue import connect, invite
from ops.demo.stage import API, Person, Stage

_ZONE = ZoneInfo("Europe/Copenhagen")
_FAIR = """\
Id;Firma;Kontaktperson;Mail;Tlf;By;Kampagne;Kilde;Værdi
1;Vibens Vogne ApS;Ida Prøve;ida@viben.example;33 12 12 13;Struer;Forårskampagne;Messe;45.000,50
2;Gøgens Garn I/S;Bo Prøve;bo@gogen.example;33 12 12 14;Ribe;Forårskampagne;Messe;12.000,00
3;Ternens Telte;Eva Prøve;;33 12 12 15;;;Messe;
4;Alkens Anker;;ingen mail;;;;Messe;
"""


def tell(stage: Stage) -> None:
    """Tell it."""
    stage.teller.chapter(
        "Journey 4: a salesperson's week",
        "Karen leads the sales, Mette and Jonas sell. The week begins with a trade fair behind "
        "them and ends with a forecast.",
    )
    fair, leads = _import_leads(stage)
    inquiry = _take_inquiry(stage)
    _give_away(stage, inquiry)
    _call(stage, leads[0])
    _meet(stage, leads[0])
    incoming_mail.tell(stage, leads[0])
    _set_aside(stage, leads[2])
    _move(stage, leads[0])
    customer, sale = _convert(stage, leads[0])
    _win_and_lose(stage, sale, leads[1], inquiry)
    _count(stage)
    _mail_workbooks(stage)
    _look_back(stage, customer)
    _take_back(stage, fair)


def _import_leads(stage: Stage) -> tuple[dict[str, Any], list[str]]:
    stage.teller.step("Monday: the fair's spreadsheet, looked at before it comes in")
    for catalogue, code, label in (
        ("programs", "spring", "Forårskampagne"), ("competitors", "rival", "Rival A/S"),
    ):  # fmt: skip
        entry = {"code": code, "label": label}
        stage.quietly("POST", f"/catalogues/{catalogue}/entries", entry, status=201)
    stage.teller.call(f"POST {API}/imports?entity=leads   (a CSV file, in Windows-1252)")
    fair: dict[str, Any] = stage.quietly(
        "POST", "/imports", _FAIR.encode("cp1252"), status=202,
        headers={"Content-Type": "text/csv", "Prefer": "wait=15"},
        query={"entity": "leads", "name": "messe.csv"},
    ).json  # fmt: skip
    stage.teller.answer(f"state={fair['state']}  {json.dumps(fair['counters'])}")
    none_yet = stage.get("/leads")["total"]["count"]
    stage.check(none_yet == 0, "a preview writes nothing", none_yet)
    path = f"/imports/{fair['id']}"
    stage.show(
        "POST", f"{path}/application", status=202, fields={"state": "state"}, Prefer="wait=15"
    )
    rows = stage.get(f"{path}/rows")["items"]
    made = [row["lead_id"] for row in rows if row["outcome"] == "done"]
    [refused] = [row for row in rows if row["action"] == "refuse"]
    stage.check(len(made) == 3, "three leads", rows)  # noqa: PLR2004 - of four rows
    [reason] = refused["reasons"]
    stage.teller.success(
        f"Three leads are in. Row {refused['row']} stays out: {reason['column']}: "
        f"{reason['message']}"
    )
    return fair, made


def _take_inquiry(stage: Stage) -> str:
    stage.teller.step("Monday: somebody fills in the form on the web site, which signs it")
    secret = new_secret()
    settings = {"webhook_secret": secret, "lead_source": "website"}
    form = connect(
        stage, "form",
        {"name": "Web form", "connector": "standard_webhooks", "settings": settings},
    )  # fmt: skip
    path = stage.quietly("POST", f"/connections/{form['id']}/hook-secret", status=201).json["path"]
    now = datetime.now(UTC)
    told = {
        "id": "i-17", "company": "Spovens Sejl", "first_name": "Per", "last_name": "Prøve",
        "email": "per@spoven.example", "message": "Hvad koster et storsejl?",
        "value": "8000", "currency": "EUR",
    }  # fmt: skip
    body = json.dumps({"type": "lead.created", "timestamp": now.isoformat(), "data": told})
    headers = sign([secret], delivery_id="m-1", body=body.encode(), now=now)
    stage.teller.call(f"the form sends, twice: {json.dumps(told, ensure_ascii=False)}")
    answers = [
        HttpServer(stage.places.hub).call(
            "POST", path, body.encode(), headers={"Content-Type": "application/json", **headers}
        )
        for _ in range(2)
    ]
    stage.check([one.status for one in answers] == [200, 200], "taken both times", answers)
    [delivery] = stage.eventually(
        lambda: stage.get("/hook-deliveries", {"connection_id": form["id"]})["items"],
        lambda found: [one["state"] for one in found] == ["imported"],
        "the inquiry is imported, once",
    )
    lead = stage.get(f"/leads/{delivery['lead_id']}")
    stage.check(lead["owner_user_id"] is None, "nobody's yet", lead)
    stage.teller.success(f"{lead['number']} {lead['name']}, source {lead['source']}; nobody's yet.")
    return str(lead["id"])


def _give_away(stage: Stage, inquiry: str) -> None:
    stage.teller.step("Monday: Karen gives the fair's leads to Mette; Jonas takes the other")
    karen = invite(stage, "Karen Lund", "karen@nordhandel.example", "da-DK", "manager")
    mette, jonas = stage.people["mette"], stage.people["jonas"]
    wish = {
        "entity": "leads",
        "query": {"filter": {"owner": {"empty": True}, "source": {"eq": "trade_show"}}},
        "set": {"owner_user_id": mette.id},
        "reason": "Messen var Mettes",
    }
    plan = stage.show(
        "POST", "/assignments", wish, status=201, by=karen.server, fields={"counters": "counters"},
        Prefer="wait=15",
    ).json  # fmt: skip
    done = stage.show(
        "POST", f"/plans/{plan['id']}/application", status=202, by=karen.server,
        fields={"state": "state", "counters": "counters"}, Prefer="wait=15",
    ).json  # fmt: skip
    stage.check(done["counters"]["done"] == plan["counters"]["assign"], "all as shown", done)
    taken = {"reason": "Jeg kender sejl"}
    stage.show("POST", f"/leads/{inquiry}/taking", taken, status=200, by=jonas.server)
    mine = stage.get("/leads", {"owner": "me"}, by=mette.server)["items"]
    stage.teller.success(
        f"Mette's: {', '.join(lead['name'] for lead in mine)}. The plan can be undone."
    )


def _call(stage: Stage, lead: str) -> None:
    stage.teller.step("Tuesday: a call, noted from a template, with its outcome")
    mette = stage.people["mette"]
    template = {
        "name": "Opkaldsnotat",
        "type": "call",
        "body": "Talte med {contact} hos {customer}.",
    }
    made = stage.quietly("POST", "/note-templates", template, status=201).json
    note = stage.show(
        "POST", f"/leads/{lead}/notes", {"template_id": made["id"]}, status=201, by=mette.server,
        fields={"body": "body"},
    ).json  # fmt: skip
    call = {"kind": "call", "title": "Ring til Ida", "state": "done", "outcome": "agreed"}
    stage.show(
        "POST", f"/leads/{lead}/activities", call, status=201, by=mette.server,
        fields={"outcome": "outcome_label"},
    )  # fmt: skip
    after = stage.get(f"/leads/{lead}", by=mette.server)
    stage.check(after["last_note_at"] == note["at"], "the newest note", after)
    stage.check(after["last_contact_at"], "the last contact", after)
    stage.teller.success(f"“{note['body']}” The lead knows when it was last heard of.")


def _meet(stage: Stage, lead: str) -> None:
    stage.teller.step("Tuesday: a meeting, in Mette's calendar")
    mette, before = stage.people["mette"], newest_position(stage)
    day = str((datetime.now(_ZONE) + timedelta(days=8)).date())
    body = {
        "kind": "meeting", "title": "Fremvisning", "location": "Kajen 1, Struer",
        "start": {"on": day, "at": "10:00"}, "end": {"on": day, "at": "11:00"},
        "attendees": [{"email": "ida@viben.example", "name": "Ida Prøve"}],
        "reminder": {"title": "Fremvisning hos Viben", "on": day, "at": "10:00"},
    }  # fmt: skip
    stage.show("POST", f"/leads/{lead}/activities", body, status=201, by=mette.server)
    [mail] = stage.eventually(
        lambda: mail_since(stage, before, mette.email), lambda found: len(found) == 1, "one mail"
    )
    text = mail["parts"][0]["text"]
    for told in ("Vibens Vogne ApS", "+4533121213", "Kajen 1, Struer"):
        stage.check(told in text, f"{told} in the mail", text)
    stage.teller.success(
        f"“{mail['subject']}”, METHOD:{mail['method']}, starts "
        f"{calendar_property(mail, 'DTSTART')}; with the phone, the place and the last note."
    )
    stage.sights["The meeting (.ics)"] = f"{stage.places.mailbox}/{mail['position']}"


def _set_aside(stage: Stage, lead: str) -> None:
    stage.teller.step("Tuesday: one says “not before spring”")
    spring = str((datetime.now(_ZONE) + timedelta(days=90)).date())
    wish = {"lost_reason": "timing", "set_aside_until": spring, "reason": "Først til foråret"}
    aside = stage.show(
        "POST", f"/leads/{lead}/closing", wish, status=200, by=stage.people["mette"].server,
        fields={"is_open": "is_open", "until": "set_aside_until"},
    ).json  # fmt: skip
    stage.check(not aside["is_open"], "closed until then", aside)
    stage.teller.success(f"It is out of the way, and opened again on {spring} by itself.")


def _move(stage: Stage, lead: str) -> None:
    stage.teller.step("Wednesday: on through the workflow; what cannot be says what can")
    mette, path = stage.people["mette"].server, f"/leads/{lead}/transitions"
    move = {"to": "development", "reason": "Vil have tilbud"}
    stage.show("POST", path, move, status=200, by=mette, fields={"state": "state.label"})
    refused = stage.show(
        "POST", path, {"to": "customer"}, status=409, by=mette,
        fields={"code": "code", "allowed": "details.allowed"},
    ).json  # fmt: skip
    move = {"to": "quoting", "reason": "Tilbud sendt"}
    stage.show("POST", path, move, status=200, by=mette, fields={"state": "state.label"})
    stage.teller.success(refused["detail"])


def _convert(stage: Stage, lead: str) -> tuple[str, str]:
    stage.teller.step("Thursday: she becomes a customer, of one that was here already")
    mette = stage.people["mette"].server
    known = {"name": "Vibens Vogne ApS", "city": "Struer", "roles": ["prospect"]}
    customer = stage.quietly("POST", "/customers", known, status=201, by=mette).json["id"]
    sale = {"amount": "45000.00", "expected_close_on": _in_days(5), "follow_up_on": _in_days(-1)}
    path = f"/leads/{lead}/conversion-previews"
    refused = stage.show(
        "POST", path, {"opportunity": sale}, status=409, by=mette, fields={"code": "code"}
    ).json
    found = [each["id"] for each in refused["details"]["candidates"]]
    stage.check(found == [customer], "the customer that is here", refused)
    wish = {"customer_id": customer, "opportunity": sale, "reason": "De har bestilt"}
    preview = stage.show(
        "POST", path, wish, status=201, by=mette, fields={"counters": "counters"}
    ).json
    done = stage.show(
        "POST", f"/plans/{preview['id']}/application", status=202, by=mette,
        fields={"state": "state"}, Prefer="wait=15",
    ).json  # fmt: skip
    stage.check(done["counters"]["done"] == len(preview["items"]), "all as shown", done)
    [sold] = stage.get("/opportunities", {"lead": lead}, by=mette)["items"]
    stage.teller.success(
        f"{sold['number']}: {sold['amount']} {sold['currency']}, weighted {sold['weighted']}; "
        f"it asks for attention: {sold['signal']['reason']}."
    )
    return customer, str(sold["id"])


def _win_and_lose(stage: Stage, sale: str, lost_lead: str, inquiry: str) -> None:
    stage.teller.step("Friday: one is won, one is lost to a competitor, one may come")
    mette, jonas = stage.people["mette"].server, stage.people["jonas"].server
    fields = {"stage": "stage.label", "weighted": "weighted"}
    stage.show("POST", f"/opportunities/{sale}/next", {}, status=200, by=mette, fields=fields)
    won = stage.show(
        "POST", f"/opportunities/{sale}/won", {"close": True}, status=200, by=mette, fields=fields
    ).json
    yarn = {"name": "Garn til Gøgen", "lead_id": lost_lead, "amount": "12000.00"}
    made = stage.quietly("POST", "/opportunities", yarn, status=201, by=mette).json
    why = {"lost_reason": "competitor", "competitor": "rival", "lost_text": "20 % billigere"}
    lost = stage.show(
        "POST", f"/opportunities/{made['id']}/lost", why, status=200, by=mette, fields=fields
    ).json
    sail = {
        "name": "Storsejl", "lead_id": inquiry, "amount": "8000.00", "currency": "EUR",
        "expected_close_on": _in_days(70), "probability": 50,
    }  # fmt: skip
    stage.show("POST", "/opportunities", sail, status=201, by=jonas, fields=fields)
    kinds = (won["stage"]["kind"], lost["stage"]["kind"])
    stage.check(kinds == ("won", "lost"), "one won, one lost", kinds)
    stage.teller.success("45,000 DKK are won; Rival A/S has the yarn; a sail is as likely as not.")


def _count(stage: Stage) -> None:
    stage.teller.step("Friday: Karen's forecast, and what the fair has brought")
    karen = stage.people["karen"].server
    forecast = stage.get(
        "/opportunities/summary",
        {"by": "expected_close_on.month,owner", "is_open": "true", "owner.empty": "false"},
        by=karen,
    )
    for group in forecast["groups"]:
        month, owner = group["keys"]
        stage.teller.answer(
            f"{str(month['value'])[:7]}  {owner['label']}: {group['sums']['amount']} "
            f"{group['currency']}, weighted {group['sums']['weighted']}"
        )
    counted = stage.get("/leads/summary", {"by": "source,state"}, by=karen)
    for group in counted["groups"]:
        source, state = group["keys"]
        stage.teller.answer(f"{source['label']}, {state['label']}: {group['count']}")
    totals = {one["currency"]: one["sums"]["weighted"] for one in forecast["totals"]}
    stage.check(totals["EUR"] == "4000.00", "half a sail", totals)
    leads = sum(one["count"] for one in counted["totals"])
    stage.check(leads == 4, "four leads", counted)  # noqa: PLR2004 - three and one
    stage.teller.success("By month and owner, each currency by itself; by source and state.")


def _mail_workbooks(stage: Stage) -> None:
    stage.teller.step("Friday: each owner gets his sales as a workbook")
    mette, before = stage.people["mette"], newest_position(stage)
    query = {"sort": ["number"], "fields": ["number", "name", "stage", "amount"]}
    body = {"name": "Ugens salg", "dataset": "opportunities", "query": query}
    report = stage.quietly("POST", "/reports", body, status=201).json
    weekly = {
        "rule": "FREQ=WEEKLY;BYDAY=FR", "starts_at_local": "2026-01-02T16:00",
        "recipients": {"mode": "each_owner"}, "on_empty": "skip",
    }  # fmt: skip
    schedule = stage.show(
        "POST", f"/reports/{report['id']}/schedules", weekly, status=201,
        fields={"next_at": "next_at"},
    ).json  # fmt: skip
    stage.show("POST", f"/schedules/{schedule['id']}/run-now", status=202, Prefer="wait=15")
    runs = stage.eventually(
        lambda: stage.get("/report-runs", {"schedule": schedule["id"]})["items"],
        lambda found: found and all(run["state"] == "delivered" for run in found),
        "every run is delivered",
    )
    [mail] = [m for m in mail_since(stage, before, mette.email) if "Ugens salg" in m["subject"]]
    counts = {run["recipient_user_id"]: run["row_count"] for run in runs}
    stage.check(counts[mette.id] == 2, "Mette's two", runs)  # noqa: PLR2004 - won and lost
    stage.teller.success(f"{len(runs)} mails; Mette's workbook has her two rows.")
    stage.sights["The week's sales"] = f"{stage.places.mailbox}/{mail['position']}"


def _look_back(stage: Stage, customer: str) -> None:
    stage.teller.step("Friday: the customer's timeline tells it all")
    mette: Person = stage.people["mette"]
    told = stage.get(f"/customers/{customer}/timeline", {"limit": 100}, by=mette.server)["items"]
    for entry in told:
        why = f" ({entry['reason']})" if entry["reason"] else ""
        stage.teller.answer(f"{entry['label'] or entry['kind']}: {entry['title']}{why}")
    kinds = {entry["kind"] for entry in told}
    wanted = {"note", "activity", "transition", "ownership", "lead", "opportunity"}
    stage.check(wanted <= kinds, f"{', '.join(sorted(wanted))}", kinds)
    stage.teller.success("From the fair to the order, the newest first, in her language.")


def _take_back(stage: Stage, fair: dict[str, Any]) -> None:
    stage.teller.step("And the file? It can be taken back, as far as nobody went on from it")
    path = f"/imports/{fair['id']}/undo"
    undone = stage.show(
        "POST",
        path,
        status=202,
        fields={"state": "state", "counters": "counters"},
        Prefer="wait=15",
    ).json
    kept = undone["counters"].get("kept")
    stage.check(kept == 3, "all three are kept", undone)  # noqa: PLR2004 - worked on since
    stage.teller.success("All three were worked on since: they are kept, and listed.")


def _in_days(days: int) -> str:
    return str((datetime.now(_ZONE) + timedelta(days=days)).date())
