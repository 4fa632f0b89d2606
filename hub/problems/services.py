"""Keeps the table of problems in step with what is wrong now; the relay does so every few seconds.

refresh    compares the causes there are with the rows that are open
alerting   then tells people, once for each cause
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hub.errors import NotFoundError
from hub.problems import alerting
from hub.problems.cause import Cause
from hub.problems.causes import FINDERS
from hub.problems.models import Problem, ProblemState

_LOCK = 0x4855_4201  # "HUB\1": one relay at a time looks for problems

ENTITY = "problem"


def refresh(session: Session, now: datetime) -> bool:
    """Open, bring up to date and close problems, and ask for the mails that tell of them.

    Returns False where another relay is at it at this moment.
    """
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return False
    present = {cause.key: cause for find in FINDERS for cause in find(session)}
    known = {problem.cause_key: problem for problem in session.scalars(_open())}
    for key, cause in present.items():
        problem = known.get(key) or _reopened(session, key)
        if problem is None:
            _open_new(session, cause, now)
            continue
        if problem.kind is not cause.kind:  # such as paused and now revoked: to be told anew
            problem.since = cause.since
            problem.alert_after = now + alerting.GATHER
        _bring_up_to_date(problem, cause, now)
    for key, problem in known.items():
        if key not in present:
            problem.state = ProblemState.RECOVERED
            problem.recovered_at = now
    session.flush()
    alerting.tell(session, now)
    return True


def get(session: Session, problem_id: UUID) -> Problem:
    """Return a problem.

    Raises:
        NotFoundError: there is none.
    """
    problem = session.get(Problem, problem_id)
    if problem is None:
        raise NotFoundError(ENTITY, problem_id)
    return problem


def _open() -> Select[Problem]:
    return select(Problem).where(Problem.state == ProblemState.OPEN)


def _reopened(session: Session, key: str) -> Problem | None:
    """Return a problem that came back before anybody was told that it was over."""
    problem = session.scalar(
        select(Problem)
        .where(
            Problem.cause_key == key,
            Problem.state == ProblemState.RECOVERED,
            Problem.alerted_at.is_not(None),
            Problem.recovery_noticed_at.is_(None),
        )
        .order_by(Problem.id.desc())
        .limit(1)
    )
    if problem is not None:
        problem.state = ProblemState.OPEN
        problem.recovered_at = None
    return problem


def _open_new(session: Session, cause: Cause, now: datetime) -> None:
    subject_type, subject_id = cause.subject or (None, None)
    problem = Problem(
        cause_key=cause.key,
        subject_type=subject_type,
        subject_id=subject_id,
        since=cause.since,
        state=ProblemState.OPEN,
        alert_after=now + alerting.GATHER,
    )
    _bring_up_to_date(problem, cause, now)
    session.add(problem)


def _bring_up_to_date(problem: Problem, cause: Cause, now: datetime) -> None:
    problem.kind = cause.kind
    problem.subject_name = cause.subject_name
    problem.last_seen_at = now
    problem.count = cause.count
    problem.message = cause.message.kept()
    problem.remedy = cause.remedy.kept()
    problem.link = cause.link
    problem.detail = dict(cause.detail)
    problem.owner_user_id = cause.owner_user_id
    problem.alerts = cause.alerts
