"""The mails of operation: alerts, the all-clear, the daily digest and the test mail."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import links
from hub.clock import utcnow
from hub.mail.models import Delivery, DeliveryKind
from hub.ports import OutgoingMail
from hub.problems.models import Problem
from workers.mailing.renderers import Composer, renders
from workers.rendering.mails import Envelope, compose
from workers.rendering.problem_mails import (
    ProblemFacts,
    RecoveryFacts,
    Words,
    alert_content,
    recovery_content,
    trial_content,
)
from workers.rendering.readers import Reader


@renders(DeliveryKind.ALERT, DeliveryKind.DIGEST)
def alert_mail(session: Session, delivery: Delivery) -> Composer:
    """Return what makes an alert or a digest: the problems that the delivery names."""
    problems = _problems(session, delivery)

    def make(reader: Reader, envelope: Envelope) -> OutgoingMail:
        facts = [_facts(problem, reader) for problem in problems]
        return compose(envelope, alert_content(facts, reader))

    return make


@renders(DeliveryKind.RECOVERY)
def recovery_mail(session: Session, delivery: Delivery) -> Composer:
    """Return what makes the word that something works again."""
    (problem,) = _problems(session, delivery)
    sent = int(delivery.facts["sent"])
    until = problem.recovered_at or datetime.fromisoformat(delivery.facts["recovered_at"])

    def make(reader: Reader, envelope: Envelope) -> OutgoingMail:
        facts = RecoveryFacts(
            kind=problem.kind,
            subject=reader.words(problem.subject_name),
            since=problem.since,
            until=until,
            sent=sent,
            link=links.absolute(problem.link),
            connection_kind=_connection_kind(problem),
        )
        return compose(envelope, recovery_content(facts, reader))

    return make


@renders(DeliveryKind.TEST)
def trial_mail(session: Session, delivery: Delivery) -> Composer:
    """Return what makes the mail that only proves that mail arrives."""
    del session, delivery
    now = utcnow()

    def make(reader: Reader, envelope: Envelope) -> OutgoingMail:
        return compose(envelope, trial_content(now, links.absolute("/"), reader))

    return make


def _problems(session: Session, delivery: Delivery) -> list[Problem]:
    ids = [UUID(text) for text in delivery.facts["problems"]]
    return list(session.scalars(select(Problem).where(Problem.id.in_(ids)).order_by(Problem.since)))


def _facts(problem: Problem, reader: Reader) -> ProblemFacts:
    return ProblemFacts(
        kind=problem.kind,
        subject=reader.words(problem.subject_name),
        cause=Words(problem.message["text"], problem.message.get("params") or {}),
        remedy=Words(problem.remedy["text"], problem.remedy.get("params") or {}),
        since=problem.since,
        waiting=problem.count,
        link=links.absolute(problem.link),
        connection_kind=_connection_kind(problem),
    )


def _connection_kind(problem: Problem) -> str:
    return str(problem.detail.get("connection_kind", ""))
