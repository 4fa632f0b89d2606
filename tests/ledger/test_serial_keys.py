"""What may not run beside itself, whoever asked for it."""

import inspect
from datetime import timedelta
from string import Formatter

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

import workers.tasks  # noqa: F401 - registers the bodies
from hub.clock import utcnow
from hub.connections import health
from hub.connections.models import Connection, ConnectionState
from hub.db import new_id
from hub.ledger import claims, housekeeping, schedules
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, Schedule
from hub.ledger.tasks import SERIAL_KEYS, TaskName
from workers import chain

NOW = utcnow()


def expand(session: Session) -> list[Job]:
    session.execute(update(Schedule).values(next_at=NOW - timedelta(seconds=1)))
    session.expire_all()
    schedules.expand_due(session)
    session.commit()
    return list(session.scalars(select(Job)))


def test_what_hub_does_by_itself_never_runs_beside_itself(session: Session) -> None:
    housekeeping.ensure(session, zone="Europe/Copenhagen", now=NOW)

    jobs = expand(session)

    assert {job.task: job.serial_key for job in jobs} == {
        TaskName.TIDY_LEDGER: "tidy",
        TaskName.FIND_DUPLICATES: "duplicates",
        TaskName.CALL_ROLL: "roll",
        TaskName.EVALUATE_CUSTOMERS: "credit",
        TaskName.EXPIRE_REQUESTS: "approvals",
        TaskName.ESCALATE_REQUESTS: "escalations",
        TaskName.RECALL_CUSTOMERS: "pools",
        TaskName.FOLLOW_OBJECTIVES: "objectives",
    }


def test_a_pull_that_lasts_is_not_overtaken_by_the_next(session: Session) -> None:
    connection = Connection(
        name="Bogholderi", kind="accounting", connector="economic", settings={},
        state=ConnectionState.TESTED,
    )  # fmt: skip
    session.add(connection)
    session.flush()
    health.activate(session, connection, now=NOW)
    session.commit()
    lease = timedelta(minutes=1)
    [planned] = expand(session)
    first = claims.claim(session, TaskName.PULL_CUSTOMERS, planned.queue, lease)
    session.commit()
    assert first is not None

    expand(session)
    health.request_pull(session, connection)
    session.commit()

    pulls = select(Job).where(Job.task == TaskName.PULL_CUSTOMERS)
    waiting = session.scalars(pulls.where(Job.id != first.id)).all()
    assert {job.serial_key for job in waiting} == {f"pull:{connection.id}"}
    assert len(waiting) == 2
    assert claims.claim(session, TaskName.PULL_CUSTOMERS, planned.queue, lease) is None


@pytest.mark.parametrize("task", list(SERIAL_KEYS))
def test_a_serial_key_is_made_of_arguments_that_its_task_has(task: TaskName) -> None:
    names = {name for _, name, _, _ in Formatter().parse(SERIAL_KEYS[task]) if name}

    assert names <= inspect.signature(chain._BODIES[task].body).parameters.keys()


@pytest.mark.parametrize("by_hand", ["mail:7", None])
def test_a_lane_that_is_given_goes_before_the_tasks_own(
    session: Session, by_hand: str | None
) -> None:
    customer = new_id()

    enqueue(session, TaskName.LOOK_UP_COMPANY, serial_key=by_hand, customer_id=customer)
    session.commit()

    assert session.scalars(select(Job.serial_key)).one() == (by_hand or f"registry:{customer}")
