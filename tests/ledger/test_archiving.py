from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text, true
from sqlalchemy.orm import Session

from hub.db import transaction
from hub.ledger.archiving import START, archive_batch
from hub.ledger.models import Job, JobArchive, JobState
from hub.ledger.services import replay_job
from hub.ledger.tasks import TaskName
from tests.databases import SOMEBODY_WAITS
from tests.patience import PATIENCE_S, wait_until

NOW = datetime(2027, 6, 1, 3, tzinfo=UTC)
MONTH = NOW - timedelta(days=30)
YEAR = NOW - timedelta(days=365)


def id_at(moment: datetime, number: int = 0) -> UUID:
    """Return an id as it would have been made then."""
    return UUID(int=(int(moment.timestamp() * 1000) << 80) | (7 << 76) | (2 << 62) | number)


def make_job(
    session: Session, state: JobState, finished_at: datetime | None, **fields: Any
) -> UUID:
    created_at = fields.pop("created_at", (finished_at or NOW) - timedelta(minutes=1))
    job = Job(
        id=id_at(created_at, fields.pop("number", 0)),
        task=TaskName.SEND_DELIVERY.value,
        queue="urgent",
        args={"delivery_id": "x"},
        state=state,
        finished_at=finished_at,
        created_at=created_at,
        **fields,
    )
    session.add(job)
    session.flush()
    return job.id


def archive(session: Session, batch: int = 100) -> int:
    moved, after = 0, START
    while True:
        done = archive_batch(
            session, finished_before=MONTH, dead_before=YEAR, after=after, batch=batch
        )
        moved += done.moved
        if done.following is None:
            return moved
        after = done.following


@pytest.mark.parametrize(
    ("state", "finished_at", "moves"),
    [
        (JobState.SUCCEEDED, MONTH - timedelta(hours=1), True),
        (JobState.CANCELLED, MONTH - timedelta(hours=1), True),
        (JobState.ABSORBED, MONTH - timedelta(hours=1), True),
        (JobState.SUCCEEDED, MONTH + timedelta(hours=1), False),
        (JobState.DEAD, MONTH - timedelta(days=300), False),
        (JobState.DEAD, YEAR - timedelta(hours=1), True),
        (JobState.QUEUED, None, False),
        (JobState.RUNNING, None, False),
    ],
)
def test_what_is_over_for_long_moves_and_nothing_else(
    session: Session, state: JobState, finished_at: datetime | None, moves: bool
) -> None:
    created_at = (finished_at or YEAR) - timedelta(days=1)
    identifier = make_job(session, state, finished_at, created_at=created_at)

    moved = archive(session)

    assert moved == int(moves)
    assert session.scalars(select(Job.id)).all() == ([] if moves else [identifier])
    assert session.scalars(select(JobArchive.id)).all() == ([identifier] if moves else [])


def test_an_archived_job_is_kept_as_it_was(session: Session) -> None:
    finished_at = MONTH - timedelta(days=1)
    identifier = make_job(session, JobState.SUCCEEDED, finished_at, result={"rows": 3}, attempt=2)

    archive(session)

    kept = session.get_one(JobArchive, identifier)
    assert (kept.task, kept.state, kept.finished_at) == (
        "mail.send_delivery", "succeeded", finished_at,
    )  # fmt: skip
    assert kept.row["result"] == {"rows": 3}
    assert (kept.row["attempt"], kept.row["args"]) == (2, {"delivery_id": "x"})


def test_small_batches_move_all_and_go_past_what_must_stay(session: Session) -> None:
    old = MONTH - timedelta(days=2)
    for number in range(5):
        make_job(session, JobState.DEAD, old, number=number)
    for number in range(5, 12):
        make_job(session, JobState.SUCCEEDED, old, number=number)

    first = archive_batch(session, finished_before=MONTH, dead_before=YEAR, batch=3)
    assert (first.moved, first.following) == (0, id_at(old - timedelta(minutes=1), 2))

    assert archive(session, batch=3) == 7
    assert session.scalars(select(Job.state)).all() == [JobState.DEAD] * 5
    assert archive(session, batch=3) == 0


def test_a_job_held_by_somebody_is_left_for_the_next_time(session: Session) -> None:
    identifier = make_job(session, JobState.SUCCEEDED, MONTH - timedelta(days=1))
    session.commit()

    session.get_one(Job, identifier, with_for_update=True)
    with transaction() as other:
        assert archive(other) == 0
    session.rollback()

    with transaction() as other:
        assert archive(other) == 1


SLOW_DELETE = """
    create function wait_for_the_test() returns trigger language plpgsql as $$
    begin
        perform pg_advisory_xact_lock(4711);
        return old;
    end $$;
    create trigger slow_delete before delete on job
        for each row execute function wait_for_the_test();
"""
FAST_DELETE = "drop trigger slow_delete on job; drop function wait_for_the_test"


@pytest.fixture
def slow_delete(database: Engine) -> Iterator[None]:
    """Has whoever takes a job away wait for the advisory lock 4711."""
    with database.begin() as connection:
        connection.execute(text(SLOW_DELETE))
    yield
    with database.begin() as connection:
        connection.execute(text(FAST_DELETE))


@pytest.mark.usefixtures("slow_delete")
def test_a_dead_job_that_is_replayed_at_this_moment_is_not_moved_away(database: Engine) -> None:
    with transaction() as session:
        longer, replayed = (
            make_job(session, JobState.DEAD, YEAR - timedelta(hours=1), number=number)
            for number in (1, 2)
        )

    def archive_row_by_row() -> None:
        with transaction() as session:
            for join in ("hash", "merge"):  # or all rows are locked before the first goes
                session.execute(text(f"set local enable_{join}join = off"))
            archive(session)

    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            session.execute(text("select pg_advisory_xact_lock(4711)"))
            archiving = pool.submit(archive_row_by_row)
            wait_until(lambda: archiving.done() or session.scalar(SOMEBODY_WAITS))
            with transaction() as other:
                replay_job(other, true(), replayed)
        archiving.result(PATIENCE_S)

    with transaction() as session:
        kept = session.execute(select(Job.id, Job.state)).all()
        moved = session.scalars(select(JobArchive.id)).all()
    assert (kept, moved) == ([(replayed, JobState.QUEUED)], [longer])
