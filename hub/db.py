"""The database: engine, sessions, column types, the base of all tables.

Entry points open `transaction()`; services take its session, flush and never commit. What must
happen just before the commit (the rows of `hub.ledger`, the events of `hub.history`) hangs on the
session's own events, so that nobody can forget it.
"""

import struct
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from types import MappingProxyType
from typing import Any, ClassVar, Self, TypeVar, cast
from uuid import UUID

import psycopg
import uuid_utils.compat
from psycopg import _queries
from psycopg.adapt import Dumper
from psycopg.pq import Format
from pydantic_core import from_json
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Numeric,
    Text,
    TypeDecorator,
    Uuid,
    any_,
    create_engine,
    event,
    func,
    literal,
    types,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import InvalidatePoolError, NoResultFound
from sqlalchemy.orm import (
    DeclarativeBase,
    InstrumentedAttribute,
    Mapped,
    Session,
    mapped_column,
    sessionmaker,
)
from sqlalchemy.pool import ConnectionPoolEntry

from hub.origin import SYSTEM, Origin

STATEMENT_TIMEOUT_MS = 30_000  # reliability.md R-17
LOCK_TIMEOUT_MS = 5_000
IDLE_TIMEOUT_MS = 60_000
WORK_MEM = "16MB"  # what a search finds among a million rows is then told row by row, not by page
CONNECT_TIMEOUT_S = 3
STATEMENTS = 1_000  # kept as built: routes, filters and what each kind of caller may see make many
TRUSTED_S = 1.0  # a connection that was in use so shortly ago is there still

# psycopg translates placeholders once for each statement, but longer ones anew each time: to insert
# a customer takes 7,000 characters and a hundred parameters.
_queries.MAX_CACHED_STATEMENT_LENGTH = 32_768
_queries.MAX_CACHED_STATEMENT_PARAMS = 500

new_id = uuid_utils.compat.uuid7
"""Make an id: UUIDv7 (RFC 9562), so that ids of one process rise with time."""


class Instant(TypeDecorator[datetime]):
    """``timestamptz`` that refuses a naive value instead of guessing its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Pass an aware value on.

        Raises:
            ValueError: it has no zone.
        """
        del dialect
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return value


class EnumText(TypeDecorator[StrEnum]):
    """A `StrEnum` stored as its value in a text column; states are rows of text, not a type."""

    impl = Text
    cache_ok = True

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__()
        self.enum = enum
        self._members = _Members(enum)

    def process_bind_param(self, value: StrEnum | str | None, dialect: Dialect) -> str | None:
        """Store the value, and only a value that the enum has."""
        del dialect
        return None if value is None else self.enum(value).value

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[str | None], StrEnum | None]:
        """Give the member back; looked up rather than called for, since a page has hundreds."""
        del dialect, coltype
        return self._members.__getitem__

    def member(self, value: str) -> StrEnum:
        """Return the member of a stored value.

        Raises:
            ValueError: the enum has it no more.
        """
        return cast("StrEnum", self._members[value])


class _Members(dict[str | None, StrEnum | None]):
    """The members of an enum by their values; None has none."""

    def __init__(self, enum: type[StrEnum]) -> None:
        super().__init__({member.value: member for member in enum})
        self[None] = None
        self._enum = enum

    def __missing__(self, value: str) -> StrEnum:
        return self._enum(value)


