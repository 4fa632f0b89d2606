"""Does what workflows say is to be done when a lead or an opportunity comes to a state.

All of it is in the move's own transaction: activities and reminders are there with it or not at
all, mails are asked for with it and sent by a job. What is made tells in its history which workflow
made it. Nothing of it can keep a record from being moved: where nobody is there to do it on its
day, it is whoever moves the record.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub import places
from hub.absences.presence import is_away_on
from hub.access.assignable import may_be_assigned
from hub.access.models import User
from hub.access.people import find_active_user
from hub.activities import services as activities
from hub.activities.models import Activity, ActivityKind
from hub.clock import business_date
from hub.customers.models import Customer
from hub.history.recording import attribute
from hub.history.records import Record
from hub.i18n import translate
from hub.leads.models import Lead
from hub.mail import services as mail
from hub.mail.models import Delivery, DeliveryKind
from hub.mail.services import Recipient
from hub.mail.sources import declare_source
from hub.opportunities.models import Opportunity
from hub.origin import CauseKind
from hub.reminders import services as reminders
from hub.reminders.timing import Moment
from hub.settings import get_settings
from hub.sharing.answering import leaders
from hub.subjects import customer_id_of
from hub.workflow.errands import Doer, Doing, Errand, Occasion, Prepared, Whose, declare_errands

LONGEST_TITLE = 255
"""Characters of a title, whatever its places are filled with."""

_FOLLOWED_UP = "follow_up_on"
_KINDS = frozenset(kind.value for kind in ActivityKind)


def install() -> None:
    """Declare it; every process that moves records does so as it starts."""
    for model in (Lead, Opportunity):
        does = frozenset(Doing) if hasattr(model, _FOLLOWED_UP) else _WITHOUT_FOLLOW_UP
        declare_errands(model.entity(), Doer(does, _KINDS, prepare, carry_out))
        declare_source(model.entity(), MoveMails(model))


def prepare(session: Session, record: Any, errand: Errand, occasion: Occasion) -> Prepared:
    """See `Doer.prepare`."""
    settings = get_settings()
    today = business_date(occasion.now, settings.zone)
    values = _values(session, record, occasion)
    due_on = errand.due_on(today)
    user = None
    if errand.do is not Doing.FOLLOW_UP:
        user = _person(session, record, errand, occasion, on=due_on or today)
    return Prepared(
        errand,
        " ".join(places.fill(errand.title, values).split())[:LONGEST_TITLE] if errand.title else "",
        places.fill(errand.text, values) if errand.text else None,
        due_on,
        user.id if user else None,
    )


def carry_out(
    session: Session, record: Any, wanted: Prepared, occasion: Occasion
) -> tuple[str, UUID] | None:
    """See `Doer.carry_out`."""
    made: Record | None = None
    match wanted.errand.do:
        case Doing.ACTIVITY:
            made = _plan(session, record, wanted, occasion.now)
        case Doing.REMINDER:
            made = _remind(session, record, wanted, occasion.now)
        case Doing.MAIL:
            made = _mail(session, record, wanted, occasion)
        case Doing.FOLLOW_UP:
            record.follow_up_on = wanted.due_on
    if made is None:
        return None
    cause_id = f"workflow:{record.workflow_id}"
    attribute(session, made, CauseKind.RULE, cause_id)
    return made.entity(), made.id


class MoveMails:
    """The mails of moves as a source; see `hub.mail.sources.Source`."""

    def __init__(self, model: type[Any]) -> None:
        self._model = model

    def wants(self, session: Session, delivery: Delivery) -> bool:
        """Say whether the record is still there, whatever became of it since."""
        record = session.get(self._model, delivery.source_id)
        return record is not None and record.deleted_at is None

    def settled(self, session: Session, delivery: Delivery) -> None:
        """See `hub.mail.sources.Source.settled`: nothing follows."""


def _plan(session: Session, record: Any, wanted: Prepared, now: datetime) -> Record:
    user = session.get(User, wanted.user_id) if wanted.user_id else None
    fields = {
        "kind": ActivityKind(wanted.errand.kind or ActivityKind.TODO),
        "title": wanted.title,
        "body": wanted.text,
        "due": None if wanted.due_on is None else Moment(wanted.due_on),
        "assignee_ids": [] if user is None else [user.id],
    }
    return activities.create(
        session, [record], fields, zone=get_settings().zone, now=now, policed=False
    )


def _remind(session: Session, record: Any, wanted: Prepared, now: datetime) -> Record | None:
    user = session.get(User, wanted.user_id) if wanted.user_id else None
    if user is None or wanted.due_on is None:
        return None
    return reminders.create(
        session, record, title=wanted.title, moment=Moment(wanted.due_on),
        zone=get_settings().zone, recipient_user_id=user.id, now=now,
    )  # fmt: skip


def _mail(session: Session, record: Any, wanted: Prepared, occasion: Occasion) -> Record | None:
    user = session.get(User, wanted.user_id) if wanted.user_id else None
    if user is None:
        return None
    # The record is locked by whoever moves it, so that nobody counts at the same time.
    earlier = session.scalar(
        select(func.max(Delivery.sequence)).where(
            Delivery.source_type == record.entity(), Delivery.source_id == record.id,
            Delivery.kind == DeliveryKind.MOVE,
        )
    )  # fmt: skip
    delivery, _ = mail.request(
        session,
        DeliveryKind.MOVE,
        Recipient.of(user),
        source=(record.entity(), record.id),
        sequence=0 if earlier is None else earlier + 1,
        facts={
            "title": wanted.title, "text": wanted.text, "state": occasion.state,
            "reason": occasion.reason, "by": str(occasion.principal.user_id),
        },
    )  # fmt: skip
    return delivery


def _person(
    session: Session, record: Any, errand: Errand, occasion: Occasion, *, on: date
) -> User | None:
    """Return for whom it is: the first who is there on its day; whoever moves the record is.

    An activity is for nobody to whom activities are not assigned.
    """
    mover = occasion.principal.user_id
    for user_id in _named(session, record, errand.whose, occasion):
        user = find_active_user(session, user_id)
        if (
            user is not None
            and (user.id == mover or not is_away_on(session, user.id, on))
            and (errand.do is not Doing.ACTIVITY or _takes_activities(session, user))
        ):
            return user
    return None


def _takes_activities(session: Session, user: User) -> bool:
    return may_be_assigned(session, Activity.collection(), user.id)


def _named(
    session: Session, record: Any, whose: Whose, occasion: Occasion
) -> Iterator[UUID | None]:
    """Yield for whom it is, and who is asked in place of him."""
    if whose is Whose.MANAGER:
        yield from leaders(session, record)
    if whose is Whose.OWNER:
        customer = _customer(session, record)
        yield customer.owner_user_id if customer else None
    if whose in {Whose.OWNER, Whose.ASSIGNEE}:
        yield record.owner_user_id
    yield occasion.principal.user_id


def _values(session: Session, record: Any, occasion: Occasion) -> dict[str, str | None]:
    customer = _customer(session, record)
    return {
        "name": record.name,
        "customer": customer.name if customer else record.name,
        "number": record.number,
        "state": translate(get_settings().locale, occasion.state),
        "reason": occasion.reason,
    }


def _customer(session: Session, record: Any) -> Customer | None:
    customer_id = customer_id_of(record)
    return session.get(Customer, customer_id) if customer_id else None


_WITHOUT_FOLLOW_UP = frozenset(Doing) - {Doing.FOLLOW_UP}
