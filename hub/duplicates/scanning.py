"""Looking for pairs among all records: in bounded batches that go on where they stopped."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub import matching
from hub.duplicates.kinds import KINDS, without_keys, write_missing
from hub.duplicates.models import DuplicateScan
from hub.duplicates.raising import close_vanished, raise_pairs
from hub.errors import FieldError, ValidationError
from hub.i18n import N_
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.tasks import TaskName
from hub.matching import Pair

BATCH = 500
LONGEST_WRITE = timedelta(minutes=5)
"""Longer than any transaction lasts: whoever began to write so long ago has committed or failed."""


def ask_for_scan(
    session: Session, *, by: UUID, entities: Collection[str] = (), fields: Collection[str] = ()
) -> Enqueued:
    """Ask for a pass over all records; the same that a person asked for and waits is enough.

    Args:
        session: the caller's.
        by: who asks.
        entities: over which kinds (`KINDS`); without any over all.
        fields: in which two have to agree (`hub.matching.COMPARED_FIELDS`); without any those
            that are alike are looked for.

    Raises:
        ValidationError: there is no such kind or field, or none of the fields tells records apart.
    """
    wanted = {
        "entities": ",".join(_known(entities, KINDS, "/entities")),
        "fields": ",".join(_known_fields(fields)),
    }
    said: dict[str, Any] = {name: values for name, values in wanted.items() if values}
    key = ":".join(["duplicates", str(by), *said.values()])
    return enqueue(session, TaskName.FIND_DUPLICATES, key=key, whole=True, **said)


def ask_where_outdated(session: Session) -> None:
    """Ask for a pass over all records where some are known by the rules of another version."""
    if matching.are_outdated(session):
        enqueue(session, TaskName.FIND_DUPLICATES, key="duplicates:rules", whole=True)


def begin(
    session: Session,
    job_id: UUID,
    *,
    whole: bool,
    entities: Collection[str] = (),
    fields: Collection[str] = (),
) -> DuplicateScan:
    """Return the scan of a job, the one begun before it was interrupted where there is one."""
    scan = session.scalar(select(DuplicateScan).where(DuplicateScan.job_id == job_id))
    if scan is None:
        over = [entity for entity in KINDS if not entities or entity in entities]
        scan = DuplicateScan(
            job_id=job_id, whole=whole, entities=over, fields=sorted(fields), entity=over[0]
        )
        session.add(scan)
        session.flush()
    return scan


def records_to_see(session: Session, scan: DuplicateScan) -> int:
    """Return how many records a whole scan passes over."""
    return sum(
        session.scalar(
            select(func.count()).select_from(KINDS[entity].model).where(KINDS[entity].takes_part)
        )
        or 0
        for entity in scan.entities
    )


def scan_batch(session: Session, job_id: UUID, *, batch: int = BATCH) -> int | None:
    """Look at the next records, in the caller's transaction; returns how many, None for none.

    Pairs are raised, those that are pairs no more become obsolete, and the scan moves on, all in
    one commit.
    """
    scan = session.scalars(
        select(DuplicateScan)
        .where(DuplicateScan.job_id == job_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    found = _next(session, scan, batch)
    if not found:
        return None
    write_missing(session, scan.entity, found)
    pairs = _pairs(session, scan, found)
    scan.raised += raise_pairs(session, pairs, chosen=scan.fields)
    scan.made_obsolete += close_vanished(session, found, pairs)
    if not scan.fields:
        matching.mark_checked(
            session,
            scan.entity,
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


def _next(session: Session, scan: DuplicateScan, batch: int) -> Sequence[UUID]:
    """Return the next records, moving on to the next kind where one is through."""
    find = _next_of_all if scan.whole else _next_changed
    for entity in scan.entities[scan.entities.index(scan.entity) :]:
        if entity != scan.entity:
            scan.entity, scan.cursor = entity, None
        found = find(session, scan, batch)
        if found:
            return found
    return ()


def _next_of_all(session: Session, scan: DuplicateScan, batch: int) -> Sequence[UUID]:
    kind = KINDS[scan.entity]
    query = select(kind.model.id).where(kind.takes_part)
    if scan.cursor is not None:
        query = query.where(kind.model.id > scan.cursor)
    return session.scalars(query.order_by(kind.model.id).limit(batch)).all()


def _next_changed(session: Session, scan: DuplicateScan, batch: int) -> Sequence[UUID]:
    found = matching.unchecked(session, scan.entity, batch)
    return found or without_keys(session, scan.entity, batch)


def _pairs(session: Session, scan: DuplicateScan, ids: Sequence[UUID]) -> Sequence[Pair]:
    """Return the pairs of some records with those of each kind.

    A pass over everything meets each pair once: of a kind with those that come later, of two kinds
    when it is at the second of them.
    """
    earlier = scan.entities[: scan.entities.index(scan.entity)]
    others = earlier if scan.whole else [each for each in scan.entities if each != scan.entity]
    found: dict[tuple[UUID, UUID], Pair] = {}
    for among in (scan.entity, *others):
        later_only = scan.whole and among == scan.entity
        if scan.fields:
            pairs = matching.find_agreeing(
                session, scan.entity, ids, scan.fields, among=among, later_only=later_only
            )
        else:
            pairs = matching.find_pairs(
                session, scan.entity, ids, among=among, later_only=later_only
            )
        found |= {(pair.first_id, pair.second_id): pair for pair in pairs}
    return [found[ids] for ids in sorted(found)]


def _known(wanted: Collection[str], known: Collection[str], pointer: str) -> list[str]:
    errors = [
        FieldError(
            f"{pointer}/{place}", "unknown", N_("There is no {name} here; there are {allowed}."),
            {"name": name, "allowed": ", ".join(known)},
        )
        for place, name in enumerate(wanted)
        if name not in known
    ]  # fmt: skip
    if errors:
        raise ValidationError(*errors)
    return sorted(set(wanted))


def _known_fields(fields: Collection[str]) -> list[str]:
    found = _known(fields, matching.COMPARED_FIELDS, "/fields")
    if found and not set(found) & set(matching.MEETING_FIELDS):
        raise ValidationError.of(
            "/fields", "too_common", N_("Too many agree in these: choose one of {allowed} too."),
            allowed=", ".join(matching.MEETING_FIELDS),
        )  # fmt: skip
    return found
