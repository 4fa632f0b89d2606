"""Looking for pairs among all customers: in bounded batches that go on where they stopped."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub import matching
from hub.customers.models import Customer
from hub.duplicates.keys import write_missing
from hub.duplicates.models import DuplicateScan
from hub.duplicates.raising import ENTITY, close_vanished, raise_pairs
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.tasks import TaskName

BATCH = 500
LONGEST_WRITE = timedelta(minutes=5)
"""Longer than any transaction lasts: whoever began to write so long ago has committed or failed."""


def ask_for_scan(session: Session, *, by: UUID) -> Enqueued:
    """Ask for a pass over all customers; one that the same person asked for and waits is enough."""
    return enqueue(
        session,
        TaskName.FIND_DUPLICATES,
        key=f"duplicates:{by}",
        whole=True,
    )


def begin(session: Session, job_id: UUID, *, whole: bool) -> DuplicateScan:
    """Return the scan of a job, the one begun before it was interrupted where there is one."""
    scan = session.scalar(select(DuplicateScan).where(DuplicateScan.job_id == job_id))
    if scan is None:
        scan = DuplicateScan(job_id=job_id, whole=whole)
        session.add(scan)
        session.flush()
    return scan


def customers_to_see(session: Session) -> int:
    """Return how many customers a whole scan passes over."""
    living = Customer.deleted_at.is_(None) & Customer.merged_into_id.is_(None)
    return session.scalar(select(func.count()).select_from(Customer).where(living)) or 0


def scan_batch(session: Session, job_id: UUID, *, batch: int = BATCH) -> int | None:
    """Look at the next customers, in the caller's transaction; returns how many, None for none.

    Pairs are raised, those that are pairs no more become obsolete, and the scan moves on, all in
    one commit.
    """
    scan = session.scalars(
        select(DuplicateScan)
        .where(DuplicateScan.job_id == job_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    found = _next_of_all(session, scan, batch) if scan.whole else _next_changed(session, batch)
    if not found:
        return None
    write_missing(session, found)
    pairs = matching.find_pairs(session, ENTITY, found, later_only=scan.whole)
    scan.raised += raise_pairs(session, pairs)
    scan.made_obsolete += close_vanished(session, found, pairs)
    matching.mark_checked(
        session,
        ENTITY,
        found,
        changed_before=scan.started_at - LONGEST_WRITE if scan.whole else None,
    )
    scan.seen += len(found)
    scan.cursor = found[-1]
    return len(found)


def finish(session: Session, job_id: UUID, *, now: datetime) -> DuplicateScan:
    """Note that a scan is through."""
    scan = session.scalars(select(DuplicateScan).where(DuplicateScan.job_id == job_id)).one()
    scan.finished_at = now
    session.flush()
    return scan


def _next_of_all(session: Session, scan: DuplicateScan, batch: int) -> Sequence[UUID]:
    query = select(Customer.id).where(
        Customer.deleted_at.is_(None), Customer.merged_into_id.is_(None)
    )
    if scan.cursor is not None:
        query = query.where(Customer.id > scan.cursor)
    return session.scalars(query.order_by(Customer.id).limit(batch)).all()


def _next_changed(session: Session, batch: int) -> Sequence[UUID]:
    return matching.unchecked(session, ENTITY, batch)
