"""Claiming, settling and giving back jobs: the database's clock and one statement each."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.db import savepoint
from hub.errors import StaleClaimError
from hub.ledger.setbacks import LAPSED
from hub.ledger.tasks import IN_ORDER

MAX_LAPSES = 5  # reliability.md R-8: a job that kills its process is dead after five

DELAYS = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 3600, 6 * 3600, 24 * 3600))
"""Pauses between attempts (reliability.md R-8), each with 20 % of jitter either way."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job held under a lease by whoever knows its token."""

    id: UUID
    task: str
    queue: str
    args: dict[str, Any]
    token: int
    attempt: int
    lapses: int
    serial_key: str | None
    subject_id: UUID | None
    created_by: UUID | None
    cause_event_id: UUID | None


_RETURNING = (
    "id, task, queue, args, token, attempt, lapses, serial_key, subject_id, created_by,"
    " cause_event_id"
)
_START = """
    update job set state = 'running', token = token + 1, attempt = attempt + 1, waits_for = null,
           lease_until = clock_timestamp() + :lease * interval '1 s',
           started_at = clock_timestamp(), error = null
"""
_DUE = """
    select c.id from job c
    where c.state = 'queued' and c.task = :task and c.queue = :queue
      and c.run_at <= clock_timestamp()
"""
_ORDER = "order by c.priority, c.run_at, c.id for update skip locked limit 1"
_NOT_BLOCKED = """
      and (c.serial_key is null or not exists (
          select from job r where r.serial_key = c.serial_key and r.state = 'running'))
      and (c.release_key is null or not exists (
          select from job r where r.release_key = c.release_key
             and (r.state = 'running' or (r.state = 'queued' and r.id < c.id))))
"""

_CLAIM = text(f"{_START} where id = ({_DUE} {_NOT_BLOCKED} {_ORDER}) returning {_RETURNING}")

_SETTLE = text("""
    update job set state = 'succeeded', finished_at = clock_timestamp(), lease_until = null,
           result = cast(:result as jsonb)
    where id = :id and token = :token and state = 'running'
""")

# Settling one and claiming the next is one statement in the body's last transaction, so a chain
# costs one commit a job. Jobs of a serial or release key are left out: claiming them may violate
# an index.
_SETTLE_AND_CLAIM = text(f"""
    with settled as (
        update job set state = 'succeeded', finished_at = clock_timestamp(), lease_until = null,
               result = cast(:result as jsonb)
        where id = :id and token = :token and state = 'running' returning id
    ), claimed as (
        {_START}
        where exists (select from settled)
          and id = ({_DUE} and c.serial_key is null and c.release_key is null {_ORDER})
        returning {_RETURNING}
    )
    select (select count(*) from settled) as settled, claimed.* from (select) one
    left join claimed on true
""")  # noqa: S608 - made of the constants above

_AGAIN = text("""
    update job set
        state = case when :key_taken then 'absorbed' else 'queued' end,
        finished_at = case when :key_taken then clock_timestamp() end,
        run_at = clock_timestamp() + :delay * interval '1 s',
        attempt = attempt - :give_back, lease_until = null, waits_for = :waits_for,
        release_key = case when :keeps_place then release_key end,
        error = cast(:error as jsonb)
    where id = :id and token = :token and state = 'running'
""")

_KEY_TAKEN = text("""
    select exists (select from job q, job j where j.id = :id and q.task = j.task and q.key = j.key
                   and q.state = 'queued')
""")

_DEAD = text("""
    update job set state = 'dead', finished_at = clock_timestamp(), lease_until = null,
           error = cast(:error as jsonb)
    where id = :id and token = :token and state = 'running'
""")

_EXTEND = text("""
    update job set lease_until = clock_timestamp() + :lease * interval '1 s'
    where id = :id and token = :token and state = 'running'
""")

