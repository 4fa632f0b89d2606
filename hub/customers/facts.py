"""What registries, accounting systems, shops and imports say of a customer, and what may win."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.copying import copy_in
from hub.custom_fields.models import COLUMN, PREFIX
from hub.customers.models import Customer, FieldFact
from hub.db import new_id
from hub.history.recording import plain
from hub.origin import CauseKind

USER = "user"
_SPEAK_AS_ONE = frozenset({CauseKind.REGISTRY})
"""Whichever registry answers, it tells of the one register; shops tell each of its own."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who set the present value of a field, and when he last said so."""

    origin: str
    source: str | None
    at: datetime | None


def observe(
    session: Session,
    customer: Customer,
    origin: CauseKind,
    source: str,
    values: Mapping[str, Any],
    *,
    at: datetime,
    renews: bool = True,
) -> list[str]:
    """Take over of what an origin says what may be taken over, and keep that; returns those fields.

    A registry or shop fills what is empty, and renews what it filled itself, one registry also what
    another filled; it never writes over a value that somebody typed, or that another origin or shop
    gave. One that says what stands there already has not set it: the value stays whose it is.

    Args:
        session: the caller's.
        customer: who it is said of.
        origin: of which kind the one is who says it.
        source: which of its kind it is; of a shop the id of its connection.
        values: what it says.
        at: when.
        renews: whether it speaks for what it filled before, or only fills.
    """
    known = provenance(session, customer)
    taken = {
        field: value
        for field, value in values.items()
        if value is not None
        and (
            _is_open(customer, field) or (renews and _is_its_own(known.get(field), origin, source))
        )
    }
    fresh = {field: value for field, value in taken.items() if getattr(customer, field) != value}
    disown(session, customer, fresh)
    for field, value in fresh.items():
        setattr(customer, field, value)
    _keep(session, customer, origin, source, taken, at)
    return list(taken)


def keep_written(
    session: Session,
    customer: Customer,
    origin: CauseKind,
    source: str,
    values: Mapping[str, Any],
    *,
    at: datetime,
) -> None:
    """Keep what an origin wrote with its own authority (a merged synchronisation, an import).

    `values` are what it has set just now, and nothing that stood there before.
    """
    _keep(session, customer, origin, source, values, at)


def copy_written(
    session: Session,
    written: Iterable[tuple[UUID, Mapping[str, Any]]],
    origin: CauseKind,
    source: str,
    *,
    at: datetime,
) -> None:
    """Keep what an origin wrote into many new customers, of whom nothing is kept yet."""
    copy_in(
        session,
        FieldFact.__tablename__,
        ("id", "customer_id", "field", "value", "origin", "origin_ref", "observed_at"),
        (
            (new_id(), customer_id, field, _text(value), origin.value, source, at)
            for customer_id, values in written
            for field, value in values.items()
            if value is not None
        ),
    )


def disown(session: Session, customer: Customer, values: Mapping[str, Any]) -> None:
    """Take away what origins once set to the values that somebody is about to set now.

    Whoever sets a value owns it, also where it is one that an origin had set, and that was written
    over since. Call it before the values are set, with no others than those that change.
    """
    said = [
        (field, text)
        for field, value in _spread(customer, values).items()
        if (text := _text(value)) is not None
    ]
    if said:
        session.execute(
            delete(FieldFact)
            .where(
                FieldFact.customer_id == customer.id,
                tuple_(FieldFact.field, FieldFact.value).in_(said),
            )
            .execution_options(synchronize_session=False)
        )


def provenance(session: Session, customer: Customer) -> dict[str, Provenance]:
    """Return who set the present values; fields without an entry were typed."""
    return provenance_of_many(session, [customer])[customer.id]


def provenance_of_many(
    session: Session, customers: Sequence[Customer]
) -> dict[UUID, dict[str, Provenance]]:
    """Return the same for many, by their ids."""
    by_id = {customer.id: customer for customer in customers}
    found: dict[UUID, dict[str, Provenance]] = {customer_id: {} for customer_id in by_id}
    kept = session.execute(
        select(
            FieldFact.customer_id,
            FieldFact.field,
            FieldFact.value,
            FieldFact.origin,
            FieldFact.origin_ref,
            FieldFact.observed_at,
        )
        .where(FieldFact.customer_id.in_(by_id))
        .order_by(FieldFact.observed_at)
    )
    for customer_id, field, value, origin, source, at in kept:
        if value == _text(_present(by_id[customer_id], field)):
            found[customer_id][field] = Provenance(origin, source, at)
    return found


def _keep(  # noqa: PLR0917 - one row's columns
    session: Session,
    customer: Customer,
    origin: CauseKind,
    source: str,
    values: Mapping[str, Any],
    at: datetime,
) -> None:
    rows = [
        {
            "id": new_id(),
            "customer_id": customer.id,
            "field": field,
            "value": _text(value),
            "origin": origin.value,
            "origin_ref": source,
            "observed_at": at,
        }
        for field, value in values.items()
        if value is not None
    ]
    if not rows:
        return
    session.flush()
    statement = insert(FieldFact).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["customer_id", "field", "origin"],
            set_={
                "value": statement.excluded.value,
                "origin_ref": statement.excluded.origin_ref,
                "observed_at": func.greatest(FieldFact.observed_at, statement.excluded.observed_at),
            },
        )
    )


def forget(session: Session, customer_id: UUID, field: str, origin: CauseKind) -> None:
    """Drop an origin's word on a field, as the undo of an import does."""
    for fact in session.scalars(
        select(FieldFact).where(
            FieldFact.customer_id == customer_id,
            FieldFact.field == field,
            FieldFact.origin == origin.value,
        )
    ):
        session.delete(fact)


def _is_its_own(known: Provenance | None, origin: CauseKind, source: str) -> bool:
    """Say whether one speaks for a value that was set."""
    if known is None or known.origin != origin.value:
        return False
    return origin in _SPEAK_AS_ONE or known.source == source


def _is_open(customer: Customer, field: str) -> bool:
    """Say whether a field waits for whoever fills it."""
    is_provisional = field == "name" and customer.name_provisional
    return is_provisional or getattr(customer, field) in (None, "", [])


def _spread(customer: Customer, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by the names that facts have; of custom ones those that change."""
    custom = values.get(COLUMN) or {}
    return {name: value for name, value in values.items() if name != COLUMN} | {
        PREFIX + key: value for key, value in custom.items() if customer.custom.get(key) != value
    }


def _present(customer: Customer, field: str) -> Any:
    if field.startswith(PREFIX):
        return customer.custom.get(field.removeprefix(PREFIX))
    return getattr(customer, field, None)


def _text(value: Any) -> str | None:
    shown = plain(value)
    return None if shown is None else str(shown)
