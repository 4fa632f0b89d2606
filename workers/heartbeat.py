"""Keeps the lease of a long job up, and says that this process is alive, from a thread of its own.

A stopped process stops beating; a body past its longest run time is no longer beaten for, so that a
hanging call cannot hold a job for ever (reliability.md R-6).
"""

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from hub.db import transaction
from hub.ledger import claims, pulses
from hub.ledger.models import ProcessKind

logger = logging.getLogger(__name__)

BEATS_PER_LEASE = 4


@dataclass(slots=True)
class _Beat:
    held: claims.Claim | None = None
    until: float = 0
    lease: timedelta = timedelta(seconds=60)
    queues: tuple[str, ...] = ()
    stopped: bool = False
    lost: bool = False  # the job that is held was taken over


_beat = _Beat()
_changed = threading.Condition()


def start(lease_s: float, queues: Iterable[str] = ()) -> None:
    """Start the thread of this process, which takes work from some queues."""
    _beat.lease = timedelta(seconds=lease_s)
    _beat.queues = tuple(queues)
    _beat.stopped = False
    threading.Thread(target=_run, name="heartbeat", daemon=True).start()


def stop() -> None:
    """End the thread, and say that this process does."""
    with _changed:
        _beat.stopped = True
        _changed.notify()
    with suppress(SQLAlchemyError), transaction() as session:  # else it is silent soon
        pulses.end(session)


@contextmanager
def keep(held: claims.Claim, longest: timedelta) -> Iterator[None]:
    """Keep the lease of a job up while the block runs, at most for `longest`."""
    with _changed:
        _beat.held, _beat.until = held, time.monotonic() + longest.total_seconds()
        _beat.lost = False
    try:
        yield
    finally:
        with _changed:
            _beat.held = None


def has_lost(held: claims.Claim) -> bool:
    """Say whether a job that is kept up was seen to be another worker's by now."""
    return _beat.lost and _beat.held is held


def _run() -> None:
    period_s = min(_beat.lease.total_seconds() / BEATS_PER_LEASE, pulses.PULSE_S)
    while True:
        _say_alive()
        with _changed:
            _changed.wait(period_s)
            if _beat.stopped:
                return
            is_due = time.monotonic() < _beat.until and not _beat.lost
            held = _beat.held if is_due else None
        if held is None:
            continue
        try:
            with transaction() as session:
                is_ours = claims.extend(session, held, _beat.lease)
        except SQLAlchemyError:
            logger.warning("heartbeat.failed", extra={"job_id": str(held.id)})
            continue
        if not is_ours:
            _note_lost(held)


def _say_alive() -> None:
    try:
        with transaction() as session:
            pulses.beat(session, ProcessKind.WORKER, _beat.queues)
    except SQLAlchemyError:
        logger.warning("heartbeat.unheard")


def _note_lost(held: claims.Claim) -> None:
    with _changed:
        if _beat.held is not held:  # it ended meanwhile, as ours
            return
        _beat.lost = True
    logger.warning("heartbeat.taken_over", extra={"job_id": str(held.id)})