# Rows are locked in the order in which writers lock keys, or the two would deadlock. Of jobs that
# keep an order few at a time are let go: a claim looks at each of them, and the relay, which comes
# by every second, lets the next ones go.
_RELEASE = text("""
    with held as (
        select id, task in (:in_order) as ordered from job
        where state = 'queued' and waits_for = :waits_for
    ), chosen as (
        select id from held where not ordered
        union all
        (select id from held where ordered order by id limit greatest(0, :most - (
            select count(*) from job where release_key = :waits_for
               and state in ('queued', 'running'))))
    ), waiting as (
        select job.id, held.ordered from job join chosen using (id) join held using (id)
        where job.state = 'queued' and job.waits_for = :waits_for
        order by job.task collate "C", job.key collate "C" for update of job
    )
    update job set run_at = now(), waits_for = null,
           release_key = case when waiting.ordered then :waits_for end
    from waiting where job.id = waiting.id
""").bindparams(bindparam("in_order", expanding=True))
_MOST_RELEASED = 200

# Locked in the order of keys for the same reason.
_BRING_FORWARD = text("""
    with waiting as (
        select id from job where state = 'queued' and waits_for = :sooner_with
        order by task collate "C", key collate "C" for update
    )
    update job set run_at = least(job.run_at, now()), waits_for = null
    from waiting where job.id = waiting.id
""")

_PROGRESS = text("""
    update job set progress = cast(:progress as jsonb)
    where id = :id and token = :token and state = 'running'
""")

_LAPSED = text("""
    select id, token, lapses, task, key from job
    where state = 'running' and lease_until < clock_timestamp()
    order by lease_until limit :limit for update skip locked
""")

_LAPSE = text("""
    update job set
        state = case when :dead then 'dead' when :key_taken then 'absorbed' else 'queued' end,
        lapses = lapses + 1, lease_until = null, run_at = clock_timestamp(),
        finished_at = case when :dead or :key_taken then clock_timestamp() end,
        error = case when :dead
            then jsonb_build_object('class', 'Lapsed', 'untold', true,
                 'message', replace(:said, '{count}', (lapses + 1)::text),
                 'words', jsonb_build_object('text', cast(:said as text),
                     'params', jsonb_build_object('count', lapses + 1))) end
    where id = :id and token = :token and state = 'running'
""")


def claim(session: Session, task: str, queue: str, lease: timedelta) -> Claim | None:
    """Take the next due job of a task and queue; commit before any effect.

    Raises:
        IntegrityError: a job of the same serial key was claimed at the same moment; roll back,
            pause a little and try again.
    """
    row = session.execute(
        _CLAIM, {"task": task, "queue": queue, "lease": lease.total_seconds()}
    ).one_or_none()
    return _claim(row) if row else None


def settle(session: Session, held: Claim, result: str | None = None) -> None:
    """Record success in the transaction of the job's effects.

    Raises:
        StaleClaimError: another worker holds the job now; nothing may be recorded.
    """
    parameters = {"id": held.id, "token": held.token, "result": result}
    _expect_one(session.execute(_SETTLE, parameters).rowcount, held)  # type: ignore[attr-defined]  # a CursorResult, which text() hides


def settle_and_claim(
    session: Session, held: Claim, lease: timedelta, result: str | None = None
) -> Claim | None:
    """Record success and take the next due job of the same task and queue, if there is one.

    Raises:
        StaleClaimError: as for `settle`.
    """
    row = session.execute(
        _SETTLE_AND_CLAIM,
        {
            "id": held.id,
            "token": held.token,
            "result": result,
            "task": held.task,
            "queue": held.queue,
            "lease": lease.total_seconds(),
        },
    ).one()
    _expect_one(row.settled, held)
    return _claim(row) if row.id else None


