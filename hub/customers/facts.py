"""What registries, accounting systems, shops and imports say of a customer, and what may win."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.copying import copy_in
from hub.custom_fields.models import PREFIX
from hub.customers.models import Customer, FieldFact
from hub.db import new_id
from hub.history.recording import plain
from hub.origin import CauseKind

USER = "user"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the present value of a field comes from; `at` is None for what people typed."""

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
) -> list[str]:
    """Keep what an origin says, and take over what may be taken over; returns those fields.

    A registry, shop or import fills what is empty, and renews what it filled itself; it never
    writes over a value that somebody typed or that another origin gave.
    """
    known = provenance(session, customer)
    taken = []
    for field, value in values.items():
        if value is None:
            continue
        present = getattr(customer, field)
        ours = known.get(field)
        provisional = field == "name" and customer.name_provisional
        if present in (None, "", []) or provisional or (ours and ours.origin == origin.value):
            if present != value:
                setattr(customer, field, value)
            taken.append(field)
    _keep(session, customer, origin, source, values, at)
    return taken


def keep_written(
    session: Session,
    customer: Customer,
    origin: CauseKind,
    source: str,
    values: Mapping[str, Any],
    *,
    at: datetime,
) -> None:
    """Keep what an origin wrote with its own authority (a merged synchronisation, an import)."""
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


def provenance(session: Session, customer: Customer) -> dict[str, Provenance]:
    """Return where the present values come from; fields without an entry were typed."""
    return provenance_of_many(session, [customer])[customer.id]


def provenance_of_many(
    session: Session, customers: Sequence[Customer]
) -> dict[UUID, dict[str, Provenance]]:
    """Return the same for many, by their ids."""
    by_id = {customer.id: customer for customer in customers}
    found: dict[UUID, dict[str, Provenance]] = {customer_id: {} for customer_id in by_id}
    kept = session.scalars(
        select(FieldFact).where(FieldFact.customer_id.in_(by_id)).order_by(FieldFact.observed_at)
    )
    for fact in kept:
        if fact.value == _text(_present(by_id[fact.customer_id], fact.field)):
            found[fact.customer_id][fact.field] = Provenance(
                fact.origin, fact.origin_ref, fact.observed_at
            )
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


def _present(customer: Customer, field: str) -> Any:
    if field.startswith(PREFIX):
        return customer.custom.get(field.removeprefix(PREFIX))
    return getattr(customer, field, None)


def _text(value: Any) -> str | None:
    shown = plain(value)
    return None if shown is None else str(shown)
