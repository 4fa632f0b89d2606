"""What a worker records while an import is applied, taken back, and told of."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.files import services as files
from hub.files.models import StoredFile
from hub.imports import applying, services
from hub.imports.added import columns_added
from hub.imports.mapping import headings
from hub.imports.models import ImportJob, ImportState
from hub.imports.options import Options
from hub.imports.processes import PROCESSES, Process
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem, PlanState
from hub.settings import get_settings

_ITEMS = 1000


@dataclass(frozen=True, slots=True)
class Upload:
    """What a worker needs of an import to open its file, and for whom it writes.

    `sheet` and `header_row` say where its table stands; `headings` what is known of headers, as
    `hub.imports.columns.header_key` writes them, by which it is found otherwise.
    """

    import_id: UUID
    plan_id: UUID | None
    sha256: str
    file_name: str
    encoding: str | None
    sheet: str | None
    header_row: int | None
    headings: frozenset[str]
    language: str
    zone: str


def upload_of(session: Session, import_id: UUID, *, again: bool = False) -> Upload:
    """Return where an import's file is and who reads its result; `again` reads what was previewed.

    Raises:
        NotFoundError: there is no such import, or its file is not kept any more.
    """
    job = services.get(session, import_id)
    kept = files.get(session, job.file_id)
    owner = session.get(User, job.owner_user_id) if job.owner_user_id else None
    options = Options.of_stored(job.options)
    sheet, header_row, known = options.sheet, options.header_row, frozenset[str]()
    if again:
        source = job.source or {}
        sheet, header_row = source.get("sheet"), source.get("header_row")
    else:
        added = columns_added(session, job.entity_name)
        known = headings(job.entity_name, options.mapping, added)
    return Upload(
        job.id,
        job.plan_id,
        kept.sha256,
        job.file_name,
        options.encoding,
        sheet,
        header_row,
        known,
        (owner.locale if owner else None) or get_settings().locale,
        (owner.zone if owner else None) or get_settings().zone,
    )


def left_to_do(session: Session, plan_id: UUID) -> tuple[int, int]:
    """Return how many items of a plan are done, and how many there are."""
    done, total = session.execute(
        select(func.count(PlanItem.outcome), func.count()).where(PlanItem.plan_id == plan_id)
    ).one()
    return done, total


def left_to_undo(session: Session, plan_id: UUID) -> tuple[int, int]:
    """Return how many items were looked at, and how many there are that changed something."""
    looked_at = func.count().filter(PlanItem.outcome.in_(("undone", "kept")))
    seen, standing = session.execute(
        select(looked_at, func.count().filter(PlanItem.outcome == "done")).where(
            PlanItem.plan_id == plan_id
        )
    ).one()
    return seen, seen + standing


def newcomers(session: Session, plan_id: UUID) -> frozenset[UUID]:
    """Return the records that came since the preview, which are not to be made again."""
    plan = plans.get(session, plan_id)
    return _process_of(session, plan).newcomers(session, plan)


def apply_batch(
    session: Session, plan_id: UUID, *, now: datetime, came: Collection[UUID] = ()
) -> int:
    """Apply the next rows; returns how many, 0 when all are done."""
    plan = plans.get(session, plan_id, lock=True)
    return _process_of(session, plan).apply_batch(session, plan, now=now, came=came)


def begin_undo(session: Session, import_id: UUID) -> UUID:
    """Show an import to be taken back, also where its job is run again; returns its plan's id."""
    job, plan = _locked(session, import_id)
    if plan.state is PlanState.APPLIED:
        job.state = ImportState.UNDOING
    return plan.id


def undo_batch(session: Session, plan_id: UUID, *, now: datetime) -> int:
    """Take back the last rows that still stand; returns how many, 0 when all are done."""
    plan = plans.get(session, plan_id, lock=True)
    return _process_of(session, plan).undo_batch(session, plan, now=now)


def end_application(session: Session, import_id: UUID, *, now: datetime) -> dict[str, int]:
    """Note that an import is done, and ask for what follows; returns its counters."""
    job, plan = _locked(session, import_id)
    applying.fail_followers(session, plan, json.dumps([_leader_failed()]))
    plans.finish(session, plan, now=now)
    counted = dict(plan.counters)
    job.counters = counted
    job.applied_at = now
    job.message = None
    job.state = services.state_when_applied(counted)
    session.flush()
    services.ask_for_result(session, job)
    if counted.get("done"):
        enqueue(
            session,
            TaskName.FIND_DUPLICATES,
            key=f"duplicates:import:{job.id}",
            whole=False,
        )
    return counted


def end_undo(session: Session, import_id: UUID, *, now: datetime) -> dict[str, int]:
    """Note that an import was taken back; returns its counters."""
    job, plan = _locked(session, import_id)
    plans.finish_undo(session, plan, now=now)
    job.counters = dict(plan.counters)
    job.undone_at = now
    job.message = None
    job.state = ImportState.UNDONE
    session.flush()
    services.ask_for_result(session, job)
    return dict(plan.counters)


def items_in_order(session: Session, plan_id: UUID) -> Iterator[Mapping[str, Any]]:
    """Give out what became of each row, in the order of the file: {action, outcome, errors}."""
    position = -1
    while True:
        rows = session.execute(
            select(PlanItem.position, PlanItem.action, PlanItem.outcome, PlanItem.errors)
            .where(PlanItem.plan_id == plan_id, PlanItem.position > position)
            .order_by(PlanItem.position)
            .limit(_ITEMS)
        ).all()
        if not rows:
            return
        for row in rows:
            yield {"action": row.action, "outcome": row.outcome, "errors": row.errors}
        position = rows[-1].position


def keep_result(session: Session, import_id: UUID, result: StoredFile) -> None:
    """Put a rendered result in the place of the one before."""
    job = services.get(session, import_id, lock=True)
    former = session.get(StoredFile, job.result_file_id) if job.result_file_id else None
    job.result_file_id = result.id
    session.flush()
    if former is not None:
        session.delete(former)


def _process_of(session: Session, plan: Plan) -> Process:
    return PROCESSES[services.of_plan(session, plan.id).entity_name]


def _locked(session: Session, import_id: UUID) -> tuple[ImportJob, Plan]:
    job = services.get(session, import_id, lock=True)
    assert job.plan_id is not None  # noqa: S101 - what runs has a plan
    return job, plans.get(session, job.plan_id, lock=True)


def _leader_failed() -> dict[str, Any]:
    return {
        "pointer": "", "code": "leader_failed", "message": applying.LEADER_FAILED, "params": {},
    }  # fmt: skip
