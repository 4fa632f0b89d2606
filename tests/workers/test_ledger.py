"""The nightly tidying, run as a job."""

import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, insert, select, update

import workers.tasks.ledger  # noqa: F401 - registers the task
from hub import files, retention
from hub.autofill.models import RegistryLookup
from hub.connections.models import CallLog, Connection
from hub.db import new_id, transaction
from hub.files import services as file_rows
from hub.files.models import StoredFile
from hub.idempotency.models import IdempotencyKey
from hub.ledger import archiving
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, JobArchive, JobState
from hub.ledger.tasks import TaskName
from hub.settings import get_settings
from workers.chain import drain

NOW = datetime.now(UTC)  # jobs that run end at the present time
OLD = NOW - timedelta(days=40)
NEW = NOW - timedelta(hours=1)


@pytest.fixture(autouse=True)
def _clean(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del database
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path)


def id_at(moment: datetime) -> UUID:
    return UUID(int=(int(moment.timestamp() * 1000) << 80) | (new_id().int & ((1 << 74) - 1)))


def tidy() -> dict[str, int]:
    with transaction() as session:
        handle = enqueue(
            session, TaskName.TIDY_LEDGER, key="tidy", schedule_id=new_id(), planned_at=NOW
        )
    assert drain(TaskName.TIDY_LEDGER) == 1
    with transaction() as session:
        job = session.get_one(Job, handle.id)
        assert job.state is JobState.SUCCEEDED, job.error
        assert job.result is not None
        return job.result


def make_calls(count: int, at: datetime) -> None:
    with transaction() as session:
        connection = session.scalar(select(Connection))
        if connection is None:
            connection = Connection(name="x", connector="x", kind="x")
            session.add(connection)
            session.flush()
        session.execute(
            insert(CallLog),
            [
                {
                    "id": id_at(at), "connection_id": connection.id, "at": at, "method": "GET",
                    "url": "/", "duration_ms": 1, "outcome": "ok",
                }
                for _ in range(count)
            ],
        )  # fmt: skip


def make_key(expires_at: datetime) -> None:
    with transaction() as session:
        session.add(
            IdempotencyKey(
                principal_id=new_id(),
                method="POST",
                route="/x",
                key="k",
                fingerprint=b"",
                created_at=expires_at - timedelta(days=1),
                expires_at=expires_at,
            )
        )


def make_lookup(at: datetime) -> None:
    with transaction() as session:
        session.add(RegistryLookup(id=id_at(at), query="Nordlys", created_at=at))


def make_job(finished_at: datetime) -> None:
    with transaction() as session:
        session.add(
            Job(
                id=id_at(finished_at - timedelta(minutes=1)),
                task="mail.send_delivery",
                queue="urgent",
                args={},
                state=JobState.SUCCEEDED,
                finished_at=finished_at,
            )
        )


def test_what_is_over_goes_what_is_not_stays_and_both_are_counted(tmp_path: Path) -> None:
    for at in (OLD, NEW):
        make_job(at)
        make_calls(2, at)
        make_lookup(at)
    make_key(NOW - timedelta(minutes=1))
    make_key(NOW + timedelta(minutes=1))

    counted = tidy()

    assert +Counter(counted) == {"jobs": 1, "calls": 2, "lookups": 1, "idempotency_keys": 1}
    assert {"sessions", "tickets", "attempts", "confidential_mails", "files"} <= counted.keys()
    with transaction() as session:
        left = [
            session.scalar(select(func.count()).select_from(model))
            for model in (Job, JobArchive, CallLog, RegistryLookup, IdempotencyKey)
        ]
    assert left == [2, 1, 2, 1, 1]  # of the jobs the tidying itself is one
    assert tidy() == dict.fromkeys(counted, 0)


def test_more_than_a_batch_is_removed_in_several_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    monkeypatch.setattr(archiving.archive_batch, "__kwdefaults__",
                        {"after": archiving.START, "batch": 3})  # fmt: skip
    make_calls(8, OLD)
    for _ in range(7):
        make_job(OLD)

    counted = tidy()

    assert (counted["calls"], counted["jobs"]) == (8, 7)


def test_jobs_are_kept_for_as_long_as_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "jobs_kept_days", 60)
    make_job(OLD)

    assert tidy()["jobs"] == 0


def test_expired_files_go_with_their_rows_and_their_exports_lose_them(tmp_path: Path) -> None:
    content = files.put(b"rows")
    with transaction() as session:
        file_rows.keep(
            session, content, name="a.csv", media_type="text/csv",
            expires_at=NOW - timedelta(days=1),
        )  # fmt: skip
    old = (NOW - timedelta(days=3650)).timestamp()
    os.utime(files.path_of(content.sha256), (old, old))

    counted = tidy()

    assert counted["files"] == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    with transaction() as session:
        assert session.scalars(select(StoredFile.id)).all() == []


def test_a_killed_tidying_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    make_job(OLD)
    make_calls(2, OLD)

    def die(*_: object) -> int:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(retention, "PRUNED", {"calls": die})
        with pytest.raises(SystemExit):
            tidy()
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(JobArchive)) == 1
        session.execute(update(Job).values(state=JobState.QUEUED, lease_until=None, key=None))

    assert drain(TaskName.TIDY_LEDGER) == 1
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(CallLog)) == 0
        assert session.scalar(select(func.count()).select_from(JobArchive)) == 1
