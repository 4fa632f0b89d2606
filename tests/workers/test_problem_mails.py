"""Alerts, the all-clear, the digest and the test mail, from the row to the message."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header

import pytest
from sqlalchemy import Engine, update

from hub.access.models import User
from hub.access.roles import Role
from hub.connections.models import Connection, ConnectionState
from hub.db import new_id, transaction
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from hub.mail import services as mail
from hub.ports import OutgoingMail
from hub.problems import services as problems
from tests.fake_mailer import FakeMailer
from tests.people import make_user
from tests.workers.mailroom import mailing_by, parsed, part, work

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def mailer(database: Engine) -> Iterator[FakeMailer]:
    with mailing_by(FakeMailer()) as fake:
        yield fake


@pytest.fixture
def owner(database: Engine) -> User:
    with transaction() as session:
        return make_user(session, "ole@nordlys.example", name="Ole", role=Role.ADMINISTRATOR)


def revoke(owner: User, waiting: int) -> Connection:
    with transaction() as session:
        connection = Connection(
            name="e-conomic", connector="economic", kind="accounting",
            state=ConnectionState.REVOKED, state_since=NOW, owner_user_id=owner.id,
            message={
                "code": "credentials_refused",
                "text": "The other side refuses our credentials: {reason}",
                "params": {"reason": "401"},
            },
        )  # fmt: skip
        session.add(connection)
        session.flush()
        for _ in range(waiting):
            enqueue(session, TaskName.PUSH_CUSTOMER, delay=MINUTE, customer_id=new_id(),
                    connection_id=connection.id)  # fmt: skip
        return connection


def look(after: timedelta = timedelta()) -> None:
    with transaction() as session:
        problems.refresh(session, NOW + after)


def subject(sent: OutgoingMail) -> str:
    return str(make_header(decode_header(parsed(sent)["Subject"])))


def test_the_owner_reads_what_is_wrong_how_many_changes_wait_and_what_to_do(
    mailer: FakeMailer, owner: User
) -> None:
    connection = revoke(owner, waiting=7)
    look()
    look(MINUTE)

    work()

    (sent,) = mailer.received
    assert sent.recipient == "ole@nordlys.example"
    assert subject(sent).startswith("e-conomic: ")
    text = part(sent, "text/plain")
    assert "Ventende ændringer: 7" in text
    assert "Indtast nye adgangsoplysninger" in text
    assert f"/go/connections/{connection.id}" in text


def test_he_reads_that_it_works_again_and_how_much_went_out(
    mailer: FakeMailer, owner: User
) -> None:
    revoke(owner, waiting=7)
    look()
    look(MINUTE)
    with transaction() as session:
        session.execute(update(Connection).values(state=ConnectionState.ACTIVE))
        session.execute(update(Job).where(Job.task == TaskName.PUSH_CUSTOMER).values(
            state="succeeded"))  # fmt: skip
    look(2 * MINUTE)
    look(3 * MINUTE)

    work()

    assert [subject(sent) for sent in mailer.received][1:] == ["e-conomic virker igen"]
    assert "Sendt siden: 7" in part(mailer.received[1], "text/plain")


def test_several_causes_are_one_mail(mailer: FakeMailer, owner: User) -> None:
    revoke(owner, waiting=0)
    with transaction() as session:
        job = enqueue(session, TaskName.LOOK_UP_COMPANY)
    with transaction() as session:
        session.execute(
            update(Job)
            .where(Job.id == job.id)
            .values(state="dead", finished_at=NOW, error={"class": "X", "message": "{odd} words"})
        )
    look()
    look(MINUTE)

    work()

    (sent,) = mailer.received
    assert subject(sent) == "2 problemer kræver din opmærksomhed"
    text = part(sent, "text/plain")
    assert "Udfyldning af kunder fra virksomhedsregistret" in text
    assert "registry.look_up_company" not in text.replace("task=registry.look_up_company", "")
    assert "{odd} words" in text


def test_the_test_mail_goes_to_whoever_asked(mailer: FakeMailer, owner: User) -> None:
    with transaction() as session:
        mail.request_test(session, session.get_one(User, owner.id))

    work()

    assert [(sent.recipient, subject(sent)) for sent in mailer.received] == [
        ("ole@nordlys.example", "Testmail fra Hub")
    ]
