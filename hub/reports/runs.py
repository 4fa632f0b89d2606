"""Runs of a schedule: one for each recipient, rendered once and delivered as often as asked.

plan        the occurrence becomes a run for each recipient, each with its job
begin       the run is `rendering`; what is to be made, for him, by his rights as they are now
record_rendered, skip
            the file (or that there is none) and the mail that was asked for, in one commit
settled     the mail is out, or refused (`hub.reports.delivering`)
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.access.people import are_active
from hub.access.predicates import visible
from hub.access.roles import Verb
from hub.db import find_locked, locked
from hub.errors import ConflictError
from hub.files import services as files
from hub.i18n import N_
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.setbacks import Setback
from hub.ledger.tasks import TaskName
from hub.mail import services as mail
from hub.mail.models import DeliveryKind
from hub.mail.services import Recipient
from hub.reports.datasets import Dataset
from hub.reports.definitions import dataset_of, query_for
from hub.reports.file_orders import (
    FileOrder,
    FileOutcome,
    as_printed,
    mark_readings,
    note_outcome,
)
from hub.reports.models import (
    EmptyPolicy,
    RecipientsMode,
    ReportDef,
    ReportRun,
    ReportRunState,
    ReportSchedule,
)
from hub.reports.readers import get_file_reader

ENTITY = "report_run"
FILES_KEPT = timedelta(days=365)  # a resend needs the file; the manifest stays for ever
_RENDERABLE = frozenset({ReportRunState.DUE, ReportRunState.RENDERING, ReportRunState.FAILED})
_RESENDABLE = frozenset(
    {
        ReportRunState.RENDERED,
        ReportRunState.DELIVERED,
        ReportRunState.PARTLY_DELIVERED,
        ReportRunState.FAILED,
    }
)


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What a run is to make; without rows `on_empty` decides."""

    order: FileOrder
    on_empty: EmptyPolicy


def plan(session: Session, schedule_id: UUID, planned_at: datetime) -> list[ReportRun]:
    """Return the new runs of an occurrence, one for each recipient, with the job of each.

    Those that are there already are left alone: an occurrence that is planned twice runs once.
    """
    schedule = find_locked(session, ReportSchedule, schedule_id)
    if schedule is None or schedule.deleted_at is not None:
        return []
    report = session.get_one(ReportDef, schedule.report_id)
    there = set(
        session.scalars(
            select(ReportRun.recipient_user_id).where(
                ReportRun.schedule_id == schedule_id, ReportRun.planned_at == planned_at
            )
        )
    )
    made = [
        ReportRun(
            schedule_id=schedule.id,
            report_id=report.id,
            recipient_user_id=user_id,
            owner_user_id=schedule.owner_user_id,
            token_id=schedule.token_id,
            planned_at=planned_at,
            state=ReportRunState.DUE,
        )
        for user_id in _recipients(session, schedule, dataset_of(report))
        if user_id not in there
    ]
    session.add_all(made)
    session.flush()
    for run in made:
        run.job_id = _ask_for_rendering(session, run).id
    return made


def begin(session: Session, run_id: UUID, *, now: datetime) -> RunOrder | None:
    """Return what a run is to make, and note that it is being made; None where it is made already.

    Raises:
        ForbiddenError: the recipient is inactive, or has no right to export the list.
        ValidationError: he may not ask what the report asks.
    """
    run = locked(session, ReportRun, run_id)
    if run.state not in _RENDERABLE or run.file_id is not None:
        return None
    run.state = ReportRunState.RENDERING
    report = session.get_one(ReportDef, run.report_id)
    schedule = session.get_one(ReportSchedule, run.schedule_id)
    dataset = dataset_of(report)
    person = get_file_reader(
        session, run.recipient_user_id, dataset.exporting, token_id=run.token_id, now=now
    )
    seen = visible(person.principal, Verb.EXPORT, dataset.listing.model)
    if schedule.recipients_mode is RecipientsMode.EACH_OWNER and dataset.owner is not None:
        seen = and_(seen, dataset.owner == run.recipient_user_id)
    order = FileOrder(
        query=as_printed(query_for(report, person.reader), report.format),
        visible=seen,
        format=report.format,
        title=report.name,
        made_at=run.planned_at,
        principal=person.principal,
    )
    return RunOrder(order, schedule.on_empty)


def record_rendered(session: Session, run_id: UUID, order: FileOrder, outcome: FileOutcome) -> None:
    """Note what was made for a run, and ask for its mail; a run without a file only says so."""
    run = locked(session, ReportRun, run_id)
    note_outcome(run, outcome)
    if outcome.content is not None:
        stored = files.keep(
            session,
            outcome.content,
            name=order.file_name,
            media_type=order.media_type,
            expires_at=run.planned_at + FILES_KEPT,
        )
        run.file_id = stored.id
    mark_readings(session, order, outcome, "report")
    run.state = ReportRunState.RENDERED
    session.flush()
    _deliver(session, run)


def skip(session: Session, run_id: UUID, outcome: FileOutcome) -> None:
    """Note that a run had no rows, and that its schedule wants no mail of that."""
    run = locked(session, ReportRun, run_id)
    note_outcome(run, outcome)
    run.state = ReportRunState.SKIPPED_EMPTY


def note_setback(session: Session, setback: Setback) -> None:
    """Show that a run waits for another try, or why it was not made; a replay tries again."""
    run = find_locked(session, ReportRun, UUID(setback.args["report_run_id"]))
    if run is None or run.state not in _RENDERABLE or run.file_id is not None:
        return
    if setback.next_try_at is not None:
        run.state = ReportRunState.DUE
        return
    run.state = ReportRunState.FAILED
    run.message = setback.message


def resend(session: Session, run: ReportRun) -> Enqueued:
    """Send the very file of a run once more, as a new mail.

    Raises:
        ConflictError: ``no_file``: there is none (any more); ``report_run_state``: a mail of it is
            on its way.
    """
    if run.state not in _RESENDABLE:
        raise ConflictError(
            "report_run_state",
            N_("The run is {state}; it cannot be sent now."),
            details={"state": run.state.value, "allowed": sorted(_RESENDABLE)},
            state=run.state.value,
        )
    if run.file_id is None:
        raise ConflictError("no_file", N_("There is no file to send."))
    return _deliver(session, run)


def _deliver(session: Session, run: ReportRun) -> Enqueued:
    user = session.get_one(User, run.recipient_user_id)
    _, job = mail.request(
        session,
        DeliveryKind.REPORT,
        Recipient.of(user),
        source=(ENTITY, run.id),
        sequence=run.sends,
    )
    run.sends += 1
    run.state = ReportRunState.DELIVERING
    session.flush()
    return job


def _ask_for_rendering(session: Session, run: ReportRun) -> Enqueued:
    return enqueue(
        session,
        TaskName.RENDER_REPORT,
        key=f"{ENTITY}:{run.id}",
        subject=(ENTITY, run.id),
        report_run_id=run.id,
    )


def _recipients(session: Session, schedule: ReportSchedule, dataset: Dataset) -> Iterable[UUID]:
    if schedule.recipients_mode is RecipientsMode.USERS:
        return list(schedule.recipient_ids)  # of the inactive the run says that it failed
    model, owner = dataset.listing.model, dataset.owner
    assert owner is not None  # noqa: S101 - refused when the schedule was made
    alive = getattr(model, "deleted_at", None)
    owning = select(owner).where(owner.is_not(None))
    if alive is not None:
        owning = owning.where(alive.is_(None))
    return session.scalars(
        select(User.id).where(User.id.in_(owning), are_active()).order_by(User.id)
    ).all()
