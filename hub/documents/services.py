"""Taking documents in from an accounting system."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.connections.models import ExternalLink, LinkState
from hub.db import new_id
from hub.documents.models import DocMirror, DocumentKind, DocumentState
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName
from hub.ports import RemoteDocument

MOST_ASKED_ONE_BY_ONE = 200
"""Beyond so many customers one pass over all of them is less work than a job for each."""

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
