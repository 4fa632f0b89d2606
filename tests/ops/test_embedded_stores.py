"""The embedded stores after whatever has happened to them."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

import ops.data_directory
from ops.data_directory import DataDirectory
from ops.embedded import binaries
from ops.embedded import postgres as embedded_postgres
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.redis import EmbeddedRedis
from ops.errors import OperationError
from ops.parts import postgres_part, redis_part
from ops.process_identity import is_running, working_in
from ops.supervisor.child import Child
from ops.supervisor.single import running
from tests.patience import PATIENCE_S, wait_until

pytestmark = pytest.mark.stack


@pytest.fixture
def place() -> Iterator[DataDirectory]:
    # Not tmp_path: that is closed to the account PostgreSQL runs under when we are root.
    directory = Path(tempfile.mkdtemp(prefix="hub-store-"))
    directory.chmod(0o711)
    made = DataDirectory(directory / "data")
    made.create()
    yield made
    shutil.rmtree(directory)


@pytest.fixture
def postgres(place: DataDirectory) -> EmbeddedPostgres:
    return EmbeddedPostgres(place, durable=False)


def ask(server: EmbeddedPostgres, statement: str) -> str:
    url = server.url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        answer = connection.execute(statement.encode())
        row = answer.fetchone() if answer.description else None
    return str(row[0]) if row else ""


def test_it_listens_on_no_network_and_sorts_alike_everywhere(
    place: DataDirectory, postgres: EmbeddedPostgres
) -> None:
    with running(postgres_part(postgres), place):
        assert ask(postgres, "SHOW listen_addresses") == ""
        provider = "SELECT concat(datlocprovider, datlocale) FROM pg_database WHERE datname='hub'"
        assert ask(postgres, provider) == "bC.UTF-8"
        assert ask(postgres, "SELECT lower('ÆØÅ')") == "æøå"
        mode = (place.sockets / ".s.PGSQL.5432").stat().st_mode
        assert mode & 0o777 == 0o700


def test_rows_outlive_a_kill_and_a_process_file_of_a_stranger(
    place: DataDirectory, postgres: EmbeddedPostgres
) -> None:
    part = postgres_part(EmbeddedPostgres(place))
    with running(part, place) as child:
        ask(postgres, "CREATE TABLE kept AS SELECT 42 AS answer")
        child.send(signal.SIGKILL)
        child.wait(PATIENCE_S)
    process_file = place.postgres / "postmaster.pid"
    lines = process_file.read_text().splitlines()
    process_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    (place.sockets / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")

    with running(part, place):
        assert ask(postgres, "SELECT answer FROM kept") == "42"
    assert is_running(os.getpid())


def test_the_next_one_starts_although_a_killed_one_left_a_long_query_behind(
    place: DataDirectory, postgres: EmbeddedPostgres
) -> None:
    part = postgres_part(postgres)
    url = postgres.url.replace("postgresql+psycopg", "postgresql")
    counting = "SELECT count(*) FROM generate_series(1, 1e12)"
    under_way = f"SELECT count(*) FROM pg_stat_activity WHERE query = '{counting}'"
    limited = "-c statement_timeout=60s"  # the query's end if nothing else is
    with running(part, place) as child, ThreadPoolExecutor(1) as pool:
        connection = psycopg.connect(url, options=limited)
        asked = pool.submit(connection.execute, counting)
        wait_until(lambda: ask(postgres, under_way) == "1")
        child.send(signal.SIGKILL)
        child.wait(PATIENCE_S)
        left = working_in(place.postgres, "postgres")

        with running(part, place):
            answer = ask(postgres, "SELECT 1")

        ended = asked.exception()
        connection.close()

    assert len(left) >= 1
    assert answer == "1"
    assert isinstance(ended, psycopg.OperationalError)


def test_a_server_that_lost_its_supervisor_is_ended_and_the_next_one_starts(
    place: DataDirectory, postgres: EmbeddedPostgres
) -> None:
    part = postgres_part(postgres)
    part.prepare()
    with (place.logs / "lost.log").open("wb") as output:
        lost = Child(part, output=output.fileno())
    wait_until(lambda: lost.exit_code() is not None or postgres.is_ready())
    assert lost.exit_code() is None

    with running(part, place) as child:
        assert lost.wait(PATIENCE_S) == 0
        assert child.process_id != lost.process_id
        assert postgres.is_ready()


@pytest.mark.parametrize(
    ("limit", "kept"), [("134217728", "64MB"), ("4294967296", "256MB"), ("1099511627776", "512MB")]
)
def test_it_keeps_pages_in_a_part_of_the_memory_it_may_have(
    place: DataDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, kept: str
) -> None:
    told = tmp_path / "memory.max"
    told.write_text(limit + "\n")
    monkeypatch.setattr(embedded_postgres, "_MEMORY_LIMIT", told)
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**24}.__getitem__)

    assert f"shared_buffers={kept}" in EmbeddedPostgres(place, durable=False).command


def test_a_database_half_made_is_made_again(
    place: DataDirectory, postgres: EmbeddedPostgres
) -> None:
    half = place.root / "postgres.init"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    postgres.prepare()

    assert not half.exists()
    assert (place.postgres / "global" / "pg_control").exists()


def test_files_of_another_version_are_left_alone(
    place: DataDirectory, postgres: EmbeddedPostgres
) -> None:
    place.postgres.mkdir()
    (place.postgres / "PG_VERSION").write_text("17\n")

    with pytest.raises(OperationError, match="made by PostgreSQL 17"):
        postgres.prepare()
    assert [path.name for path in place.postgres.iterdir()] == ["PG_VERSION"]


def test_both_stores_start_where_the_path_is_too_long_for_a_socket(place: DataDirectory) -> None:
    deep = DataDirectory(place.root / ("x" * 50) / ("y" * 50))
    deep.create()
    for directory in (deep.root.parent, deep.root):
        directory.chmod(0o711)
    postgres = EmbeddedPostgres(deep, durable=False)
    redis = EmbeddedRedis(deep, account=postgres.account)

    with running(postgres_part(postgres), deep), running(redis_part(redis), deep):
        assert ask(postgres, "SELECT 1") == "1"
        assert len(os.fsencode(redis.socket)) < 100
    shutil.rmtree(deep.sockets)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts PostgreSQL as somebody else")
def test_behind_a_closed_door_the_files_go_where_the_account_can_reach_them(
    place: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = place.root / "shared"
    monkeypatch.setattr(ops.data_directory, "SHARED_PLACE", shared)
    monkeypatch.setattr(binaries, "SHARED_PLACE", shared)
    room = place.root / "private" / "data"
    closed = DataDirectory(room)
    closed.create()
    room.parent.chmod(0o700)
    postgres = EmbeddedPostgres(closed, durable=False)

    with running(postgres_part(postgres), closed):
        assert ask(postgres, "SELECT 1") == "1"
    assert room.parent.stat().st_mode & 0o777 == 0o700
    assert closed.postgres.is_symlink()
    assert closed.postgres.resolve().is_relative_to(shared)
    shutil.rmtree(closed.sockets)


def test_redis_starts_over_the_socket_of_a_killed_one_and_forgets(place: DataDirectory) -> None:
    redis = EmbeddedRedis(place, account=None)
    part = redis_part(redis)
    with running(part, place) as child:
        child.send(signal.SIGKILL)
        child.wait(PATIENCE_S)
    assert redis.socket.exists()
    assert not redis.is_ready()

    with running(part, place):
        assert redis.is_ready()
    assert list(place.redis.iterdir()) == []


def test_a_store_that_cannot_start_says_where_its_log_is(place: DataDirectory) -> None:
    redis = EmbeddedRedis(place, account=None, program=Path("/bin/false"))

    with (
        pytest.raises(OperationError, match=r"redis does not start; see .*redis\.log"),
        running(redis_part(redis), place),
    ):
        pass