class _Array(ARRAY[Any]):
    """An array as the driver reads it, where its items need no more: SQLAlchemy would copy each."""

    render_bind_cast = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Leave the list as it is."""
        item = self.item_type.dialect_impl(dialect).result_processor(dialect, coltype)
        return None if item is None else super().result_processor(dialect, coltype)


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        datetime: Instant(),
        Decimal: Numeric(18, 4),
        str: Text(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 - likewise; performance.md §1
    __classes__: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Of which class a field is where it is not public: `hub.access.fields` says what follows."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class Ids(Collection[UUID]):
    """Many ids, kept as PostgreSQL writes and reads an array of them.

    Lists ask with the same ones again and again, and hardly anybody looks at one: written each time
    they would take 4 µs an id, read 2 µs.
    """

    def __init__(self, ids: Iterable[UUID] = ()) -> None:
        self._items = b"".join([_ITEM.pack(_UUID_BYTES, each.bytes) for each in ids])

    @classmethod
    def of_wire(cls, sent: bytes | None) -> Self:
        """Read what ``array_send`` makes of a ``uuid[]`` without nulls; None is none."""
        found = cls()
        found._items = (sent or b"")[_ARRAY_HEAD.size :]  # an empty array has but a shorter head
        return found

    def __len__(self) -> int:
        return len(self._items) // _ITEM.size

    def __iter__(self) -> Iterator[UUID]:
        return (UUID(bytes=each) for _, each in _ITEM.iter_unpack(self._items))

    def __contains__(self, other: object) -> bool:
        return isinstance(other, UUID) and other.int in self._known

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ids) and self._items == other._items

    def __hash__(self) -> int:
        return hash(self._items)

    def within(self, others: Iterable[UUID]) -> "Ids":
        """Return those of some ids that are among these."""
        return Ids(each for each in others if each in self) if self else NO_IDS

    @cached_property
    def _known(self) -> frozenset[int]:
        return frozenset(int.from_bytes(each) for _, each in _ITEM.iter_unpack(self._items))

    @cached_property
    def wire(self) -> "UuidArray":
        """The ids as ``array_recv`` reads them: one dimension, no nulls, each with its length."""
        return UuidArray(_ARRAY_HEAD.pack(1, 0, _UUID_OID, len(self), 1) + self._items)


class UuidArray(bytes):
    """A ``uuid[]`` as it goes over the wire."""


class _UuidArrayDumper(Dumper):
    oid = 2951  # uuid[]
    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        return bytes(obj)


_UUID_OID = 2950
_UUID_BYTES = 16
_ARRAY_HEAD = struct.Struct("!iiIii")
_ITEM = struct.Struct("!i16s")
_HASHED_FROM = 9  # ids: MIN_ARRAY_SIZE_FOR_HASHED_SAOP of PostgreSQL
NO_IDS = Ids()
psycopg.adapters.register_dumper(UuidArray, _UuidArrayDumper)


@event.listens_for(Engine, "do_execute")
def _plan_for_these(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
    """Have a statement with many ids planned for these very ids.

    In a plan made for any ids PostgreSQL takes them to be ten, and compares each row with each id
    in turn; of ids that it knows when planning it makes a hash table. With 7,000 of them that was
    150 times as quick.
    """
    del context
    if not isinstance(parameters, Mapping):
        return False
    least = _ARRAY_HEAD.size + _HASHED_FROM * _ITEM.size
    if not any(type(v) is UuidArray and len(v) >= least for v in parameters.values()):
        return False
    cursor.execute(statement, parameters, prepare=False)
    return True


class _IdsType(TypeDecorator[Ids]):
    impl = ARRAY(Uuid())
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], UuidArray]:
        del dialect
        return attrgetter("wire")


IDS = _IdsType()
"""The type of a parameter that is many ids."""


def array_of(ids: Iterable[UUID]) -> ColumnElement[Any]:
    """Return many ids as one array."""
    return literal(ids if isinstance(ids, Ids) else Ids(ids), IDS)


def among(column: ColumnElement[Any] | InstrumentedAttribute[Any], ids: Iterable[UUID]) -> Any:
    """Return the condition that a column is one of many ids, sent as one array.

    ``IN`` would send each as a parameter of its own. PostgreSQL looks an array up in an index where
    that is quicker and hashes it where not; of a subquery inside an OR it would know neither how
    many rows it lets through nor that an index has them.
    """
    return column == any_(array_of(ids))


def among_unweighed(
    column: ColumnElement[Any] | InstrumentedAttribute[Any], ids: Iterable[UUID]
) -> Any:
    """Return the same condition for so many ids that weighing each costs more than it is worth.

    PostgreSQL hashes them as before, but takes the condition to let half of all rows through,
    whatever they are, and looks them up in no index. Planning costs 0.2 ms with 7,000 ids in place
    of 3 ms.
    """
    return func.coalesce(among(column, ids), False)


ModelT = TypeVar("ModelT", bound=Base)


Seen = Callable[[type[Any]], ColumnElement[bool]]
"""Tells which rows of a model a caller may see."""


class HubSession(Session):
    """The session of every transaction; `hub.history` and `hub.ledger` listen to its events."""


_watching: list[Callable[[Engine], None]] = []
_sessions: sessionmaker[HubSession] = sessionmaker(class_=HubSession, expire_on_commit=False)


def connect(url: str, *, pool_size: int = 5, fsync: bool = True) -> Engine:
    """Make the engine of this process and bind all sessions to it.

    Args:
        url: ``postgresql+psycopg://…``.
        pool_size: how many connections are kept.
        fsync: False gives up durability of the last moments, for tests only.
    """
    options = (
        f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS} "
        f"-c idle_in_transaction_session_timeout={IDLE_TIMEOUT_MS} -c timezone=UTC "
        f"-c work_mem={WORK_MEM}"
    )
    if not fsync:
        options += " -c synchronous_commit=off"
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=CONNECT_TIMEOUT_S,
        query_cache_size=STATEMENTS,
        json_deserializer=from_json,  # quicker than Python's own
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "options": options},
    )
    engine.dialect.colspecs = {**engine.dialect.colspecs, types.ARRAY: _Array}
    _probe_what_has_rested(engine)
    for watch in _watching:
        watch(engine)
    _sessions.configure(bind=engine)
    return engine


def when_connected(watch: Callable[[Engine], None]) -> Callable[[Engine], None]:
    """Have `watch` told of every engine that is made: `hub.remembering` listens to connections."""
    _watching.append(watch)
    return watch


def _probe_what_has_rested(engine: Engine) -> None:
    """Have a connection that nobody used for a while asked whether it still is one.

    To ask each time would cost every transaction a round trip. If the database went away within the
    while, the transaction fails as it would have a moment later.
    """

    @event.listens_for(engine, "checkin")
    def rest(connection: Any, record: ConnectionPoolEntry) -> None:
        del connection
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def probe(connection: Any, record: ConnectionPoolEntry, proxy: Any) -> None:
        del proxy
        since = record.info.get("rests_since")
        if since is None or time.monotonic() - since < TRUSTED_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error  # all of them are made anew


def bind_sessions(**options: Any) -> None:
    """Bind sessions to something else than an engine of `connect`, for example a connection."""
    _sessions.configure(**options)


def pending(session: Session, kind: str) -> dict[Any, Any]:
    """Return what waits, under `kind`, to be written just before the commit.

    Values must be immutable: a savepoint that rolls back restores the dictionary as it was.
    """
    waiting: dict[Any, Any] = session.info.setdefault("pending", {}).setdefault(kind, {})
    return waiting


def locked(session: Session, model: type[ModelT], identifier: UUID | None) -> ModelT:
    """Return a row, locked against writers until the transaction ends, and as it is now.

    ``session.get(…, with_for_update=…)`` would lock it too, but show it as it was when this session
    first read it. Rows that refer to it may still be written.

    Raises:
        NoResultFound: there is none.
    """
    found = find_locked(session, model, identifier)
    if found is None:
        raise NoResultFound(f"there is no {model.__name__} {identifier}")
    return found


def find_locked(session: Session, model: type[ModelT], identifier: UUID | None) -> ModelT | None:
    """Return a row as `locked` does, None where there is none."""
    if identifier is None:
        return None
    session.flush()  # or what is set and not written yet would be read over
    return session.get(
        model, identifier, populate_existing=True, with_for_update={"key_share": True}
    )


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """Make the block all or nothing inside the transaction, waiting events and jobs included."""
    session.flush()  # what was changed before the block belongs to the transaction around it
    before = {kind: dict(waiting) for kind, waiting in session.info.get("pending", {}).items()}
    try:
        with session.begin_nested():
            yield
    except BaseException:
        session.info["pending"] = before
        raise


@contextmanager
def trial(session: Session) -> Iterator[None]:
    """See what the block would do: it is taken back, waiting events and jobs included."""
    try:
        with savepoint(session):
            yield
            raise _TrialOver  # noqa: TRY301 - what ends a savepoint without a trace
    except _TrialOver:
        pass


class _TrialOver(Exception):  # noqa: N818 - no error: the end of a trial
    pass


@contextmanager
def transaction(origin: Origin = SYSTEM) -> Iterator[Session]:
    """Open a session; commit when the block returns, roll back when it raises.

    Everything written in it is attributed to `origin`.
    """
    with _sessions() as session:
        session.info["origin"] = origin
        with session.begin():
            yield session
