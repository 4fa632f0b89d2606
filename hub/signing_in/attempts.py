"""Limits to how often something is tried, counted in PostgreSQL so that all processes share them.

A sliding window: of one key at most so many attempts within a minute, whenever that began. One
that is refused does not count, so that nobody is kept out for longer by knocking.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from hub.errors import HubError
from hub.signing_in.models import AttemptCount

KEPT = timedelta(days=1)


class TooManyAttemptsError(HubError):
    """One attempt too many; `wait` says when the next is taken. Roll back what counted it."""

    def __init__(self, limit: "Limit", wait: timedelta) -> None:
        super().__init__(f"too many attempts: {limit.name}")
        self.limit = limit
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many attempts within so long."""

    name: str
    most: int
    window: timedelta


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that was counted, to be given back where it succeeds."""

    id: UUID
    at: datetime


# The row's lock makes attempts on one key wait for one another, so that none slips through.
_TAKE = text("""
    insert into attempt_count as c (id, at, last_at)
    select :id, array[t], t from (select clock_timestamp() as t) present
    on conflict (id) do update
    set at = array(select t from unnest(c.at) t
                   where t > clock_timestamp() - cast(:window as interval) order by t)
             || excluded.last_at,
        last_at = excluded.last_at
    where (select count(*) from unnest(c.at) t
           where t > clock_timestamp() - cast(:window as interval)) < :most
    returning last_at
""")
_WAIT = text("""
    select (select t from unnest(at) t order by t desc offset :most - 1 limit 1)
           + cast(:window as interval) - clock_timestamp()
    from attempt_count where id = :id
""")
_GIVE_BACK = text("update attempt_count set at = array_remove(at, :at) where id = :id")


def take(session: Session, limit: Limit, key: str) -> Attempt:
    """Count an attempt.

    Raises:
        TooManyAttemptsError: as said there.
    """
    identifier = UUID(bytes=hashlib.sha256(f"{limit.name}:{key}".encode()).digest()[:16])
    parameters = {"id": identifier, "window": limit.window, "most": limit.most}
    at = session.scalar(_TAKE, parameters)
    if at is None:
        wait = session.scalar(_WAIT, parameters)
        raise TooManyAttemptsError(limit, max(wait or timedelta(), timedelta(seconds=1)))
    return Attempt(identifier, at)


def give_back(session: Session, attempt: Attempt) -> None:
    """Take an attempt off the count: it was no guess."""
    session.execute(_GIVE_BACK, {"id": attempt.id, "at": attempt.at})


def prune(session: Session, now: datetime, limit: int) -> int:
    """Forget counts that bound nobody any more; returns how many, at most `limit`."""
    due = (
        select(AttemptCount.id)
        .where(AttemptCount.last_at < now - KEPT)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone: Any = session.execute(
        delete(AttemptCount)
        .where(AttemptCount.id.in_(due))
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)
