"""Turns what a transaction does to records into events, once for each record and transaction."""

import json
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from hub.copying import copy_in
from hub.db import Base, HubSession, new_id, pending
from hub.history.models import Event
from hub.origin import SYSTEM, CauseKind, Origin

SALT_BYTES = 16
REDACTED = "•"  # what an event shows of a secret: that it changed


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event that will be written with the commit.

    `record` is what it is of, where that is at hand: held here, reactions need not read it again.
    """

    id: UUID
    type: str
    subject_type: str
    subject_id: UUID
    changes: Mapping[str, tuple[Any, Any]]
    data: Mapping[str, Any] | None = None
    origin: Origin | None = None  # None: that of the transaction
    record: Any = field(default=None, compare=False, repr=False)


def origin_of(session: Session) -> Origin:
    """Return who acts in this transaction."""
    origin = session.info.get("origin", SYSTEM)
    assert isinstance(origin, Origin)  # noqa: S101 - narrows an Any of our own making
    return origin


def record(
    session: Session,
    type: str,  # noqa: A002 - the event's own word
    *,
    subject_type: str,
    subject_id: UUID,
    changes: Mapping[str, tuple[Any, Any]] | None = None,
    data: Mapping[str, Any] | None = None,
    origin: Origin | None = None,
) -> UUID:
    """Add a domain event such as ``lead.converted``; returns its id.

    `origin` is who acts, and why, where that is not what the transaction says.
    """
    made = PendingEvent(new_id(), type, subject_type, subject_id, changes or {}, data, origin)
    pending(session, "events")[made.id] = made
    return made.id


def record_once(
    session: Session,
    type: str,  # noqa: A002 - the event's own word
    *,
    subject_type: str,
    subject_id: UUID,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Add a domain event of which a transaction has one for each record; a second is none."""
    made = PendingEvent(new_id(), type, subject_type, subject_id, {}, data)
    pending(session, "events").setdefault((type, subject_id), made)


def note_change(
    session: Session,
    type: str,  # noqa: A002 - the event's own word
    *,
    subject_type: str,
    subject_id: UUID,
    changes: Mapping[str, tuple[Any, Any]],
    record: Any = None,
) -> bool:
    """Note a change of a record, joined with what this transaction changed of it before.

    Returns True where it is the record's first change in this transaction.
    """
    waiting = pending(session, "events")
    key = (subject_type, subject_id)
    earlier: PendingEvent | None = waiting.get(key)
    if earlier is None:
        waiting[key] = PendingEvent(
            new_id(), type, subject_type, subject_id, dict(changes), record=record
        )
        return True
    joined = dict(earlier.changes)
    for name, (before, after) in changes.items():
        joined[name] = (joined[name][0] if name in joined else before, after)
    kept = earlier.type if _says_more(earlier.type, type) else type
    waiting[key] = replace(earlier, type=kept, changes=joined)
    return False


def explain_change(
    session: Session,
    type: str,  # noqa: A002 - the event's own word
    *,
    subject_type: str,
    subject_id: UUID,
    data: Mapping[str, Any],
) -> None:
    """Say what this transaction's changes of a record come to, and why, in their own event.

    A record just made keeps its ``created``, and gets the data. Without a change there is no event.
    """
    session.flush()
    waiting = pending(session, "events")
    key = (subject_type, subject_id)
    noted: PendingEvent | None = waiting.get(key)
    if noted is None:
        return
    kept = noted.type if noted.type.endswith(".created") else type
    waiting[key] = replace(noted, type=kept, data={**(noted.data or {}), **data})


def give_reason(session: Session, subject_ids: Collection[UUID], reason: str) -> None:
    """Say why records are changed in this transaction, whatever their events come to be called.

    What an act has said of the reason itself is said better, and stays.
    """
    session.flush()
    waiting: dict[Any, PendingEvent] = pending(session, "events")
    for key, noted in list(waiting.items()):
        if noted.subject_id in subject_ids and key == (noted.subject_type, noted.subject_id):
            told = {"reason": reason, **(noted.data or {})}
            explain_change(
                session, noted.type,
                subject_type=noted.subject_type, subject_id=noted.subject_id, data=told,
            )  # fmt: skip


def attribute(session: Session, made: Any, cause_kind: CauseKind, cause_id: str) -> None:
    """Say what led to the events of a record in this transaction, where it is not what led to all.

    Whoever acts stays who he is.
    """
    cause = replace(origin_of(session), cause_kind=cause_kind, cause_id=cause_id)
    _ascribe(session, made, cause)


def attribute_to_cause(session: Session, made: Any) -> None:
    """Say that what this transaction does to a record is nobody's doing but that of its cause.

    So a change that another system made is not told as one of whoever had it taken in.
    """
    told = _ascribe(session, made, replace(origin_of(session), user_id=None))
    if told is not None:
        made.updated_by = None
        if told.type.endswith(".created"):
            made.created_by = None


def _ascribe(session: Session, made: Any, origin: Origin) -> PendingEvent | None:
    """Give what is told of a record another origin; returns it, None where nothing is told."""
    session.flush()
    waiting: dict[Any, PendingEvent] = pending(session, "events")
    key = (made.entity(), made.id)
    if key in waiting:
        waiting[key] = replace(waiting[key], origin=origin)
    return waiting.get(key)


def _says_more(earlier: str, later: str) -> bool:
    return earlier.endswith(".created") or later.endswith(".updated")


