"""Recall in the hands of the workers: the schedule's job, the mail, the note in between."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from hub import reactions
from hub.customers.models import Customer
from hub.db import new_id, transaction
from hub.errors import PermanentError, TransientError
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import JobState
from hub.ledger.tasks import TaskName
from hub.mail.models import DeliveryState
from hub.notes import services as notes
from hub.pools import recalling
from hub.pools.models import ClaimState, PoolClaim
from hub.ports import OutgoingMail
from tests.fake_mailer import FakeMailer
from tests.pools import Scene, assign, make_scene, make_waiting
from tests.workers.mailroom import deliveries, hurry, jobs, mailing_by, parsed, part, work
from workers import tasks  # noqa: F401 - registers the bodies
from workers.chain import drain

DAY = timedelta(days=1)
TODAY = datetime.now(UTC)  # a mail goes out at the present time, whatever the test would have


@pytest.fixture
def mailer(database: Engine) -> Iterator[FakeMailer]:
    reactions.install()
    with mailing_by(FakeMailer()) as fake:
        yield fake


def make_neglected(count: int = 1) -> list[UUID]:
    """Make customers whose owner has had them for 25 days; they are to go back after 30."""
    with transaction() as session:
        scene: Scene = make_scene(session, recall_after_days=30, notice_days=7)
        had_since = TODAY - 25 * DAY
        found = make_waiting(session, scene.pool, count, now=had_since)
        for customer in found:
            assign(session, scene, customer, scene.bo, now=had_since)
        return [customer.id for customer in found]


def run(on: datetime) -> dict[str, int]:
    """Run the task of a day; returns what it counted."""
    with transaction() as session:
        handle = enqueue(session, TaskName.RECALL_CUSTOMERS, schedule_id=new_id(), planned_at=on)
    assert drain(TaskName.RECALL_CUSTOMERS) == 1
    (job,) = [each for each in jobs(TaskName.RECALL_CUSTOMERS) if each.id == handle.id]
    assert (job.state, job.error) == (JobState.SUCCEEDED, None)
    assert job.result is not None
    return job.result


def subject(sent: OutgoingMail) -> str:
    return str(make_header(decode_header(parsed(sent)["Subject"])))


def waiting(customer_id: UUID) -> bool:
    with transaction() as session:
        return session.get_one(Customer, customer_id).is_pooled


def test_the_owner_reads_what_goes_back_and_when_and_then_it_goes(mailer: FakeMailer) -> None:
    (customer_id,) = make_neglected()

    assert run(TODAY) == {"recalled": 0, "warned": 1}
    work()

    (sent,) = mailer.received
    assert sent.recipient == "bo@nordlys.example"
    assert subject(sent) == "1 kunde er på vej tilbage til puljen"
    told = part(sent, "text/plain")
    assert "Havn 0" in told
    assert "Pulje: Nord" in told
    assert "Seneste notat: Ingen" in told
    assert f"/go/customers/{customer_id}" in told

    assert run(TODAY) == {"recalled": 0, "warned": 0}
    assert run(TODAY + 6 * DAY) == {"recalled": 0, "warned": 0}
    assert not waiting(customer_id)
    assert run(TODAY + 7 * DAY) == {"recalled": 1, "warned": 0}
    assert waiting(customer_id)
    assert run(TODAY + 8 * DAY) == {"recalled": 0, "warned": 0}
    assert len(mailer.received) == 1


def test_a_note_after_the_mail_keeps_the_customer_and_one_before_keeps_the_mail(
    mailer: FakeMailer,
) -> None:
    noted_late, noted_early, neglected = make_neglected(3)
    run(TODAY)
    with transaction() as session:
        notes.create(session, session.get_one(Customer, noted_early), body="ringet", now=TODAY)
    work()
    (sent,) = mailer.received
    assert subject(sent) == "2 kunder er på vej tilbage til puljen"
    assert "Havn 1" not in part(sent, "text/plain")

    with transaction() as session:
        notes.create(session, session.get_one(Customer, noted_late), body="mødtes", now=TODAY + DAY)
    assert run(TODAY + 10 * DAY) == {"recalled": 1, "warned": 0}
    assert [waiting(each) for each in (noted_late, noted_early, neglected)] == [
        False, False, True,
    ]  # fmt: skip


def test_a_warning_that_nobody_needs_any_more_is_not_sent(mailer: FakeMailer) -> None:
    (customer_id,) = make_neglected()
    run(TODAY)
    with transaction() as session:
        notes.create(session, session.get_one(Customer, customer_id), body="ringet", now=TODAY)

    work()

    assert mailer.received == []
    assert [each.state for each in deliveries()] == [DeliveryState.WITHDRAWN]


def test_while_no_mail_goes_out_nothing_goes_back(mailer: FakeMailer) -> None:
    (customer_id,) = make_neglected()
    mailer.fail_next = TransientError("smtp", "Not now.", timedelta(minutes=5))
    run(TODAY)
    work()

    assert run(TODAY + 20 * DAY) == {"recalled": 0, "warned": 0}
    assert not waiting(customer_id)

    hurry()
    work()
    assert len(mailer.received) == 1
    assert run(TODAY + 6 * DAY)["recalled"] == 0
    assert run(TODAY + 20 * DAY)["recalled"] == 1


def test_a_refused_address_does_not_keep_the_customer(mailer: FakeMailer) -> None:
    (customer_id,) = make_neglected()
    mailer.refused = {"bo@nordlys.example"}
    run(TODAY)
    work()

    assert [each.state for each in deliveries()] == [DeliveryState.FAILED]
    assert run(TODAY + 7 * DAY)["recalled"] == 1
    assert waiting(customer_id)
    with transaction() as session:
        claim = session.scalars(select(PoolClaim)).one()
        assert claim.state is ClaimState.RECALLED
        assert claim.ended_by is None


def test_a_run_that_dies_in_the_middle_is_taken_up_and_nobody_is_told_twice(
    mailer: FakeMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_neglected(3)
    real, calls = recalling.warn_next_owner, []

    def failing(*arguments: object, **options: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise PermanentError("test", "It dies here.")
        return real(*arguments, **options)  # type: ignore[arg-type] # passed through

    monkeypatch.setattr(recalling, "warn_next_owner", failing)
    with transaction() as session:
        enqueue(session, TaskName.RECALL_CUSTOMERS, schedule_id=new_id(), planned_at=TODAY)
    drain(TaskName.RECALL_CUSTOMERS)
    assert [job.state for job in jobs(TaskName.RECALL_CUSTOMERS)] == [JobState.DEAD]

    assert run(TODAY) == {"recalled": 0, "warned": 0}
    work()
    (sent,) = mailer.received
    assert subject(sent) == "3 kunder er på vej tilbage til puljen"


def test_many_go_back_in_batches(mailer: FakeMailer, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = make_neglected(7)
    monkeypatch.setattr(recalling.recall_batch, "__kwdefaults__", {"limit": 2})
    run(TODAY)
    work()

    assert run(TODAY + 7 * DAY) == {"recalled": 7, "warned": 0}
    assert all(waiting(each) for each in ids)
