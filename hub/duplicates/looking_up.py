"""Customers like one customer, as everything stands now."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, lazyload

from hub import matching
from hub.customers.models import Customer
from hub.duplicates.keys import party_of
from hub.duplicates.models import DupCandidate
from hub.matching import Candidate


@dataclass(frozen=True, slots=True)
class Like:
    """A customer like another, and the pair they make where it is known already."""

    customer: Customer
    candidate: Candidate
    pair: DupCandidate | None


def find_like(
    session: Session, customer: Customer, visible: ColumnElement[bool], *, limit: int = 25
) -> list[Like]:
    """Return the customers like one that may be seen, the most alike first.

    Those that may not be seen count for nothing, in the weights and in the limit too.
    """
    ready = matching.prepare(Customer.entity(), party_of(customer))
    met = set(matching.met(session, Customer.entity(), ready))
    met -= set(session.scalars(select(Customer.id).where(Customer.id.in_(met), visible)))
    found = matching.find(
        session, Customer.entity(), ready, exclude=customer.id, unseen=met, limit=limit
    )
    ids = [candidate.record_id for candidate in found]
    seen = {
        other.id: other
        for other in session.scalars(
            select(Customer).where(Customer.id.in_(ids), Customer.deleted_at.is_(None), visible)
        )
    }
    pairs = {
        row.b_id if row.a_id == customer.id else row.a_id: row
        for row in session.scalars(
            select(DupCandidate)
            .where(or_(DupCandidate.a_id == customer.id, DupCandidate.b_id == customer.id))
            .options(lazyload("*"))
        )
    }
    return [
        Like(seen[candidate.record_id], candidate, pairs.get(candidate.record_id))
        for candidate in found
        if candidate.record_id in seen
    ]
