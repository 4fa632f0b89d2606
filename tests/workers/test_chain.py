"""What becomes of a job, whatever its body does."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hub.customers.models import Customer
from hub.db import transaction
from hub.errors import (
    PermanentError,
    PostponedError,
    RejectedError,
    RemoteFieldError,
    TransientError,
)
from hub.history.models import Event
from hub.ledger import claims
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from tests.patience import wait_until
from workers import chain, heartbeat
from workers.chain import RunningJob, drain

TASK = TaskName.TIDY_LEDGER


@pytest.fixture
def as_body(monkeypatch: pytest.MonkeyPatch) -> Callable[[chain.Body], None]:
    """Make a function the body of `TASK` for one test."""

    def replace(body: chain.Body) -> None:
        registered = chain._Registered(body, chain.LONGEST, {"customer_id": UUID})
        monkeypatch.setitem(chain._BODIES, TASK.value, registered)

    return replace


def ask(**options: Any) -> UUID:
    with transaction() as session:
        handle = enqueue(session, TASK, **options)
    return handle.id


def job(identifier: UUID) -> Job:
    with transaction() as session:
        return session.get_one(Job, identifier)


def clock() -> datetime:
    """Return what the database's clock says: it decides when a job is due."""
    with transaction() as session:
        now: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return now


def a_customer(session: Any, name: str = "Prøve") -> Customer:
    customer = Customer(name=name, currency="DKK", sort_name=name)
    session.add(customer)
    return customer


def test_a_body_that_returns_has_succeeded(database: Engine, as_body: Any) -> None:
    seen: list[UUID] = []
    as_body(lambda _, customer_id: seen.append(customer_id))
    about = uuid4()
    identifier = ask(customer_id=about)

    assert drain(TASK) == 1

    assert seen == [about]
    done = job(identifier)
    assert (done.state, done.attempt, done.lease_until) == (JobState.SUCCEEDED, 1, None)


def test_effects_and_success_are_one_commit(database: Engine, as_body: Any) -> None:
    def body(job: RunningJob) -> None:
        with job.finish({"made": 1}) as session:
            a_customer(session)

    as_body(body)
    identifier = ask()

    drain(TASK)

    assert job(identifier).result == {"made": 1}
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 1
        event = session.scalars(select(Event)).one()
        assert (event.type, event.actor_kind, event.actor_id) == (
            "customer.created",
            "job",
            identifier,
        )


def test_a_worker_that_lost_its_lease_records_nothing(database: Engine, as_body: Any) -> None:
    def body(job: RunningJob) -> None:
        with transaction() as session:  # another worker takes over
            session.execute(update(Job).values(token=Job.token + 1))
        with job.finish() as session:
            a_customer(session)

    as_body(body)
    identifier = ask()

    drain(TASK)

    assert job(identifier).state is JobState.RUNNING
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 0


@pytest.mark.parametrize(
    ("attempt", "delay_s"), [(1, 5), (2, 30), (3, 120), (4, 600), (5, 3600), (6, 21600)]
)
def test_a_transient_error_is_tried_again_later_and_later(
    database: Engine, as_body: Any, attempt: int, delay_s: int
) -> None:
    def body(job: RunningJob) -> None:
        raise TransientError("books", "It is busy.")

    as_body(body)
    identifier = ask()
    with transaction() as session:
        session.execute(update(Job).values(attempt=attempt - 1))

    before = clock()
    drain(TASK)
    after = clock()

    waiting = job(identifier)
    assert (waiting.state, waiting.attempt) == (JobState.QUEUED, attempt)
    least, most = (timedelta(seconds=delay_s * each) for each in (0.8, 1.2))
    assert before + least <= waiting.run_at <= after + most
    assert waiting.error == {
        "class": "TransientError",
        "message": "books: It is busy.",
        "words": {"text": "It is busy.", "params": {}},
        "system": "books",
    }


