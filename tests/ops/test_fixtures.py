"""The fixtures themselves: clean, real, and closed to the outside."""

import socket

import pytest
import redis
from sqlalchemy import Engine, func, select, text

from hub.db import transaction
from hub.ledger.models import Job


def test_the_database_is_postgresql_18_with_the_parts_we_need(database: Engine) -> None:
    with database.connect() as connection:
        version = connection.scalar(text("SELECT current_setting('server_version_num')::int"))
        folded = connection.scalar(text("SELECT casefold('ÆBLE' COLLATE pg_unicode_fast)"))

    assert version >= 180000
    assert folded == "æble"


@pytest.mark.parametrize("turn", [1, 2])
def test_what_one_test_commits_the_next_does_not_see(database: Engine, turn: int) -> None:
    with transaction() as session:
        before = session.scalar(select(func.count()).select_from(Job))
        session.add(Job(task="tests.do_nothing", queue="default", args={}))

    with transaction() as session:
        after = session.scalar(select(func.count()).select_from(Job))
    assert (before, after) == (0, 1)


def test_redis_answers(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.ping() is True


def test_no_socket_leads_out_of_the_machine() -> None:
    with socket.socket() as way_out, pytest.raises(RuntimeError, match="outside of this machine"):
        way_out.connect(("192.0.2.1", 80))


def test_no_name_resolves_to_the_outside() -> None:
    with pytest.raises(socket.gaierror, match=r"tests do not resolve 'example.org'"):
        socket.getaddrinfo("example.org", 80)
