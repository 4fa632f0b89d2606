"""Sending mail: one task for every kind, and the moment when a reminder is due."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from hub import outside
from hub.access.models import User
from hub.access.people import is_active
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
from hub.mail.models import DeliveryKind
from hub.mail.services import get
from hub.ports import Mailer, OutgoingMail
from hub.reminders import due
from workers.chain import RunningJob, checkpoint, task
from workers.mailing import approvals, operation, reminders, server, signing_in
from workers.mailing.composing import draft_of, sender
from workers.rendering.mailboxes import Mailbox

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
        job.require_claim(session)
        prepared = _prepare(session, delivery_id)
    if prepared is None:
        return
    if not isinstance(prepared, _Prepared):
        raise _ending(prepared)
    mailer, message = prepared
    checkpoint("before_send")
    answer = _hand_over(job, delivery_id, mailer, message)
    with job.finish({"answer": answer}) as session:
        trying.record_sent(session, delivery_id, answer, now=utcnow())
        if server.may_wait():
            trying.release_waiting(session)


class _Prepared(NamedTuple):
    """What is needed to send a mail whose try has begun."""

    mailer: Mailer
    message: OutgoingMail


def _prepare(session: Session, delivery_id: UUID) -> _Prepared | trying.Message | None:
    """Begin a try; what is told for good of a mail that cannot be sent; None where it is over."""
    delivery = trying.look(session, delivery_id)
    if delivery is None:
        return None
    user = session.get(User, delivery.user_id) if delivery.user_id else None
    if delivery.user_id is not None and not is_active(user):
        trying.record_refused(session, delivery, trying.INACTIVE)
        return trying.INACTIVE
    if delivery.kind is not DeliveryKind.TEST:
        outside.require_released(session)
    mailer = server.mailer()
    draft = draft_of(session, delivery, user)
    try:
        composed = draft.compose(_sender(), now=utcnow()) if draft else None
    except ValidationError as error:
        found = error.errors[0]
        message = {"code": found.code, "text": found.message, "params": plain(found.params)}
        trying.record_refused(session, delivery, message)
        return message
    begun = trying.begin(session, delivery, composed, now=utcnow())
    return _Prepared(mailer, begun) if begun else None


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
        _note_refused(job, delivery_id, _told(error, "refused"))
        raise
    except TransientError as error:
        _note_not_taken(job, delivery_id, error)
        raise
    except PermanentError as error:  # of the server, not of this mail: it waits
        _note_not_taken(job, delivery_id, error)
        raise server.held(str(error)) from error


def _sender() -> Mailbox:
    try:
        return sender()
    except ValidationError as error:
        raise server.held(f"HUB_MAIL_FROM: {error}") from error


def _ending(message: trying.Message) -> PermanentError:
    """Return what ends the job of a mail that cannot be sent."""
    return PermanentError(SYSTEM, message["text"], **message["params"])


def _note_refused(job: RunningJob, delivery_id: UUID, message: trying.Message) -> None:
    with job.transaction() as session:
        trying.record_refused(session, get(session, delivery_id, lock=True), message)


def _note_not_taken(job: RunningJob, delivery_id: UUID, error: ConnectorError) -> None:
    with job.transaction() as session:
        trying.record_not_taken(session, delivery_id, _told(error, "not_taken"))


def _told(error: ConnectorError, code: str) -> trying.Message:
    return {"code": code, "text": error.message, "params": plain(dict(error.params))}
