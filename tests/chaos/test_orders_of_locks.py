"""What touches many keyed jobs takes its locks in the order in which writers take theirs."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from hub.db import new_id, transaction
from hub.ledger import claims, enqueueing
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from tests.databases import SOMEBODY_WAITS
from tests.patience import wait_until

TASK = TaskName.PUSH_CUSTOMER
FIRST, SECOND = "customer:1", "customer:2"
WAITS_FOR = "connection:7"


def ask(key: str) -> UUID:
    with transaction() as session:
        handle = enqueue(session, TASK, key=key)
    return handle.id


def states() -> dict[UUID, JobState]:
    with transaction() as session:
        return {row.id: row.state for row in session.execute(select(Job.id, Job.state))}


def write_key(session: Session, key: str) -> None:
    """Write one keyed row as a commit does, which writes them sorted."""
    row: dict[str, object] = {
        "id": str(new_id()), "task": TASK.value, "queue": "default", "args": {},
        "key": key, "delay": 0,
    }  # fmt: skip
    session.execute(enqueueing._INSERT, {"rows": json.dumps([row])})


def somebody_waits(engine: Engine) -> bool:
    with engine.connect() as connection:
        return bool(connection.scalar(SOMEBODY_WAITS))


def beside_a_writer(engine: Engine, work: Callable[[Session], int]) -> int:
    """Do `work` while a writer holds the first key and goes on to the second."""
    holds_first = Event()

    def write() -> None:
        with transaction() as session:
            write_key(session, FIRST)
            holds_first.set()
            wait_until(lambda: somebody_waits(engine))
            write_key(session, SECOND)

    def do() -> int:
        holds_first.wait(60)
        with transaction() as session:
            return work(session)

    with ThreadPoolExecutor(2) as pool:
        writer, worker = pool.submit(write), pool.submit(do)
        writer.result()
        return worker.result()


@pytest.mark.parametrize("keys", [(FIRST, SECOND), (SECOND, FIRST)])
def test_releasing_held_work_does_not_deadlock_with_writers(
    database: Engine, keys: tuple[str, str]
) -> None:
    jobs = [ask(key) for key in keys]
    with transaction() as session:
        session.execute(update(Job).values(waits_for=WAITS_FOR))

    beside_a_writer(database, lambda session: claims.release_waiting(session, WAITS_FOR))

    assert states() == dict.fromkeys(jobs, JobState.QUEUED)
    with transaction() as session:
        assert session.scalars(select(Job.waits_for)).all() == [None, None]


def test_returning_lapsed_leases_does_not_deadlock_with_writers(database: Engine) -> None:
    jobs = [ask(key) for key in (SECOND, FIRST)]
    with transaction() as session:
        session.execute(
            update(Job).values(
                state=JobState.RUNNING,
                token=1,
                lease_until=func.clock_timestamp() - text("interval '1 s'"),
            )
        )

    assert beside_a_writer(database, claims.return_lapsed) == 2
    with transaction() as session:
        claims.return_lapsed(session)

    found = states()
    assert [found.pop(identifier) for identifier in jobs] == [JobState.ABSORBED] * 2
    assert list(found.values()) == [JobState.QUEUED] * 2
