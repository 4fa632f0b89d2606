"""A record as it stood at any instant, and why each of its values was what it was.

Nothing is kept for this: the history is undone. From the present row, the changes that came later
are taken back, the newest first; what that leaves is what the row held. So also what no event ever
told of (defaults, what was there before the history) is known.

An erased event says no more which fields it changed, and nothing is known through it: a value is
reached from the present, over the events that came later, or else from those that came before. One
that is reached from neither side is named as lost, and not guessed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Date, Numeric, Uuid, select
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from hub.db import EnumText, Instant
from hub.errors import NotFoundError
from hub.history.models import Event
from hub.history.recording import plain
from hub.history.records import OWN, Record
from hub.i18n import N_
from hub.settings import get_settings

RecordT = TypeVar("RecordT", bound=Record)


class NotYetError(NotFoundError):
    """The record is there, but was not yet at the time that was asked for."""

    code = "not_yet"

    def __init__(self, entity: str, identifier: UUID, born: datetime) -> None:
        super().__init__(entity, identifier)
        self.message = N_("This {entity} was made later, at {born}.")
        self.params = {"entity": entity, "born": born.astimezone(ZoneInfo(get_settings().zone))}


@dataclass(frozen=True, slots=True)
class Origin:
    """How a field came to hold what it held: the event that set it, when, and what it was before.

    `event_id` is None where the history does not say: `is_lost` tells that it was erased. A field
    that was never set holds what it was made with, and names the event that made the record.
    """

    event_id: UUID | None
    at: datetime | None = None
    before: Any = None
    is_lost: bool = False


_READERS: Mapping[type[TypeEngine[Any]], Callable[[Any], Any]] = {
    Instant: lambda value: datetime.fromisoformat(value).astimezone(UTC),
    Date: date.fromisoformat,
    Uuid: UUID,
}
"""Of what is kept as text."""


@dataclass(frozen=True, slots=True)
class Past(Generic[RecordT]):
    """A record as it stood at an instant.

    `record` is a row that no session knows; of what the history does not keep it has nothing.
    `values` are the same by the names that events give fields, as JSON has them. `lost` names the
    fields of which nobody can know any more what they held, `origins` how each came by its value.
    `events` are the ids of what had happened by then, in order.
    """

    record: RecordT
    values: Mapping[str, Any]
    lost: frozenset[str]
    origins: Mapping[str, Origin]
    events: Sequence[UUID]
    deleted_by: UUID | None  # the event

    @property
    def last(self) -> UUID | None:
        """What happened last to it up to then."""
        return self.events[-1] if self.events else None


@cache
def kept_fields(model: type[Record]) -> frozenset[str]:
    """Return the columns of a model that its history tells of; secret ones it tells of by a mark.

    Of an unfolded one it tells value by value, under names that begin with the column's.
    """
    columns: frozenset[str] = frozenset(model.__mapper__.column_attrs.keys())
    return columns - OWN - (model.__derived__ - model.__told__)


def has_field(model: type[Record], name: str) -> bool:
    """Say whether the history of a model tells of a field, by the name that events give it."""
    column, dot, key = name.partition(".")
    if column in model.__unfolded__:
        return bool(dot and key)
    return name in kept_fields(model) | model.__secret__ | model.__beside__


def as_of(session: Session, record: RecordT, at: datetime | None = None) -> Past[RecordT]:
    """Return a record as it stood at an instant, what has that very time included; None: as it is.

    Events have the time at which their transaction began. Of two that waited for one another the
    later one may have the earlier time; what is returned is a state that the record did have.

    Raises:
        NotYetError: it was made later.
    """
    happened = session.execute(
        select(Event.id, Event.type, Event.at, Event.changes)
        .where(Event.subject_type == record.entity(), Event.subject_id == record.id)
        .order_by(Event.id)
    ).all()
    made = next((each for each in happened if each.type.endswith(".created")), None)
    born = made.at if made is not None else record.created_at
    if at is not None and at < born:
        raise NotYetError(record.entity(), record.id, born)
    reached = (place for place, each in enumerate(happened, 1) if at is None or each.at <= at)
    until = max(reached, default=0)
    model = type(record)
    told, lost = _undone(_present(record), happened[:until], happened[until:], model)
    values = {name: _stored(model, name, each) for name, each in told.items()}
    return Past(
        record=_row(record, values, lost),
        values=values,
        lost=lost,
        origins=_origins(values.keys() | lost | model.__secret__, happened[:until], made),
        events=[each.id for each in happened[:until]],
        deleted_by=_deletion(happened[:until], values),
    )


def restored(kind: TypeEngine[Any], value: Any) -> Any:
    """Return what a column held, from what `plain` made of it."""
    if value is None:
        return None
    if isinstance(kind, ARRAY):
        return [restored(kind.item_type, each) for each in value]
    if isinstance(kind, EnumText):
        return kind.member(value)
    if isinstance(kind, Numeric):
        return round(Decimal(str(value)), kind.scale or 0)
    read = next((read for type_, read in _READERS.items() if isinstance(kind, type_)), None)
    return value if read is None else read(value)


def _stored(model: type[Record], name: str, value: Any) -> Any:
    """Return a value as its column gives it back, whatever form it had as it was written."""
    column = model.__mapper__.columns.get(name)
    return value if column is None else plain(restored(column.type, value))


def _present(record: Record) -> dict[str, Any]:
    """Return what a record holds now by the names of events, secrets left out."""
    found: dict[str, Any] = {}
    for name in kept_fields(type(record)) - record.__secret__:
        value = plain(getattr(record, name))
        if name in record.__unfolded__:
            found |= {f"{name}.{key}": each for key, each in (value or {}).items()}
        else:
            found[name] = value
    return found


def _undone(
    present: dict[str, Any], before: Sequence[Any], after: Sequence[Any], model: type[Record]
) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the values between two runs of events, and the names of those that are lost."""
    told = {name for each in (*before, *after) for name, *_ in _told(each, model)}
    values = dict.fromkeys(told) | present
    open_names = set(values)
    for each in after:
        if each.changes is None:
            break
        for name, was, _ in _told(each, model):
            if name in open_names:
                values[name] = was
                open_names.discard(name)
    else:
        open_names &= model.__beside__  # the others are today what they were
    for each in reversed(before):
        if each.changes is None:
            break
        for name, _, became in _told(each, model):
            if name in open_names:
                values[name] = became
                open_names.discard(name)
    else:
        open_names -= model.__beside__  # nobody ever gave them a value
    for name in open_names:
        del values[name]
    return values, frozenset(open_names)