def test_the_time_the_other_side_names_is_kept(database: Engine, as_body: Any) -> None:
    def body(job: RunningJob) -> None:
        raise TransientError("books", "Slow down.", timedelta(seconds=90))

    as_body(body)
    identifier = ask()

    before = clock()
    drain(TASK)
    after = clock()

    wait = timedelta(seconds=90)
    assert before + wait <= job(identifier).run_at <= after + wait


def test_after_the_last_attempt_a_transient_error_is_the_end(
    database: Engine, as_body: Any
) -> None:
    def body(job: RunningJob) -> None:
        raise TransientError("books", "It is busy.")

    as_body(body)
    identifier = ask()
    with transaction() as session:
        session.execute(update(Job).values(attempt=len(claims.DELAYS)))

    drain(TASK)

    assert job(identifier).state is JobState.DEAD


def test_postponed_work_keeps_its_attempts_and_says_what_it_waits_for(
    database: Engine, as_body: Any
) -> None:
    def body(job: RunningJob) -> None:
        raise PostponedError("The connection is paused.", timedelta(hours=1), "connection:7")

    as_body(body)
    identifier = ask()

    drain(TASK)

    waiting = job(identifier)
    assert (waiting.state, waiting.attempt, waiting.waits_for) == (
        JobState.QUEUED,
        0,
        "connection:7",
    )
    with transaction() as session:
        assert claims.release_waiting(session, "connection:7") == 1
    assert drain(TASK) == 1


def test_a_permanent_error_is_the_end_with_its_reason(database: Engine, as_body: Any) -> None:
    def body(job: RunningJob) -> None:
        raise RejectedError(
            "books", "It refuses the values.", [RemoteFieldError("ean", "E1", "Wrong.")]
        )

    as_body(body)
    identifier = ask()

    drain(TASK)

    dead = job(identifier)
    assert dead.state is JobState.DEAD
    assert dead.error == {
        "class": "RejectedError",
        "message": "books: It refuses the values.",
        "words": {"text": "It refuses the values.", "params": {}},
        "system": "books",
        "errors": [{"field": "ean", "code": "E1", "message": "Wrong."}],
    }


def test_an_unexpected_error_is_the_end_and_shows_none_of_its_words(
    database: Engine, as_body: Any
) -> None:
    def body(job: RunningJob) -> None:
        raise KeyError("the customer's own mail address")

    as_body(body)
    identifier = ask()

    drain(TASK)

    assert job(identifier).error == {
        "class": "KeyError",
        "message": "Something went wrong on our side (KeyError); the log says more.",
        "words": {
            "text": "Something went wrong on our side ({name}); the log says more.",
            "params": {"name": "KeyError"},
        },
    }


def test_a_lost_database_connection_is_tried_again(database: Engine, as_body: Any) -> None:
    def body(job: RunningJob) -> None:
        error = OperationalError("select", {}, Exception("server closed the connection"))
        error.connection_invalidated = True
        raise error

    as_body(body)
    identifier = ask()

    drain(TASK)

    assert job(identifier).state is JobState.QUEUED


def test_one_poison_job_costs_its_neighbours_nothing(database: Engine, as_body: Any) -> None:
    poison = ask()
    healthy = [ask() for _ in range(5)]

    def body(job: RunningJob) -> None:
        if job.id == poison:
            raise PermanentError("books", "No.")

    as_body(body)

    assert drain(TASK) == 6
    assert job(poison).state is JobState.DEAD
    assert {job(each).state for each in healthy} == {JobState.SUCCEEDED}


def test_jobs_of_one_serial_key_run_one_after_another(database: Engine, as_body: Any) -> None:
    order: list[UUID] = []
    as_body(lambda job: order.append(job.id))
    asked = [ask(serial_key="customer:1") for _ in range(3)]

    assert drain(TASK) == 3

    assert order == asked


