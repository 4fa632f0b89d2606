"""What may be done with imports; its `request_…` functions are those of a plan's process."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db import find_locked
from hub.errors import ConflictError, NotFoundError, ValidationError
from hub.files import services as files
from hub.files.storage import Content
from hub.history.recording import origin_of
from hub.i18n import N_
from hub.imports import uploaders
from hub.imports.entities import ENTITIES
from hub.imports.models import ImportJob, ImportState
from hub.imports.options import Options
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.setbacks import Setback
from hub.ledger.tasks import TaskName
from hub.plans import services as plans
from hub.plans.models import Plan, PlanState

KIND = "import"
ENTITY = ImportJob.entity()
KEPT_FOR = timedelta(days=90)
"""How long the file and its result lie here: personal data is not kept for its own sake."""
TOLD_OF = (TaskName.ANALYSE_FILE, TaskName.APPLY_IMPORT, TaskName.UNDO_IMPORT)
"""Tasks without which an import does not go on."""
_MAY_BE_PLANNED = frozenset(
    {ImportState.UPLOADED, ImportState.FAILED, ImportState.ANALYSED, ImportState.PLANNED}
)


def upload(
    session: Session,
    content: Content,
    *,
    entity_name: str,
    file_name: str,
    media_type: str,
    options: Options,
    now: datetime,
) -> tuple[ImportJob, Enqueued]:
    """Begin an import of a file that was put away, and ask for its preview.

    That the caller may name its owner is his to check: `hub.imports.uploaders`.

    Raises:
        ValidationError: nothing of that kind can be imported, the file is empty, the options do not
            fit what is imported, or its records may not be given to the owner that is named.
    """
    if entity_name not in ENTITIES:
        raise ValidationError.of(
            "/entity", "unknown", N_("There is no import of {entity}."), entity=entity_name
        )
    if not content.size_bytes:
        raise ValidationError.of("/file", "file.empty", N_("The file holds no rows."))
    options = _fitted(session, entity_name, options)
    kept = files.keep(
        session, content, name=file_name, media_type=media_type, expires_at=now + KEPT_FOR
    )
    job = ImportJob(
        entity_name=entity_name,
        file_id=kept.id,
        file_name=file_name,
        options=options.stored(),
        owner_user_id=origin_of(session).user_id,
    )
    session.add(job)
    session.flush()
    return job, _ask(session, job, TaskName.ANALYSE_FILE)


def plan_again(session: Session, job: ImportJob, options: Options) -> Enqueued:
    """Make the preview anew under other options.

    Raises:
        ConflictError: it was applied already.
        ValidationError: they do not fit what is imported, or its records may not be given to the
            owner that is named.
    """
    if job.state not in _MAY_BE_PLANNED:
        raise _wrong_state(job)
    job.options = _fitted(session, job.entity_name, options).stored()
    job.state, job.message = ImportState.UPLOADED, None
    session.flush()
    return _ask(session, job, TaskName.ANALYSE_FILE)


def apply(session: Session, job: ImportJob, *, now: datetime) -> Enqueued:
    """Ask for an import to be done as it was previewed.

    Raises:
        ConflictError: there is no preview, or it was applied already.
    """
    if job.state is not ImportState.PLANNED or job.plan_id is None:
        raise _wrong_state(job)
    return request_application(session, plans.get(session, job.plan_id, lock=True), now=now)


def undo(session: Session, job: ImportJob, *, now: datetime) -> Enqueued:
    """Ask for an import to be taken back, row by row; what was changed since is kept, and listed.

    Raises:
        ConflictError: it was not applied, or was taken back already.
    """
    if job.plan_id is None:
        raise _wrong_state(job)
    return request_undo(session, plans.get(session, job.plan_id, lock=True), now=now)


def request_application(session: Session, plan: Plan, *, now: datetime) -> Enqueued:
    """See `hub.planning.request_application`."""
    plans.start(plan, now=now)
    job = of_plan(session, plan.id)
    job.state = ImportState.APPLYING
    session.flush()
    return _ask(session, job, TaskName.APPLY_IMPORT)


def request_undo(session: Session, plan: Plan, *, now: datetime) -> Enqueued:
    """See `hub.planning.request_undo`."""
    del now
    plans.start_undo(plan)
    job = of_plan(session, plan.id)
    job.state, job.message = ImportState.UNDOING, None
    session.flush()
    return _ask(session, job, TaskName.UNDO_IMPORT)


def get(session: Session, import_id: UUID, *, lock: bool = False) -> ImportJob:
    """Return an import.

    Raises:
        NotFoundError: there is none.
    """
    job = find_locked(session, ImportJob, import_id) if lock else session.get(ImportJob, import_id)
    if job is None:
        raise NotFoundError(ENTITY, import_id)
    return job


def of_plan(session: Session, plan_id: UUID) -> ImportJob:
    """Return the import that a plan is of.

    Raises:
        NotFoundError: there is none.
    """
    job = session.scalar(select(ImportJob).where(ImportJob.plan_id == plan_id))
    if job is None:
        raise NotFoundError(ENTITY, plan_id)
    return job


def refuse(job: ImportJob, state: ImportState, message: Mapping[str, Any]) -> None:
    """Note why an import cannot go on: {code, text, params}."""
    job.state = state
    job.message = dict(message)


def note_setback(session: Session, setback: Setback) -> None:
    """Show on an import why it does not go on: its job died, or somebody cancelled it."""
    if setback.next_try_at is not None:
        return
    job = find_locked(session, ImportJob, UUID(setback.args["import_id"]))
    if job is None:
        return
    if setback.task == TaskName.ANALYSE_FILE.value:
        refuse(job, ImportState.FAILED, setback.message)
        return
    job.message = setback.message
    if job.state is ImportState.UNDOING:
        job.state = state_when_applied(job.counters)


def state_when_applied(counters: Mapping[str, int]) -> ImportState:
    """Return whether an import that was applied is done, or done in part."""
    incomplete = counters.get("refuse", 0) + counters.get("failed", 0)
    return ImportState.PARTIAL if incomplete else ImportState.DONE


def ask_for_result(session: Session, job: ImportJob) -> Enqueued:
    """Ask for the workbook that lists what becomes, or became, of each row."""
    return _ask(session, job, TaskName.RENDER_IMPORT_RESULT)


def is_undoable(session: Session, job: ImportJob) -> bool:
    """Say whether an import can be taken back now."""
    plan = plans.get(session, job.plan_id) if job.plan_id else None
    return plan is not None and plan.state is PlanState.APPLIED


def _fitted(session: Session, entity_name: str, options: Options) -> Options:
    entity = ENTITIES[entity_name]
    uploaders.refuse_unassignable_owner(session, options, entity)
    return entity.fitted(options)


def _ask(session: Session, job: ImportJob, task: TaskName) -> Enqueued:
    return enqueue(
        session,
        task,
        key=str(job.id),
        subject=(ENTITY, job.id),
        import_id=job.id,
    )


def _wrong_state(job: ImportJob) -> ConflictError:
    return ConflictError(
        "import_state",
        N_("The import is {state}; this cannot be done to it."),
        details={"state": job.state.value},
        state=job.state.value,
    )
