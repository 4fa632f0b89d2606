"""One item of an import's plan: what applying it does, and what taking it back does."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from hub.custom_fields.models import COLUMN, PREFIX
from hub.customers import facts
from hub.customers import services as customers
from hub.customers.models import Customer, FieldFact
from hub.db import find_locked
from hub.errors import DomainError, NotFoundError, StaleVersionError
from hub.history.recording import plain
from hub.imports import parts
from hub.imports.models import ImportIdentity
from hub.imports.nesting import nested
from hub.origin import CauseKind
from hub.plans.models import PlanItem
from hub.plans.services import Applied

CHANNEL = "import"

_UNSAY = text("""
    delete from field_fact f
    using unnest(cast(:customers as uuid[]), cast(:fields as text[])) as gone (customer_id, field)
    where f.customer_id = gone.customer_id and f.field = gone.field and f.origin = :origin
""")
_SAY_AGAIN = text("""
    update field_fact f
    set value = former.fact ->> 'value', origin_ref = former.fact ->> 'origin_ref',
        observed_at = cast(former.fact ->> 'observed_at' as timestamptz)
    from (
        select customer_id, field, cast(fact as jsonb) as fact
        from unnest(cast(:customers as uuid[]), cast(:fields as text[]), cast(:facts as text[]))
            as g (customer_id, field, fact)
    ) former
    where f.customer_id = former.customer_id and f.field = former.field and f.origin = :origin
""")


class CustomerImport:
    """Applies and undoes single items; a `hub.plans.services.Handler`."""

    def __init__(self, plan_id: UUID) -> None:
        self._source = str(plan_id)

    def apply(self, session: Session, item: PlanItem, *, now: datetime) -> Applied:
        """See `hub.plans.services.Handler.apply`."""
        values = typed(item.after or {})
        if item.action == "create":
            customer = customers.create(
                session, values, now=now, check_duplicates=False, channel=CHANNEL
            )
            self._keep(session, customer, item, now)
            self._add_parts(session, customer, item)
            return Applied(customer.id, customer.version)
        customer = _unmoved(session, item, item.record_version)
        own = parts.without(item.after or {})
        before = {name: plain(_present(customer, name)) for name in own}
        item.source = {
            **(item.source or {}),
            "facts": _facts_of(session, customer.id, own),
            "name_was_provisional": customer.name_provisional,
        }
        customers.update(session, customer, values, now=now)
        self._keep(session, customer, item, now)
        self._add_parts(session, customer, item)
        return Applied(customer.id, customer.version, before)

    def undo(self, session: Session, item: PlanItem, *, now: datetime) -> None:
        """See `hub.plans.services.Handler.undo`."""
        customer = _unmoved(session, item, item.applied_version)
        session.execute(
            delete(ImportIdentity).where(
                ImportIdentity.customer_id == customer.id,
                ImportIdentity.digest.in_(digests_of(item.source)),
            )
        )
        parts.undo(session, customer, item, now=now)
        if item.action == "create":
            _take_away(session, customer, now)
        else:
            changed = give_back(customer, item.before, item.source)
            customers.refresh_derived(session, customer, changed)
            restore_facts(session, [(customer.id, item.source)])

    def _keep(self, session: Session, customer: Customer, item: PlanItem, now: datetime) -> None:
        values = parts.without(item.after or {})
        facts.keep_written(session, customer, CauseKind.IMPORT, self._source, values, at=now)

    def _add_parts(self, session: Session, customer: Customer, item: PlanItem) -> None:
        done = parts.apply(session, customer, item.after or {})
        if done:
            item.source = {**(item.source or {}), "parts": done}


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as the customer's columns hold them, from what JSON carried."""
    found = nested(parts.without(values))
    if found.get("owner_user_id") is not None:
        found["owner_user_id"] = UUID(found["owner_user_id"])
    if found.get("credit_limit") is not None:
        found["credit_limit"] = Decimal(found["credit_limit"])
    return found


def digests_of(source: Mapping[str, Any] | None) -> list[bytes]:
    """Return by what the row of an item is known again."""
    return [bytes.fromhex(text) for text in (source or {}).get("identities", [])]


def moved(customer: Any, record_id: UUID | None, version: int | None) -> DomainError | None:
    """Return why a customer is not what an item knows, None where it is at that version.

    `customer` has what tells that, None where there is none: ``NotFoundError`` where it was
    deleted, ``StaleVersionError`` where it was changed or merged since.
    """
    if customer is None or customer.deleted_at is not None:
        return NotFoundError(customers.ENTITY, record_id)
    if customer.merged_into_id is not None or customer.version != version:
        return StaleVersionError(customers.ENTITY, customer.id, customer.version)
    return None


def give_back(
    customer: Customer, before: Mapping[str, Any] | None, source: Mapping[str, Any] | None
) -> set[str]:
    """Set what an item changed as it was; returns the columns, from which others are derived."""
    former = typed(before or {})
    if COLUMN in former:
        custom = {**customer.custom, **former[COLUMN]}
        former[COLUMN] = {key: value for key, value in custom.items() if value is not None}
    for name, value in former.items():
        setattr(customer, name, value)
    customer.name_provisional = (source or {}).get(
        "name_was_provisional", customer.name_provisional
    )
    return set(former)


def restore_facts(
    session: Session, sources: Iterable[tuple[UUID, Mapping[str, Any] | None]]
) -> None:
    """Have imports say of customers what they said before some items, by the items' sources."""
    said = [
        (customer_id, field, fact)
        for customer_id, source in sources
        for field, fact in (source or {}).get("facts", {}).items()
    ]
    for statement, some in (
        (_UNSAY, [each for each in said if each[2] is None]),
        (_SAY_AGAIN, [each for each in said if each[2] is not None]),
    ):
        if some:
            session.execute(
                statement,
                {
                    "customers": [customer_id for customer_id, _, _ in some],
                    "fields": [field for _, field, _ in some],
                    "facts": [json.dumps(fact) for _, _, fact in some],
                    "origin": CauseKind.IMPORT.value,
                },
            )


def _unmoved(session: Session, item: PlanItem, version: int | None) -> Customer:
    """Return an item's customer, locked, if it is at a version.

    Raises:
        NotFoundError: it was deleted.
        StaleVersionError: it was changed or merged since.
    """
    customer = find_locked(session, Customer, item.record_id)
    error = moved(customer, item.record_id, version)
    if customer is None or error is not None:
        raise error or NotFoundError(customers.ENTITY, item.record_id)
    return customer


def _present(customer: Customer, name: str) -> Any:
    if name.startswith(PREFIX):
        return customer.custom.get(name.removeprefix(PREFIX))
    return getattr(customer, name)


def _facts_of(session: Session, customer_id: UUID, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return what imports said before of some fields, None where they said nothing."""
    found: dict[str, Any] = dict.fromkeys(names)
    kept = session.scalars(
        select(FieldFact).where(
            FieldFact.customer_id == customer_id,
            FieldFact.origin == CauseKind.IMPORT.value,
            FieldFact.field.in_(list(names)),
        )
    )
    for fact in kept:
        found[fact.field] = {
            "value": fact.value,
            "origin_ref": fact.origin_ref,
            "observed_at": fact.observed_at.isoformat(),
        }
    return found


def _take_away(session: Session, customer: Customer, now: datetime) -> None:
    """Delete a customer that an import made.

    Raises:
        ConflictError: something was attached to it since.
    """
    customers.take_back(session, customer, now=now)
    session.execute(delete(FieldFact).where(FieldFact.customer_id == customer.id))
    session.execute(delete(ImportIdentity).where(ImportIdentity.customer_id == customer.id))
    session.flush()
