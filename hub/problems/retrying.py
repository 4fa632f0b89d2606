"""Trying again what a problem stops, once its cause is mended."""

from uuid import UUID

from sqlalchemy import select, text, true, update
from sqlalchemy.orm import Session

from hub.connections import health
from hub.connections import services as connections
from hub.errors import ConflictError
from hub.i18n import N_
from hub.ledger import claims
from hub.ledger.enqueueing import Enqueued
from hub.ledger.models import Job, JobState
from hub.ledger.services import MOST_REPLAYED, JobFilter, replay_dead
from hub.ledger.tasks import TaskName
from hub.mail import services as mail
from hub.mail.models import Delivery, DeliveryState
from hub.mail.trying import WAITS_FOR_SERVER
from hub.problems.causes.jobs import DEAD
from hub.problems.models import Problem, ProblemKind, ProblemState

TESTED = frozenset(
    {
        ProblemKind.CONNECTION_REVOKED,
        ProblemKind.CONNECTION_PAUSED,
        ProblemKind.CONNECTION_DEGRADED,
        ProblemKind.CONNECTION_BLOCKED,
    }
)
REPLAYED = frozenset({ProblemKind.DEAD_JOBS, ProblemKind.REPORT_FAILED})
SENT_AGAIN = frozenset(
    {ProblemKind.MAIL_FAILED, ProblemKind.MAIL_WAITING, ProblemKind.MAIL_SERVER_DOWN}
)
RETRIED = TESTED | REPLAYED | SENT_AGAIN
"""Kinds with something to try again; the others want a decision, or an operator."""

_DEAD_OF_GROUP = text(f"""
    select j.id {DEAD} and j.task = :task and coalesce(j.error->>'class', '') = :class
    order by j.id limit :most
""")

_DEAD_OF_RUNS = text("""
    select j.id from job j join report_run r on r.id = j.subject_id
    where j.state = 'dead' and j.subject_type = 'report_run'
      and r.state = 'failed' and r.schedule_id = cast(:schedule_id as uuid)
    order by j.id limit :most
""")


def retry(session: Session, problem: Problem) -> list[Enqueued]:
    """Test the connection, or send the dead jobs or the mails again; returns the work asked for.

    Raises:
        ConflictError: ``not_open``: it is over; ``no_retry``: there is nothing to try again.
    """
    if problem.state is not ProblemState.OPEN:
        raise ConflictError("not_open", N_("This problem is over."))
    if problem.kind in TESTED and problem.subject_id is not None:
        connection = connections.get(session, problem.subject_id, lock=True)
        return [health.request_test(session, connection)]
    if problem.kind in REPLAYED:
        return _replay(session, problem)
    if problem.kind is ProblemKind.MAIL_FAILED:
        return _resend(session, problem)
    if problem.kind in SENT_AGAIN:
        return _send_waiting(session)
    raise ConflictError(
        "no_retry", N_("There is nothing to try again here: see what is to be done.")
    )


def _replay(session: Session, problem: Problem) -> list[Enqueued]:
    group = _DEAD_OF_RUNS if problem.kind is ProblemKind.REPORT_FAILED else _DEAD_OF_GROUP
    ids = list(session.scalars(group, {**problem.detail, "most": MOST_REPLAYED}))
    if not ids:
        return []
    return [Enqueued(job_id) for job_id in replay_dead(session, true(), JobFilter(ids=ids))]


def _resend(session: Session, problem: Problem) -> list[Enqueued]:
    failed = session.scalars(
        select(Delivery)
        .where(
            Delivery.state == DeliveryState.FAILED,
            Delivery.recipient == problem.detail["recipient"],
            Delivery.deleted_at.is_(None),
        )
        .order_by(Delivery.id)
        .limit(MOST_REPLAYED)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    return [mail.resend(session, delivery) for delivery in failed]


def _send_waiting(session: Session) -> list[Enqueued]:
    claims.release_waiting(session, WAITS_FOR_SERVER)
    ids: list[UUID] = list(
        session.scalars(
            update(Job)
            .where(
                Job.state == JobState.QUEUED,
                Job.task == TaskName.SEND_DELIVERY.value,
                Job.error.is_not(None),
            )
            .values(run_at=text("clock_timestamp()"))
            .returning(Job.id)
            .execution_options(synchronize_session=False)
        )
    )
    return [Enqueued(job_id) for job_id in ids]
