"""Exports: asked for by a person, made by a worker with his rights as they are then."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hub.access.predicates import visible
from hub.access.roles import Verb
from hub.db import find_locked, locked
from hub.errors import ConflictError
from hub.files import services as files
from hub.i18n import N_, translate
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.setbacks import Setback
from hub.ledger.tasks import TaskName
from hub.listing import Reader
from hub.reports.datasets import DATASETS, Dataset
from hub.reports.file_orders import (
    FileOrder,
    FileOutcome,
    as_printed,
    mark_readings,
    note_outcome,
)
from hub.reports.models import Export, ExportState, FileFormat
from hub.reports.readers import get_file_reader

ENTITY = "export"
LANES = 2  # so many exports of one person run at once, the others behind them
MOST_WAITING = 20  # of one person
FILES_KEPT = timedelta(days=7)
_UNFINISHED = (ExportState.WAITING, ExportState.RENDERING)


def request(
    session: Session,
    dataset: Dataset,
    *,
    query: Mapping[str, Any],
    format: FileFormat,  # noqa: A002 - the field's own name
    reader: Reader,
) -> tuple[Export, Enqueued]:
    """Ask for a file of a list, in the language and zone of the person who asks.

    Raises:
        ValidationError: the query asks for what the list does not have, or not for him.
        ConflictError: ``too_many_exports``: he waits for `MOST_WAITING` already.
    """
    assert reader.user_id is not None  # noqa: S101 - somebody asks
    checked = dataset.query(query, reader, pointer="/query")
    export = Export(
        dataset=dataset.name,
        query=checked.stored(),
        format=format,
        locale=reader.locale,
        zone=reader.zone,
        owner_user_id=reader.user_id,
        state=ExportState.WAITING,
        lane=_free_lane(session, reader.user_id),
    )
    session.add(export)
    session.flush()
    job = enqueue(
        session,
        TaskName.RENDER_EXPORT,
        key=f"{ENTITY}:{export.id}",
        serial_key=f"{ENTITY}:{reader.user_id}:{export.lane}",
        subject=(ENTITY, export.id),
        export_id=export.id,
    )
    export.job_id = job.id
    return export, job


def begin(session: Session, export_id: UUID, *, now: datetime) -> FileOrder | None:
    """Return what an export is to make, and note that it is being made; None where it is made.

    Raises:
        ForbiddenError: who asked is inactive, or has no right to export the list any more.
        ValidationError: he may not ask so any more.
    """
    export = locked(session, Export, export_id)
    if export.state not in {*_UNFINISHED, ExportState.FAILED}:
        return None
    export.state = ExportState.RENDERING
    dataset = DATASETS[export.dataset]
    person = get_file_reader(
        session,
        export.owner_user_id,
        dataset.exporting,
        token_id=export.token_id,
        now=now,
        locale=export.locale,
        zone=export.zone,
    )
    return FileOrder(
        query=as_printed(dataset.query(export.query, person.reader), export.format),
        visible=visible(person.principal, Verb.EXPORT, dataset.listing.model),
        format=export.format,
        title=translate(export.locale, dataset.title),
        made_at=export.created_at,
        principal=person.principal,
    )


def record_made(
    session: Session, export_id: UUID, order: FileOrder, outcome: FileOutcome, *, now: datetime
) -> Export:
    """Note what was made; the file can be fetched until it expires."""
    export = locked(session, Export, export_id)
    note_outcome(export, outcome)
    assert outcome.content is not None  # noqa: S101 - an export of no rows is a file of headers
    export.expires_at = now + FILES_KEPT
    stored = files.keep(
        session,
        outcome.content,
        name=order.file_name,
        media_type=order.media_type,
        expires_at=export.expires_at,
    )
    export.file_id = stored.id
    mark_readings(session, order, outcome, "export")
    export.state = ExportState.PARTIAL if export.is_partial else ExportState.DONE
    return export


def note_setback(session: Session, setback: Setback) -> None:
    """Show that an export waits for another try, or why it was not made; a replay tries again."""
    export = find_locked(session, Export, UUID(setback.args["export_id"]))
    if export is None or export.state not in {*_UNFINISHED, ExportState.FAILED}:
        return
    if setback.next_try_at is not None:
        export.state = ExportState.WAITING
        return
    export.state = ExportState.FAILED
    export.message = setback.message


def _free_lane(session: Session, user_id: UUID) -> int:
    # One person's requests wait for one another here, so that the lanes fill evenly.
    session.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:key, 0))"),
        {"key": f"{ENTITY}:{user_id}"},
    )
    rows = session.execute(
        select(Export.lane, func.count())
        .where(Export.owner_user_id == user_id, Export.state.in_(_UNFINISHED))
        .group_by(Export.lane)
    )
    waiting = {lane: count for lane, count in rows}  # noqa: C416 - typed by its parts
    if sum(waiting.values()) >= MOST_WAITING:
        raise ConflictError(
            "too_many_exports",
            N_("You wait for {most} exports already; take these first."),
            details={"waiting": sum(waiting.values()), "most": MOST_WAITING},
            most=MOST_WAITING,
        )
    return min(range(LANES), key=lambda lane: waiting.get(lane, 0))
