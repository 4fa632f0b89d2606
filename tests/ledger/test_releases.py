"""Held jobs that are released: one after another, in the order they were asked for."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, true, update
from sqlalchemy.exc import IntegrityError

from hub.db import transaction
from hub.ledger import claims, services
from hub.ledger.claims import Claim
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName

LEASE = timedelta(seconds=60)
PUSH, PULL = TaskName.PUSH_CUSTOMER, TaskName.PULL_CUSTOMERS
HELD_FOR = "connection:7"


def ask(name: str, task: TaskName = PUSH) -> UUID:
    with transaction() as session:
        handle = enqueue(session, task, key=name, serial_key=name)
    return handle.id


def take(task: TaskName = PUSH) -> Claim | None:
    for _ in range(50):
        try:
            with transaction() as session:
                return claims.claim(session, task, "default", LEASE)
        except IntegrityError:  # another thread was quicker, as `workers.chain` has it
            continue
    raise AssertionError("never free")


def taken(task: TaskName = PUSH) -> Claim:
    held = take(task)
    assert held is not None
    return held


def settle(held: Claim) -> None:
    with transaction() as session:
        claims.settle(session, held)


def put_back(
    held: Claim, *, delay_s: float = 3600, again: bool = False, waits: bool = True
) -> None:
    with transaction() as session:
        claims.put_back(
            session,
            held,
            delay=timedelta(seconds=delay_s),
            error=None,
            give_attempt_back=not again,
            waits_for=HELD_FOR if waits else None,
        )


def hold_all(task: TaskName = PUSH) -> None:
    """Claim all that is due and hold it, as workers do while a connection is revoked."""
    held = []
    while (claim := take(task)) is not None:
        held.append(claim)
    for claim in reversed(held):
        put_back(claim)


def release() -> int:
    with transaction() as session:
        return claims.release_waiting(session, HELD_FOR)


def make_due() -> None:
    with transaction() as session:
        session.execute(
            update(Job).where(Job.state == JobState.QUEUED).values(run_at=func.clock_timestamp())
        )


def test_released_jobs_run_one_after_another_in_the_order_they_were_asked_for(
    database: Engine,
) -> None:
    asked = [ask("c"), ask("a"), ask("b")]
    hold_all()

    assert release() == 3

    done = []
    for _ in asked:
        held = taken()
        assert take() is None
        done.append(held.id)
        settle(held)
    assert done == asked


def test_workers_in_a_crowd_keep_the_order(database: Engine) -> None:
    asked = [ask(f"customer {number}") for number in range(30)]
    hold_all()
    release()
    done: list[UUID] = []
    at_once, most = 0, 0
    lock = threading.Lock()

    def work(_: int) -> None:
        nonlocal at_once, most
        while len(done) < len(asked):
            held = take()
            if held is None:
                continue
            with lock:
                done.append(held.id)
                at_once += 1
                most = max(most, at_once)
            with lock:
                at_once -= 1
            settle(held)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert done == asked
    assert most == 1


def test_one_put_off_for_a_moment_is_waited_for(database: Engine) -> None:
    first, second = ask("a"), ask("b")
    hold_all()
    release()

    put_back(taken(), delay_s=60, waits=False)

    assert take() is None
    make_due()
    held = taken()
    assert held.id == first
    settle(held)
    assert taken().id == second


def test_one_put_off_by_calls_is_brought_forward_in_its_place(database: Engine) -> None:
    first, second = ask("a"), ask("b")
    hold_all()
    release()
    with transaction() as session:
        claims.put_back(
            session,
            taken(),
            delay=timedelta(hours=9),
            error=None,
            give_attempt_back=True,
            sooner_with="calls:7",
        )
    assert (take(), release()) == (None, 0)

    with transaction() as session:
        assert claims.bring_forward(session, "calls:8") == 0
        assert claims.bring_forward(session, "calls:7") == 1

    held = taken()
    assert held.id == first
    assert take() is None
    settle(held)
    assert taken().id == second


def test_one_that_failed_lets_the_others_go(database: Engine) -> None:
    _, second = ask("a"), ask("b")
    hold_all()
    release()

    put_back(taken(), again=True, waits=False)

    assert taken().id == second


def test_one_that_is_held_anew_lets_the_others_find_out_for_themselves(database: Engine) -> None:
    first, second = ask("a"), ask("b")
    hold_all()
    release()

    put_back(taken())
    held = taken()

    assert held.id == second
    put_back(held)
    release()
    assert taken().id == first


def test_what_was_never_held_does_not_wait_for_what_was(database: Engine) -> None:
    ask("a")
    hold_all()
    release()
    taken()

    new = ask("b")

    assert taken().id == new


def test_a_new_job_for_the_same_record_waits_for_the_released_one(database: Engine) -> None:
    ask("a")
    hold_all()
    release()
    held = taken()

    new = ask("a")

    assert take() is None
    settle(held)
    assert taken().id == new


def test_tasks_that_keep_no_order_are_released_all_at_once(database: Engine) -> None:
    asked = {ask("a", PULL), ask("b", PULL)}
    hold_all(PULL)

    assert release() == 2

    assert {taken(PULL).id, taken(PULL).id} == asked


def test_many_are_released_a_few_at_a_time_and_still_in_order(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "_MOST_RELEASED", 2)
    asked = [ask(name) for name in "abcde"]
    hold_all()

    assert (release(), release()) == (2, 0)

    done = []
    for _ in asked:
        held = taken()
        done.append(held.id)
        settle(held)
        release()
    assert done == asked


def test_a_replayed_job_has_lost_its_place(database: Engine) -> None:
    identifier = ask("a")
    hold_all()
    release()
    with transaction() as session:
        claims.bury(session, taken(), "{}")

    with transaction() as session:
        services.replay_job(session, true(), identifier)

    with transaction() as session:
        assert session.scalar(select(Job.release_key).where(Job.id == identifier)) is None


def test_the_index_refuses_two_running_jobs_of_a_release(database: Engine) -> None:
    _, second = ask("a"), ask("b")
    hold_all()
    release()
    taken()

    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(update(Job).where(Job.id == second).values(state=JobState.RUNNING))
