"""A restored copy: nothing is called and nothing mailed until somebody releases it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select

from hub import outside
from hub.clock import utcnow
from hub.connections import health
from hub.connections import services as connections
from hub.connections.models import CallLog, ConnectionState
from hub.customers.models import AccountingState, Customer
from hub.db import transaction
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.mail import services as mail
from hub.problems import services as problems
from hub.problems.models import Problem, ProblemState
from hub.reminders import services as reminders
from hub.reminders.models import Reminder
from tests.fake_mailer import FakeMailer
from tests.people import make_user
from tests.workers.bookkeeping import Office, customer
from tests.workers.mailroom import (
    calendar_line,
    jobs,
    mailing_by,
    make_due,
    make_reminder,
    parsed,
    work,
)
from workers.chain import drain
from workers.relay import release_held_work


@pytest.fixture
def mailer(database: Engine) -> Iterator[FakeMailer]:
    with mailing_by(FakeMailer()) as fake:
        yield fake


def set_held(*, held: bool) -> None:
    with transaction() as session:
        outside.set_held(session, held=held, reason=None)


def waits() -> list[tuple[JobState, str | None, int]]:
    with transaction() as session:
        found = session.scalars(select(Job).where(Job.state == JobState.QUEUED).order_by(Job.id))
        return [(job.state, job.waits_for, job.attempt) for job in found]


def calls() -> list[str]:
    """Return the methods of all calls of connections so far."""
    with transaction() as session:
        return list(session.scalars(select(CallLog.method).order_by(CallLog.id)))


HELD = (JobState.QUEUED, "outside", 0)


def test_changes_are_held_and_go_out_in_their_order_once_they_are_released(
    office: Office,
) -> None:
    set_held(held=True)
    first, second = office.create(name="Ada ApS"), office.create(name="Bo ApS")
    held = waits()
    shown = customer(first)

    release_held_work()
    drain(TaskName.PUSH_CUSTOMER)
    during = calls()
    set_held(held=False)
    release_held_work()
    while drain(TaskName.PUSH_CUSTOMER):
        release_held_work()

    assert held == [HELD, HELD]
    assert during == []
    assert shown.accounting_state is AccountingState.HELD
    assert [body["name"] for body in office.writes("POST")] == ["Ada ApS", "Bo ApS"]
    assert customer(second).accounting_state is AccountingState.LINKED


def test_nothing_is_pulled_while_it_is_held(office: Office) -> None:
    office.enter(501, name="Cai A/S")
    set_held(held=True)

    office.pull()
    during = calls()
    set_held(held=False)
    release_held_work()
    drain(TaskName.PULL_CUSTOMERS)
    drain(TaskName.CALL_ROLL)

    assert during == []
    assert waits() == []
    with transaction() as session:
        assert session.scalars(select(Customer.name)).all() == ["Cai A/S"]


def test_a_connection_is_tested_all_the_same_and_its_work_goes_on_waiting(office: Office) -> None:
    set_held(held=True)
    office.create(name="Ada ApS")

    with transaction() as session:
        health.request_test(session, connections.get(session, office.connection_id))
    drain(TaskName.TEST_CONNECTION)
    release_held_work()
    drain(TaskName.PUSH_CUSTOMER)

    with transaction() as session:
        connection = connections.get(session, office.connection_id)
    assert (connection.state, connection.message) == (ConnectionState.ACTIVE, None)
    assert set(calls()) == {"GET"}
    assert waits() == [HELD]


def test_mails_wait_and_go_out_in_their_order_once_they_are_released(mailer: FakeMailer) -> None:
    set_held(held=True)
    reminder = make_reminder()
    make_due(reminder)  # a schedule does not stand still meanwhile

    work()
    held = [(job.state, job.waits_for, job.attempt) for job in jobs()]
    release_held_work()
    work()
    during = len(mailer.received)
    set_held(held=False)
    release_held_work()
    work()

    assert set(held) == {HELD}
    assert during == 0
    assert len(mailer.received) == len(held)


def test_what_follows_a_held_invitation_goes_out_with_it(mailer: FakeMailer) -> None:
    set_held(held=True)
    reminder = make_reminder()
    work()
    with transaction() as session:
        reminders.cancel(session, session.get_one(Reminder, reminder), now=utcnow())
    work()
    held = [(job.state, job.waits_for, job.attempt) for job in jobs()]

    set_held(held=False)
    release_held_work()
    work()
    waiting = [job for job in jobs() if job.state is JobState.QUEUED]

    assert held == [HELD, HELD]
    assert waiting == []
    assert [calendar_line(each, "METHOD") for each in mailer.received] == [
        "METHOD:REQUEST", "METHOD:CANCEL",
    ]  # fmt: skip


def test_a_test_mail_goes_out_all_the_same(mailer: FakeMailer) -> None:
    set_held(held=True)
    with transaction() as session:
        mail.request_test(session, make_user(session, "aase@nordlys.example"))

    work()

    [sent] = mailer.received
    assert parsed(sent)["To"].endswith("aase@nordlys.example>")


def test_it_is_a_problem_that_counts_what_waits_until_it_is_released(office: Office) -> None:
    def refreshed() -> Problem:
        with transaction() as session:
            problems.refresh(session, utcnow())
            return session.scalars(select(Problem)).one()

    set_held(held=True)
    office.create(name="Ada ApS")

    held = refreshed()
    set_held(held=False)
    after = refreshed()

    assert (held.cause_key, held.count, held.alerts) == ("outside_held", 1, False)
    assert (held.message["text"], held.link) == (outside.HELD, "/api/v1/settings/outside")
    assert after.state is ProblemState.RECOVERED
