"""Tells people of problems: an alert for each cause, a word when it is over, a digest a day."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from uuid import UUID, uuid5

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.access.people import administrators, is_active
from hub.calendar_time import instant_on
from hub.clock import business_date
from hub.db import new_id
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.mail import services as mail
from hub.mail.models import Delivery, DeliveryKind
from hub.mail.services import Recipient
from hub.problems.models import Problem, ProblemState
from hub.settings import get_settings

GATHER = timedelta(seconds=10)
"""How long an alert waits for others of the same reader, and for a trouble to pass by itself."""

OFTEN = 3
LATELY = timedelta(hours=1)
QUIET = timedelta(minutes=15)
"""A cause that people were told of so often lately has to be gone so long before the all-clear.

Until then it is the same problem if it comes back, and nobody is told of it again. So an alert is
never late, whoever heard that all was well hears of it when it is not, and what comes and goes does
not fill anybody's mailbox.
"""

SETTLE_LEAST = timedelta(seconds=10)
SETTLE_MOST = timedelta(minutes=1)
"""How long the all-clear waits at other times: until what waited has gone, between these two."""

DIGEST_AT = time(8)
_DIGESTS = UUID("6f2f3f0e-3c63-4f0e-9d43-0f5a4d0c8a11")  # any constant: names the digest of a day


def tell(session: Session, now: datetime) -> None:
    """Ask for the mails that are due about problems."""
    _alert(session, now)
    _give_all_clear(session, now)
    _send_digest(session, now)


def _alert(session: Session, now: datetime) -> None:
    due = session.scalars(
        select(Problem)
        .where(
            Problem.state == ProblemState.OPEN,
            Problem.alerts,
            Problem.alert_after <= now,
            or_(Problem.alerted_kind.is_(None), Problem.alerted_kind != Problem.kind),
        )
        .order_by(Problem.since)
    ).all()
    for reader, problems in _by_reader(session, due):
        _ask(session, DeliveryKind.ALERT, reader, problems, new_id())
    for problem in due:
        problem.alerted_at = now
        problem.alerted_kind = problem.kind


def _give_all_clear(session: Session, now: datetime) -> None:
    over = session.scalars(
        select(Problem).where(
            Problem.state == ProblemState.RECOVERED,
            Problem.alerted_at.is_not(None),
            Problem.recovery_noticed_at.is_(None),
            Problem.recovered_at <= now - SETTLE_LEAST,
        )
    ).all()
    for problem in over:
        waiting = _still_waiting(session, problem)
        assert problem.recovered_at is not None  # noqa: S101 - the query says so
        if waiting and problem.recovered_at > now - SETTLE_MOST:
            continue
        if problem.recovered_at > now - QUIET and _comes_and_goes(session, problem, now):
            continue
        problem.recovery_noticed_at = now
        for reader, _ in _by_reader(session, [problem]):
            mail.request(
                session,
                DeliveryKind.RECOVERY,
                reader,
                source=("problem", problem.id),
                facts={
                    "problems": [str(problem.id)],
                    "sent": max(0, problem.count - waiting),
                    "recovered_at": problem.recovered_at.isoformat(),
                },
            )


def _comes_and_goes(session: Session, problem: Problem, now: datetime) -> bool:
    told = select(func.count()).where(
        Problem.cause_key == problem.cause_key, Problem.alerted_at > now - LATELY
    )
    return (session.scalar(told) or 0) >= OFTEN


def _send_digest(session: Session, now: datetime) -> None:
    """Remind once a day, from eight on the business' clock, of what was open by then."""
    zone = get_settings().zone
    day = business_date(now, zone)
    begins = instant_on(day, zone, at=DIGEST_AT)
    if now < begins:
        return
    identifier = uuid5(_DIGESTS, day.isoformat())
    sent = select(Delivery.id).where(
        Delivery.source_type == "digest", Delivery.source_id == identifier
    )
    if session.scalar(sent.limit(1)) is not None:
        return
    still_open = session.scalars(
        select(Problem)
        .where(
            Problem.state == ProblemState.OPEN,
            Problem.alerted_at.is_not(None),
            Problem.created_at < begins,
        )
        .order_by(Problem.since)
    ).all()
    for reader, problems in _by_reader(session, still_open):
        _ask(session, DeliveryKind.DIGEST, reader, problems, identifier, source_type="digest")


def _ask(
    session: Session,
    kind: DeliveryKind,
    reader: Recipient,
    problems: Sequence[Problem],
    source_id: UUID,
    *,
    source_type: str = "alert",
) -> None:
    mail.request(
        session,
        kind,
        reader,
        source=(source_type, source_id),
        facts={"problems": [str(problem.id) for problem in problems]},
    )


def _by_reader(
    session: Session, problems: Iterable[Problem]
) -> list[tuple[Recipient, list[Problem]]]:
    """Return whom to tell of what: the owner, where he is active, else the administrators."""
    of_user: dict[UUID, list[Problem]] = defaultdict(list)
    users: dict[UUID, User] = {}
    for problem in problems:
        owner = session.get(User, problem.owner_user_id) if problem.owner_user_id else None
        readers = [owner] if owner and is_active(owner) else administrators(session)
        for user in readers:
            users[user.id] = user
            of_user[user.id].append(problem)
    return [(Recipient.of(users[user_id]), found) for user_id, found in of_user.items()]


def _still_waiting(session: Session, problem: Problem) -> int:
    """Return how much of what a connection held back has not been done yet."""
    if problem.subject_type != "connection" or problem.recovered_at is None:
        return 0
    of_connection = and_(
        Job.task == TaskName.PUSH_CUSTOMER.value,
        Job.args["connection_id"].astext == str(problem.subject_id),
    )
    if problem.detail.get("connection_kind") == "registry":  # those let go name no registry
        of_connection = Job.task == TaskName.LOOK_UP_COMPANY.value
    return (
        session.scalar(
            select(func.count())
            .select_from(Job)
            .where(
                Job.state.in_((JobState.QUEUED, JobState.RUNNING)),
                of_connection,
                Job.created_at < problem.recovered_at,
            )
        )
        or 0
    )