def record_many(session: Session, made: Sequence[PendingEvent]) -> None:
    """Write the events of records of one entity that were written as a set, past the flush hook.

    They are what the hook would have written; reactions hear of each, in this very call.
    """
    if not made:
        return
    copy_in(session, Event.__tablename__, EVENT_COLUMNS, (_copied(session, e) for e in made))
    for reaction in _REACTIONS.get(made[0].subject_type, ()):
        many = _SET_REACTIONS.get(reaction)
        if many is not None:
            many(session, made)
            continue
        for each in made:
            reaction(session, each)
    session.flush()


def event_id_of(session: Session, subject_type: str, subject_id: UUID) -> UUID | None:
    """Return the id of the event that this transaction will write for a record, if any."""
    waiting: PendingEvent | None = pending(session, "events").get((subject_type, subject_id))
    return waiting.id if waiting else None


def changes_noted(
    session: Session, subject_type: str, subject_id: UUID
) -> Mapping[str, tuple[Any, Any]]:
    """Return what this transaction changes of a record, as far as it is flushed: before, after."""
    waiting: PendingEvent | None = pending(session, "events").get((subject_type, subject_id))
    return {} if waiting is None else waiting.changes


def is_made_here(session: Session, subject_type: str, subject_id: UUID) -> bool:
    """Say whether this transaction makes a record, as far as it is flushed."""
    waiting: PendingEvent | None = pending(session, "events").get((subject_type, subject_id))
    return waiting is not None and waiting.type.endswith(".created")


def plain(value: Any) -> Any:
    """Return a value as JSON can carry it, exactly: decimals and instants as text."""
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case Decimal() | UUID():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case _:
            raise TypeError(f"an event cannot carry {type(value).__name__}")


Reaction = Callable[[Session, PendingEvent], None]
SetReaction = Callable[[Session, Sequence[PendingEvent]], None]
_REACTIONS: dict[str, list[Reaction]] = {}
_SET_REACTIONS: dict[Reaction, SetReaction] = {}
_MOST_ROUNDS = 10  # of reactions to reactions; two or three are already many


def when_changed(subject_type: str, reaction: Reaction, *, many: SetReaction | None = None) -> None:
    """Have `reaction` called, in the writer's own transaction, for every event of an entity.

    So a process (push to accounting, look up, find duplicates) hears of every change, whoever makes
    it. A reaction is quick: it asks for jobs and touches derived columns, no more. `many` is the
    same for the events of `record_many`, where it can be had for less than one call for each.
    """
    known = _REACTIONS.setdefault(subject_type, [])
    if reaction not in known:
        known.append(reaction)
    if many is not None:
        _SET_REACTIONS[reaction] = many


def react(session: Session) -> None:
    """Call the reactions to what changed so far; done before each commit if not sooner.

    A caller that shows what follows from a change (a customer now waiting for the registry) calls
    it before it shows. What a reaction changes is reacted to as well, until nothing new happens.

    Raises:
        RuntimeError: the reactions never come to rest, which only a fault in the code can bring
            about.
    """
    session.flush()
    for _ in range(_MOST_ROUNDS):
        unheard = list(_unheard(session))
        if not unheard:
            return
        with session.no_autoflush:  # what several reactions touch is written once
            for made in unheard:
                for reaction in _REACTIONS.get(made.subject_type, ()):
                    reaction(session, made)
        session.flush()
    raise RuntimeError(f"the reactions do not come to rest in {_MOST_ROUNDS} rounds")


def _unheard(session: Session) -> Iterator[PendingEvent]:
    """Note as heard what no reaction has heard of yet, and return it: of a change, what is new."""
    heard = pending(session, "reacted")
    for made in pending(session, "events").values():
        known: Mapping[str, tuple[Any, Any]] | None = heard.get(made.id)
        if known is None:
            yield made
        elif known != made.changes:
            fresh = {name: each for name, each in made.changes.items() if known.get(name) != each}
            yield replace(made, changes=fresh)
        heard[made.id] = made.changes


_EVENTS = Base.metadata.tables[Event.__tablename__]
_INSERT = insert(_EVENTS)  # built once, and past the unit of work, which has no part in it


@event.listens_for(HubSession, "before_commit")
def _write(session: Session) -> None:
    if session.in_nested_transaction():
        return
    react(session)
    waiting: dict[Any, PendingEvent] = pending(session, "events")
    rows = [_row(session, made) for made in waiting.values()]
    waiting.clear()
    pending(session, "reacted").clear()
    if rows:
        session.execute(_INSERT, rows)


def _row(session: Session, made: PendingEvent) -> dict[str, Any]:
    origin = made.origin or origin_of(session)
    return {
        "id": made.id,
        "type": made.type,
        "subject_type": made.subject_type,
        "subject_id": made.subject_id,
        "actor_kind": origin.actor_kind,
        "actor_id": origin.actor_id,
        "user_id": origin.user_id,
        "cause_kind": origin.cause_kind,
        "cause_id": origin.cause_id,
        "changes": {
            name: [plain(before), plain(after)]
            for name, (before, after) in made.changes.items()
            if before != after or before == REDACTED
        },
        "data": plain(made.data),
        "salt": secrets.token_bytes(SALT_BYTES),
    }


EVENT_COLUMNS = (
    "id", "type", "subject_type", "subject_id", "actor_kind", "actor_id", "user_id", "cause_kind",
    "cause_id", "changes", "data", "salt",
)  # fmt: skip


def _copied(session: Session, made: PendingEvent) -> list[Any]:
    row = _row(session, made)
    row["changes"] = json.dumps(row["changes"], ensure_ascii=False)
    row["data"] = None if row["data"] is None else json.dumps(row["data"], ensure_ascii=False)
    return [row[name] for name in EVENT_COLUMNS]
