from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.customers.models import Customer
from hub.errors import ConflictError, ValidationError
from hub.ledger import setbacks
from hub.ledger.models import Job
from hub.ledger.setbacks import Setback
from hub.ledger.tasks import TaskName
from hub.mail.models import Delivery, DeliveryState
from hub.reminders import due
from hub.reminders import services as reminders
from hub.reminders.models import Reminder, ReminderState
from hub.reminders.timing import Moment
from tests.people import NOW, make_customer, make_user

NINE = Moment(date(2026, 12, 1), time(9))
TEN = Moment(date(2026, 12, 1), time(10))
COPENHAGEN = "Europe/Copenhagen"
AFTER = datetime(2026, 12, 1, 9, tzinfo=UTC)  # ten in Copenhagen


@pytest.fixture
def user(session: Session) -> User:
    return make_user(session)


@pytest.fixture
def customer(session: Session) -> Customer:
    return make_customer(session)


def remind(session: Session, customer: Customer, user: User, **fields: Any) -> Reminder:
    given: dict[str, Any] = {
        "title": "Ring om tilbuddet",
        "moment": NINE,
        "zone": COPENHAGEN,
        "recipient_user_id": user.id,
        "now": NOW,
    }
    reminder = reminders.create(session, customer, **{**given, **fields})
    session.commit()
    return reminder


def asked_for(session: Session, reminder: Reminder) -> list[tuple[str, int, str]]:
    found = session.scalars(
        select(Delivery).where(Delivery.source_id == reminder.id).order_by(Delivery.id)
    )
    return [(d.kind.value, d.sequence, d.recipient) for d in found]


def state_of(session: Session, reminder: Reminder) -> str:
    session.refresh(reminder)
    return reminder.state.value


def due_jobs(session: Session) -> list[datetime]:
    return list(
        session.scalars(
            select(Job.run_at).where(
                Job.task == TaskName.SEND_DUE_REMINDER.value, Job.state == "queued"
            )
        )
    )


def test_a_reminder_saved_asks_for_its_invitation_now_and_its_mail_when_due(
    session: Session, customer: Customer, user: User
) -> None:
    reminder = remind(session, customer, user)

    assert reminder.fire_at == datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert (reminder.fire_at_local, reminder.all_day) == ("2026-12-01T09:00:00", False)
    assert reminder.uid == f"{reminder.id}@localhost"
    assert asked_for(session, reminder) == [("invitation", 0, "aase@nordlys.example")]
    assert due_jobs(session) == [reminder.fire_at]


def test_a_day_without_a_time_is_mailed_at_eight_by_its_own_clock(
    session: Session, customer: Customer, user: User
) -> None:
    reminder = remind(session, customer, user, moment=Moment(date(2026, 12, 1)))

    assert reminder.all_day
    assert reminder.fire_at == datetime(2026, 12, 1, 7, tzinfo=UTC)


def test_each_change_raises_the_sequence_and_asks_for_an_update(
    session: Session, customer: Customer, user: User
) -> None:
    reminder = remind(session, customer, user)

    reminders.change(session, reminder, {"moment": TEN}, now=NOW)
    reminders.change(session, reminder, {"title": "Ring igen"}, now=NOW)
    reminders.change(session, reminder, {"title": "Ring igen", "moment": TEN}, now=NOW)
    session.commit()

    assert reminder.sequence == 2  # the third changed nothing
    assert asked_for(session, reminder) == [
        ("invitation", 0, "aase@nordlys.example"),
        ("update", 1, "aase@nordlys.example"),
        ("update", 2, "aase@nordlys.example"),
    ]
    facts = session.scalars(select(Delivery.facts).order_by(Delivery.id)).all()
    assert [(f["title"], f["starts"]) for f in facts] == [
        ("Ring om tilbuddet", "2026-12-01T08:00:00+00:00"),
        ("Ring om tilbuddet", "2026-12-01T09:00:00+00:00"),
        ("Ring igen", "2026-12-01T09:00:00+00:00"),
    ]


