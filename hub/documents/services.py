"""Taking documents in from an accounting system, and orders from shops."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.connections.models import ExternalLink, LinkState
from hub.db import new_id
from hub.documents.models import DocMirror, DocumentKind, DocumentState
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName
from hub.money import CURRENCIES
from hub.ports import RemoteDocument, ShopEvent

MOST_ASKED_ONE_BY_ONE = 200
"""Beyond so many customers one pass over all of them is less work than a job for each."""

_TOO_MUCH = 10**14  # what the column cannot hold

_WRITTEN = ("customer_id", "number", "issued_on", "due_on", "currency", "amount", "remaining",
            "state")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What came of some documents; `unknown` are those of customers who are not linked here."""

    changed: int
    unchanged: int
    unknown: int


def mirror(session: Session, connection_id: UUID, documents: Sequence[RemoteDocument]) -> Mirrored:
    """Keep documents as the accounting system has them now; the same again changes nothing.

    The credit standing of each customer concerned is evaluated anew soon after the commit.
    """
    customers = _customers(session, connection_id, {d.customer_remote_id for d in documents})
    rows = {
        (document.kind, document.number): _row(connection_id, document, customer_id)
        for document in documents
        if (customer_id := customers.get(document.customer_remote_id)) is not None
    }
    # In one order, so that two who write the same documents wait for one another and no more.
    changed = _write(session, [rows[key] for key in sorted(rows)]) if rows else []
    ask_for_evaluation(session, connection_id, changed)
    unknown = sum(1 for d in documents if d.customer_remote_id not in customers)
    return Mirrored(len(changed), len(documents) - unknown - len(changed), unknown)


def mirror_order(
    session: Session, connection_id: UUID, customer_id: UUID, event: ShopEvent, *, day: date
) -> None:
    """Keep an order as a shop has it now, first issued on `day`; one without a sum is left out.

    What is over has nothing left. Orders are not owed: no credit standing follows from them.
    """
    amount = _sum_of(event)
    if amount is None or event.resource_id is None:
        return
    remaining = Decimal(0) if event.is_over else amount
    values = {
        "customer_id": customer_id,
        "number": event.order_number or event.resource_id,
        "currency": event.currency,
        "amount": amount,
        "remaining": remaining,
        "state": DocumentState.OPEN if remaining else DocumentState.SETTLED,
        "starts_on": event.starts_on,
        "delivers_on": event.delivers_on,
    }
    identity = {
        "connection_id": connection_id, "kind": DocumentKind.ORDER, "remote_id": event.resource_id,
    }  # fmt: skip
    session.execute(
        insert(DocMirror)
        .values(id=new_id(), issued_on=day, **identity, **values)
        .on_conflict_do_update(
            index_elements=list(identity), set_={**values, "mirrored_at": func.now()}
        )
    )


def settle_order(session: Session, connection_id: UUID, remote_id: str) -> None:
    """Note that a shop has taken an order away: nothing of it is left to be done."""
    session.execute(
        update(DocMirror)
        .where(
            DocMirror.connection_id == connection_id, DocMirror.kind == DocumentKind.ORDER,
            DocMirror.remote_id == remote_id,
        )
        .values(remaining=0, state=DocumentState.SETTLED, mirrored_at=func.now())
    )  # fmt: skip


def _sum_of(event: ShopEvent) -> Decimal | None:
    """Return the sum of an order in a currency that there is, of a size that can be kept."""
    if event.total is None or event.currency not in CURRENCIES:
        return None
    amount = Decimal(event.total)
    return round(amount, 4) if abs(amount) < _TOO_MUCH else None


def ask_for_evaluation(session: Session, cause: UUID, customer_ids: Iterable[UUID]) -> None:
    """Ask for the credit standing of some customers; `cause` tells one pass over all of another."""
    wanted = sorted(set(customer_ids))
    if len(wanted) > MOST_ASKED_ONE_BY_ONE:
        enqueue(session, TaskName.EVALUATE_CUSTOMERS, key=str(cause))
        return
    for customer_id in wanted:
        enqueue(
            session,
            TaskName.EVALUATE_CUSTOMER,
            key=str(customer_id),
            subject=("customer", customer_id),
            customer_id=customer_id,
        )


def _customers(session: Session, connection_id: UUID, remote_ids: set[str]) -> dict[str, UUID]:
    found = session.execute(
        select(ExternalLink.remote_id, ExternalLink.customer_id).where(
            ExternalLink.connection_id == connection_id,
            ExternalLink.remote_id.in_(remote_ids),
            ExternalLink.state.in_((LinkState.LINKED, LinkState.DIVERGED)),
            ExternalLink.deleted_at.is_(None),
        )
    )
    return {row.remote_id: row.customer_id for row in found}


def _row(connection_id: UUID, document: RemoteDocument, customer_id: UUID) -> dict[str, Any]:
    is_open = document.remainder != 0
    return {
        "id": new_id(),
        "connection_id": connection_id,
        "kind": DocumentKind(document.kind),
        "remote_id": document.number,
        "customer_id": customer_id,
        "number": document.number,
        "issued_on": document.issued_on,
        "due_on": document.due_on,
        "currency": document.currency,
        "amount": document.gross,
        "remaining": document.remainder,
        "state": DocumentState.OPEN if is_open else DocumentState.SETTLED,
    }


def _write(session: Session, rows: Sequence[dict[str, Any]]) -> list[UUID]:
    """Write what is new or different; returns the customer of each such row."""
    statement = insert(DocMirror).values(rows)
    new = statement.excluded
    differs = or_(*(getattr(DocMirror, name).is_distinct_from(new[name]) for name in _WRITTEN))
    return list(
        session.scalars(
            statement.on_conflict_do_update(
                index_elements=["connection_id", "kind", "remote_id"],
                set_={**{name: new[name] for name in _WRITTEN}, "mirrored_at": func.now()},
                where=differs,
            ).returning(DocMirror.customer_id)
        )
    )
