"""What seldom changes and is asked for all the time, remembered by each process until it changes.

    _KINDS = Remembered(read_kinds, Connection)
    _KINDS.current(session)

A table that is remembered has a trigger (`hub.migrations`) by which PostgreSQL tells every
connection of every process as a change of it commits. A transaction that begins after that hears
of it; one that changes such a table itself reads for itself.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.pool import ConnectionPoolEntry

from hub.db import Base, HubSession, when_connected

CHANNEL = "remembered"
"""What the triggers notify."""

LASTS_S = 5.0
"""No longer is it remembered: a pooler between us and PostgreSQL might pass nothing on."""

_PINNED, _CHANGED = "remembered", "changed_what_is_remembered"

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class _Known(Generic[ValueT]):
    value: ValueT
    told: int
    until: float


class _Told:
    """How often this process was told of a change, which makes everything known before it old.

    Each of its connections tells it of each change: what is known since the first told of it has
    the change in it.
    """

    def __init__(self) -> None:
        self.count = 0
        self._changes: deque[str] = deque(maxlen=1_000)  # the transactions told of last
        self._lock = Lock()

    def again(self) -> None:
        with self._lock:
            self.count += 1

    def of(self, transaction: str) -> None:
        with self._lock:
            if transaction not in self._changes:
                self._changes.append(transaction)
                self.count += 1


_told = _Told()
_watched: set[type[Base]] = set()


class Remembered(Generic[ValueT]):
    """A value that is read from tables which seldom change.

    What `read` returns is shared by all transactions of the process: it holds no entities of a
    session, and nobody changes it.
    """

    def __init__(self, read: Callable[[Session], ValueT], *models: type[Base]) -> None:
        self._read = read
        self._models = frozenset(models)
        self._known: _Known[ValueT] | None = None
        _watched.update(models)

    def current(self, session: Session) -> ValueT:
        """Return the value: to a transaction, as it was when it first asked, or as it made it."""
        if self._models & session.info.get(_CHANGED, frozenset()):
            return self._read(session)
        _hear(session)
        transaction, pinned = session.info.get(_PINNED, (None, {}))
        if transaction is not session.get_transaction():
            pinned = {}
            session.info[_PINNED] = session.get_transaction(), pinned
        if self not in pinned:
            pinned[self] = self._fresh(session)
        value: ValueT = pinned[self]
        return value

    def _fresh(self, session: Session) -> ValueT:
        known, now = self._known, time.monotonic()
        if known is not None and known.told == _told.count and now < known.until:
            return known.value
        told = _told.count  # what is told while it is read makes it old
        value = self._read(session)
        self._known = _Known(value, told, now + LASTS_S)
        return value


def times_told() -> int:
    """Return how often something was to be forgotten, or everything."""
    return _told.count


def forget() -> None:
    """Forget everything that this process remembers."""
    _told.again()


@when_connected
def _listen(engine: Engine) -> None:
    """Have the connections of an engine told what is to be forgotten."""

    @event.listens_for(engine, "connect")
    def begin(connection: Any, record: ConnectionPoolEntry) -> None:
        del record
        connection.add_notify_handler(lambda told: _told.of(told.payload))
        connection.autocommit = True
        connection.execute(f"LISTEN {CHANNEL}")
        connection.autocommit = False
        forget()  # nobody was told on its behalf what happened before


def _hear(session: Session) -> None:
    """Begin the session's transaction and take in what was told before it.

    PostgreSQL has told everybody of a change before whoever made it knows that it is committed,
    and passes that on to a connection before it answers it anything.
    """
    wire = session.connection().connection.driver_connection.pgconn  # type: ignore[union-attr] # psycopg's
    if wire.transaction_status == TransactionStatus.IDLE:
        wire.exec_(b"begin")  # psycopg would with the first statement
        while (told := wire.notifies()) is not None:
            _told.of(told.extra.decode())


@event.listens_for(HubSession, "after_flush")
def _note_flushed(session: Session, context: object) -> None:
    del context
    changed = {type(each) for each in (*session.new, *session.dirty, *session.deleted)}
    _note(session, changed)


@event.listens_for(HubSession, "do_orm_execute")
def _note_executed(asked: ORMExecuteState) -> None:
    if (asked.is_insert or asked.is_update or asked.is_delete) and asked.bind_mapper is not None:
        _note(asked.session, {asked.bind_mapper.class_})


def _note(session: Session, changed: set[type[Any]]) -> None:
    if known := changed & _watched:
        session.info[_CHANGED] = session.info.get(_CHANGED, frozenset()) | known
