"""One try to send a delivery: what is settled before the message leaves, and what after.

delivery = look(…)        is it still to be sent, and is it its turn? It is locked
message = begin(…)        the bytes and `sending`: once they are committed it may be out
record_sent(…)            or record_refused, or record_not_taken; after an unknown outcome
                          nothing, so that the next try knows that it may repeat
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.db import find_locked
from hub.errors import PostponedError
from hub.history.recording import record
from hub.i18n import N_
from hub.ledger import claims
from hub.ledger.models import Job, JobState
from hub.ledger.setbacks import GivenUp, Setback
from hub.mail import keeping
from hub.mail.models import CALENDAR, UNSETTLED, Delivery, DeliveryKind, DeliveryState
from hub.mail.services import ENTITY, get, note_possible_repeat
from hub.mail.sources import source_of, stopped
from hub.ports import OutgoingMail
from hub.settings import get_settings

Message = Mapping[str, Any]
"""What is kept for people: {code, text, params}."""

WAITS_FOR_SERVER = "mail:server"
"""What a job carries in `waits_for` while no mail server can be used."""

INACTIVE: Message = {
    "code": "recipient_inactive",
    "text": N_("The user it is for is not active any more."),
    "params": {},
}
_AFTER = timedelta(seconds=1)  # behind the message it waits for
_SENDABLE = UNSETTLED | {DeliveryState.FAILED}  # a failed one whose job was replayed


def look(session: Session, delivery_id: UUID) -> Delivery | None:
    """Return a delivery to compose the message of, locked; None where it is over.

    Whether it is still wanted is seen by `begin`.

    Raises:
        NotFoundError: there is none.
        PostponedError: an earlier calendar message of its source has not gone out yet.
    """
    delivery = get(session, delivery_id, lock=True)
    if delivery.state not in _SENDABLE:
        return None
    if delivery.kind in CALENDAR:
        _wait_for_turn(session, delivery)
    return delivery


def begin(
    session: Session, delivery: Delivery, composed: OutgoingMail | None, *, now: datetime
) -> OutgoingMail | None:
    """Return the message to hand over; commit before you do.

    Args:
        session: the caller's.
        delivery: which, as `look` returned it.
        composed: its message, where none is stored yet; what is stored once is sent at every try.
        now: becomes the time of composing.

    Returns None where it is over, not wanted any more, or held since it may be out already.
    """
    if not _is_wanted(session, delivery):
        return None
    if delivery.unsure:
        note_possible_repeat(session, delivery)
        if delivery.kind.value in held_kinds():
            delivery.state = DeliveryState.HELD
            delivery.message = {"code": "unsure", "text": _UNSURE, "params": {}}
            record(session, "delivery.held", subject_type=ENTITY, subject_id=delivery.id)
            return None
    if delivery.composed_at is None:
        if composed is None:
            raise ValueError("a first try needs the composed message")
        keeping.keep(delivery, composed.raw)
        delivery.sender = composed.sender
        delivery.composed_at = now
    delivery.state = DeliveryState.SENDING
    delivery.unsure = True
    delivery.tries += 1
    delivery.last_tried_at = now
    assert delivery.sender is not None  # noqa: S101 - a constraint binds it to `composed_at`
    raw = keeping.kept(delivery)
    return OutgoingMail(delivery.sender, delivery.recipient, delivery.message_id, raw)


def record_sent(session: Session, delivery_id: UUID, answer: str, *, now: datetime) -> None:
    """Note that the server took the message."""
    delivery = get(session, delivery_id, lock=True)
    delivery.state = DeliveryState.SENT
    delivery.sent_at = now
    delivery.provider_response = answer
    keeping.let_go(delivery)
    _settle(session, delivery, None)


def release_waiting(session: Session) -> int:
    """Let the mails go that waited for a server, now that one takes mail; returns how many."""
    return claims.release_waiting(session, WAITS_FOR_SERVER)


def record_refused(session: Session, delivery: Delivery, message: Message) -> None:
    """Note that a mail cannot be sent, for good; a replay of its job tries all the same."""
    delivery.state = DeliveryState.FAILED
    _settle(session, delivery, message)


def record_not_taken(session: Session, delivery_id: UUID, message: Message) -> None:
    """Note that the server did not take the message this time: the next try repeats nothing."""
    delivery = get(session, delivery_id, lock=True)
    delivery.state = DeliveryState.PENDING
    delivery.unsure = False
    delivery.message = dict(message)


def note_setback(session: Session, setback: Setback) -> None:
    """Give a delivery up whose job died or was cancelled.

    What may have gone out stays unsure, so that sending it again is noted as a possible repeat.
    """
    if setback.next_try_at is not None:
        return  # the try itself has noted what it met
    delivery = find_locked(session, Delivery, UUID(setback.args["delivery_id"]))
    if delivery is None or delivery.state not in UNSETTLED:
        return
    delivery.state = DeliveryState.FAILED
    last = delivery.message or setback.message
    _settle(session, delivery, {**last, "code": "given_up"}, unsure=delivery.unsure)


def note_given_up(session: Session, given_up: GivenUp) -> None:
    """Withdraw a delivery that failed and that nobody is to send any more."""
    delivery = find_locked(session, Delivery, UUID(given_up.args["delivery_id"]))
    if delivery is not None and delivery.state is DeliveryState.FAILED:
        _withdraw(session, delivery)


def held_kinds() -> frozenset[str]:
    """Return the kinds that wait for a person where nobody knows whether they went out (R-21)."""
    named = get_settings().hold_unsure_mail
    return frozenset(name.strip() for name in named.split(",")) & {k.value for k in DeliveryKind}


def _is_wanted(session: Session, delivery: Delivery) -> bool:
    if delivery.state not in _SENDABLE:
        return False
    said = stopped(session, delivery)
    if said is not None:
        delivery.message = dict(said)
    elif source_of(delivery).wants(session, delivery) and not _is_overtaken(session, delivery):
        return True
    _withdraw(session, delivery)
    return False


def _withdraw(session: Session, delivery: Delivery) -> None:
    delivery.state = DeliveryState.WITHDRAWN
    keeping.let_go(delivery)
    record(session, "delivery.withdrawn", subject_type=ENTITY, subject_id=delivery.id)


def _is_overtaken(session: Session, delivery: Delivery) -> bool:
    """Say whether a later message of the same event is out: the calendar knows better by now."""
    if delivery.kind not in CALENDAR:
        return False
    later = _siblings(delivery).where(
        Delivery.sequence > delivery.sequence, Delivery.state == DeliveryState.SENT
    )
    return session.scalar(later.limit(1)) is not None


def _wait_for_turn(session: Session, delivery: Delivery) -> None:
    earlier = _siblings(delivery).where(
        Delivery.sequence < delivery.sequence, Delivery.state.in_(UNSETTLED)
    )
    first = session.execute(
        select(Job.run_at, Job.waits_for, func.clock_timestamp().label("now"))
        .where(Job.subject_type == ENTITY, Job.subject_id.in_(earlier), Job.state.in_(_LIVE))
        .order_by(Job.run_at, Job.id)
        .limit(1)
    ).one_or_none()
    if first is not None:
        raise PostponedError(
            N_("An earlier message of the same event has not gone out yet."),
            max(first.run_at - first.now, timedelta()) + _AFTER,
            first.waits_for,  # what lets that one go lets this one go as well
        )


def _siblings(delivery: Delivery) -> Any:
    return select(Delivery.id).where(
        Delivery.source_type == delivery.source_type,
        Delivery.source_id == delivery.source_id,
        Delivery.recipient == delivery.recipient,
        Delivery.kind.in_(CALENDAR),
    )


def _settle(
    session: Session, delivery: Delivery, message: Message | None, *, unsure: bool = False
) -> None:
    delivery.unsure = unsure
    delivery.message = dict(message) if message else None
    record(
        session,
        f"delivery.{delivery.state.value}",
        subject_type=ENTITY,
        subject_id=delivery.id,
        data={"code": message["code"]} if message else None,
    )
    session.flush()
    source_of(delivery).settled(session, delivery)


_LIVE = (JobState.QUEUED, JobState.RUNNING)
_UNSURE = N_("A try was cut off: nobody knows whether this mail went out. Send it again?")
