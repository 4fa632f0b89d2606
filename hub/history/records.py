"""What every record has: an id, a version, who made and changed it, and its own history."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, event, func, inspect
from sqlalchemy.orm import Mapped, Session, UOWTransaction, declared_attr, mapped_column
from sqlalchemy.orm.base import NO_VALUE

from hub.clock import utcnow
from hub.db import Base, HubSession, new_id
from hub.history.recording import REDACTED, note_change, origin_of

OWN = frozenset(
    {"id", "version", "created_at", "created_by", "updated_at", "updated_by", "token_id"}
)
"""What every record has, and no event tells of."""


class Record(Base):
    """A row that people know: its changes become events, its `version` is the API's ETag.

    `__derived__` names columns that nobody writes by hand: they move neither version nor history.
    `__told__` names those of them whose every change an act's own event tells.
    `__secret__` names columns whose values an event must not show, `__unfolded__` those that hold
    an object whose values it tells one by one (``custom.visits``), `__beside__` what it tells of
    rows beside the record, under names that are no columns.
    """

    __abstract__ = True
    __derived__: ClassVar[frozenset[str]] = frozenset()
    __told__: ClassVar[frozenset[str]] = frozenset()
    __secret__: ClassVar[frozenset[str]] = frozenset()
    __unfolded__: ClassVar[frozenset[str]] = frozenset()
    __beside__: ClassVar[frozenset[str]] = frozenset()

    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime] = mapped_column(default=utcnow, server_default=func.now())
    created_by: Mapped[UUID | None]
    updated_at: Mapped[datetime] = mapped_column(default=utcnow, server_default=func.now())
    updated_by: Mapped[UUID | None]
    deleted_at: Mapped[datetime | None]

    @classmethod
    def entity(cls) -> str:
        """Return the record's name in events, jobs and messages: that of its table."""
        return str(cls.__tablename__)

    @classmethod
    def collection(cls) -> str:
        """Return the name of its collection in rights and paths: the entity's plural."""
        name = cls.entity().replace("_", "-")
        return f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"


class AskedWithToken:
    """What shows rows of other records, chosen for whoever asked: with which token he did.

    A token with row filters reaches only what was asked with itself, and what a worker makes of it
    later is narrowed as the token is. None where no token spoke.
    """

    @declared_attr
    @classmethod
    def token_id(cls) -> Mapped[UUID | None]:
        """The token; it is noted when the record is made."""
        return mapped_column(ForeignKey("api_token.id"))


@event.listens_for(HubSession, "before_flush")
def _note_changes(session: Session, context: UOWTransaction, instances: Any) -> None:
    del context, instances
    origin = origin_of(session)
    user = origin.user_id
    for row in session.new:
        if isinstance(row, Record):
            if inspect(row).attrs["id"].loaded_value is NO_VALUE:
                row.id = new_id()
            row.created_by = row.created_by or user
            row.updated_by = row.updated_by or user
            if isinstance(row, AskedWithToken):
                row.token_id = row.token_id or origin.token_id
            _note(session, row, "created")
    for row in session.dirty:
        if isinstance(row, Record):
            _note(session, row, "deleted" if _is_being_deleted(row) else "updated")
    for row in session.deleted:
        if isinstance(row, Record):
            raise TypeError(f"a {row.entity()} is not removed: set deleted_at")


def _note(session: Session, row: Record, verb: str) -> None:
    changes = _first_values(row) if verb == "created" else _changes(row)
    if not changes and verb != "created":
        return
    first = note_change(
        session,
        f"{row.entity()}.{verb}",
        subject_type=row.entity(),
        subject_id=row.id,
        changes=changes,
        record=row,
    )
    if first and verb != "created":
        row.version += 1
        row.updated_at = utcnow()
        row.updated_by = origin_of(session).user_id


def _first_values(row: Record) -> dict[str, tuple[Any, Any]]:
    given = inspect(row).dict  # all that a new row has; quicker than the history of each column
    skipped = OWN | row.__derived__
    changes = {
        name: (REDACTED, REDACTED) if name in row.__secret__ else (None, given[name])
        for name in row.__mapper__.column_attrs.keys()  # noqa: SIM118 - no dictionary
        if name not in skipped and given.get(name) is not None
    }
    return unfolded(type(row), changes)


def _changes(row: Record) -> dict[str, tuple[Any, Any]]:
    changes = {}
    state = inspect(row)
    skipped = OWN | row.__derived__
    for attribute in state.mapper.column_attrs:
        name = attribute.key
        if name in skipped:
            continue
        history = state.attrs[name].history
        if not history.has_changes():
            continue
        before = history.deleted[0] if history.deleted else None
        after = history.added[0] if history.added else None
        if before == after:
            continue
        changes[name] = (REDACTED, REDACTED) if name in row.__secret__ else (before, after)
    return unfolded(type(row), changes)


def unfolded(
    model: type[Record], changes: dict[str, tuple[Any, Any]]
) -> dict[str, tuple[Any, Any]]:
    """Return changes with those of `__unfolded__` columns told value by value."""
    for name in model.__unfolded__ & changes.keys():
        before, after = (each or {} for each in changes.pop(name))
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                changes[f"{name}.{key}"] = (before.get(key), after.get(key))
    return changes


def _is_being_deleted(row: Record) -> bool:
    return row.deleted_at is not None and inspect(row).attrs["deleted_at"].history.has_changes()
