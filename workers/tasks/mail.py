"""Sending mail: one task for every kind, and the moment when a reminder is due."""

from uuid import UUID

from sqlalchemy.orm import Session

from hub.clock import utcnow
from hub.errors import (
    ConnectorError,
    PermanentError,
    RejectedError,
    TransientError,
    UnknownOutcomeError,
    ValidationError,
)
from hub.history.recording import plain
from hub.ledger.tasks import TaskName
from hub.mail import trying
from hub.mail.models import Delivery
from hub.ports import Mailer, OutgoingMail
from hub.reminders import due
from workers.chain import RunningJob, checkpoint, task
from workers.mailing import approvals, operation, reminders, server, signing_in
from workers.mailing.composing import Draft, draft_of, sender

RENDERERS = (operation, reminders, approvals, signing_in)  # imported for what they register

SYSTEM = "mail"


@task(TaskName.SEND_DUE_REMINDER)
def send_due_reminder(job: RunningJob, reminder_id: UUID) -> None:
    """Ask for the mail of a reminder that is due; one moved to later is asked for again then."""
    with job.finish() as session:
        due.come_due(session, reminder_id)


@task(TaskName.SEND_DELIVERY)
def send_delivery(job: RunningJob, delivery_id: UUID) -> None:
    """Send one mail, once as far as that can be known; see `hub.mail.trying`.

    Where a try was cut off after the message was handed over, the next one sends the same bytes
    again under the same message id, and lists that.
    """
    with job.transaction() as session:
        delivery = trying.look(session, delivery_id)
        if delivery is None:
            return
        refusal = _refusal(session, delivery)
        draft = None if refusal else draft_of(session, delivery)
    if refusal is not None:
        raise _refuse(job, delivery_id, refusal)
    mailer = server.mailer()
    composed = _compose(job, delivery_id, draft) if draft else None
    with job.transaction() as session:
        job.require_claim(session)
        message = trying.begin(session, delivery_id, composed, now=utcnow())
    if message is None:
        return
    checkpoint("before_send")
    answer = _hand_over(job, delivery_id, mailer, message)
    with job.finish({"answer": answer}) as session:
        trying.record_sent(session, delivery_id, answer, now=utcnow())
        if server.may_wait():
            trying.release_waiting(session)


def _hand_over(job: RunningJob, delivery_id: UUID, mailer: Mailer, message: OutgoingMail) -> str:
    """Send a message and return the server's answer; what is known of a failure is noted."""
    try:
        return mailer.send(message)
    except UnknownOutcomeError:
        raise  # nothing is noted: the next try knows by that
    except RejectedError as error:
        if any(refused.field == "sender" for refused in error.errors):
            _note_not_taken(job, delivery_id, error)
            raise server.held(str(error)) from error
        _refuse(job, delivery_id, _told(error, "refused"))
        raise
    except TransientError as error:
        _note_not_taken(job, delivery_id, error)
        raise
    except PermanentError as error:  # of the server, not of this mail: it waits
        _note_not_taken(job, delivery_id, error)
        raise server.held(str(error)) from error


def _compose(job: RunningJob, delivery_id: UUID, draft: Draft) -> OutgoingMail:
    try:
        ours = sender()
    except ValidationError as error:
        raise server.held(f"HUB_MAIL_FROM: {error}") from error
    try:
        return draft.compose(ours, now=utcnow())
    except ValidationError as error:
        found = error.errors[0]
        message = {"code": found.code, "text": found.message, "params": plain(found.params)}
        raise _refuse(job, delivery_id, message) from error


def _refusal(session: Session, delivery: Delivery) -> trying.Message | None:
    return trying.INACTIVE if trying.is_inactive(session, delivery) else None


def _refuse(job: RunningJob, delivery_id: UUID, message: trying.Message) -> PermanentError:
    """Note that a mail cannot be sent, and return what ends its job."""
    with job.transaction() as session:
        trying.record_refused(session, delivery_id, message)
    return PermanentError(SYSTEM, message["text"], **message["params"])


def _note_not_taken(job: RunningJob, delivery_id: UUID, error: ConnectorError) -> None:
    with job.transaction() as session:
        trying.record_not_taken(session, delivery_id, _told(error, "not_taken"))


def _told(error: ConnectorError, code: str) -> trying.Message:
    return {"code": code, "text": error.message, "params": plain(dict(error.params))}
