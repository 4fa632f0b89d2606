"""Reminders that are sent through a fake mailer, for the tests of mail."""

import email
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from email.message import Message
from uuid import UUID

from sqlalchemy import func, select, update

from hub.db import transaction
from hub.history.models import Event
from hub.ledger.models import Job, JobState
from hub.ledger.setbacks import when_set_back
from hub.ledger.tasks import TaskName
from hub.mail import trying
from hub.mail.models import Delivery
from hub.mail.sources import declare_source
from hub.notes import services as notes
from hub.ports import OutgoingMail
from hub.reminders import services as reminders
from hub.reminders.due import ReminderMails
from hub.reminders.models import Reminder
from hub.reminders.timing import Moment
from tests.fake_mailer import FakeMailer
from tests.people import NOW, make_customer, make_user
from workers.chain import drain
from workers.mailing import server
from workers.tasks import mail as _mail  # noqa: F401 - it registers the tasks

TASKS = (TaskName.SEND_DUE_REMINDER, TaskName.SEND_DELIVERY)
NEXT_YEAR = Moment(date(2090, 12, 1), time(9))


@contextmanager
def mailing_by(mailer: FakeMailer) -> Iterator[FakeMailer]:
    declare_source("reminder", ReminderMails())
    when_set_back(TaskName.SEND_DELIVERY, trying.note_setback)
    server.use(mailer)
    yield mailer
    server.use(None)


def make_reminder(address: str = "aase@nordlys.example", moment: Moment = NEXT_YEAR) -> UUID:
    with transaction() as session:
        user = make_user(session, address)
        customer = make_customer(session)
        notes.create(session, customer, body="Vil have prisen før fredag.", now=NOW)
        return reminders.create(
            session,
            customer,
            title="Ring om tilbuddet",
            moment=moment,
            zone="Europe/Copenhagen",
            recipient_user_id=user.id,
            now=NOW,
        ).id


def work() -> int:
    """Run what is due, and what that makes due; returns how many jobs."""
    count = 0
    while ran := sum(drain(task) for task in TASKS):
        count += ran
    return count


def make_due(reminder_id: UUID) -> None:
    """Let a reminder be due since a moment."""
    with transaction() as session:
        session.execute(
            update(Reminder)
            .where(Reminder.id == reminder_id)
            .values(fire_at=datetime(2026, 1, 1, tzinfo=UTC))
        )
    hurry()


def hurry() -> None:
    """Let all queued jobs be due now."""
    with transaction() as session:
        session.execute(
            update(Job).where(Job.state == JobState.QUEUED).values(run_at=func.clock_timestamp())
        )


def cut_off(delivery_id: UUID) -> None:
    """Leave things as a worker does that is killed after it handed the message over."""
    with transaction() as session:
        session.execute(
            update(Job)
            .where(Job.subject_id == delivery_id)
            .values(state="queued", run_at=func.clock_timestamp(), finished_at=None)
        )
        session.execute(
            update(Delivery)
            .where(Delivery.id == delivery_id)
            .values(state="sending", unsure=True, sent_at=None)
        )


def deliveries() -> list[Delivery]:
    with transaction() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))


def jobs(task: TaskName = TaskName.SEND_DELIVERY) -> list[Job]:
    with transaction() as session:
        return list(session.scalars(select(Job).where(Job.task == task).order_by(Job.id)))


def wait_of(job: Job) -> timedelta:
    """Return how long a job waits from now, by the database's clock."""
    with transaction() as session:
        now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return job.run_at - now


def events(named: str) -> list[Event]:
    with transaction() as session:
        return list(session.scalars(select(Event).where(Event.type == named)))


def parsed(mail: OutgoingMail) -> Message:
    return email.message_from_bytes(mail.raw)


def part(mail: OutgoingMail, content_type: str) -> str:
    """Return the text of the first part of a type."""
    found = next(p for p in parsed(mail).walk() if p.get_content_type() == content_type)
    content = found.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode().replace("\r\n ", "")


def calendar_line(mail: OutgoingMail, name: str) -> str:
    lines = part(mail, "text/calendar").splitlines()
    return next(line for line in lines if line.startswith(name))
