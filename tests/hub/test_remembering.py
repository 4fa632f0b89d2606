"""What processes remember: nothing is asked twice, and no change is missed."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Engine, event, select, text, update
from sqlalchemy.orm import Session

from hub import numbering, remembering
from hub.configuration.models import Setting
from hub.db import savepoint, transaction
from hub.remembering import Remembered

NAMES = Remembered(
    lambda session: tuple(session.scalars(select(Setting.key).order_by(Setting.key))), Setting
)


@pytest.fixture(autouse=True)
def _nothing_remembered(database: Engine) -> None:
    remembering.forget()


@contextmanager
def another_process(database: Engine) -> Iterator[psycopg.Connection]:
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        yield connection


def set_there(database: Engine, key: str) -> None:
    with another_process(database) as other:
        other.execute(
            "insert into setting (id, key, value) values (gen_random_uuid(), %s, '{}')", [key]
        )


def names() -> tuple[str, ...]:
    with transaction() as session:
        return NAMES.current(session)


def test_what_is_known_is_not_asked_for_again(database: Engine) -> None:
    names()
    asked: list[str] = []
    event.listen(database, "before_cursor_execute", lambda *given: asked.append(given[2]))

    assert names() == names() == ()
    assert asked == []


def test_a_change_by_another_process_is_seen_by_the_next_transaction_of_each_connection(
    database: Engine,
) -> None:
    with transaction() as first, transaction() as second:
        assert NAMES.current(first) == NAMES.current(second) == ()
    set_there(database, "a")
    with transaction() as first, transaction() as second:
        assert NAMES.current(first) == NAMES.current(second) == ("a",)


def test_a_transaction_keeps_what_it_was_told_first(database: Engine) -> None:
    with transaction() as session:
        assert NAMES.current(session) == ()
        set_there(database, "a")
        assert names() == ("a",)
        assert NAMES.current(session) == ()


@pytest.mark.parametrize("how", ["flushed", "executed"])
def test_a_transaction_sees_what_it_changed_itself_and_nobody_else_does(
    database: Engine, how: str
) -> None:
    set_there(database, "a")
    assert names() == ("a",)
    with transaction() as session:
        assert NAMES.current(session) == ("a",)
        if how == "flushed":
            session.scalars(select(Setting)).one().key = "b"
            session.flush()
        else:
            session.execute(update(Setting).values(key="b"))
        assert NAMES.current(session) == ("b",)
        assert names() == ("a",)
    assert names() == ("b",)


def test_what_is_rolled_back_was_never_there(database: Engine) -> None:
    with transaction() as session:
        with pytest.raises(ZeroDivisionError), savepoint(session):
            session.add(Setting(key="a", value={}))
            session.flush()
            assert NAMES.current(session) == ("a",)
            raise ZeroDivisionError
        assert NAMES.current(session) == ()
    assert names() == ()


def test_a_change_while_no_connection_stood_is_not_missed(database: Engine) -> None:
    assert names() == ()
    database.dispose()
    set_there(database, "a")

    assert names() == ("a",)


def test_a_change_is_forgotten_once_whichever_connections_tell_of_it(database: Engine) -> None:
    with transaction() as first, transaction() as second:
        assert NAMES.current(first) == NAMES.current(second) == ()
    told = remembering.times_told()

    set_there(database, "a")
    with transaction() as first, transaction() as second:
        assert NAMES.current(first) == NAMES.current(second) == ("a",)

    assert remembering.times_told() == told + 1


def test_what_changes_all_the_time_tells_nothing(session: Session) -> None:
    numbering.ensure(session, "lead")
    session.commit()
    assert names() == ()
    told = remembering.times_told()

    numbering.allocate(session, "lead")
    session.execute(text("update connection set failures = failures + 1"))
    session.commit()

    assert names() == ()
    assert remembering.times_told() == told
