"""What is asked of registries, and what becomes of their answers."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from hub.autofill.models import RegistryLookup
from hub.connections import services as connections
from hub.connections.models import USABLE, Connection
from hub.customers import facts
from hub.customers import services as customers
from hub.customers.models import Customer, RegistryState
from hub.customers.rules import clean, clean_cvr
from hub.duplicates.keeping import decisions_kept
from hub.errors import ConflictError, NotFoundError, ValidationError
from hub.history.recording import PendingEvent, origin_of, plain, record
from hub.i18n import N_
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.tasks import TaskName
from hub.links import collection_path
from hub.origin import CauseKind
from hub.ports import CompanyRecord, CompanyStatus

MOST_CANDIDATES = 20
_ASKING = frozenset({CauseKind.REQUEST, CauseKind.SHOP})
"""Causes whose new numbers are looked up at once; an import would spend the quota."""

REGISTRY = "registry"
NO_REGISTRY = N_("No company registry is connected: make a connection of one, and activate it.")
NO_REGISTRY_CODE = "no_registry"


def react(session: Session, happened: PendingEvent) -> None:
    """Ask the registry about a customer whose CVR number is new."""
    number = happened.changes.get("cvr")
    if number is None or number[1] is None or origin_of(session).cause_kind not in _ASKING:
        return
    customer = session.get(Customer, happened.subject_id)
    if customer is not None:
        request(session, customer, cause_event_id=happened.id)


def react_many(session: Session, happened: Sequence[PendingEvent]) -> None:
    """Do the same for many events at once."""
    if origin_of(session).cause_kind in _ASKING:
        for each in happened:
            react(session, each)


def request(
    session: Session, customer: Customer, *, cause_event_id: UUID | None = None
) -> Enqueued:
    """Ask for a customer to be filled by its number; it waits while no registry is connected.

    Raises:
        ValidationError: it has no number.
    """
    if customer.cvr is None:
        raise ValidationError.of("/cvr", "required", N_("A CVR number is needed for a look-up."))
    customer.registry_state = RegistryState.WAITING
    customer.registry_message = None if find_registry(session) else no_registry()
    return enqueue(
        session,
        TaskName.LOOK_UP_COMPANY,
        key=str(customer.id),
        subject=("customer", customer.id),
        cause_event_id=cause_event_id,
        customer_id=customer.id,
    )


def no_registry() -> dict[str, Any]:
    """Return what is told while there is no registry to ask, with where one is connected."""
    return {
        "code": NO_REGISTRY_CODE, "text": NO_REGISTRY, "params": {},
        "link": collection_path("connections"),
    }  # fmt: skip


def find_registry(session: Session, connection_id: UUID | None = None) -> Connection | None:
    """Return the registry to ask: the one named, or else the first at work, or the first of all.

    One that is paused or revoked is returned where there is no other: the question waits for it.
    """
    found = connections.active_of_kind(session, REGISTRY, live=True)
    if connection_id is not None:
        return next((each for each in found if each.id == connection_id), None)
    return next((each for each in found if each.state in USABLE), found[0] if found else None)


def request_search(
    session: Session,
    query: str,
    *,
    connection_id: UUID | None = None,
    seen: ColumnElement[bool] | None = None,
) -> tuple[RegistryLookup, Enqueued]:
    """Ask for candidates for a name or a number, of one registry or of whichever is at work.

    Raises:
        ValidationError: the query is empty or too long, a number has a wrong check digit, or
            there is no such registry, or none that is `seen`.
        ConflictError: ``no_registry``: no company registry is connected.
    """
    text = " ".join(query.split())
    if not 2 <= len(text) <= 200:  # noqa: PLR2004 - shorter finds everything, longer is no name
        raise ValidationError.of("/query", "length", N_("Give two to 200 characters."))
    if number_in(text) is not None:
        _require_number(text)
    registry = find_registry(session, connection_id)
    if connection_id is not None and (registry is None or not _is_seen(session, registry, seen)):
        raise ValidationError.of(
            "/connection_id", "unknown", N_("There is no such registry that is at work.")
        )
    if registry is None:
        raise ConflictError(NO_REGISTRY_CODE, NO_REGISTRY)
    lookup = RegistryLookup(
        query=text, connection_id=registry.id, created_by=origin_of(session).user_id
    )
    session.add(lookup)
    session.flush()
    job = enqueue(
        session,
        TaskName.SEARCH_COMPANIES,
        subject=("registry_lookup", lookup.id),
        lookup_id=lookup.id,
    )
    return lookup, job


def _require_number(query: str) -> None:
    try:
        clean_cvr(query)
    except ValidationError as error:
        moved = (dataclasses.replace(each, pointer="/query") for each in error.errors)
        raise ValidationError(*moved) from error


def _is_seen(session: Session, registry: Connection, seen: ColumnElement[bool] | None) -> bool:
    if seen is None:
        return True
    return (
        session.scalar(select(Connection.id).where(Connection.id == registry.id, seen)) is not None
    )


def number_in(query: str) -> str | None:
    """Return the digits of a query that is meant as a CVR number, None where it is a name."""
    compact = query.upper().removeprefix("DK").translate(str.maketrans("", "", " -.,/:"))
    return compact if compact.isdigit() else None


def get_lookup(session: Session, lookup_id: UUID) -> RegistryLookup:
    """Return a search.

    Raises:
        NotFoundError: there is none.
    """
    lookup = session.get(RegistryLookup, lookup_id)
    if lookup is None:
        raise NotFoundError("registry_lookup", lookup_id)
    return lookup


def candidates_shown(
    session: Session, lookup: RegistryLookup, visible: ColumnElement[bool]
) -> list[dict[str, Any]]:
    """Return a search's candidates, each with the customer of that number that may be seen."""
    found: Sequence[dict[str, Any]] = lookup.candidates or []
    numbers = [candidate["registration_number"] for candidate in found]
    known = {
        row.cvr: row.id
        for row in session.execute(
            select(Customer.cvr, Customer.id)
            .where(
                Customer.cvr.in_(numbers),
                Customer.deleted_at.is_(None),
                Customer.merged_into_id.is_(None),
                visible,
            )
            .order_by(Customer.id.desc())
        )
    }
    return [
        {**candidate, "existing_customer_id": known.get(candidate["registration_number"])}
        for candidate in found
    ]


