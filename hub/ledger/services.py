"""What people do with jobs: look, replay or give up the dead, cancel the queued (R-9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Update, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from hub.db import savepoint
from hub.errors import ConflictError, NotFoundError
from hub.i18n import N_
from hub.ledger import setbacks
from hub.ledger.enqueueing import Enqueued
from hub.ledger.models import Job, JobState
from hub.ledger.setbacks import GivenUp, Setback

MOST_REPLAYED = 1000  # by one call; what it returns says whether to call again


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs; None and empty do not narrow. Times bound `finished_at`, the end excluded."""

    ids: Sequence[UUID] = ()
    task: str | None = None
    subject_id: UUID | None = None
    finished_from: datetime | None = None
    finished_to: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return it as SQL."""
        wanted: list[ColumnElement[bool]] = []
        if self.ids:
            wanted.append(Job.id.in_(self.ids))
        if self.task is not None:
            wanted.append(Job.task == self.task)
        if self.subject_id is not None:
            wanted.append(Job.subject_id == self.subject_id)
        if self.finished_from is not None:
            wanted.append(Job.finished_at >= self.finished_from)
        if self.finished_to is not None:
            wanted.append(Job.finished_at < self.finished_to)
        return wanted


def get_job(session: Session, visible: ColumnElement[bool], job_id: UUID) -> Job:
    """Return a job.

    Raises:
        NotFoundError: there is none that the caller may see.
    """
    job = session.scalar(select(Job).where(Job.id == job_id, visible))
    if job is None:
        raise NotFoundError("job", job_id)
    return job


def replay_job(
    session: Session, visible: ColumnElement[bool], job_id: UUID, *, force: bool = False
) -> Job:
    """Send a dead job back to its queue, with its attempts before it again.

    `force` does so with one that succeeded too; the identities of its effects stay.

    Raises:
        NotFoundError: there is none that the caller may see.
        ConflictError: it is not dead, or its like is queued already.
    """
    job = _locked(session, visible, job_id)
    if not (force and job.state is JobState.SUCCEEDED):
        _require(job, JobState.DEAD, JobState.QUEUED)
    try:
        with savepoint(session):
            session.execute(_replayed().where(Job.id == job.id))
    except IntegrityError as error:
        raise ConflictError(
            "already_queued", N_("The same work is queued already by another job.")
        ) from error
    session.refresh(job)
    return job


def replay_dead(session: Session, visible: ColumnElement[bool], wanted: JobFilter) -> list[UUID]:
    """Send dead jobs back to their queues, at most `MOST_REPLAYED`; returns which.

    Of several of one key only the newest is sent, and none whose like is queued.
    """
    twin, newer = aliased(Job), aliased(Job)
    same_key = (Job.key.is_not(None), twin.task == Job.task, twin.key == Job.key)
    same_newer = (Job.key.is_not(None), newer.task == Job.task, newer.key == Job.key)
    chosen = (
        select(Job.id)
        .where(
            visible,
            Job.state == JobState.DEAD,
            *wanted.conditions(),
            ~select(twin.id).where(twin.state == JobState.QUEUED, *same_key).exists(),
            ~select(newer.id)
            .where(newer.state == JobState.DEAD, newer.id > Job.id, *same_newer)
            .exists(),
        )
        .order_by(Job.id)
        .limit(MOST_REPLAYED)
        .with_for_update(skip_locked=True)
    )
    ids = list(session.scalars(chosen))
    try:
        with savepoint(session):
            session.execute(_replayed().where(Job.id.in_(ids)))
    except IntegrityError as error:
        raise ConflictError(
            "already_queued", N_("The same work was queued just now by another; try again.")
        ) from error
    return ids


def cancel_job(
    session: Session,
    visible: ColumnElement[bool],
    job_id: UUID,
    *,
    by: UUID | None = None,
    reason: str | None = None,
) -> Job:
    """Take a job out of its queue for good, or give a dead one up; the job keeps who and why.

    The record it is about shows it: of a queued job that somebody cancelled it, of a dead one why
    it died, or, where that asks for somebody's hand, that it was given up.

    Raises:
        NotFoundError: there is none that the caller may see.
        ConflictError: it has begun, or is over in another way.
    """
    # The record is locked before the job, as by whoever changes it and asks for work in its commit.
    job = get_job(session, visible, job_id)
    state = job.state
    if state is JobState.DEAD:
        setbacks.tell_of_given_up(session, job.task, GivenUp(job.id, job.args, reason))
    else:
        _require(job, JobState.QUEUED, JobState.CANCELLED)
        said = {"text": setbacks.CANCELLED, "params": {}}
        setbacks.tell(session, Setback(job.id, job.task, job.args, "cancelled", said))
    job = _locked(session, visible, job_id)
    _require(job, state, JobState.CANCELLED)
    session.execute(
        update(Job)
        .where(Job.id == job.id)
        .values(
            state=JobState.CANCELLED,
            finished_at=func.clock_timestamp(),
            cancelled_by=by,
            cancel_reason=reason,
        )
        .execution_options(synchronize_session=False)
    )
    session.refresh(job)
    return job


def handle_of(job: Job) -> Enqueued:
    """Return a job as one that was asked for, so that a caller may wait for it."""
    return Enqueued(job.id)


def _replayed() -> Update:
    return (
        update(Job)
        .values(
            state=JobState.QUEUED,
            run_at=func.clock_timestamp(),
            attempt=0,
            lapses=0,
            finished_at=None,
            waits_for=None,
            release_key=None,
        )
        .execution_options(synchronize_session=False)
    )


def _locked(session: Session, visible: ColumnElement[bool], job_id: UUID) -> Job:
    job = session.scalar(
        select(Job)
        .where(Job.id == job_id, visible)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if job is None:
        raise NotFoundError("job", job_id)
    return job


def _require(job: Job, needed: JobState, wanted: JobState) -> None:
    if job.state is needed:
        return
    allowed = {JobState.QUEUED: ["cancelled"], JobState.DEAD: ["queued", "cancelled"]}
    raise ConflictError(
        "job_state",
        N_("The job is {state}; it cannot become {wanted}."),
        details={"state": job.state.value, "allowed": allowed.get(job.state, [])},
        state=job.state.value,
        wanted=wanted.value,
    )
