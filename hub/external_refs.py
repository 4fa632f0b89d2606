"""The references that scripts give to records: each names one living record of its kind.

A deleted record frees its own, so that what is sent again makes a new one.
"""

from collections.abc import Collection
from typing import TypeVar
from uuid import UUID
from zlib import crc32

from sqlalchemy import Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from hub.errors import ConflictError
from hub.history.records import Record
from hub.i18n import N_

BUCKETS = 64
"""So many locks a transaction takes at most for however many references."""

_SPACE = 7_215_005  # any constant of our own: these locks are no other's
_HOLD = text("""
    select pg_advisory_xact_lock(:space, bucket)
    from unnest(cast(:buckets as integer[])) as b (bucket)
""")


class Referable(Record):
    """A record that a script may know by a reference of its own."""

    __abstract__ = True

    external_ref: Mapped[str | None] = mapped_column()


ReferableT = TypeVar("ReferableT", bound=Referable)


def unique_reference(table: str) -> Index:
    """Return the index by which a reference names one living record."""
    return Index(
        f"uq_{table}_external_ref",
        "external_ref",
        unique=True,
        postgresql_where=text("external_ref is not null and deleted_at is null"),
    )


def find(session: Session, model: type[ReferableT], reference: str) -> ReferableT | None:
    """Return the living record of a reference, None where there is none."""
    return session.scalars(
        select(model).where(model.external_ref == reference, model.deleted_at.is_(None))
    ).one_or_none()


def refuse_taken(
    session: Session, model: type[Referable], reference: str | None, own_id: UUID | None = None
) -> None:
    """Pass a reference that no other living record has.

    Raises:
        ConflictError: ``taken``; the details name the other one.
    """
    if reference is None:
        return
    other = session.scalar(
        select(model.id).where(model.external_ref == reference, model.deleted_at.is_(None))
    )
    if other is not None and other != own_id:
        raise taken(model, "external_ref", reference, other)


def taken(
    model: type[Referable], field: str, value: str, existing_id: UUID | None = None
) -> ConflictError:
    """Return the refusal of a value that names another record already."""
    named = {} if existing_id is None else {"existing_id": str(existing_id)}
    return ConflictError(
        "taken",
        N_("{field} {value} is in use already: {entity}."),
        details={**named, "pointer": f"/{field}"},
        entity=model.entity(),
        field=field,
        value=value,
    )


def hold(session: Session, model: type[Referable], references: Collection[str]) -> None:
    """Make others who are about to write the same references wait until the transaction ends.

    Call it before `find` where a record is made if there is none: of two who look at the same
    moment both would find none. Once in a transaction, before it holds or locks anything else.
    """
    entity = model.entity()
    buckets = {crc32(f"{entity} {each}".encode()) % BUCKETS for each in references}
    session.execute(_HOLD, {"space": _SPACE, "buckets": sorted(buckets)})


def lock_known(session: Session, model: type[Referable], references: Collection[str]) -> None:
    """Lock the living records of some references, in the order of their ids."""
    session.execute(
        select(model.id)
        .where(model.external_ref.in_(references), model.deleted_at.is_(None))
        .order_by(model.id)
        .with_for_update()
    )
