"""Customers as parties, and keys for those that were written past the services."""

from collections.abc import Sequence
from dataclasses import fields
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import matching
from hub.customers.models import Customer
from hub.matching import Party

_COMPARED = tuple(field.name for field in fields(Party))


def party_of(customer: Customer) -> Party:
    """Return what is compared of a customer; a name that is only its number is none."""
    facts = {name: getattr(customer, name) for name in _COMPARED}
    if customer.name_provisional:
        facts["name"] = None
    return Party(**facts)


def write_missing(session: Session, customer_ids: Sequence[UUID]) -> None:
    """Give keys to those that have none, or have them by older rules; so rules may change."""
    missing = matching.outdated(session, Customer.entity(), customer_ids)
    if not missing:
        return
    customers = session.scalars(
        select(Customer).where(
            Customer.id.in_(missing),
            Customer.deleted_at.is_(None),
            Customer.merged_into_id.is_(None),
        )
    )
    matching.write_many(
        session,
        Customer.entity(),
        [(customer.id, party_of(customer)) for customer in customers],
    )
