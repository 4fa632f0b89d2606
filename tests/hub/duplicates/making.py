"""Customers for tests of duplicates."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import matching
from hub.clock import utcnow
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.duplicates.models import DupCandidate
from hub.duplicates.raising import raise_pairs

ENTITY = Customer.entity()


def make_customer(session: Session, name: str = "Nordlys Belysning ApS", **fields: Any) -> Customer:
    """Make a customer whether or not there is one like it."""
    return customers.create(session, {"name": name, **fields}, now=utcnow(), check_duplicates=False)


def look(session: Session, *customer_ids: UUID) -> list[DupCandidate]:
    """Look for the pairs of some customers, raise them, and return all pairs there are."""
    session.flush()
    raise_pairs(session, matching.find_pairs(session, ENTITY, customer_ids))
    return pairs(session)


def pairs(session: Session) -> list[DupCandidate]:
    """Return all pairs there are, in order."""
    session.expire_all()
    return list(
        session.scalars(select(DupCandidate).order_by(DupCandidate.a_id, DupCandidate.b_id))
    )
