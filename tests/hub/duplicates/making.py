"""Customers and leads for tests of duplicates."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import matching
from hub.clock import utcnow
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.duplicates import scanning
from hub.duplicates.models import DupCandidate, DuplicateScan
from hub.duplicates.raising import raise_pairs
from hub.leads import services as leads
from hub.leads.models import Lead

ENTITY = Customer.entity()


def make_customer(session: Session, name: str = "Nordlys Belysning ApS", **fields: Any) -> Customer:
    """Make a customer whether or not there is one like it."""
    return customers.create(session, {"name": name, **fields}, now=utcnow(), check_duplicates=False)


def make_lead(session: Session, company: str = "Nordlys Belysning ApS", **fields: Any) -> Lead:
    """Make a lead whether or not there is one like it."""
    return leads.create(session, {"company": company, **fields}, now=utcnow())


def look(session: Session, *customer_ids: UUID) -> list[DupCandidate]:
    """Look for the pairs of some customers, raise them, and return all pairs there are."""
    session.flush()
    raise_pairs(session, matching.find_pairs(session, ENTITY, customer_ids))
    return pairs(session)


def scan(session: Session, *, batch: int = 500, **wanted: Any) -> DuplicateScan:
    """Run a scan over everything to its end, as `scanning.begin` is asked for it."""
    job_id = uuid4()
    scanning.begin(session, job_id, **{"whole": True, **wanted})
    while scanning.scan_batch(session, job_id, batch=batch) is not None:
        session.flush()
    return scanning.finish(session, job_id, now=utcnow())


def pairs(session: Session) -> list[DupCandidate]:
    """Return all pairs there are, in order."""
    session.expire_all()
    return list(
        session.scalars(select(DupCandidate).order_by(DupCandidate.a_id, DupCandidate.b_id))
    )


def sides(session: Session) -> set[frozenset[UUID]]:
    """Return which records are pairs."""
    return {frozenset((row.a_id, row.b_id)) for row in pairs(session)}