def test_another_recipient_gets_the_event_and_it_leaves_the_first_ones_calendar(
    session: Session, customer: Customer, user: User
) -> None:
    other = make_user(session, "bo@nordlys.example", name="Bo")
    reminder = remind(session, customer, user)

    reminders.change(session, reminder, {"recipient_user_id": other.id}, now=NOW)
    session.commit()

    assert asked_for(session, reminder)[1:] == [
        ("cancellation", 1, "aase@nordlys.example"),
        ("invitation", 1, "bo@nordlys.example"),
    ]


def test_a_recipient_whose_address_changed_is_invited_at_the_new_one(
    session: Session, customer: Customer, user: User
) -> None:
    reminder = remind(session, customer, user)
    user.email = "aase@ny.example"

    reminders.change(session, reminder, {"moment": TEN}, now=NOW)
    session.commit()

    assert asked_for(session, reminder)[1:] == [
        ("cancellation", 1, "aase@nordlys.example"),
        ("invitation", 1, "aase@ny.example"),
    ]


@pytest.mark.parametrize("verb", ["mark_done", "cancel"])
def test_done_or_cancelled_before_it_is_due_takes_the_event_out_of_the_calendar(
    session: Session, customer: Customer, user: User, verb: str
) -> None:
    reminder = remind(session, customer, user)

    getattr(reminders, verb)(session, reminder, now=NOW)
    session.commit()

    assert reminder.sequence == 1
    assert reminder.closed_at == NOW
    assert asked_for(session, reminder)[1:] == [("cancellation", 1, "aase@nordlys.example")]


def test_done_after_its_time_leaves_the_past_in_the_calendar(
    session: Session, customer: Customer, user: User
) -> None:
    reminder = remind(session, customer, user)

    reminders.mark_done(session, reminder, now=AFTER)
    session.commit()

    assert (reminder.state, reminder.sequence) == (ReminderState.DONE, 0)
    assert len(asked_for(session, reminder)) == 1


def test_an_all_day_event_is_taken_out_until_its_day_is_over(
    session: Session, customer: Customer, user: User
) -> None:
    reminder = remind(session, customer, user, moment=Moment(date(2026, 12, 1)))

    reminders.mark_done(session, reminder, now=AFTER)

    assert asked_for(session, reminder)[1:] == [("cancellation", 1, "aase@nordlys.example")]


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (ReminderState.DONE, []),
        (ReminderState.CANCELLED, []),
        (ReminderState.DUE_SENT, ["done", "cancelled"]),
    ],
)
def test_what_was_sent_or_closed_is_not_changed_any_more(
    session: Session, customer: Customer, user: User, state: ReminderState, allowed: list[str]
) -> None:
    reminder = remind(session, customer, user)
    closed = state is not ReminderState.DUE_SENT
    reminder.state, reminder.closed_at = state, NOW if closed else None
    session.commit()

    with pytest.raises(ConflictError) as refused:
        reminders.change(session, reminder, {"moment": TEN}, now=NOW)

    assert refused.value.code == "reminder_state"
    assert refused.value.details == {"state": state.value, "allowed": allowed}
    assert len(asked_for(session, reminder)) == 1


@pytest.mark.parametrize("state", [ReminderState.DONE, ReminderState.CANCELLED])
def test_what_is_closed_is_not_closed_again(
    session: Session, customer: Customer, user: User, state: ReminderState
) -> None:
    reminder = remind(session, customer, user)
    reminder.state, reminder.closed_at = state, NOW

    with pytest.raises(ConflictError) as refused:
        reminders.mark_done(session, reminder, now=NOW)

    assert refused.value.details["allowed"] == []


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"now": AFTER}, ("/at", "past")),
        ({"now": AFTER + timedelta(days=1), "moment": Moment(date(2026, 12, 1))}, ("/on", "past")),
        ({"zone": "Europe/Atlantis"}, ("/zone", "zone.unknown")),
        ({"recipient_user_id": uuid4()}, ("/recipient_user_id", "unknown_user")),
    ],
)
def test_what_cannot_be_reminded_of_is_refused(
    session: Session,
    customer: Customer,
    user: User,
    fields: dict[str, Any],
    rule: tuple[str, str],
) -> None:
    with pytest.raises(ValidationError) as refused:
        remind(session, customer, user, **fields)

    assert [(e.pointer, e.code) for e in refused.value.errors] == [rule]
    assert session.scalars(select(Delivery)).all() == []