def _told(happened: Any, model: type[Record]) -> Iterator[tuple[str, Any, Any]]:
    """Give what an event says of the fields that there are: name, before, after; of no secret."""
    for name, (was, became) in (happened.changes or {}).items():
        if has_field(model, name) and name not in model.__secret__:
            yield name, was, became


def _origins(
    names: frozenset[str] | set[str], happened: Sequence[Any], made: Any
) -> dict[str, Origin]:
    missing = set(names)
    found: dict[str, Origin] = {}
    for each in reversed(happened):
        if each.changes is None:
            return found | {name: Origin(None, is_lost=True) for name in missing}
        for name in each.changes.keys() & missing:
            was, _ = each.changes[name]
            found[name] = Origin(each.id, each.at, was)
            missing.discard(name)
    first = Origin(None) if made is None else Origin(made.id, made.at)
    return found | dict.fromkeys(missing, first)


def _deletion(happened: Sequence[Any], values: Mapping[str, Any]) -> UUID | None:
    if values.get("deleted_at") is None:
        return None
    for each in reversed(happened):
        was, became = (each.changes or {}).get("deleted_at", (None, None))
        if became is not None and was is None:
            identifier: UUID = each.id
            return identifier
    return None


def _row(record: RecordT, values: Mapping[str, Any], lost: frozenset[str]) -> RecordT:
    model = type(record)
    row = model(id=record.id, created_at=record.created_at, created_by=record.created_by)
    columns = model.__mapper__.columns
    for name in kept_fields(model) - model.__secret__ - lost:
        if name in model.__unfolded__:
            head = f"{name}."
            inner = {key.removeprefix(head): each for key, each in values.items()
                     if key.startswith(head) and each is not None}  # fmt: skip
            setattr(row, name, inner)
        elif name in values:
            setattr(row, name, restored(columns[name].type, values[name]))
    return row
