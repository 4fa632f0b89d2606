"""What a record shows of its work when a try did not succeed: why, and when it is tried again.

A process says with `when_set_back` what it notes of its tasks. The note and the job's new state
are one commit, so that a record never waits for work that nobody will do any more.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.db import savepoint
from hub.errors import HubError
from hub.i18n import N_
from hub.ledger.tasks import TaskName

logger = logging.getLogger(__name__)

LAPSED = N_("Its worker died or fell silent {count} times.")
CANCELLED = N_("Somebody cancelled it.")
INTERNAL = N_("Something went wrong on our side ({name}); the log says more.")


@dataclass(frozen=True, slots=True)
class Setback:
    """A try that did not succeed; the last one, where `next_try_at` is None.

    `code` is stable in every language, `reason` is {text, params}; `error` is what was raised, None
    where the worker died or somebody cancelled the job. `waits_for` is what will release put-off
    work.
    """

    job_id: UUID
    task: str
    args: Mapping[str, Any]
    code: str
    reason: Mapping[str, object]
    error: Exception | None = None
    next_try_at: datetime | None = None
    waits_for: str | None = None

    @property
    def message(self) -> dict[str, object]:
        """What a record keeps of it: {code, text, params}."""
        return {"code": self.code, **self.reason}


def words_of(error: Exception) -> dict[str, object]:
    """Return what people are told of an error; only those of ours have words safe to show."""
    if isinstance(error, HubError):
        return error.words
    return {"text": INTERNAL, "params": {"name": type(error).__name__}}


Note = Callable[[Session, Setback], None]
_NOTES: dict[str, Note] = {}


def when_set_back(task: TaskName, note: Note) -> None:
    """Have a process note the setbacks of its tasks; `hub.reactions` connects them.

    The note locks its record before the job's row is written, as writers do: no deadlock.
    """
    _NOTES[task.value] = note


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A dead job that somebody says nobody is to try again; `reason` is his, where he gave one."""

    job_id: UUID
    args: Mapping[str, Any]
    reason: str | None


GivingUp = Callable[[Session, GivenUp], None]
_GIVING_UP: dict[str, GivingUp] = {}


def when_given_up(task: TaskName, note: GivingUp) -> None:
    """Have a process note that dead jobs of a task were given up, as with `when_set_back`.

    Where nothing is connected, records go on to show why the job died.
    """
    _GIVING_UP[task.value] = note


def tell_of_given_up(session: Session, task: str, given_up: GivenUp) -> None:
    """Note on the record it concerns that a dead job was given up, before the job's row is."""
    note = _GIVING_UP.get(task)
    if note is not None:
        note(session, given_up)
        session.flush()


def tell(session: Session, setback: Setback) -> None:
    """Note a setback on the record it concerns, in the transaction that settles the job."""
    note = _NOTES.get(setback.task)
    if note is not None:
        note(session, setback)
        session.flush()


def tell_all_the_same(session: Session, setback: Setback) -> None:
    """Note a setback as `tell` does; what cannot be noted does not keep the job from being settled.

    For the outermost frames of work, which the faults of one process must not stop.
    """
    try:
        with savepoint(session):
            tell(session, setback)
    except Exception:
        logger.exception("job.setback_not_shown", extra={"job_id": str(setback.job_id)})


def tell_of_lapsed(session: Session, limit: int = 100) -> int:
    """Tell of jobs that died since their workers did; returns how many.

    The relay finds them dead in a statement for many, and tells of them here, once each.
    """
    rows = session.execute(_UNTOLD, {"limit": limit}).all()
    for row in rows:
        tell_all_the_same(session, Setback(row.id, row.task, row.args, "lapsed", row.words))
        session.execute(_TOLD, {"id": row.id})
    return len(rows)


_UNTOLD = text("""
    select id, task, args, error->'words' as words from job
    where state = 'dead' and error->>'untold' = 'true'
    order by finished_at limit :limit for update skip locked
""")
_TOLD = text("update job set error = error - 'untold' where id = :id")