def store_candidates(
    lookup: RegistryLookup, source: str, found: Sequence[CompanyRecord], *, now: datetime
) -> None:
    """Keep the answer of a search."""
    lookup.source = source
    lookup.state = "answered"
    lookup.candidates = [_plain(company) for company in found[:MOST_CANDIDATES]]
    lookup.message = None
    lookup.next_try_at = None
    lookup.answered_at = now


def fill(
    session: Session, customer_id: UUID, source: str, company: CompanyRecord, *, now: datetime
) -> list[str]:
    """Fill a customer from what a registry says; returns the fields taken over.

    What somebody typed, or another origin gave, stays as it is, and so do decisions over pairs:
    whoever said that two are not one knew the number that this is the answer to.
    """
    customer = customers.get(session, customer_id, lock=True)
    said = _values(company)
    was_provisional = customer.name_provisional
    with decisions_kept(session, customer.id):
        taken = facts.observe(session, customer, CauseKind.REGISTRY, source, said, at=now)
        if "name" in taken:
            customer.name_provisional = False
        customer.registry_status = company.status.value
        customer.marketing_protected = customer.marketing_protected or company.marketing_protected
        customer.registry_state = RegistryState.FILLED
        customer.registry_source = source
        customer.registry_at = now
        customer.registry_next_try_at = None
        customer.registry_message = None
        customers.refresh_derived(session, customer, set(taken))
    record(
        session,
        "customer.registry_filled",
        subject_type="customer",
        subject_id=customer.id,
        data={
            "source": source,
            "fields": sorted(taken),
            "provisional_name_replaced": was_provisional and not customer.name_provisional,
            "status": company.status.value,
        },
    )
    return taken


def _values(company: CompanyRecord) -> dict[str, Any]:
    """Return a company's values as customer fields; one that breaks a rule here is left out."""
    said = {
        "name": company.name,
        "legal_name": company.name,
        "address": "\n".join(company.address_lines) or None,
        "postcode": company.postcode,
        "city": company.city,
        "country": company.country,
        "phone": company.phone,
        "email": company.email,
        "website": company.website,
        "industry": company.industry,
    }
    values = {}
    for field, value in said.items():
        if value is None:
            continue
        try:
            values[field] = clean({field: value, "country": company.country})[field]
        except ValidationError:
            continue
    return values


def _plain(company: CompanyRecord) -> dict[str, Any]:
    return {
        field.name: plain(getattr(company, field.name)) for field in dataclasses.fields(company)
    }


INSOLVENT = frozenset({CompanyStatus.INSOLVENT, CompanyStatus.DISSOLVED})
"""How a company stands when one should look before trading with it."""
