"""Changing the master key: every sealed value goes over to the new one while Hub runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, Uuid, column, func, select, true, update, values
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub import sealing
from hub.connections import credentials
from hub.connections.models import Connection
from hub.db import Base
from hub.mail import keeping
from hub.mail.models import Delivery
from hub.master_keys import SealError
from hub.signing_in import tickets
from hub.signing_in.models import Ticket

BATCH = 500


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed values, for which place each row's is sealed, and in which rows."""

    model: type[Base]
    column: InstrumentedAttribute[bytes | None]
    place: Callable[[UUID], str]
    within: ColumnElement[bool] = field(default_factory=true)

    @property
    def name(self) -> str:
        """Return it as ``table.column``."""
        return f"{self.model.__tablename__}.{self.column.key}"


SEALED = (
    SealedColumn(Connection, Connection.secrets, credentials.place),
    SealedColumn(Ticket, Ticket.sealed_secret, tickets.place),
    SealedColumn(Delivery, Delivery.raw, keeping.place, Delivery.kind.in_(keeping.CONFIDENTIAL)),
)
"""All of them; a test sees to it that none is forgotten."""


@dataclass(frozen=True, slots=True)
class Batch:
    """How many values went over, which ones no key opens, and where to go on; None at the end."""

    resealed: int
    shut: tuple[UUID, ...]
    following: UUID | None


def reseal_batch(session: Session, sealed: SealedColumn, *, after: UUID | None = None) -> Batch:
    """Put values of a column under the key that seals now: those that are not yet.

    A value written by somebody else meanwhile is left as it is: whoever wrote it sealed it anew.
    """
    mark = sealing.present_mark()
    query = (
        select(sealed.model.id, sealed.column)
        .where(
            sealed.within,
            sealed.column.is_not(None),
            func.substring(sealed.column, 1, len(mark)) != mark,
        )
        .order_by(sealed.model.id)
        .limit(BATCH)
    )
    rows = session.execute(query if after is None else query.where(sealed.model.id > after)).all()
    changes: list[tuple[UUID, bytes, bytes]] = []
    shut: list[UUID] = []
    for identifier, before in rows:
        assert before is not None  # noqa: S101 - the query says so
        try:
            changes.append((identifier, before, sealing.reseal(before, sealed.place(identifier))))
        except SealError:
            shut.append(identifier)
    resealed = _write(session, sealed, changes) if changes else 0
    return Batch(resealed, tuple(shut), rows[-1][0] if len(rows) == BATCH else None)


def _write(
    session: Session, sealed: SealedColumn, changes: Sequence[tuple[UUID, bytes, bytes]]
) -> int:
    # Past the unit of work: nobody changed the record. The old value stands in the condition,
    # since its owner may be writing a new one at this moment.
    given = values(
        column("id", Uuid()), column("before", LargeBinary()), column("after", LargeBinary()),
        name="given",
    ).data(changes)  # fmt: skip
    written = session.execute(
        update(sealed.model)
        .where(sealed.model.id == given.c.id, sealed.column == given.c.before)
        .values({sealed.column.key: given.c.after})
        .execution_options(synchronize_session=False)
        .returning(sealed.model.id)
    )
    return len(written.all())
