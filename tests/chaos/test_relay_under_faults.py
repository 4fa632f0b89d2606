"""The relay, which must outlive whatever it meets: without it nothing is woken."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError, ProgrammingError

from tests.patience import PATIENCE_S
from workers import process, relay
from workers.relay import Relay


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    monkeypatch.setattr(process, "redis_url", lambda: redis_url)
    monkeypatch.setattr(relay.random, "random", lambda: -0.95)  # type: ignore[attr-defined]  # the pause after a lost database is one second and this


@contextmanager
def running(made: Relay) -> Iterator[None]:
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield
    finally:
        made.stop()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()


class Fails:
    """Fails so many times; `done` is set when it has succeeded."""

    def __init__(self, times: int, error: Callable[[], Exception]) -> None:
        self.left, self.error, self.done = times, error, threading.Event()

    def __call__(self) -> None:
        if self.left:
            self.left -= 1
            raise self.error()
        self.done.set()


def database_away() -> Exception:
    return OperationalError("", {}, psycopg.OperationalError("the server is starting up"))


@pytest.mark.usefixtures("pauses")
def test_a_database_that_is_away_at_the_start_is_waited_for(database: Engine) -> None:
    first, chore = Fails(2, database_away), Fails(0, database_away)

    with running(Relay({"chore": (0.01, chore)}, first=[first])):
        assert chore.done.wait(PATIENCE_S)

    assert first.done.is_set()


def no_such_column() -> Exception:
    return ProgrammingError("", {}, psycopg.errors.UndefinedColumn("no such column"))


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("error", [database_away, no_such_column, lambda: ValueError("a rule")])
def test_a_chore_that_never_succeeds_keeps_no_other_from_its_turn(
    database: Engine, error: Callable[[], Exception]
) -> None:
    bad, good = Fails(10**9, error), Fails(0, error)

    with running(Relay({"bad": (0.0, bad), "good": (0.0, good)})):
        assert good.done.wait(PATIENCE_S)

    assert not bad.done.is_set()


@pytest.mark.usefixtures("pauses")
def test_one_chore_of_which_nothing_comes_does_not_slow_the_relay_down(
    database: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = Fails(10**9, no_such_column), Fails(0, no_such_column)

    with running(Relay({"bad": (0.0, bad), "good": (0.0, good)})):
        assert good.done.wait(PATIENCE_S)

    assert {record.message for record in caplog.records} == {"relay.chore_failed"}


@pytest.mark.usefixtures("pauses")
@pytest.mark.parametrize("error", [database_away, lambda: ValueError("a rule nobody can read")])
def test_a_chore_that_fails_is_done_again_and_keeps_no_other_from_its_turn(
    database: Engine, error: Callable[[], Exception]
) -> None:
    bad, good = Fails(3, error), Fails(0, error)

    with running(Relay({"bad": (0.01, bad), "good": (0.01, good)})):
        assert good.done.wait(PATIENCE_S)
        assert bad.done.wait(PATIENCE_S)
