"""``hub health``, and what the doctor says of relay and workers."""

import socket
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from hub.db import transaction
from hub.ledger.models import ProcessKind, Pulse
from hub.settings import get_settings
from ops.cli import hub
from ops.doctor.database import look_at_processes
from ops.reach import all_work_is_done_for


@pytest.fixture
def here(database: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The database as the command finds it."""
    monkeypatch.setenv("HUB_DATABASE_URL", database_url)
    monkeypatch.setenv("HUB_REDIS_URL", "redis://unused")
    get_settings.cache_clear()
    yield database_url
    monkeypatch.undo()
    get_settings.cache_clear()


def heard(kind: ProcessKind, *queues: str, host: str = socket.gethostname()) -> None:
    with transaction() as session:
        session.add(Pulse(kind=kind, host=host, process_id=len(host), queues=list(queues)))


def said(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(hub, ["health", *arguments])
    return result.exit_code, str(result.exception or "")


def test_a_host_with_a_relay_is_told_from_one_without(here: str) -> None:
    heard(ProcessKind.RELAY, host="elsewhere")
    before = said("relay")
    heard(ProcessKind.RELAY)

    assert before == (1, "No relay was heard on this host.")
    assert said("relay") == (0, "")


def test_a_worker_must_be_heard_for_every_queue_that_is_named(here: str) -> None:
    heard(ProcessKind.WORKER, "urgent", "default")

    assert said("worker", "--queues", "urgent") == (0, "")
    assert said("worker", "--queues", "urgent,default") == (0, "")
    assert said("worker") == (1, "No worker was heard on this host for: bulk.")
    assert said("worker", "--queues", "slow")[0] == 2


def test_a_host_that_cannot_reach_the_database_is_not_healthy(
    here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://127.0.0.1:9/x")
    get_settings.cache_clear()

    assert said("relay") == (1, "The database is not reachable.")


def test_the_doctor_names_the_queues_that_nobody_works_for(here: str) -> None:
    heard(ProcessKind.WORKER, "urgent", "default", host="elsewhere")
    installation = SimpleNamespace(postgres=None, database_url=here)

    found = look_at_processes(installation)  # type: ignore[arg-type] # as much of one as it reads

    assert [(each.level.value, each.subject) for each in found] == [
        ("fail", "relay"), ("ok", "workers of urgent"), ("ok", "workers of default"),
        ("fail", "workers of bulk"),
    ]  # fmt: skip
    assert found[-1].remedy == "hub up, or hub worker --queues bulk"


def test_where_nothing_answers_no_work_is_done() -> None:
    assert all_work_is_done_for("http://127.0.0.1:9/readyz") is False
