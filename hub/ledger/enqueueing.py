"""Asking for work: rows in the caller's own transaction, and nothing else."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event, text
from sqlalchemy.orm import Session

from hub.db import HubSession, new_id, pending
from hub.history.recording import origin_of
from hub.ledger.tasks import TaskName, queue_of, serial_key_of
from hub.origin import ActorKind

SOON = timedelta(seconds=5)  # later work is no part of what a request's caller waits for


@dataclass(slots=True)
class Enqueued:
    """A job asked for; `id` holds once the transaction has committed.

    Where a queued job of the same key stood already, it is that job's id.
    """

    id: UUID


@dataclass(frozen=True, slots=True)
class _Request:
    handle: Enqueued = field(compare=False)
    task: TaskName
    args: Mapping[str, Any]
    key: str | None
    serial_key: str | None
    run_at: datetime | None
    delay: timedelta | None
    subject: tuple[str, UUID] | None
    cause_event_id: UUID | None
    by: UUID | None


def enqueue(
    session: Session,
    task: TaskName,
    *,
    key: str | None = None,
    serial_key: str | None = None,
    run_at: datetime | None = None,
    delay: timedelta | None = None,
    subject: tuple[str, UUID] | None = None,
    cause_event_id: UUID | None = None,
    **args: UUID | date | datetime | str | int | bool | None,
) -> Enqueued:
    """Ask for a job; the row is written with the caller's commit.

    Args:
        session: the caller's; nothing is published from here.
        task: which task.
        key: while a job of this task and key is queued, no second one is made: it runs at the
            earlier of the two times. A key contains a record's id and is never shared by all.
        serial_key: two jobs of one serial key never run at once, whatever their tasks; the task's
            own (`serial_key_of`) where None.
        run_at: not before this instant; now where None.
        delay: not before so long after now, by the database's clock.
        subject: the record it is about, as (entity, id).
        cause_event_id: the event that asked for it.
        **args: ids and dates only (reliability.md R-2): no personal data, no bodies.
    """
    handle = Enqueued(new_id())
    plain = {name: _plain(value) for name, value in args.items()}
    made = _Request(
        handle=handle,
        task=task,
        args=plain,
        key=key,
        serial_key=serial_key or serial_key_of(task, plain),
        run_at=run_at,
        delay=delay,
        subject=subject,
        cause_event_id=cause_event_id,
        by=origin_of(session).user_id,
    )
    pending(session, "jobs")[handle.id] = made
    return handle


def asked_for(session: Session, task: TaskName) -> list[Mapping[str, Any]]:
    """Return the arguments of the jobs of a task that this transaction asks for until now.

    They are written with its commit, and no query finds them before.
    """
    waiting: Mapping[UUID, _Request] = pending(session, "jobs")
    return [request.args for request in waiting.values() if request.task is task]


def enqueued_in(session: Session) -> list[Enqueued]:
    """Return the jobs, due at once or nearly so, that this session's last transaction asked for."""
    handles: list[Enqueued] = session.info.get("enqueued", [])
    return handles


def _plain(value: UUID | date | str | int | None) -> Any:
    match value:
        case UUID():
            return str(value)
        case date():
            return value.isoformat()
        case _:
            return value


# One statement for all: the function gives the rows in the order in which they were given, so that
# two writers meet the locks of their keys in one order.
_INSERT = text("""
    insert into job (id, task, queue, args, key, serial_key, subject_type, subject_id,
                     run_at, cause_event_id, cause_job_id, created_by)
    select id, task, queue, args, key, serial_key, subject_type, subject_id,
           coalesce(run_at, clock_timestamp() + delay * interval '1 s'),
           cause_event_id, cause_job_id, created_by
    from jsonb_to_recordset(cast(:rows as jsonb)) as r (
        id uuid, task text, queue text, args jsonb, key text, serial_key text,
        subject_type text, subject_id uuid, run_at timestamptz, delay double precision,
        cause_event_id uuid, cause_job_id uuid, created_by uuid
    )
    on conflict (task, key) where state = 'queued'
    do update set run_at = least(job.run_at, excluded.run_at),
                  waits_for = null,
                  cause_event_id = coalesce(excluded.cause_event_id, job.cause_event_id)
    returning id, task, key
""")
_MOST_AT_ONCE = 1000


@event.listens_for(HubSession, "before_commit")
def _write(session: Session) -> None:
    if session.in_nested_transaction():
        return
    session.flush()
    waiting: dict[UUID, _Request] = pending(session, "jobs")
    # Keyed rows last and sorted, so that two writers take the same locks in the same order.
    requests = sorted(waiting.values(), key=lambda r: (r.key is not None, r.task, r.key or ""))
    waiting.clear()
    for batch in _batches(requests):
        rows = json.dumps([_row(session, request) for request in batch])
        ids = {
            (row.task, row.key): row.id for row in session.execute(_INSERT, {"rows": rows}).all()
        }
        for request in batch:
            if request.key is not None:
                request.handle.id = ids[request.task.value, request.key]
    session.info["enqueued"] = [
        r.handle for r in requests if r.run_at is None and (r.delay or timedelta()) <= SOON
    ]


def _batches(requests: Sequence[_Request]) -> Iterator[list[_Request]]:
    """Return them in order, no key twice in a batch: a statement may touch a row only once."""
    batch: list[_Request] = []
    for request in requests:
        is_repeated = (
            batch and request.key is not None
            and (batch[-1].task, batch[-1].key) == (request.task, request.key)
        )  # fmt: skip
        if is_repeated or len(batch) == _MOST_AT_ONCE:
            yield batch
            batch = []
        batch.append(request)
    if batch:
        yield batch


def _row(session: Session, request: _Request) -> dict[str, Any]:
    origin = origin_of(session)
    subject_type, subject_id = request.subject or (None, None)
    return {
        "id": str(request.handle.id),
        "task": request.task.value,
        "queue": queue_of(request.task).value,
        "args": request.args,
        "key": request.key,
        "serial_key": request.serial_key,
        "subject_type": subject_type,
        "subject_id": _text(subject_id),
        "run_at": request.run_at.isoformat() if request.run_at else None,
        "delay": (request.delay or timedelta()).total_seconds(),
        "cause_event_id": _text(request.cause_event_id),
        "cause_job_id": _text(origin.actor_id) if origin.actor_kind is ActorKind.JOB else None,
        "created_by": _text(request.by),
    }


def _text(identifier: UUID | None) -> str | None:
    return None if identifier is None else str(identifier)
