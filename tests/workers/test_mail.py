"""What becomes of a delivery, whatever the mail server does."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from email.header import decode_header, make_header

import pytest
from sqlalchemy import Engine, true, update

from hub.access.models import User
from hub.activities import services as activities
from hub.customers.models import Customer
from hub.db import transaction
from hub.errors import AuthenticationError, RejectedError, RemoteFieldError, TransientError
from hub.leads import services as leads
from hub.ledger import services as ledger
from hub.ledger.models import Job, JobState
from hub.mail import services as mail
from hub.mail.models import Delivery
from hub.mail.trying import WAITS_FOR_SERVER
from hub.notes import services as notes
from hub.opportunities import services as opportunities
from hub.reminders import services as reminders
from hub.reminders.models import Reminder
from hub.reminders.timing import Moment
from hub.settings import get_settings
from tests.fake_mailer import FakeMailer
from tests.people import NOW, make_customer, make_user
from tests.workers.mailroom import (
    calendar_line,
    cut_off,
    deliveries,
    events,
    hurry,
    jobs,
    mailing_by,
    make_due,
    make_reminder,
    parsed,
    part,
    wait_of,
    work,
)
from workers.mailing import server

LATER = Moment(date(2090, 12, 2), time(9))


@pytest.fixture
def mailer(database: Engine) -> Iterator[FakeMailer]:
    with mailing_by(FakeMailer()) as fake:
        yield fake


def test_an_invitation_tells_whom_to_ring_what_was_said_and_where_to_look(
    mailer: FakeMailer,
) -> None:
    make_reminder()

    work()

    (sent,) = mailer.received
    assert str(make_header(decode_header(parsed(sent)["Subject"]))) == (
        "Påmindelse: Ring om tilbuddet (Havn ApS)"
    )
    text = part(sent, "text/plain")
    assert "+45 33 12 12 12" in text or "+4533121212" in text
    assert "Vil have prisen før fredag." in text
    assert "http://127.0.0.1:8080/go/customers/" in text
    assert calendar_line(sent, "METHOD") == "METHOD:REQUEST"
    assert calendar_line(sent, "SEQUENCE") == "SEQUENCE:0"
    assert calendar_line(sent, "DTSTART") == "DTSTART:20901201T080000Z"
    assert calendar_line(sent, "TRANSP") == "TRANSP:TRANSPARENT"


def test_a_reminder_of_an_opportunity_names_it_and_leads_to_it(mailer: FakeMailer) -> None:
    with transaction() as session:
        user = make_user(session, "aase@nordlys.example")
        case = opportunities.create(session, {"name": "Kran", "owner_user_id": user.id}, now=NOW)
        reminders.create(
            session, case, title="Send tilbud", moment=LATER, zone="Europe/Copenhagen",
            recipient_user_id=user.id, now=NOW,
        )  # fmt: skip

    work()

    (sent,) = mailer.received
    assert str(make_header(decode_header(parsed(sent)["Subject"]))) == (
        "Påmindelse: Send tilbud (O-0001 Kran)"
    )
    text = part(sent, "text/plain")
    assert "Kunde" not in text
    assert "O-0001 Kran" in text
    assert f"http://127.0.0.1:8080/go/opportunities/{case.id}" in text


def test_of_a_lead_he_may_not_see_he_is_told_nothing(
    mailer: FakeMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_VISIBILITY", "private")
    get_settings.cache_clear()
    with transaction() as session:
        user = make_user(session, "aase@nordlys.example")
        boss = make_user(session, "boss@nordlys.example")
        lead = leads.create(session, {"company": "Kranen", "owner_user_id": boss.id}, now=NOW)
        reminders.create(
            session, lead, title="Ring om tilbuddet", moment=LATER, zone="Europe/Copenhagen",
            recipient_user_id=user.id, now=NOW,
        )  # fmt: skip

    work()
    monkeypatch.undo()
    get_settings.cache_clear()

    raw = "".join(part(mailer.received[0], kind) for kind in ("text/plain", "text/calendar"))
    assert "påmindelse om en post" in raw
    assert "Ring om tilbuddet" not in raw
    assert "Kranen" not in raw


def test_a_sent_mail_is_a_row_with_its_identity_its_bytes_and_the_servers_answer(
    mailer: FakeMailer,
) -> None:
    reminder_id = make_reminder()

    work()

    (delivery,) = deliveries()
    assert (delivery.state, delivery.tries, delivery.possible_repeats) == ("sent", 1, 0)
    assert delivery.provider_response == "250 kept as 1"
    assert delivery.message_id == mailer.received[0].message_id
    assert delivery.message_id.startswith(f"<invitation.0.{reminder_id}.")
    assert [event.subject_id for event in events("delivery.sent")] == [delivery.id]


def test_a_change_and_a_cancellation_follow_in_their_order(mailer: FakeMailer) -> None:
    reminder_id = make_reminder()
    with transaction() as session:
        reminder = session.get_one(Reminder, reminder_id)
        reminders.change(session, reminder, {"moment": LATER}, now=NOW)
    with transaction() as session:
        reminders.cancel(session, session.get_one(Reminder, reminder_id), now=NOW)

    for _ in range(4):
        work()
        hurry()

    assert [
        (calendar_line(m, "METHOD"), calendar_line(m, "SEQUENCE"), calendar_line(m, "DTSTART"))
        for m in mailer.received
    ] == [
        ("METHOD:REQUEST", "SEQUENCE:0", "DTSTART:20901201T080000Z"),
        ("METHOD:REQUEST", "SEQUENCE:1", "DTSTART:20901202T080000Z"),
        ("METHOD:CANCEL", "SEQUENCE:2", "DTSTART:20901202T080000Z"),
    ]
    assert {calendar_line(m, "UID") for m in mailer.received} == {f"UID:{reminder_id}@localhost"}


def test_an_update_waits_for_an_invitation_that_is_to_be_tried_again(mailer: FakeMailer) -> None:
    reminder_id = make_reminder()
    mailer.fail_next = TransientError("smtp", "Not now.", timedelta(minutes=5))
    work()
    with transaction() as session:
        reminder = session.get_one(Reminder, reminder_id)
        reminders.change(session, reminder, {"moment": LATER}, now=NOW)

    work()
    assert mailer.received == []
    first, second = jobs()
    assert first.run_at < second.run_at
    assert timedelta(minutes=4) < wait_of(first)
    assert wait_of(second) < timedelta(minutes=6)

    hurry()
    for _ in range(2):
        work()
        hurry()
    assert [calendar_line(m, "SEQUENCE") for m in mailer.received] == ["SEQUENCE:0", "SEQUENCE:1"]


def test_an_invitation_replayed_after_a_newer_message_is_withdrawn(mailer: FakeMailer) -> None:
    mailer.refused = {"aase@nordlys.example"}
    reminder_id = make_reminder()
    work()
    mailer.refused = set()
    with transaction() as session:
        reminder = session.get_one(Reminder, reminder_id)
        reminders.change(session, reminder, {"moment": LATER}, now=NOW)
    work()

    with transaction() as session:
        mail.resend(session, session.get_one(Delivery, deliveries()[0].id))
    work()

    assert [d.state for d in deliveries()] == ["withdrawn", "sent"]
    assert [calendar_line(m, "SEQUENCE") for m in mailer.received] == ["SEQUENCE:1"]


def test_a_due_reminder_is_one_mail_without_an_invitation(mailer: FakeMailer) -> None:
    reminder_id = make_reminder()
    work()

    make_due(reminder_id)
    work()

    invitation, due = mailer.received
    assert invitation.message_id != due.message_id
    assert {p.get_content_type() for p in parsed(due).walk()} == {
        "multipart/alternative", "text/plain", "text/html",
    }  # fmt: skip
    assert "Vil have prisen før fredag." in part(due, "text/plain")
    with transaction() as session:
        reminder = session.get_one(Reminder, reminder_id)
        assert (reminder.state, reminder.due_sent_at) == ("due_sent", deliveries()[1].sent_at)


def test_a_reminder_moved_while_its_mail_is_on_the_way_sends_no_stale_one(
    mailer: FakeMailer,
) -> None:
    reminder_id = make_reminder()
    work()
    mailer.fail_next = TransientError("smtp", "Not now.", timedelta(minutes=5))
    make_due(reminder_id)
    work()
    assert [d.kind for d in deliveries()] == ["invitation", "due"]

    with transaction() as session:
        reminder = session.get_one(Reminder, reminder_id)
        reminders.change(session, reminder, {"moment": LATER}, now=NOW)
    hurry()
    work()

    assert [(d.kind, d.state) for d in deliveries()] == [
        ("invitation", "sent"), ("due", "withdrawn"), ("update", "sent"),
    ]  # fmt: skip
    assert len(mailer.received) == 2


def test_done_before_it_is_due_is_no_mail_when_due(mailer: FakeMailer) -> None:
    reminder_id = make_reminder()
    with transaction() as session:
        reminders.mark_done(session, session.get_one(Reminder, reminder_id), now=NOW)
    make_due(reminder_id)
    for _ in range(3):
        work()
        hurry()

    assert [calendar_line(m, "METHOD") for m in mailer.received] == [
        "METHOD:REQUEST", "METHOD:CANCEL",
    ]  # fmt: skip


def test_delivered_twice_sends_once(mailer: FakeMailer) -> None:
    make_reminder()
    work()
    with transaction() as session:
        mail.ask_for_sending(session, session.get_one(Delivery, deliveries()[0].id))

    assert work() == 1

    assert len(mailer.received) == 1
    assert deliveries()[0].possible_repeats == 0


def test_a_server_that_is_busy_gets_the_same_bytes_later_and_that_is_no_repeat(
    mailer: FakeMailer,
) -> None:
    make_reminder()
    mailer.fail_next = TransientError("smtp", "Not now, says the mail server.")
    work()
    (delivery,) = deliveries()
    assert (delivery.state, delivery.unsure, delivery.message and delivery.message["code"]) == (
        "pending", False, "not_taken",
    )  # fmt: skip

    hurry()
    work()

    (delivery,) = deliveries()
    assert (delivery.state, delivery.tries, delivery.possible_repeats) == ("sent", 2, 0)
    assert len(mailer.received) == 1


def test_a_try_whose_end_nobody_knows_is_repeated_to_the_byte_and_listed(
    mailer: FakeMailer,
) -> None:
    make_reminder()
    mailer.lose_replies = 1
    work()
    assert (deliveries()[0].state, deliveries()[0].unsure) == ("sending", True)

    hurry()
    work()

    first, second = mailer.received
    assert first == second
    (delivery,) = deliveries()
    assert (delivery.state, delivery.possible_repeats) == ("sent", 1)
    (listed,) = events("delivery.possible_repeat")
    assert listed.data == {"message_id": delivery.message_id, "tries": 1}


def test_a_worker_killed_after_handing_over_leads_to_one_listed_repeat(mailer: FakeMailer) -> None:
    make_reminder()
    work()
    cut_off(deliveries()[0].id)

    work()

    assert mailer.received[0] == mailer.received[1]
    assert len(mailer.received) == 2
    assert deliveries()[0].possible_repeats == 1


def test_of_a_customer_he_may_not_see_he_is_told_nothing(
    mailer: FakeMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_VISIBILITY", "private")
    get_settings.cache_clear()
    make_reminder()
    with transaction() as session:
        boss = make_user(session, "boss@nordlys.example")
        session.execute(update(Customer).values(owner_user_id=boss.id))

    work()
    monkeypatch.undo()
    get_settings.cache_clear()

    raw = "".join(part(mailer.received[0], kind) for kind in ("text/plain", "text/calendar"))
    assert "A reminder of a record that you may not see" in raw or "påmindelse om en post" in raw
    assert "Ring om tilbuddet" not in raw
    assert "Havn" not in raw
    assert "33121212" not in raw.replace(" ", "")
    assert "prisen" not in raw


def test_of_an_activity_that_is_his_he_is_told_and_not_of_its_customer_that_he_may_not_see(
    mailer: FakeMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_VISIBILITY", "private")
    get_settings.cache_clear()
    with transaction() as session:
        boss, user = make_user(session, "boss@nordlys.example"), make_user(session)
        customer = make_customer(session, owner_user_id=boss.id)
        of_his, of_others = (
            activities.create(
                session, [customer], {"kind": "call", "title": "x", "assignee_ids": [each.id]},
                zone="Europe/Copenhagen", now=NOW,
            )
            for each in (user, boss)
        )  # fmt: skip
        for activity, title in ((of_his, "Ring til dem"), (of_others, "Fortroligt")):
            reminders.create(
                session, activity, title=title, moment=LATER, zone="Europe/Copenhagen",
                recipient_user_id=user.id, now=NOW,
            )  # fmt: skip
        path = f"/activities/{of_his.id}"

    work()
    monkeypatch.undo()
    get_settings.cache_clear()

    told, hidden = (part(each, "text/plain") for each in mailer.received)
    assert "Ring til dem" in told
    assert path in told.replace("=\n", "")
    assert "Havn" not in told + hidden
    assert "Fortroligt" not in hidden


def test_of_a_meeting_with_a_lead_he_is_told_where_with_whom_and_what_was_said(
    mailer: FakeMailer,
) -> None:
    with transaction() as session:
        user = make_user(session)
        lead = leads.create(
            session,
            {"company": "Vibens Vogne", "phone": "33121213", "owner_user_id": user.id}, now=NOW,
        )  # fmt: skip
        notes.create(session, lead, body="Vil se vognen", now=NOW)
        meeting = activities.create(
            session, [lead],
            {"kind": "meeting", "title": "Fremvisning", "location": "Kajen 1",
             "assignee_ids": [user.id]},
            zone="Europe/Copenhagen", now=NOW,
        )  # fmt: skip
        reminders.create(
            session, meeting, title="Fremvisning", moment=LATER, zone="Europe/Copenhagen",
            recipient_user_id=user.id, now=NOW,
        )  # fmt: skip

    work()

    [mail] = mailer.received
    lines = part(mail, "text/plain").splitlines()
    assert {"Om: L-0001 Vibens Vogne", "Telefon: +4533121213", "Sted: Kajen 1"} <= set(lines)
    assert "Vil se vognen" in {line.strip(" >") for line in lines}
    assert not [line for line in lines if line.startswith("Kunde")]
    assert "LOCATION:Kajen 1" in part(mail, "text/calendar")


@pytest.fixture
def held_invitations(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HUB_HOLD_UNSURE_MAIL", "invitation, report")
    get_settings.cache_clear()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


def test_where_the_setting_says_hold_a_person_decides_over_a_repeat(
    mailer: FakeMailer, held_invitations: None
) -> None:
    make_reminder()
    mailer.lose_replies = 1
    work()
    hurry()
    work()

    (delivery,) = deliveries()
    assert (delivery.state, delivery.possible_repeats) == ("held", 1)
    assert len(mailer.received) == 1
    assert [job.state for job in jobs()] == [JobState.SUCCEEDED]

    with transaction() as session:
        mail.resend(session, session.get_one(Delivery, delivery.id))
    work()

    (delivery,) = deliveries()
    assert (delivery.state, delivery.possible_repeats) == ("sent", 2)
    assert mailer.received[0] == mailer.received[1]


def test_a_refused_recipient_fails_with_the_reason_and_the_job_is_dead(mailer: FakeMailer) -> None:
    mailer.refused = {"aase@nordlys.example"}
    reminder_id = make_reminder()
    work()
    make_due(reminder_id)
    work()

    assert [(d.kind, d.state) for d in deliveries()] == [
        ("invitation", "failed"),
        ("due", "failed"),
    ]
    assert [job.state for job in jobs()] == [JobState.DEAD, JobState.DEAD]
    with transaction() as session:
        reminder = session.get_one(Reminder, reminder_id)
        assert reminder.state == "failed"
        assert reminder.message is not None
        assert reminder.message["code"] == "refused"


def test_a_dead_job_replayed_sends_the_same_mail_and_mends_the_reminder(
    mailer: FakeMailer,
) -> None:
    mailer.refused = {"aase@nordlys.example"}
    reminder_id = make_reminder()
    make_due(reminder_id)
    work()
    mailer.refused = set()

    with transaction() as session:
        session.execute(update(Job).where(Job.state == JobState.DEAD).values(state="queued"))
    work()

    assert [d.state for d in deliveries()] == ["sent", "sent"]
    with transaction() as session:
        assert session.get_one(Reminder, reminder_id).state == "due_sent"


def test_mail_for_a_user_who_left_fails_and_says_so(mailer: FakeMailer) -> None:
    make_reminder()
    with transaction() as session:
        session.execute(update(User).values(active=False))

    work()

    (delivery,) = deliveries()
    assert (delivery.state, delivery.message and delivery.message["code"]) == (
        "failed", "recipient_inactive",
    )  # fmt: skip
    assert mailer.received == []


def test_an_address_that_no_mail_can_be_sent_to_fails(mailer: FakeMailer) -> None:
    make_reminder("aase@nordlys..example")

    work()

    (delivery,) = deliveries()
    assert (delivery.state, delivery.message and delivery.message["code"]) == (
        "failed", "email.invalid",
    )  # fmt: skip


def test_without_a_server_mail_waits_and_goes_out_when_there_is_one(mailer: FakeMailer) -> None:
    server.use(None)
    make_reminder()
    make_reminder("bo@nordlys.example")

    work()

    assert [(job.state, job.waits_for, job.attempt) for job in jobs()] == [
        (JobState.QUEUED, WAITS_FOR_SERVER, 0)
    ] * 2
    assert [(job.error or {})["message"] for job in jobs()] == ["No mail server is set."] * 2
    assert [(d.state, d.tries) for d in deliveries()] == [("pending", 0)] * 2

    server.use(mailer)
    with transaction() as session:  # one of them looks again; it releases the other
        session.execute(
            update(Job).where(Job.id == jobs()[0].id).values(run_at=NOW - timedelta(days=1))
        )
    work()
    assert len(mailer.received) == 2


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationError("smtp", "The mail server refuses user and password."),
        RejectedError("smtp", "Refused.", (RemoteFieldError("sender", "550", "not here"),)),
    ],
)
def test_trouble_with_the_server_itself_holds_mail_back_and_fails_none(
    mailer: FakeMailer, error: AuthenticationError | RejectedError
) -> None:
    make_reminder()
    mailer.fail_next = error

    work()

    (job,) = jobs()
    assert (job.state, job.waits_for, job.attempt) == (JobState.QUEUED, WAITS_FOR_SERVER, 0)
    assert (deliveries()[0].state, deliveries()[0].unsure) == ("pending", False)


def test_a_delivery_whose_job_died_is_given_up_and_may_be_sent_again(mailer: FakeMailer) -> None:
    make_reminder()
    mailer.lose_replies = 1
    work()
    (job,) = jobs()

    with transaction() as session:
        ledger.cancel_job(session, true(), job.id)
    (delivery,) = deliveries()
    assert (delivery.state, delivery.unsure) == ("failed", True)

    with transaction() as session:
        mail.resend(session, session.get_one(Delivery, delivery.id))
    work()
    (delivery,) = deliveries()
    assert (delivery.state, delivery.possible_repeats) == ("sent", 1)


def test_a_worker_that_lost_its_job_hands_nothing_over(
    mailer: FakeMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_reminder()

    def take_over() -> FakeMailer:
        with transaction() as session:
            session.execute(update(Job).values(token=Job.token + 1))
        return mailer

    monkeypatch.setattr(server, "mailer", take_over)
    work()

    assert mailer.received == []
    assert (deliveries()[0].state, deliveries()[0].tries) == ("pending", 0)