def test_a_job_asked_for_in_a_job_names_its_cause(database: Engine, as_body: Any) -> None:
    def body(job: RunningJob) -> None:
        with job.finish() as session:
            enqueue(session, TaskName.SEND_DELIVERY)

    as_body(body)
    identifier = ask()

    drain(TASK)

    with transaction() as session:
        caused = session.scalars(select(Job).where(Job.task == TaskName.SEND_DELIVERY.value)).one()
    assert caused.cause_job_id == identifier


def take_over() -> None:
    """Let another worker hold every running job."""
    with transaction() as session:
        session.execute(update(Job).values(token=Job.token + 1))


def names() -> list[str]:
    with transaction() as session:
        return list(session.scalars(select(Customer.name).order_by(Customer.id)))


def test_batches_are_commits_of_their_own_and_show_how_far_they_are(
    database: Engine, as_body: Any
) -> None:
    shown: list[Any] = []

    def body(job: RunningJob) -> None:
        left = ["a", "b", "c"]

        def step(session: Session) -> int | None:
            shown.append(session.get_one(Job, job.id).progress)
            if not left:
                return None
            a_customer(session, left.pop())
            return 1

        done = job.batches(step, "customers", total=5, done=2)
        with job.finish({"done": done}):
            pass

    as_body(body)
    identifier = ask()

    drain(TASK)

    assert job(identifier).result == {"done": 5}
    assert names() == ["c", "b", "a"]
    assert shown == [None, *({"done": n, "total": 5, "unit": "customers"} for n in (3, 4, 5))]


@pytest.mark.parametrize("form", ["batches", "each"])
def test_a_job_that_was_taken_over_writes_no_batch_beside_its_successor(
    database: Engine, as_body: Any, form: str
) -> None:
    def body(job: RunningJob) -> None:
        def step(session: Session, number: int = 0, done: int = 0) -> int:
            a_customer(session, f"{number}")
            session.flush()
            if number or done or names():
                take_over()
            return 1

        if form == "each":
            job.each(range(9), step, "customers")
        else:
            job.batches(step, "customers")

    as_body(body)
    identifier = ask()

    drain(TASK)

    assert job(identifier).state is JobState.RUNNING
    assert names() == ["0"]


@pytest.mark.parametrize("form", ["batches", "each", "progress"])
def test_a_worker_that_is_asked_to_end_puts_a_long_job_off_after_the_batch(
    database: Engine, as_body: Any, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    def body(job: RunningJob) -> None:
        def step(session: Session, *_: object) -> int:
            a_customer(session)
            return 1

        monkeypatch.setattr(chain, "is_stopping", lambda: True)
        if form == "each":
            job.each(range(9), step, "customers")
        elif form == "batches":
            job.batches(step, "customers")
        else:
            with job.transaction() as session:
                step(session)
            job.progress(1, None, "customers")

    as_body(body)
    identifier = ask()

    drain(TASK)

    left = job(identifier)
    assert (left.state, left.attempt) == (JobState.QUEUED, 0)
    assert names() == ["Prøve"]


def test_progress_of_a_job_that_was_taken_over_ends_it(database: Engine, as_body: Any) -> None:
    def body(job: RunningJob) -> None:
        take_over()
        job.progress(1, None, "customers")
        with job.transaction() as session:
            a_customer(session)

    as_body(body)
    identifier = ask()

    drain(TASK)

    left = job(identifier)
    assert (left.state, left.progress) == (JobState.RUNNING, None)
    assert names() == []


def test_what_the_heartbeat_has_lost_opens_no_transaction_any_more(
    database: Engine, as_body: Any
) -> None:
    def body(job: RunningJob) -> None:
        take_over()
        wait_until(lambda: heartbeat.has_lost(job.claim))
        with job.transaction() as session:
            a_customer(session)

    as_body(body)
    identifier = ask()
    heartbeat.start(0.05)
    try:
        drain(TASK)
    finally:
        heartbeat.stop()

    assert job(identifier).state is JobState.RUNNING
    assert names() == []
