"""Marks of readings that nothing but a right to everything allows (domain.md §4).

A protected record is known to its owner, to those it is shared with and to his line. Whoever else
reads it, or what hangs on it, leaves an event of that record: ``customer.protected_read``, one for
each reading, written with the commit of the transaction that read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.access.predicates import visible_by_standing
from hub.access.principals import Principal
from hub.access.roles import Reach, Verb
from hub.db import among
from hub.history.recording import record_once

ACT = "protected_read"


@dataclass(frozen=True, slots=True)
class _Guard:
    """Which protected records the rows of a model tell of: by the columns that hold their ids.

    `row` holds the id of the row that tells: its own, or, where the columns stand in rows beside
    it, that by which these name it.
    """

    protected: type[Any]
    columns: tuple[InstrumentedAttribute[Any], ...]
    row: InstrumentedAttribute[Any]

    @property
    def is_own(self) -> bool:
        """Whether the columns stand in the rows themselves."""
        return self.row.key == "id"


_GUARDS: dict[type[Any], _Guard] = {}


def declare_guarded(
    model: type[Any],
    protected: type[Any],
    *columns: InstrumentedAttribute[Any],
    by: InstrumentedAttribute[Any] | None = None,
) -> None:
    """Say that rows of a model tell of records of another, or of its own, that can be protected.

    `by` names the row of the model where the columns are those of another one.
    """
    _GUARDS[model] = _Guard(protected, columns, model.id if by is None else by)


def guarded() -> Sequence[type[Any]]:
    """Return the models whose rows tell of records that can be protected."""
    return list(_GUARDS)


def protected_of(session: Session, model: type[Any], identifier: UUID) -> tuple[str, UUID] | None:
    """Return of which record, by entity and id, a row of a model tells first; None of none."""
    guard = _GUARDS.get(model)
    if guard is None:
        return None
    found = session.scalar(
        select(guard.columns[0])
        .where(guard.row == identifier, guard.columns[0].is_not(None))
        .limit(1)
    )
    return None if found is None else (guard.protected.entity(), found)


def note(session: Session, principal: Principal, rows: Sequence[Any], how: str) -> None:
    """Note that a caller is shown some rows of one model."""
    if not rows or (guard := _GUARDS.get(type(rows[0]))) is None:
        return
    if type(rows[0]) is guard.protected:
        ids = {row.id for row in rows if row.is_protected}
    elif guard.is_own:
        ids = {getattr(row, column.key) for row in rows for column in guard.columns}
    elif _reaches_everything(principal, guard.protected):
        told = select(*guard.columns).where(guard.row.in_([row.id for row in rows]))
        ids = {each for found in session.execute(told) for each in found}
    else:
        return
    note_ids(session, principal, guard.protected, ids, how)


def note_found(
    session: Session, principal: Principal, model: type[Any], ids: Iterable[UUID], how: str
) -> None:
    """Note that a caller is shown some rows of one model, by their ids."""
    guard = _GUARDS.get(model)
    if guard is None or not _reaches_everything(principal, guard.protected):
        return
    rows = session.execute(select(*guard.columns).where(model.id.in_(set(ids))))
    note_ids(session, principal, guard.protected, {each for row in rows for each in row}, how)


def note_ids(
    session: Session,
    principal: Principal,
    protected: type[Any],
    ids: Iterable[UUID | None],
    how: str,
) -> None:
    """Note that a caller is shown something of records that can be protected, by their ids."""
    wanted = {identifier for identifier in ids if identifier is not None}
    if not wanted or not _reaches_everything(principal, protected):
        return
    found = session.scalars(
        select(protected.id).where(
            among(protected.id, wanted), _by_right_alone(principal, protected)
        )
    )
    _write(session, principal, protected, found.all(), how)


def find(
    connection: Connection, principal: Principal, model: type[Any], rows: ColumnElement[bool]
) -> list[UUID]:
    """Return the records whose reading is to be noted where a caller reads all rows of a query."""
    guard = _GUARDS.get(model)
    if guard is None or not _reaches_everything(principal, guard.protected):
        return []
    protected = guard.protected
    found: set[UUID] = set()
    for column in guard.columns:
        shown = rows if guard.is_own else guard.row.in_(select(model.id).where(rows))
        told = select(column).where(shown)
        found.update(
            connection.scalars(
                select(protected.id).where(
                    protected.id.in_(told), _by_right_alone(principal, protected)
                )
            )
        )
    return sorted(found)


def write_found(
    session: Session, principal: Principal, model: type[Any], ids: Iterable[UUID], how: str
) -> None:
    """Write the marks of what `find` returned for a model."""
    if (guard := _GUARDS.get(model)) is not None:
        _write(session, principal, guard.protected, ids, how)


def _write(
    session: Session, principal: Principal, protected: type[Any], ids: Iterable[UUID], how: str
) -> None:
    """Write the marks of one reading; within a transaction a record is read once."""
    for identifier in ids:
        record_once(
            session,
            f"{protected.entity()}.{ACT}",
            subject_type=protected.entity(),
            subject_id=identifier,
            data={"reader_user_id": principal.user_id, "how": how},
        )


def _reaches_everything(principal: Principal, protected: type[Any]) -> bool:
    return principal.reach(Verb.READ, protected.collection()) is Reach.ALL


def _by_right_alone(principal: Principal, protected: type[Any]) -> ColumnElement[bool]:
    known = visible_by_standing(principal, Verb.READ, protected)
    condition: ColumnElement[bool] = protected.is_protected & ~known
    return condition
