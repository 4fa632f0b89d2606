"""The ledger's statements, against a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.db import savepoint, transaction
from hub.errors import StaleClaimError
from hub.ledger import claims
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.ledger.watching import due_work

LEASE = timedelta(seconds=60)
TASK = TaskName.SEND_DELIVERY
QUEUE = "urgent"


def ask(**options: object) -> UUID:
    with transaction() as session:
        handle = enqueue(session, TASK, **options)  # type: ignore[arg-type]  # options of enqueue
    return handle.id


def take() -> claims.Claim | None:
    with transaction() as session:
        return claims.claim(session, TASK, QUEUE, LEASE)


def taken() -> claims.Claim:
    held = take()
    assert held is not None
    return held


def job(identifier: UUID) -> Job:
    with transaction() as session:
        return session.get_one(Job, identifier)


def states() -> dict[str, int]:
    with transaction() as session:
        rows = session.execute(select(Job.state, func.count()).group_by(Job.state)).all()
        return {state.value: count for state, count in rows}


def lapse(identifier: UUID) -> None:
    with transaction() as session:
        session.execute(
            update(Job)
            .where(Job.id == identifier)
            .values(lease_until=func.clock_timestamp() - timedelta(seconds=1))
        )


def test_a_job_is_written_with_the_callers_commit_and_not_without_it(database: Engine) -> None:
    with pytest.raises(RuntimeError), transaction() as session:
        enqueue(session, TASK)
        raise RuntimeError

    assert states() == {}
    ask()
    assert states() == {"queued": 1}


def test_a_savepoint_that_fails_takes_its_job_with_it(database: Engine) -> None:
    with transaction() as session:
        enqueue(session, TASK, key="kept")
        with pytest.raises(RuntimeError), savepoint(session):
            enqueue(session, TASK, key="dropped")
            raise RuntimeError

    with transaction() as session:
        assert session.scalars(select(Job.key)).all() == ["kept"]


def test_a_key_queued_twice_is_one_job_at_the_earlier_time(database: Engine) -> None:
    first = ask(key="customer:1", delay=timedelta(hours=1))
    second = ask(key="customer:1")
    third = ask(key="customer:1", delay=timedelta(hours=2))

    assert first == second == third
    assert states() == {"queued": 1}
    assert taken().id == first


def test_a_key_may_be_queued_again_while_its_job_runs(database: Engine) -> None:
    first = ask(key="customer:1")
    taken()

    second = ask(key="customer:1")

    assert first != second
    assert states() == {"queued": 1, "running": 1}


def test_claiming_takes_each_job_once_whoever_asks(database: Engine) -> None:
    for _ in range(40):
        ask()

    with ThreadPoolExecutor(8) as pool:
        held = [claim for claim in pool.map(lambda _: take(), range(60)) if claim]

    assert len(held) == 40
    assert len({claim.id for claim in held}) == 40
    assert {claim.token for claim in held} == {1}


def test_a_job_of_the_future_is_not_claimed(database: Engine) -> None:
    ask(delay=timedelta(minutes=1))

    assert take() is None


def test_settling_ends_the_job_and_takes_the_next_in_one_statement(database: Engine) -> None:
    first, second = ask(), ask()
    held = taken()

    with transaction() as session:
        following = claims.settle_and_claim(session, held, LEASE)

    assert held.id == first
    assert following is not None
    assert following.id == second
    assert states() == {"succeeded": 1, "running": 1}
    with transaction() as session:
        assert claims.settle_and_claim(session, following, LEASE) is None
    assert states() == {"succeeded": 2}


def test_two_jobs_of_one_serial_key_never_run_at_once(database: Engine) -> None:
    ask(serial_key="customer:1")
    ask(serial_key="customer:1")
    held = taken()

    assert take() is None
    with transaction() as session:
        claims.settle(session, held)
    assert take() is not None


def test_the_index_refuses_two_running_jobs_of_a_serial_key(database: Engine) -> None:
    ask(serial_key="customer:1")
    second = ask(serial_key="customer:1")
    taken()

    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(Job).where(Job.id == second).values(state=JobState.RUNNING))


def test_an_older_token_changes_nothing(database: Engine) -> None:
    identifier = ask()
    old = taken()
    lapse(identifier)
    with transaction() as session:
        claims.return_lapsed(session)
    new = taken()

    with pytest.raises(StaleClaimError), transaction() as session:
        claims.settle(session, old)
    with pytest.raises(StaleClaimError), transaction() as session:
        claims.settle_and_claim(session, old, LEASE)
    with transaction() as session:
        claims.bury(session, old, "{}")
        claims.put_back(session, old, delay=LEASE, error=None, give_attempt_back=False)
        assert not claims.extend(session, old, LEASE)

    assert job(identifier).state is JobState.RUNNING
    assert (old.token, new.token) == (1, 2)


def test_a_job_that_lapses_five_times_is_dead_with_its_reason(database: Engine) -> None:
    identifier = ask()
    for _ in range(5):
        taken()
        lapse(identifier)
        with transaction() as session:
            assert claims.return_lapsed(session) == 1

    dead = job(identifier)
    assert (dead.state, dead.lapses, dead.attempt) == (JobState.DEAD, 5, 5)
    assert dead.error == {
        "class": "Lapsed",
        "message": "Its worker died or fell silent 5 times.",
        "words": {"text": "Its worker died or fell silent {count} times.", "params": {"count": 5}},
        "untold": True,
    }


@pytest.mark.parametrize(("give_back", "attempts"), [(True, 0), (False, 1)])
def test_later_gives_the_attempt_back_and_again_counts_it(
    database: Engine, give_back: bool, attempts: int
) -> None:
    identifier = ask()
    held = taken()

    with transaction() as session:
        claims.put_back(
            session, held, delay=LEASE, error='{"class": "x"}', give_attempt_back=give_back
        )

    waiting = job(identifier)
    assert (waiting.state, waiting.attempt) == (JobState.QUEUED, attempts)
    assert take() is None


def test_going_back_beside_a_queued_twin_ends_as_absorbed(database: Engine) -> None:
    first = ask(key="customer:1")
    held = taken()
    second = ask(key="customer:1")

    with transaction() as session:
        claims.put_back(session, held, delay=LEASE, error=None, give_attempt_back=False)

    assert job(first).state is JobState.ABSORBED
    assert job(second).state is JobState.QUEUED


def test_writers_of_the_same_keys_in_any_order_do_not_deadlock(database: Engine) -> None:
    def write(order: list[int]) -> None:
        with transaction() as session:
            for number in order:
                enqueue(session, TASK, key=f"customer:{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, [list(range(20)), list(reversed(range(20)))] * 20))

    assert states() == {"queued": 20}


def test_due_work_counts_up_to_its_bound(database: Engine) -> None:
    for _ in range(5):
        ask()
    ask(delay=timedelta(minutes=1))

    with transaction() as session:
        found = due_work(session, 3)

    assert [(work.task, work.queue, work.jobs) for work in found] == [(TASK.value, QUEUE, 3)]


def test_a_job_remembers_what_it_is_about(database: Engine, session: Session) -> None:
    about = uuid4()

    identifier = ask(subject=("reminder", about), reminder_id=about)

    made = job(identifier)
    assert (made.subject_type, made.subject_id) == ("reminder", about)
    assert made.args == {"reminder_id": str(about)}
