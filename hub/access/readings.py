"""Marks of readings that nothing but a right to everything allows (domain.md §4).

A protected record is known to its owner, to those it is shared with and to his line. Whoever else
reads it, or what hangs on it, leaves an event of that record: ``customer.protected_read``, one for
each reading, written with the commit of the transaction that read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.access.fields import model_of
from hub.access.predicates import is_owned, visible_by_standing
from hub.access.principals import Principal
from hub.access.roles import Reach, Verb
from hub.db import among
from hub.history.recording import record_once

ACT = "protected_read"
_NOTED = "protected_readings"


@dataclass(frozen=True, slots=True)
class _Guard:
    """Which protected records the rows of a model tell of: by the columns that hold their ids.

    `row` holds the id of the row that tells: its own, or, where the columns stand in rows beside
    it, that by which these name it. `about` are the type and the id of what it is about, where it
    may be about records of several kinds.
    """

    protected: type[Any]
    columns: tuple[InstrumentedAttribute[Any], ...]
    row: InstrumentedAttribute[Any]
    about: tuple[InstrumentedAttribute[Any], InstrumentedAttribute[Any]] | None

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
    about: tuple[InstrumentedAttribute[Any], InstrumentedAttribute[Any]] | None = None,
) -> None:
    """Say that rows of a model tell of records of another, or of its own, that can be protected.

    `by` names the row of the model where the columns are those of another one; `about` hold the
    type and the id of what a row is about that may be about something else.
    """
    _GUARDS[model] = _Guard(protected, columns, model.id if by is None else by, about)


def guarded() -> Sequence[type[Any]]:
    """Return the models whose rows tell of records that can be protected."""
    return list(_GUARDS)


def tells_of_none_protected(model: type[Any]) -> ColumnElement[bool]:
    """Return the condition for rows of a guarded model that tell of nothing protected now."""
    guard = _GUARDS[model]
    hidden = select(guard.protected.id).where(guard.protected.is_protected).correlate(None)
    telling = or_(*(column.in_(hidden) for column in guard.columns))
    if guard.is_own:
        return telling.is_not(true())
    untold: ColumnElement[bool] = model.id.not_in(select(guard.row).where(telling).correlate(None))
    return untold


def whose_is(session: Session, model: type[Any], identifier: UUID) -> tuple[str, UUID] | None:
    """Return the record, by entity and id, whose people answer for a row of a model; None of none.

    That is the row itself where it has an owner, else what it tells of, or is about, first.
    """
    if is_owned(model):
        return model.entity(), identifier
    guard = _GUARDS.get(model)
    if guard is None:
        return None
    found = session.scalar(
        select(guard.columns[0])
        .where(guard.row == identifier, guard.columns[0].is_not(None))
        .limit(1)
    )
    if found is not None:
        return guard.protected.entity(), found
    if guard.about is None:
        return None
    for entity, about_id in session.execute(select(*guard.about).where(guard.row == identifier)):
        other = model_of(entity)
        if other is not None and is_owned(other):
            return entity, about_id
    return None


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
    rows = session.execute(select(*guard.columns).where(guard.row.in_(set(ids))))
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


def noted(session: Session) -> Mapping[tuple[str, UUID], str]:
    """Return how which records were read in a session, whether its marks are kept or not."""
    known: Mapping[tuple[str, UUID], str] = session.info.get(_NOTED, {})
    return known


def note_again(
    session: Session, principal: Principal, known: Mapping[tuple[str, UUID], str]
) -> None:
    """Write the marks of readings again; those that this transaction has are not doubled.

    For refusals, which take back what was written, and told something all the same.
    """
    for (entity, identifier), how in known.items():
        record_once(
            session,
            f"{entity}.{ACT}",
            subject_type=entity,
            subject_id=identifier,
            data={"reader_user_id": principal.user_id, "how": how},
        )


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
    known = session.info.setdefault(_NOTED, {})
    for identifier in ids:
        known.setdefault((protected.entity(), identifier), how)
    note_again(session, principal, known)


def _reaches_everything(principal: Principal, protected: type[Any]) -> bool:
    return principal.reach(Verb.READ, protected.collection()) is Reach.ALL


def _by_right_alone(principal: Principal, protected: type[Any]) -> ColumnElement[bool]:
    known = visible_by_standing(principal, Verb.READ, protected)
    condition: ColumnElement[bool] = protected.is_protected & ~known
    return condition
