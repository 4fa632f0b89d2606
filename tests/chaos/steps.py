"""The steps of the journeys in whose middle parts die, each with a look at what came of it.

A step is a generator. At its first `yield` everything is prepared, at its second one Hub has
answered: parts die in between. What follows counts the effects by their identity, in the outside
systems' own ledgers where they have one. The first `yield` gives the moment at which something
falls due by itself, None where nothing does.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox.imap import PASSWORD, USER, serve
from hub.clock import utcnow
from tests.chaos.business import DUE_IN_S, Business
from tests.patience import ask_in_time

Story = Iterator[datetime | None]
Step = Callable[[Business], Story]

IMPORTED_ROWS = 60
MAILS = 3
LATER_S = 18.0


def the_registry_is_searched(business: Business) -> Story:
    """J1.1: it names its candidate; nothing is created."""
    company = business.outside.new_company()
    yield None
    asked = business.client.post("/registry-lookups", {"query": f"Firma {company} ApS"})
    yield None
    found = business.eventually(
        lambda: business.client.get(f"/registry-lookups/{asked['id']}"),
        lambda it: it["state"] == "answered",
    )
    assert [it["registration_number"] for it in found["candidates"]] == [company]
    made = "select count(*) from customer where cvr = :company"
    assert business.sql(made, company=company) == [(0,)]


def the_registry_is_there_again(business: Business) -> Story:
    """J1.5: it is asked again by itself, fills once, and not over what somebody typed meanwhile."""
    company = business.outside.new_company()
    business.world.registry.fail("status", status=503, query=f"vat={company}")
    made = business.client.post("/customers", {"cvr": company, "roles": ["prospect"]})
    path = f"/customers/{made['id']}"
    business.eventually(  # or whoever looks so seldom sees nothing of the trouble any more
        lambda: business.client.get(path)["registry"],
        lambda it: it["next_try_at"] is not None or it["state"] == "filled",
    )
    yield None
    business.client.patch(path, {"phone": "+4512345678"})
    yield None
    filled = business.eventually(
        lambda: business.client.get(path), lambda it: it["registry"]["state"] == "filled"
    )
    assert (filled["name"], filled["phone"]) == (f"Firma {company} ApS", "+4512345678")
    told = [it for it in business.events("customer.updated", made["id"]) if "name" in it["changes"]]
    assert len(told) == 1


def what_was_refused_is_mended_and_replayed(business: Business) -> Story:
    """J1.6: e-conomic knew no such group; then exactly one customer there."""
    group = business.group()
    made = business.customer(customer_group=str(group))
    business.eventually(
        lambda: business.client.get(f"/customers/{made['id']}"),
        lambda it: it["accounting"]["state"] == "failed",
    )
    [dead] = business.client.get("/jobs", state="dead", subject_id=made["id"])["items"]
    business.books.add_group(group)
    yield None
    business.client.post(f"/jobs/{dead['id']}/replay")
    yield None
    business.linked(made)
    assert business.books.creations(name=made["name"]) == 1


def a_number_makes_a_customer(business: Business) -> Story:
    """J1.2: by its number alone, filled by the registry, made in e-conomic."""
    company = business.outside.new_company()
    yield None
    made = business.client.post("/customers", {"cvr": company, "roles": ["customer"]})
    yield None
    made = business.linked(made)
    assert made["registry"]["state"] == "filled"
    assert business.books.creations(corporateIdentificationNumber=company) == 1
    assert _numbers(business, made["name"]) == [made["ref_no"]]


def a_name_makes_a_customer(business: Business) -> Story:
    """J1.2: by its name."""
    name = business.name()
    yield None
    made = business.customer(name=name)
    yield None
    made = business.linked(made)
    assert business.books.creations(name=name) == 1
    assert _numbers(business, name) == [made["ref_no"]]


def an_edit_goes_out(business: Business) -> Story:
    """J3: edited here, once there."""
    known = business.known()
    yield None
    business.client.patch(f"/customers/{known['id']}", {"city": "Ribe"})
    yield None
    number = known["ref_no"]
    business.eventually(lambda: business.books.updates(number, city="Ribe"), bool)
    _wait_until_pushed(business, known["id"])
    assert len(business.books.updates(number, city="Ribe")) == 1


def an_edit_there_comes_in(business: Business) -> Story:
    """J3: edited there, once here, and not sent back."""
    known = business.known()
    business.books.edit(known["ref_no"], city="Odense C")
    yield None
    business.client.post(f"/connections/{business.world.connections['economic']['id']}/pull")
    yield None
    path = f"/customers/{known['id']}"
    business.eventually(lambda: business.client.get(path), lambda it: it["city"] == "Odense C")
    _wait_until_pushed(business, known["id"])
    told = [
        it for it in business.events("customer.updated", known["id"]) if "city" in it["changes"]
    ]
    assert len(told) == 1
    assert business.books.updates(known["ref_no"]) == set()


def what_was_held_goes_out_in_order_and_what_clashes_is_listed(business: Business) -> Story:
    """J3.2 to J3.4: new tokens let go what the refused ones held back."""
    first, second, disputed = (business.supplier(phone="+4511111111") for _ in range(3))
    business.suppliers.revoke_tokens()
    for supplier, city in ((first, "Ribe"), (second, "Varde")):
        business.client.patch(f"/customers/{supplier['id']}", {"city": city})
    third = business.customer(roles=["supplier"])
    business.client.patch(f"/customers/{disputed['id']}", {"phone": "+4522222222"})
    business.suppliers.edit(disputed["number"], telephoneAndFaxNumber="33333333")
    held = "select count(*) from job where state = 'queued' and waits_for like '%' || :id"
    suppliers_id = business.suppliers_path.rpartition("/")[2]
    business.eventually(lambda: business.sql(held, id=suppliers_id), lambda it: it >= [(4,)])
    yield None
    business.suppliers.grant_tokens()
    new = {"settings": {"agreement_grant_token": "sandbox-grant"}}
    business.client.change(business.suppliers_path, new)
    business.client.post(f"{business.suppliers_path}/test")
    yield None
    business.eventually(lambda: business.suppliers.named(third["name"]), bool)
    conflicts = business.eventually(lambda: _conflicts(business, disputed), bool)
    ours = {f"/customers/{it['number']}" for it in (first, second)}
    sent = [
        write["body"].get("city") or write["body"]["name"]
        for write in business.suppliers.writes()
        if write["path"] in ours or write["body"].get("name") == third["name"]
    ]
    assert sent == ["Ribe", "Varde", third["name"]]
    assert [(it["field"], it["local"], it["remote"]) for it in conflicts] == [
        ("phone", "+4522222222", "+4533333333")
    ]
    [there] = business.suppliers.named(disputed["name"])
    assert there["telephoneAndFaxNumber"] == "33333333"
    assert business.suppliers.updates(disputed["number"]) == set()


def a_conflict_is_settled(business: Business) -> Story:
    """J3.4: the choice makes both sides equal, by one call."""
    known = business.known(phone="+4511111111")
    path = f"/customers/{known['id']}"
    conflicts = []
    for attempt in range(20):  # until the pull of each minute does not come between the two
        business.books.edit(known["ref_no"], telephoneAndFaxNumber=f"333333{attempt:02}")
        business.client.patch(path, {"phone": f"+45222222{attempt:02}"})
        _wait_until_pushed(business, known["id"])
        conflicts = _conflicts(business, known)
        if conflicts:
            break
    [conflict] = conflicts
    chosen = conflict["local"]
    yield None
    business.client.post(f"/conflicts/{conflict['id']}/resolution", {"choice": "local"})
    yield None
    number = known["ref_no"]
    business.eventually(lambda: business.books.updates(number, telephoneAndFaxNumber=chosen), bool)
    _wait_until_pushed(business, known["id"])
    assert len(business.books.updates(number, telephoneAndFaxNumber=chosen)) == 1
    [there] = business.books.named(known["name"])
    assert there["telephoneAndFaxNumber"] == business.client.get(path)["phone"] == chosen
    assert _conflicts(business, known) == []


def a_shop_order_arrives(business: Business) -> Story:
    """J3.1: sent four times, and each time until the shop is told that it was taken."""
    address = f"{business.name().partition(' ')[0]}@ukendt.example"
    company = {"email": address, "company": business.name()}
    order = business.hook.delivery("order.created", business.composer.order(billing=company))
    yield None
    for _ in range(4):
        business.eventually(lambda: business.hook.send(order).status, lambda status: status == 200)
    yield None
    [made] = business.eventually(
        lambda: business.client.get("/customers", email=address)["items"], bool
    )
    assert (made["name"], made["roles"]) == (company["company"], ["customer"])  # it has paid
    assert len(business.events("customer.order_received", made["id"])) == 1


def mail_comes_in(business: Business) -> Story:
    """Each message once, as a lead or as a note on it, and each marked as read over there."""
    server = serve()
    settings = {
        "host": "127.0.0.1", "port": server.port, "security": "none", "user": USER,
        "password": PASSWORD, "afterwards": "seen",
    }  # fmt: skip
    made = business.client.post(
        "/connections", {"name": business.name(), "connector": "imap", "settings": settings}
    )
    path, key = f"/connections/{made['id']}", business.name().partition(" ")[0]
    business.client.post(f"{path}/test")
    business.eventually(lambda: business.client.get(path)["state"], lambda it: it == "tested")
    business.client.post(f"{path}/activation")
    business.client.post(f"{path}/pull")
    begun = "select cursor is not null from connection where id = :id"
    business.eventually(lambda: business.sql(begun, id=made["id"]), lambda it: it == [(True,)])
    yield None
    for number in range(MAILS):
        follows = f"In-Reply-To: <0.{key}@x>\r\n" if number else ""
        said = f"From: a{number}@{key}.example\r\n{follows}\r\nNo. {number}\r\n"
        for way in ("one", "other"):  # each comes twice
            mail = f"Received: by {way}\r\nMessage-ID: <{number}.{key}@x>\r\n{said}"
            server.deliver(mail.encode())
    business.client.post(f"{path}/pull")
    yield None
    states = "select state, count(*) from hook_delivery where connection_id = :id group by state"
    business.eventually(
        lambda: business.sql(states, id=made["id"]), lambda it: it == [("imported", MAILS)]
    )
    business.eventually(
        lambda: [each.flags for each in server.messages()],
        lambda it: it == [{"\\Seen"}] * len(it),
    )
    business.client.post(f"{path}/pause")
    lead = "select id::text from lead where email like :it"
    [(lead_id,)] = business.sql(lead, it=f"%@{key}.example")
    noted = "select count(*), count(distinct body) from note where subject_id = :id"
    assert business.sql(noted, id=lead_id) == [(MAILS, MAILS)]
    server.stop()


def a_file_is_imported(business: Business) -> Story:
    """Each row once, by the number that it has in the system it comes from."""
    prefix = business.name().partition(" ")[0]
    rows = "".join(f"{prefix}{n:03};{prefix} {n};Aarhus\n" for n in range(IMPORTED_ROWS))
    yield None
    asked = business.client.post(
        "/imports?entity=customers&apply=true", data=f"id;Navn;By\n{rows}".encode()
    )
    yield None
    found = business.eventually(
        lambda: business.client.get(f"/imports/{asked['id']}"),
        lambda it: it["state"] in {"done", "partial", "failed"},
    )
    assert (found["state"], found["counters"]["done"]) == ("done", IMPORTED_ROWS)
    made = "select count(*), count(distinct external_ref) from customer"
    assert business.sql(f"{made} where external_ref like :it", it=f"{prefix}%") == [
        (IMPORTED_ROWS, IMPORTED_ROWS)
    ]
    told = "select count(*), count(distinct subject_id) from event where type = 'customer.created'"
    assert business.sql(f"{told} and cause_id = :plan", plan=found["plan_id"]) == [
        (IMPORTED_ROWS, IMPORTED_ROWS)
    ]


def a_file_of_leads_is_imported(business: Business) -> Story:
    """J4.1: each row once, under a number of its own."""
    prefix = business.name().partition(" ")[0]
    rows = "".join(f"{prefix}{n:03};{prefix} {n}\n" for n in range(IMPORTED_ROWS))
    yield None
    asked = business.client.post(
        "/imports?entity=leads&apply=true", data=f"id;Firma\n{rows}".encode()
    )
    yield None
    found = business.eventually(
        lambda: business.client.get(f"/imports/{asked['id']}"),
        lambda it: it["state"] in {"done", "partial", "failed"},
    )
    assert (found["state"], found["counters"]["done"]) == ("done", IMPORTED_ROWS)
    made = "select count(*), count(distinct external_ref), count(distinct number) from lead"
    assert business.sql(f"{made} where external_ref like :it", it=f"{prefix}%") == [
        (IMPORTED_ROWS, IMPORTED_ROWS, IMPORTED_ROWS)
    ]


def leads_are_given_away(business: Business) -> Story:
    """J4.1: by a plan, each once."""
    prefix = business.name().partition(" ")[0]
    ids = [business.client.post("/leads", {"company": f"{prefix} {n}"})["id"] for n in range(5)]
    plan = business.client.post(
        "/assignments",
        {"entity": "leads", "ids": ids, "set": {"owner_user_id": None}, "reason": "Fri"},
    )
    yield None
    business.client.post(f"/plans/{plan['id']}/application")
    yield None
    business.eventually(
        lambda: business.client.get(f"/plans/{plan['id']}"), lambda it: it["state"] == "applied"
    )
    assert [len(business.events("lead.assigned", each)) for each in ids] == [1] * len(ids)


def a_lead_is_converted(business: Business) -> Story:
    """J4.4: one customer, one contact, one opportunity, whoever dies while he is answered."""
    name = business.name()
    lead = business.client.post("/leads", {"company": name, "person": "Ida Prøve"})
    yield None
    business.client.post(f"/leads/{lead['id']}/conversion", {"opportunity": {"amount": "10.00"}})
    yield None
    became = business.client.get(f"/leads/{lead['id']}")["converted"]
    made = "select count(*) from customer where name = :name"
    came = "select customer_id::text, contact_id::text from opportunity where lead_id = :id"
    assert business.sql(made, name=name) == [(1,)]
    assert business.sql(came, id=lead["id"]) == [(became["customer_id"], became["contact_id"])]


def a_reminder_is_made(business: Business) -> Story:
    """J2.1: an invitation to the calendar."""
    customer = business.customer(roles=["prospect"])
    yield None
    reminder = business.remind(customer)
    yield None
    mail = business.require_one_mail("invitation", reminder["id"])
    assert (mail.method, mail.uid, mail.sequence) == ("REQUEST", reminder["uid"], 0)


def a_reminder_is_moved(business: Business) -> Story:
    """J2.2: the same event, one number higher."""
    reminder = business.remind(business.customer(roles=["prospect"]))
    business.require_one_mail("invitation", reminder["id"])
    yield None
    business.client.patch(f"/reminders/{reminder['id']}", {"on": "2090-12-02"})
    yield None
    mail = business.require_one_mail("update", reminder["id"], 1)
    assert (mail.method, mail.uid, mail.sequence) == ("REQUEST", reminder["uid"], 1)


def a_reminder_is_cancelled(business: Business) -> Story:
    """J2.2: it leaves the calendar, and no mail when it would have been due."""
    customer = business.customer(roles=["prospect"])
    reminder, due = business.remind_soon(customer, LATER_S)
    business.require_one_mail("invitation", reminder["id"])
    yield None
    business.client.post(f"/reminders/{reminder['id']}/cancellation")
    was_in_time = utcnow() < due
    yield None
    if not was_in_time:  # what lies in the past is not taken out of the calendar
        return
    mail = business.require_one_mail("cancellation", reminder["id"], 1)
    assert (mail.method, mail.uid, mail.sequence) == ("CANCEL", reminder["uid"], 1)
    business.eventually(utcnow, lambda now: now > due + timedelta(seconds=5))
    assert business.outside.mails("due", reminder["id"]) == []


def a_reminder_falls_due(business: Business) -> Story:
    """J2.2: exactly one mail, not before its time."""
    reminder, due = business.remind_soon(business.customer(roles=["prospect"]))
    yield due
    yield None
    mail = business.require_one_mail("due", reminder["id"])
    assert datetime.fromisoformat(mail.received_at) >= due


def a_scheduled_report_falls_due(business: Business) -> Story:
    """J2.3: one run, one file, one mail."""
    query = {"filter": {"name": {"eq": business.name()}}, "fields": ["name"]}
    report = {"name": business.name(), "dataset": "customers", "query": query}
    made = business.client.post("/reports", report)

    def ask(starts: datetime) -> Any | None:
        asked = business.client.post(
            f"/reports/{made['id']}/schedules",
            {
                "rule": "FREQ=WEEKLY",
                "zone": "UTC",
                "starts_at_local": starts.replace(tzinfo=None).isoformat(),
                "recipients": {"mode": "users", "user_ids": [business.user_id]},
            },
        )
        return asked if datetime.fromisoformat(asked["next_at"]) == starts else None

    schedule = ask_in_time(ask, in_s=DUE_IN_S)
    yield datetime.fromisoformat(schedule["next_at"])
    yield None
    [run] = business.eventually(
        lambda: business.client.get("/report-runs", schedule=schedule["id"])["items"],
        lambda runs: [it["state"] for it in runs] == ["delivered"],
    )
    business.require_one_mail("report", run["id"])
    assert run["sends"] == 1


STEPS: Mapping[str, Step] = {
    "the registry is searched": the_registry_is_searched,
    "the registry is there again": the_registry_is_there_again,
    "what was refused is replayed": what_was_refused_is_mended_and_replayed,
    "a number makes a customer": a_number_makes_a_customer,
    "a name makes a customer": a_name_makes_a_customer,
    "an edit goes out": an_edit_goes_out,
    "an edit there comes in": an_edit_there_comes_in,
    "held changes go out": what_was_held_goes_out_in_order_and_what_clashes_is_listed,
    "a conflict is settled": a_conflict_is_settled,
    "a shop order arrives": a_shop_order_arrives,
    "mail comes in": mail_comes_in,
    "a file is imported": a_file_is_imported,
    "a file of leads is imported": a_file_of_leads_is_imported,
    "leads are given away": leads_are_given_away,
    "a lead is converted": a_lead_is_converted,
    "a reminder is made": a_reminder_is_made,
    "a reminder is moved": a_reminder_is_moved,
    "a reminder is cancelled": a_reminder_is_cancelled,
    "a reminder falls due": a_reminder_falls_due,
    "a report falls due": a_scheduled_report_falls_due,
}


@dataclass(slots=True)
class Struck:
    """A step in whose middle something was struck; `verify` looks at what came of it."""

    _story: Story
    _answered: Future[datetime | None]

    def verify(self) -> None:
        """Fail where something was lost, or done twice."""
        self._answered.result()
        for _ in self._story:
            raise AssertionError("a step yields twice")


def strike_in_the_middle(
    business: Business,
    names: Iterable[str],
    strike: Callable[[], None],
    pool: Executor,
    *,
    lead_s: float,
) -> dict[str, Struck]:
    """Prepare steps, begin all of them at once, and strike a moment later.

    Returns when the strike is over and Hub has answered everybody; `lead_s` is that moment.
    """
    stories = {name: STEPS[name](business) for name in names}
    prepared = {name: pool.submit(next, story) for name, story in stories.items()}
    moments = [moment for each in prepared.values() if (moment := each.result()) is not None]
    for moment in moments:
        time.sleep(max(0.0, (moment - utcnow()).total_seconds() - lead_s / 2))
    answered = {name: pool.submit(next, story) for name, story in stories.items()}
    time.sleep(lead_s)
    strike()
    for each in answered.values():
        each.exception()
    return {name: Struck(story, answered[name]) for name, story in stories.items()}


def _numbers(business: Business, name: str) -> list[str]:
    return [str(found["customerNumber"]) for found in business.books.named(name)]


def _conflicts(business: Business, customer: Mapping[str, object]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = business.client.get(
        "/conflicts", customer=customer["id"], state="open"
    )["items"]
    return found


def _wait_until_pushed(business: Business, customer_id: str) -> None:
    """Wait until no change of a customer is on its way to e-conomic any more."""
    live = (
        "select count(*) from job where state in ('queued', 'running')"
        " and task = 'accounting.push_customer' and subject_id = :id"
    )
    business.eventually(lambda: business.sql(live, id=customer_id), lambda it: it == [(0,)])
