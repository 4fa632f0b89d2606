"""The base of all tasks: woken, it claims, runs, settles and goes on to the next job.

A task's body is a plain function in ``workers/tasks/``. It looks, calls the outside with no
transaction open, then records and finishes in one commit (`RunningJob.finish`). What happens when
it does not succeed is decided here, once, for all tasks:

    returns, or leaves `finish()`   succeeded
    TransientError, lost database   again: after the back-off, or the time the other side named
    PostponedError                  later: the attempt is given back
    any other exception             dead, with its reason

A worker that is asked to end finishes what it has begun, or, where that is long, puts it off.
"""

import json
import logging
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints
from uuid import UUID

from celery import Task
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from hub.clock import utcnow
from hub.connections import holding
from hub.db import transaction
from hub.errors import (
    ConnectorError,
    DomainError,
    HubError,
    PostponedError,
    StaleClaimError,
    TransientError,
)
from hub.i18n import N_, SOURCE, translate
from hub.ledger import claims, setbacks
from hub.ledger.setbacks import Setback, words_of
from hub.ledger.tasks import Queue, TaskName, queue_of
from hub.origin import ActorKind, CauseKind, Origin
from hub.settings import get_settings
from workers import heartbeat
from workers.app import app
from workers.stopping import is_stopping

logger = logging.getLogger(__name__)

CHAIN_S = {Queue.URGENT: 2.0, Queue.DEFAULT: 0.5, Queue.BULK: 0.2}
"""A chain ends after so long, so that other tasks, and more urgent queues, get their turn."""
LONGEST = timedelta(minutes=5)
JITTER = 0.2
CLAIM_TRIES = 5

Body = Callable[..., None]
ItemT = TypeVar("ItemT")