def test_an_inactive_user_is_not_reminded(session: Session, customer: Customer) -> None:
    gone = make_user(session, "gone@nordlys.example", active=False)

    with pytest.raises(ValidationError):
        remind(session, customer, gone)


def overdue(session: Session, reminder_id: UUID) -> Reminder:
    reminder = session.get_one(Reminder, reminder_id)
    reminder.fire_at = datetime(2026, 1, 1, tzinfo=UTC)
    session.commit()
    return reminder


def test_what_is_due_asks_for_one_mail_however_often_it_is_looked_at(
    session: Session, customer: Customer, user: User
) -> None:
    reminder = overdue(session, remind(session, customer, user).id)

    assert due.come_due(session, reminder.id)
    assert due.come_due(session, reminder.id)
    session.commit()

    assert asked_for(session, reminder)[1:] == [("due", 0, "aase@nordlys.example")]


def test_a_look_that_comes_too_early_is_asked_for_again_at_the_right_time(
    session: Session, customer: Customer, user: User
) -> None:
    reminder = remind(session, customer, user)
    reminder.fire_at = datetime(2090, 1, 1, tzinfo=UTC)
    session.execute(delete(Job))
    session.commit()

    assert not due.come_due(session, reminder.id)
    session.commit()

    assert due_jobs(session) == [datetime(2090, 1, 1, tzinfo=UTC)]
    assert len(asked_for(session, reminder)) == 1


@pytest.mark.parametrize("verb", ["mark_done", "cancel"])
def test_what_is_closed_is_not_due(
    session: Session, customer: Customer, user: User, verb: str
) -> None:
    reminder = overdue(session, remind(session, customer, user).id)
    getattr(reminders, verb)(session, reminder, now=AFTER)

    assert not due.come_due(session, reminder.id)


def test_a_reminder_whose_job_died_has_failed_and_its_replay_schedules_it(
    session: Session, customer: Customer, user: User
) -> None:
    reminder = overdue(session, remind(session, customer, user).id)
    job = session.scalars(select(Job).where(Job.subject_id == reminder.id)).one()
    reason = {"text": setbacks.LAPSED, "params": {"count": 5}}

    due.note_setback(session, Setback(job.id, job.task, job.args, "lapsed", reason))
    session.commit()
    assert reminder.state is ReminderState.FAILED
    assert reminder.message == {"code": "lapsed", **reason}

    assert due.come_due(session, reminder.id)
    session.commit()
    assert state_of(session, reminder) == "scheduled"


def test_a_failed_reminder_may_be_moved_and_is_scheduled_again(
    session: Session, customer: Customer, user: User
) -> None:
    reminder = remind(session, customer, user)
    reminder.state = ReminderState.FAILED
    session.commit()

    reminders.change(session, reminder, {"moment": TEN}, now=NOW)

    assert reminder.state is ReminderState.SCHEDULED


def test_a_stale_due_mail_is_not_wanted(session: Session, customer: Customer, user: User) -> None:
    reminder = overdue(session, remind(session, customer, user).id)
    due.come_due(session, reminder.id)
    session.commit()
    delivery = session.scalars(select(Delivery).where(Delivery.kind == "due")).one()
    mails = due.ReminderMails()
    assert mails.wants(session, delivery)

    reminders.change(session, reminder, {"moment": TEN}, now=NOW)
    session.commit()

    assert not mails.wants(session, delivery)
    delivery.sent_at = NOW
    delivery.state = DeliveryState.SENT  # of the stale sequence: the moved one is still to come
    mails.settled(session, delivery)
    assert reminder.state is ReminderState.SCHEDULED
