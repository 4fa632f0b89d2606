"""Counting attempts in the database."""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from hub.clock import utcnow
from hub.db import transaction
from hub.signing_in import attempts
from hub.signing_in.attempts import Limit, TooManyAttemptsError

FIVE = Limit("test", 5, timedelta(minutes=1))


def take(key: str = "a", limit: Limit = FIVE) -> attempts.Attempt:
    with transaction() as session:
        return attempts.take(session, limit, key)


def let_pass(seconds: float) -> None:
    with transaction() as session:
        session.execute(
            text(
                "update attempt_count set at = array(select t - :gone * interval '1 s'"
                " from unnest(at) t), last_at = last_at - :gone * interval '1 s'"
            ),
            {"gone": seconds},
        )


def test_the_sixth_within_a_minute_is_refused_and_told_how_long_to_wait(database: Engine) -> None:
    began = time.monotonic()
    for _ in range(5):
        take()
        let_pass(10)

    with pytest.raises(TooManyAttemptsError) as refused:
        take()

    passed = timedelta(seconds=time.monotonic() - began)
    assert timedelta(seconds=10) - passed <= refused.value.wait <= timedelta(seconds=10)
    let_pass(10)
    take()


def test_one_that_was_refused_does_not_count(database: Engine) -> None:
    for _ in range(5):
        take()
    for _ in range(50):
        with pytest.raises(TooManyAttemptsError):
            take()
    let_pass(60)

    for _ in range(5):
        take()


def test_in_no_hour_are_there_more_than_five(database: Engine) -> None:
    """The window slides: five at its end and five just after the turn would be ten in a minute."""
    five = Limit("test", 5, timedelta(hours=1))
    for _ in range(5):
        take(limit=five)
    let_pass(3570)

    with pytest.raises(TooManyAttemptsError):
        take(limit=five)


def test_keys_and_limits_are_counted_apart(database: Engine) -> None:
    for _ in range(5):
        take("a")

    take("b")
    take("a", Limit("other", 1, timedelta(minutes=1)))


def test_one_given_back_was_none(database: Engine) -> None:
    for _ in range(20):
        taken = take()
        with transaction() as session:
            attempts.give_back(session, taken)

    for _ in range(5):
        take()


def test_of_fifty_at_once_five_get_through(database: Engine) -> None:
    granted, lock, start = [0], threading.Lock(), threading.Barrier(10)

    def knock() -> None:
        start.wait()
        for _ in range(5):
            try:
                take()
            except TooManyAttemptsError:
                continue
            with lock:
                granted[0] += 1

    threads = [threading.Thread(target=knock) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert granted == [5]


def test_old_counts_are_forgotten(database: Engine) -> None:
    take("a")
    let_pass(timedelta(days=2).total_seconds())
    take("b")

    with transaction() as session:
        assert attempts.prune(session, utcnow(), 100) == 1
        assert attempts.prune(session, utcnow(), 100) == 0