@dataclass(slots=True)
class RunningJob:
    """The job a body is running, and its only way to record what it did."""

    claim: claims.Claim
    cause_kind: CauseKind = CauseKind.RULE
    cause_id: str | None = None
    may_chain: bool = False
    finished: bool = False
    next_claim: claims.Claim | None = None
    result: dict[str, Any] | None = field(default=None)

    @property
    def id(self) -> UUID:
        """Return the job's id."""
        return self.claim.id

    @property
    def origin(self) -> Origin:
        """Return who changes records in this job: the job itself, for whoever asked for it."""
        return Origin(
            ActorKind.JOB, self.claim.id, self.claim.created_by, self.cause_kind, self.cause_id
        )

    def caused_by(self, kind: CauseKind, identifier: object = None) -> None:
        """Say what led to the changes that follow, for their history."""
        self.cause_kind = kind
        self.cause_id = None if identifier is None else str(identifier)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a transaction that reads, or records an intent before a call.

        Raises:
            StaleClaimError: another worker has taken over, as far as the heartbeat has seen.
        """
        if heartbeat.has_lost(self.claim):
            raise StaleClaimError(f"job {self.claim.id} was taken over")
        with transaction(self.origin) as session:
            yield session

    @contextmanager
    def finish(self, result: dict[str, Any] | None = None) -> Iterator[Session]:
        """Record the effects and the success in one commit, under the claim's token.

        Raises:
            StaleClaimError: another worker has taken over; nothing of the block is kept.
        """
        lease = timedelta(seconds=get_settings().lease_s)
        following = None
        with transaction(self.origin) as session:
            yield session
            session.flush()
            text = json.dumps(result) if result is not None else None
            if self.may_chain and not is_stopping():
                following = claims.settle_and_claim(session, self.claim, lease, text)
            else:
                claims.settle(session, self.claim, text)
            checkpoint("before_commit")
        checkpoint("after_commit")
        self.next_claim = following  # ours only now: a commit that failed has claimed nothing
        self.finished = True

    def require_claim(self, session: Session) -> None:
        """Pass where the job is still ours, and keep it ours for a whole lease.

        For the transaction that commits before an effect which cannot be taken back.

        Raises:
            StaleClaimError: another worker has taken over.
        """
        if not claims.extend(session, self.claim, timedelta(seconds=get_settings().lease_s)):
            raise StaleClaimError(f"job {self.claim.id} was taken over")

    def setback(self, error: Exception, next_try_at: datetime | None = None) -> Setback:
        """Return what is to be shown of a try that ended in an error; the last one by default."""
        code = error.code if isinstance(error, HubError) else "internal"
        waits_for = error.waits_for if isinstance(error, PostponedError) else None
        held = self.claim
        return Setback(
            held.id, held.task, held.args, code, words_of(error), error, next_try_at, waits_for
        )

    def batches(
        self,
        step: Callable[[Session], int | None],
        unit: str,
        *,
        total: int | None = None,
        done: int = 0,
    ) -> int:
        """Take one step after another, each a commit of its own; returns how much is done then.

        A step returns how much it did, None where nothing was left. In the same commit the job is
        shown to be so far, and seen to be ours: one that was taken over writes nothing beside its
        successor.

        Args:
            step: given the session of its transaction.
            unit: what is counted, such as ``customers``.
            total: how much there is, where that is known.
            done: how much of it was done before.

        Raises:
            StaleClaimError: another worker has taken over.
            PostponedError: the worker is asked to end; what is committed so far is kept.
        """
        while True:
            with self.transaction() as session:
                count = step(session)
                self._show(session, done + (count or 0), total, unit)
            if count is None:
                return done
            done += count
            _end_batch()

    def each(
        self, items: Iterable[ItemT], step: Callable[[Session, ItemT, int], int], unit: str
    ) -> int:
        """Take a step for each of some items, as `batches` does; returns how much is done then.

        A step is given the item, which may be fetched from outside meanwhile: no transaction is
        open then. It is also given how much was done before it.

        Raises:
            StaleClaimError, PostponedError: as `batches`.
        """
        done = 0
        for item in items:
            with self.transaction() as session:
                done += step(session, item, done)
                self._show(session, done, None, unit)
            _end_batch()
        return done

    def progress(self, done: int, total: int | None, unit: str) -> None:
        """Show how far the job is; committed at once.

        Raises:
            StaleClaimError: another worker has taken over.
            PostponedError: the worker is asked to end; what is committed so far is kept.
        """
        with transaction(self.origin) as session:
            self._show(session, done, total, unit)
        _heed_stopping()

    def _show(self, session: Session, done: int, total: int | None, unit: str) -> None:
        session.flush()
        shown = json.dumps({"done": done, "total": total, "unit": unit})
        if not claims.report_progress(session, self.claim, shown):
            raise StaleClaimError(f"job {self.claim.id} was taken over")


@dataclass(frozen=True, slots=True)
class _Registered:
    body: Body
    longest: timedelta
    converters: dict[str, Callable[[Any], Any]]


_BODIES: dict[str, _Registered] = {}


def task(name: TaskName, *, longest: timedelta = LONGEST) -> Callable[[Body], Body]:
    """Make a function the body of a task.

    Args:
        name: the task's name.
        longest: how long a run may take; past it the lease is no longer kept up.
    """

    def register(body: Body) -> Body:
        hints = get_type_hints(body)
        _BODIES[name.value] = _Registered(
            body,
            longest,
            {argument: _converter(kind) for argument, kind in hints.items()},
        )
        app.task(name=name.value, bind=True, base=Task)(_wake)
        return body

    return register


def drain(name: str, queue: str | None = None) -> int:
    """Run due jobs of one task, one after another, for `CHAIN_S` at most; returns how many.

    This is all that a wake-up does.
    """
    queue = queue or queue_of(name).value
    until = time.monotonic() + CHAIN_S[Queue(queue)]
    held = _claim_first(name, queue)
    count = 0
    while held is not None:
        count += 1
        following = _run(held, may_chain=time.monotonic() < until)
        if following is None and time.monotonic() < until and not is_stopping():
            following = _claim_first(name, queue)
        held = following
    return count


def _end_batch() -> None:
    checkpoint("after_batch")
    _heed_stopping()


def _heed_stopping() -> None:
    if is_stopping():
        raise PostponedError(N_("The worker is being restarted."), timedelta())


def _wake(self: Any) -> None:
    info = self.request.delivery_info or {}
    drain(self.name, info.get("routing_key") or None)


def _claim_first(name: str, queue: str) -> claims.Claim | None:
    lease = timedelta(seconds=get_settings().lease_s)
    for _ in range(CLAIM_TRIES):
        try:
            with transaction() as session:
                return claims.claim(session, name, queue, lease)
        except IntegrityError:  # a job of the same serial key was claimed at the same moment
            time.sleep(random.uniform(0.002, 0.02))  # noqa: S311 - a pause, no secret
    return None


def _run(held: claims.Claim, *, may_chain: bool) -> claims.Claim | None:
    registered = _BODIES[held.task]
    job = RunningJob(held, may_chain=may_chain)
    started = time.monotonic()
    try:
        checkpoint("after_claim")
        arguments = {
            name: registered.converters.get(name, _same)(value) for name, value in held.args.items()
        }
        with heartbeat.keep(held, registered.longest):
            registered.body(job, **arguments)
            if not job.finished:
                with job.finish():
                    pass
    except StaleClaimError:
        logger.warning("job.taken_over", extra=_facts(held, started))
    except PostponedError as error:
        _put_back(job, error.delay, error, give_attempt_back=True)
    except TransientError as error:
        _again(job, error, error.retry_after)
    except DBAPIError as error:
        if _is_transient(error):
            _again(job, error, None)
        else:
            _bury(job, error)
    except Exception as error:  # noqa: BLE001 - the outermost frame of all work: dead with a reason
        _bury(job, error)
    else:
        logger.info("job.succeeded", extra=_facts(held, started))
    return job.next_claim


def _again(job: RunningJob, error: Exception, named: timedelta | None) -> None:
    attempt = job.claim.attempt
    if attempt > len(claims.DELAYS):
        _bury(job, error)
        return
    delay = claims.DELAYS[attempt - 1]
    jittered = delay * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load
    _put_back(job, named or jittered, error, give_attempt_back=False)


def _put_back(
    job: RunningJob, delay: timedelta, error: Exception, *, give_attempt_back: bool
) -> None:
    held = job.claim
    logger.warning(
        "job.postponed",
        extra={"job_id": str(held.id), "task": held.task, "delay_s": delay.total_seconds()},
    )
    setback = job.setback(error, utcnow() + delay)
    _settle_failure(
        job,
        setback,
        lambda session: claims.put_back(
            session,
            held,
            delay=delay,
            error=_described(error),
            give_attempt_back=give_attempt_back,
            waits_for=setback.waits_for,
            sooner_with=_sooner_with(error),
        ),
    )


def _sooner_with(error: Exception) -> str | None:
    """Return what lets work be tried sooner: whatever somebody does to the connection it calls."""
    if isinstance(error, ConnectorError | PostponedError) and error.connection_id is not None:
        return holding.sooner_with(error.connection_id)
    return None


def _bury(job: RunningJob, error: Exception) -> None:
    held = job.claim
    logger.error(
        "job.dead",
        extra={"job_id": str(held.id), "task": held.task},
        exc_info=None if isinstance(error, ConnectorError | DomainError) else error,
    )
    _settle_failure(
        job,
        job.setback(error),
        lambda session: claims.bury(session, held, _described(error)),
    )


def _settle_failure(job: RunningJob, setback: Setback, settle: Callable[[Session], bool]) -> None:
    """Record a failure and show it; with the database away the lease lapses, to the same effect."""
    try:
        with transaction(job.origin) as session:
            setbacks.tell_all_the_same(session, setback)
            _require_settled(settle(session), job)
    except StaleClaimError:
        logger.warning("job.taken_over", extra={"job_id": str(job.id)})
    except SQLAlchemyError:
        logger.warning("job.outcome_not_recorded")


def _require_settled(settled: bool, job: RunningJob) -> None:  # noqa: FBT001 - what it requires
    if not settled:
        raise StaleClaimError(f"job {job.id} was taken over")


def _is_transient(error: DBAPIError) -> bool:
    """Say whether a database error may pass: a lost connection, a deadlock, a lock time-out."""
    state = getattr(error.orig, "sqlstate", None) or ""
    return error.connection_invalidated or not state or state[:2] in {"08", "40", "53", "55", "57"}


def _described(error: Exception) -> str:
    words = words_of(error)
    described: dict[str, Any] = {
        "class": type(error).__name__,
        "message": str(error) if isinstance(error, HubError) else _in_english(words),
        "words": words,
    }
    if isinstance(error, ConnectorError):
        described["system"] = error.system
        fields = getattr(error, "errors", ())
        if fields:
            described["errors"] = [
                {"field": e.field, "code": e.code, "message": e.message} for e in fields
            ]
    return json.dumps(described)


def _in_english(words: Mapping[str, Any]) -> str:
    return translate(SOURCE, words["text"], words["params"])


def _facts(held: claims.Claim, started: float) -> dict[str, object]:
    return {
        "job_id": str(held.id),
        "task": held.task,
        "attempt": held.attempt,
        "duration_s": round(time.monotonic() - started, 4),
    }


def _converter(kind: Any) -> Callable[[Any], Any]:
    """Return what makes an argument of JSON; one that may be None is told by its other type."""
    found = next((each for each in (kind, *get_args(kind)) if each in _CONVERTERS), None)
    if found is None:
        return _same
    convert = _CONVERTERS[found]
    return lambda value: None if value is None else convert(value)


def _same(value: Any) -> Any:
    return value


def _day(value: str) -> date:
    return date.fromisoformat(value)


def _instant(value: str) -> datetime:
    return datetime.fromisoformat(value)


_CONVERTERS: dict[Any, Callable[[Any], Any]] = {UUID: UUID, date: _day, datetime: _instant}


def checkpoint(place: str) -> None:
    """Die here where the chaos suite has armed the place; otherwise do nothing.

    It arms one by a file ``<place>.<anything>`` in the directory ``HUB_CRASH_AT``. Each file is one
    death, of whoever comes first.
    """
    armed = os.environ.get("HUB_CRASH_AT")  # noqa: TID251 - the chaos suite's own switch
    if not armed:
        return
    for file in Path(armed).glob(f"{place}.*"):
        with suppress(FileNotFoundError):  # another process was here first
            file.unlink()
            os._exit(137)
