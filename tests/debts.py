"""Documents of an accounting system, for customers that are linked to it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.connections.models import Connection, ExternalLink, LinkState
from hub.customers.models import Customer
from hub.documents.services import Mirrored, mirror
from hub.ports import RemoteDocument

LONG_AGO, FAR_AHEAD = date(2026, 1, 31), date(2999, 1, 31)


@dataclass(frozen=True)
class Paper:
    """One document, an open invoice of 100 kroner that is not due yet unless something is said."""

    remaining: str = "100"
    kind: str = "invoice"
    currency: str = "DKK"
    due_on: date | None = FAR_AHEAD
    number: str = "1"


def make_books(session: Session, name: str = "Bøger") -> UUID:
    connection = Connection(name=name, connector="fake", kind="accounting")
    session.add(connection)
    session.flush()
    return connection.id


def owe(
    session: Session, customer: Customer, *papers: Paper, books: UUID | None = None
) -> Mirrored:
    """Let the accounting system have these documents of a customer; it is linked where it is not.

    Their numbers count on from 1 for each customer, unless they have one of their own.
    """
    books = books or session.scalar(select(Connection.id)) or make_books(session)
    linked = session.scalar(
        select(ExternalLink.remote_id).where(
            ExternalLink.connection_id == books, ExternalLink.customer_id == customer.id
        )
    )
    if linked is None:
        linked = f"debtor {customer.id}"
        link = ExternalLink(
            connection_id=books, customer_id=customer.id, remote_id=linked, state=LinkState.LINKED
        )
        session.add(link)
        session.flush()
    return mirror(
        session,
        books,
        [
            RemoteDocument(
                kind=paper.kind,
                number=f"{customer.id}/{paper.number}/{place}",
                customer_remote_id=linked,
                issued_on=date(2026, 1, 1),
                due_on=paper.due_on,
                currency=paper.currency,
                gross=Decimal(paper.remaining) or Decimal(100),
                remainder=Decimal(paper.remaining),
            )
            for place, paper in enumerate(papers)
        ],
    )
