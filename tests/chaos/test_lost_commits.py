"""A commit that fails: what it would have recorded is not believed in (reliability.md R-5)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

from hub.db import transaction
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from workers import chain
from workers.chain import RunningJob, drain

TASK = TaskName.TIDY_LEDGER


@pytest.fixture
def as_body(monkeypatch: pytest.MonkeyPatch) -> Callable[[chain.Body], None]:
    def replace(body: chain.Body) -> None:
        monkeypatch.setitem(
            chain._BODIES, TASK.value, chain._Registered(body, chain.LONGEST, {"customer_id": UUID})
        )

    return replace


def ask() -> UUID:
    with transaction() as session:
        handle = enqueue(session, TASK)
    return handle.id


def job(identifier: UUID) -> Job:
    with transaction() as session:
        return session.get_one(Job, identifier)


@contextmanager
def next_commit_fails(engine: Engine) -> Iterator[None]:
    """Lose the connection just before the next commit, once."""
    left = [True]

    def lose(_: Connection) -> None:
        if left.pop() if left else False:
            raise OperationalError("COMMIT", {}, psycopg.OperationalError("server closed"))

    event.listen(engine, "commit", lose)
    try:
        yield
    finally:
        event.remove(engine, "commit", lose)


def test_a_next_job_whose_claim_was_rolled_back_is_not_run_under_it(
    database: Engine, as_body: Callable[[chain.Body], None]
) -> None:
    first, second = ask(), ask()
    ran: list[tuple[UUID, int, JobState]] = []

    def body(running: RunningJob) -> None:
        ran.append((running.id, running.claim.token, job(running.id).state))
        if running.id == first and running.claim.attempt == 1:
            with next_commit_fails(database), running.finish():
                pass

    as_body(body)

    drain(TASK)

    assert ran == [(first, 1, JobState.RUNNING), (second, 1, JobState.RUNNING)]
    assert (job(first).state, job(first).attempt) == (JobState.QUEUED, 1)
    assert (job(second).state, job(second).token) == (JobState.SUCCEEDED, 1)