def put_back(
    session: Session,
    held: Claim,
    *,
    delay: timedelta,
    error: str | None,
    give_attempt_back: bool,
    waits_for: str | None = None,
    sooner_with: str | None = None,
) -> bool:
    """Return a job to the queue: again (attempt counted) or later (attempt given back).

    It is held until `waits_for` is released; or not held, and `sooner_with` brings it forward.
    A released job that failed, or is held anew, no longer keeps the ones behind it waiting. Beside
    a queued job of the same key it ends as absorbed: that one does the work. False where the job
    is no longer ours.
    """
    for _ in range(3):  # a twin may be enqueued between the look and the update
        try:
            with savepoint(session):
                done = session.execute(
                    _AGAIN,
                    {
                        "id": held.id,
                        "token": held.token,
                        "delay": delay.total_seconds(),
                        "give_back": int(give_attempt_back),
                        "waits_for": waits_for or sooner_with,
                        "error": error,
                        "key_taken": _key_taken(session, held.id),
                        "keeps_place": give_attempt_back and waits_for is None,
                    },
                )
        except IntegrityError:
            continue
        return bool(done.rowcount)  # type: ignore[attr-defined]  # a CursorResult, as above
    return False


def bury(session: Session, held: Claim, error: str) -> bool:
    """End a job as dead, with its reason; False where it is no longer ours."""
    done = session.execute(_DEAD, {"id": held.id, "token": held.token, "error": error})
    return bool(done.rowcount)  # type: ignore[attr-defined]  # as above


def extend(session: Session, held: Claim, lease: timedelta) -> bool:
    """Lengthen the lease; False where the job is no longer ours."""
    done = session.execute(
        _EXTEND, {"id": held.id, "token": held.token, "lease": lease.total_seconds()}
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]  # as above


def release_waiting(session: Session, waits_for: str) -> int:
    """Make jobs that wait for something due now, in the order they were asked for.

    Of tasks that keep that order (`hub.ledger.tasks.IN_ORDER`) one is done after the other.
    """
    done = session.execute(
        _RELEASE,
        {
            "waits_for": waits_for,
            "in_order": sorted(task.value for task in IN_ORDER),
            "most": _MOST_RELEASED,
        },
    )
    return int(done.rowcount)  # type: ignore[attr-defined]  # as above


def bring_forward(session: Session, sooner_with: str) -> int:
    """Make jobs due now that were put off until later; each keeps its place in its order."""
    done = session.execute(_BRING_FORWARD, {"sooner_with": sooner_with})
    return int(done.rowcount)  # type: ignore[attr-defined]  # as above


def report_progress(session: Session, held: Claim, progress: str) -> bool:
    """Show how far a long job is; False where it is no longer ours."""
    done = session.execute(_PROGRESS, {"id": held.id, "token": held.token, "progress": progress})
    return bool(done.rowcount)  # type: ignore[attr-defined]  # as above


def return_lapsed(session: Session, limit: int = 100) -> int:
    """Give jobs whose lease ran out back to the queue, dead at the fifth time; returns how many."""
    rows = session.execute(_LAPSED, {"limit": limit}).all()
    for row in sorted(rows, key=lambda r: (r.task, r.key or "")):  # writers' order: no deadlock
        dead = row.lapses + 1 >= MAX_LAPSES
        try:
            with savepoint(session):
                taken = not dead and _key_taken(session, row.id)
                session.execute(
                    _LAPSE,
                    {"id": row.id, "token": row.token, "dead": dead, "key_taken": taken,
                     "said": LAPSED},
                )  # fmt: skip
        except IntegrityError:
            continue  # its twin was enqueued just now: the next sweep absorbs it
    return len(rows)


def _key_taken(session: Session, job_id: UUID) -> bool:
    return bool(session.execute(_KEY_TAKEN, {"id": job_id}).scalar_one())


def _expect_one(count: int, held: Claim) -> None:
    if count != 1:
        raise StaleClaimError(f"job {held.id} is no longer held under token {held.token}")


def _claim(row: Row[Any]) -> Claim:
    return Claim(
        id=row.id,
        task=row.task,
        queue=row.queue,
        args=row.args,
        token=row.token,
        attempt=row.attempt,
        lapses=row.lapses,
        serial_key=row.serial_key,
        subject_id=row.subject_id,
        created_by=row.created_by,
        cause_event_id=row.cause_event_id,
    )
