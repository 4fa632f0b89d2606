"""Mail that comes in: read by IMAP from a server, stored once, and what becomes of it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from connectors.mailboxes.imap import ImapMailbox
from hub import outside
from hub.access.models import User
from hub.access.roles import Role
from hub.catalogues.models import CatalogueEntry
from hub.clock import utcnow
from hub.connections.models import Connection, ConnectionState
from hub.customers import contacts
from hub.customers.models import Customer
from hub.db import transaction
from hub.errors import ValidationError
from hub.history.models import Event
from hub.hooks import receiving
from hub.hooks.models import HookDelivery, HookResource
from hub.leads import services as lead_services
from hub.leads.models import Lead
from hub.ledger.models import Job, JobState, Schedule
from hub.ledger.tasks import TaskName
from hub.settings import get_settings
from tests.workers.postroom import Postroom, deliveries, jobs, leads, make_customer, notes
from workers.chain import drain
from workers.relay import release_held_work
from workers.tasks import mailboxes

SAME = "<same@viben.example>"


@pytest.fixture
def postroom(database: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postroom]:
    del database
    monkeypatch.setenv("HUB_ALLOW_PRIVATE_ADDRESSES", "true")
    get_settings.cache_clear()
    made = Postroom()
    yield made
    made.close()


@pytest.fixture
def room(postroom: Postroom) -> Postroom:
    """One mailbox, of which nothing was read yet."""
    postroom.open()
    postroom.read()
    return postroom


def state_of(number: int = -1) -> tuple[str, str | None]:
    found = deliveries()[number]
    return found.state, found.message["code"] if found.message else None


def test_mail_of_somebody_new_becomes_a_lead_that_is_nobodys(room: Postroom) -> None:
    room.send(body="Vi skal bruge to kraner.\r\n\r\nHilsen Ida")
    room.read()

    [lead], [note] = leads(), notes()
    assert (lead.name, lead.person, lead.email, lead.source, lead.channel) == (
        "Ida Prøve", "Ida Prøve", "ida@viben.example", "website", "mail",
    )  # fmt: skip
    assert (lead.owner_user_id, lead.description, lead.number) == (None, "Kraner", "L-0001")
    assert (note.subject_type, note.subject_id, note.type, note.author_user_id) == (
        "lead", lead.id, "mail", None,
    )  # fmt: skip
    assert note.body == (
        "Kraner\n\nVi skal bruge to kraner.\n\nHilsen Ida\n\nFrom: Ida Prøve <ida@viben.example>"
    )
    [stored] = deliveries()
    assert (stored.state, stored.lead_id, stored.customer_id, stored.summary, stored.topic) == (
        "imported", lead.id, None, "Ida Prøve · Kraner", "mail.received",
    )  # fmt: skip
    with transaction() as session:
        made = session.scalars(select(Event).where(Event.type == "lead.created")).one()
    assert (made.cause_kind, made.cause_id) == ("mail", str(room.connection_ids[0]))


def test_numbers_rise_by_one_and_what_is_ignored_takes_none(room: Postroom) -> None:
    for number in range(3):
        room.send("Auto-Submitted: auto-replied", From=f"robot{number}@viben.example")
        room.send(From=f"a{number}@viben.example")
    room.read()

    assert [lead.number for lead in leads()] == ["L-0001", "L-0002", "L-0003"]


def test_what_lay_there_before_is_left_alone(postroom: Postroom) -> None:
    postroom.open()
    postroom.send()
    postroom.read()
    postroom.send(From="ny@viben.example")
    postroom.read()

    assert [lead.email for lead in leads()] == ["ny@viben.example"]


def test_read_again_it_is_still_one(room: Postroom) -> None:
    room.send()
    room.read()
    room.read()
    room.servers[0].renumber()
    room.read()

    assert (len(deliveries()), len(leads()), len(notes())) == (1, 1, 1)


def test_an_answer_goes_to_the_lead_of_its_thread_whoever_writes_it(room: Postroom) -> None:
    first = room.send()
    second = room.send(
        "References: <x@y> " + first, From="chef@viben.example", Subject="SV: Kraner"
    )
    room.send(f"In-Reply-To: {second}", From="privat@mail.example")
    room.read()

    [lead] = leads()
    assert [note.subject_id for note in notes()] == [lead.id] * 3
    assert [each.lead_id for each in deliveries()] == [lead.id] * 3


def test_a_message_that_comes_behind_its_answer_goes_where_that_went(room: Postroom) -> None:
    room.send("In-Reply-To: <late@viben.example>", From="chef@viben.example")
    room.read()
    room.send(Message_ID="<late@viben.example>")
    room.read()

    [lead] = leads()
    assert [note.subject_id for note in notes()] == [lead.id] * 2


def test_a_thread_that_is_imported_from_its_end_is_one_thread_all_the_same(
    room: Postroom,
) -> None:
    first = room.send(From="a0@viben.example")
    room.send("Auto-Submitted: auto-replied", Message_ID="<away@viben.example>")
    for number in (1, 2):
        room.send(f"In-Reply-To: {first}", From=f"a{number}@viben.example")
    room.ask()
    drain(TaskName.READ_MAILBOX)
    with transaction() as session:
        for place, job in enumerate(session.scalars(select(Job).order_by(Job.id.desc()))):
            job.run_at = utcnow() - timedelta(minutes=5 - place)  # as if the first were put off
    room.work()

    [lead] = leads()
    assert (lead.email, [note.subject_id for note in notes()]) == (
        "a2@viben.example", [lead.id] * 3,
    )  # fmt: skip
    with transaction() as session:
        known = set(session.scalars(select(HookResource.resource_id)))
    assert "<away@viben.example>" not in known


def test_two_who_answer_what_we_never_saw_have_nothing_to_do_with_each_other(
    room: Postroom,
) -> None:
    for sender in ("ida@viben.example", "ole@ny.example"):
        room.send("In-Reply-To: <offer@hub.example>", From=sender)
    room.read()

    assert [note.subject_id for note in notes()] == [lead.id for lead in leads()]
    assert len(leads()) == 2


def test_who_answers_what_one_of_us_wrote_to_several_answers_for_himself(room: Postroom) -> None:
    first, second = (make_customer(name=n, email=f"{n}@ny.example") for n in ("ida", "ole"))
    with transaction() as session:
        session.add(User(email="bo@hub.example", name="Bo", roles=[Role.REPRESENTATIVE]))
    written = room.send(From="bo@hub.example", To="ida@ny.example, ole@ny.example")
    room.send(f"In-Reply-To: {written}", From="ole@ny.example")
    alone = room.send(From="bo@hub.example", To="ida@ny.example")
    room.send(f"In-Reply-To: {alone}", From="idas.chef@ny.example")
    room.read()

    assert [note.customer_id for note in notes()] == [first.id, second.id, first.id, first.id]
    assert leads() == []


def test_further_mail_of_an_open_leads_address_is_a_note_on_it(room: Postroom) -> None:
    with transaction() as session:
        known = lead_services.create(
            session, {"person": "Ida", "email": "IDA@viben.example"}, now=utcnow()
        )
    room.send(Subject="Noget helt andet")
    room.read()

    assert [lead.id for lead in leads()] == [known.id]
    assert [note.subject_id for note in notes()] == [known.id]


def test_mail_of_a_closed_leads_address_is_a_new_lead(room: Postroom) -> None:
    with transaction() as session:
        known = lead_services.create(
            session, {"person": "Ida", "email": "ida@viben.example"}, now=utcnow()
        )
        lead_services.close(
            session, known, reason=None, lost_reason="price", set_aside_until=None, now=utcnow()
        )
    room.send()
    room.read()

    assert len(leads()) == 2


@pytest.mark.parametrize("whose", ["customer", "contact"])
def test_mail_of_somebody_we_know_is_a_note_on_his_customer(room: Postroom, whose: str) -> None:
    own = {"email": "Ida@viben.example"} if whose == "customer" else {}
    known = make_customer(name="Viben A/S", **own)
    if whose == "contact":
        with transaction() as session:
            customer = session.get_one(Customer, known.id)
            contacts.create(session, customer, {"last_name": "P", "email": "ida@viben.example"})
    room.send()
    room.read()

    assert leads() == []
    [note] = notes()
    assert (note.subject_type, note.customer_id) == ("customer", known.id)
    assert deliveries()[0].customer_id == known.id


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Auto-Submitted: auto-replied", "auto_submitted"),
        ("Precedence: bulk", "precedence"),
        ("Return-Path: <>", "null_sender"),
        ("From: MAILER-DAEMON@viben.example", "daemon"),
        ("From: Hub <hub@localhost>", "own_mail"),
        ("From: salg@hub.example", "from_us"),
    ],
)
def test_programs_bounces_and_our_own_mail_make_no_lead(
    room: Postroom, header: str, code: str
) -> None:
    room.send(header)
    room.read()

    assert state_of() == ("ignored", code)
    assert (leads(), notes()) == ([], [])


def test_mail_of_one_of_us_is_a_note_on_whom_it_went_to(room: Postroom) -> None:
    known = make_customer(name="Viben A/S", email="ida@viben.example")
    with transaction() as session:
        session.add(User(email="bo@hub.example", name="Bo", roles=[Role.REPRESENTATIVE]))
    room.change(own_addresses="@butik.example, x@y.example")
    room.send(From="bo@hub.example", To="ida@viben.example")
    room.send(From="mette@butik.example", Cc="Ida <ida@viben.example>")
    room.send(From="bo@hub.example", To="ukendt@ny.example")
    room.read()

    assert [state_of(n) for n in range(3)] == [
        ("imported", None), ("imported", None), ("ignored", "from_us"),
    ]  # fmt: skip
    assert [note.customer_id for note in notes()] == [known.id, known.id]
    assert leads() == []


def test_a_form_that_writes_by_mail_makes_leads_where_it_is_named(room: Postroom) -> None:
    sent = ("Auto-Submitted: auto-generated", "Reply-To: Ole <ole@ny.example>")
    room.send(*sent, From="form@site.example")
    room.read()
    before = state_of()
    room.change(form_senders="form@site.example")
    with transaction() as session:
        receiving.replay(session, session.scalars(select(HookDelivery)).one())
    drain(TaskName.IMPORT_HOOK)

    assert before == ("ignored", "auto_submitted")
    assert [(lead.person, lead.email) for lead in leads()] == [("Ole", "ole@ny.example")]
    assert notes()[0].body.endswith("From: Ole <ole@ny.example>")


def test_one_message_in_two_mailboxes_is_one_lead(room: Postroom) -> None:
    room.open()
    room.read()
    room.send("Received: by one", Message_ID=SAME)
    room.send("Received: by other", server=1, Message_ID=SAME)
    room.read()

    assert (len(leads()), len(notes())) == (1, 1)
    assert sorted(each.state for each in deliveries()) == ["imported", "repeated"]
    assert {each.lead_id for each in deliveries()} == {leads()[0].id}


def test_the_same_name_with_other_words_is_not_dropped(room: Postroom) -> None:
    room.send(Message_ID=SAME)
    room.send(body="Noget andet", Message_ID=SAME)
    room.read()

    assert (len(leads()), [note.subject_id for note in notes()]) == (1, [leads()[0].id] * 2)


def test_what_names_no_sender_waits_for_a_person_and_costs_the_others_nothing(
    room: Postroom,
) -> None:
    room.send("From: ingen")
    room.send(From="ole@ny.example")
    room.read()

    assert [state_of(n) for n in range(2)] == [("failed", "no_sender"), ("imported", None)]
    assert [job.state for job in jobs(TaskName.IMPORT_HOOK)] == [JobState.SUCCEEDED] * 2
    assert b"ingen" in deliveries()[0].body


def test_what_the_server_does_not_give_out_is_a_problem_of_its_own(room: Postroom) -> None:
    room.send()
    room.send(From="ole@ny.example")
    room.servers[0].faults.headless.add(1)
    room.read()

    assert [state_of(n) for n in range(2)] == [("failed", "malformed_reply"), ("imported", None)]
    assert [job.state for job in jobs(TaskName.IMPORT_HOOK)] == [JobState.DEAD, JobState.SUCCEEDED]


def test_what_an_installation_asks_of_leads_is_told_and_taken_once_it_is_mended(
    room: Postroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as session:
        known = lead_services.create(
            session, {"person": "X", "email": "ida@viben.example"}, now=utcnow()
        )
        known.is_open, known.closed_at = False, utcnow()
    refused = ValidationError.of("/city", "required", "A city is needed.")
    with monkeypatch.context() as patched:
        patched.setattr(lead_services, "entered", _raise(refused))
        room.send()
        room.read()
    before = state_of()
    with transaction() as session:
        receiving.replay(session, session.scalars(select(HookDelivery)).one())
    drain(TaskName.IMPORT_HOOK)

    assert before == ("failed", "validation")
    assert (state_of(), len(notes())) == (("imported", None), 1)


def test_html_files_and_large_mail_read_as_notes(room: Postroom) -> None:
    boundary = "Content-Type: multipart/mixed; boundary=b"
    html = "--b\r\nContent-Type: text/html\r\n\r\n<p>Hej<script>x</script></p>\r\n"
    file = (
        "--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="../tegning.pdf"\r\n\r\n' + "QUJD" * 500
    )
    room.send(boundary, body=f"{html}{file}\r\n--b--")
    room.send(body="æ" * 21_000, From="ole@ny.example")
    picture = f"--b\r\nContent-Type: image/jpeg\r\n\r\n{'x' * 1_100_000}"
    room.send(boundary, body=f"--b\r\n\r\nSe her\r\n{picture}", From="eva@ny.example")
    room.read()

    first, second, third = notes()
    assert first.body == (
        "Kraner\n\nHej\n\nFrom: Ida Prøve <ida@viben.example>\n"
        "Attached, and not kept here: ../tegning.pdf (2 kB)"
    )
    assert len(second.body) <= 20_000
    assert second.body.endswith(
        "æ …\n\nThe text is longer; the mail has all of it.\n\nFrom: ole@ny.example"
    )
    assert third.body == (
        "Kraner\n\nSe her\n\nFrom: eva@ny.example\n"
        "Attached, and not kept here: image/jpeg (1.0 MB)\n"
        "Only the beginning was read: the mail has 1.1 MB."
    )


def test_where_notes_of_mail_are_retired_it_is_a_plain_note(room: Postroom) -> None:
    with transaction() as session:
        entry = session.scalars(
            select(CatalogueEntry).where(
                CatalogueEntry.catalogue == "note_types", CatalogueEntry.code == "mail"
            )
        ).one()
        entry.active = False
    room.send()
    room.read()

    assert [note.type for note in notes()] == ["note"]


# --- reading, and what goes wrong on the way ---------------------------------------------------


def test_a_reading_that_is_cut_off_stores_each_message_once(
    room: Postroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailboxes, "PAGE", 2)
    for number in range(5):
        room.send(From=f"a{number}@viben.example")
    room.servers[0].faults.cut += ["FETCH"]
    room.read()
    cut = len(deliveries())
    [job] = [job for job in jobs(TaskName.READ_MAILBOX) if job.state == JobState.QUEUED]
    with transaction() as session:
        session.get_one(type(job), job.id).run_at = utcnow()
    room.work()

    assert cut == 0
    assert (len(deliveries()), len(leads())) == (5, 5)
    assert room.cursor()["uid"] == 5


def test_a_reading_that_dies_before_its_commit_begins_again(
    room: Postroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.send()
    with monkeypatch.context() as patched:
        patched.setattr("hub.sync.pulling.store_cursor", _raise(MemoryError()))
        room.read()
    died = (len(deliveries()), room.cursor()["uid"])
    room.read()

    assert died == (0, 0)  # what it stored went with the cursor
    assert (len(deliveries()), len(leads()), room.cursor()["uid"]) == (1, 1, 1)


def test_what_was_stored_is_marked_by_the_next_reading_where_this_one_died(
    postroom: Postroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = postroom.open(afterwards="seen")
    postroom.read()
    postroom.send()
    with monkeypatch.context() as patched:
        patched.setattr(ImapMailbox, "mark", lambda _self, cursor: cursor)  # as if killed
        postroom.read()
    before = (set(server.messages()[0].flags), postroom.cursor()["unmarked"])
    postroom.read()

    assert before == (set(), [1])
    assert (server.messages()[0].flags, postroom.cursor()["unmarked"]) == ({"\\Seen"}, [])
    assert (len(deliveries()), len(leads())) == (1, 1)


def test_refused_credentials_hold_the_reading_until_they_are_mended(room: Postroom) -> None:
    room.send()
    room.servers[0].faults.refuse_login = "[AUTHENTICATIONFAILED] expired"
    room.read()

    with transaction() as session:
        connection = session.get_one(Connection, room.connection_ids[0])
    assert connection.state is ConnectionState.REVOKED
    assert connection.message is not None
    assert connection.message["code"] == "credentials_refused"
    assert deliveries() == []


def test_a_mailbox_is_read_only_once_what_is_held_is_released(room: Postroom) -> None:
    with transaction() as session:
        outside.set_held(session, held=True, reason=None)
    room.send()

    room.read()
    during = (len(deliveries()), [job.waits_for for job in jobs(TaskName.READ_MAILBOX)][-1])
    with transaction() as session:
        outside.set_held(session, held=False, reason=None)
    release_held_work()
    room.work()

    assert during == (0, "outside")
    assert (len(deliveries()), len(leads())) == (1, 1)


def test_a_mailbox_is_read_every_minute_once_it_is_at_work(room: Postroom) -> None:
    with transaction() as session:
        [schedule] = session.scalars(
            select(Schedule).where(Schedule.task == "mailboxes.read_mailbox")
        )
    assert (schedule.every_s, schedule.args) == (
        60, {"connection_id": str(room.connection_ids[0])},
    )  # fmt: skip


def _raise(error: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    return fail


def test_a_thread_whose_lead_was_taken_away_begins_a_new_one(room: Postroom) -> None:
    first = room.send()
    room.read()
    with transaction() as session:
        lead = session.get_one(Lead, leads()[0].id)
        lead.deleted_at = utcnow()
    room.send(f"In-Reply-To: {first}")
    room.read()

    assert [lead.deleted_at is None for lead in leads()] == [False, True]
    assert notes()[-1].subject_id == leads()[1].id
