"""The mails of a reminder, from what it was when it asked and what its customer is now."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import links
from hub.access.callers import principal_of
from hub.access.models import User
from hub.access.predicates import allowed
from hub.access.roles import Verb
from hub.activities.models import Activity
from hub.clock import business_date
from hub.customers.models import Contact, Customer
from hub.i18n import N_
from hub.mail.models import Delivery, DeliveryKind
from hub.notes import services as notes
from hub.notes.models import Note
from hub.ports import OutgoingMail
from hub.reminders.models import Reminder
from hub.subjects import CUSTOMER, name_of, subjects
from workers.mailing.renderers import Composer, renders
from workers.rendering.mails import Envelope
from workers.rendering.readers import Reader
from workers.rendering.reminder_mails import Occasion, ReminderFacts, compose_reminder

HIDDEN = N_("A reminder of a record that you may not see")


@renders(DeliveryKind.INVITATION, DeliveryKind.UPDATE, DeliveryKind.CANCELLATION, DeliveryKind.DUE)
def reminder_mail(session: Session, delivery: Delivery) -> Composer:
    """Return what makes one mail of a reminder.

    Its own words are those of the delivery's sequence. Of the record that it is about, and of its
    customer, it tells what the person it is for may see himself; where he may not see the record at
    all, its own words are not for him either.
    """
    reminder = session.get_one(Reminder, delivery.source_id)
    living = _living_customer(session, reminder)
    customer = living if _may_see(session, delivery.user_id, living) else None
    subject = living if reminder.subject_type == CUSTOMER else _living_subject(session, reminder)
    is_hidden = subject is not None and not _may_see(session, delivery.user_id, subject)
    shown = None if is_hidden else subject
    note = notes.newest_of(session, customer.id) if customer else None
    told: dict[str, Any] = {
        "uid": delivery.facts["uid"],
        "sequence": delivery.sequence,
        "starts_at": _starts(delivery.facts["starts"]),
        "customer_name": customer.name if customer else "",
        "customer_phone": _phone(session, customer) if customer else None,
        "last_note": note.body if note else None,
        "about": _about(session, delivery.user_id, shown),
        "link": links.absolute(
            links.record_path(shown.collection(), shown.id)
            if shown is not None
            else links.record_path("reminders", reminder.id)
        ),
    }

    def make(reader: Reader, envelope: Envelope) -> OutgoingMail:
        title = reader.words(HIDDEN) if is_hidden else delivery.facts["title"]
        facts = ReminderFacts(**told, title=title, last_note_on=_day(note, reader))
        return compose_reminder(Occasion(delivery.kind.value), facts, reader, envelope)

    return make


def _living_customer(session: Session, reminder: Reminder) -> Customer | None:
    customer = session.get(Customer, reminder.customer_id) if reminder.customer_id else None
    if customer is not None and customer.merged_into_id is not None:
        customer = session.get(Customer, customer.merged_into_id)
    return None if customer is None or customer.deleted_at is not None else customer


def _living_subject(session: Session, reminder: Reminder) -> Any:
    entity = reminder.subject_type
    model: Any = Activity if entity == Activity.entity() else subjects()[entity]
    found: Any = session.get(model, reminder.subject_id)
    return None if found is None or found.deleted_at is not None else found


def _may_see(session: Session, reader_id: UUID | None, record: Any) -> bool:
    user = session.get(User, reader_id) if reader_id else None
    if record is None or user is None:
        return False
    return allowed(principal_of(session, user), Verb.READ, record)


def _about(session: Session, reader_id: UUID | None, subject: Any) -> str:
    """Return what people know a lead or an opportunity by; a customer is told of by itself.

    The name of a customer that he may not see is none of it.
    """
    user = session.get(User, reader_id) if reader_id else None
    if subject is None or user is None or subject.entity() in {CUSTOMER, Activity.entity()}:
        return ""
    model = type(subject)
    name = name_of(principal_of(session, user), model)
    called = session.scalar(select(name).where(model.id == subject.id))
    return " ".join(each for each in (subject.number, called) if each)


def _phone(session: Session, customer: Customer) -> str | None:
    """Return the number to ring: the customer's own, else that of its main contact."""
    if customer.phone:
        return customer.phone
    contact = session.scalar(
        select(Contact).where(
            Contact.customer_id == customer.id, Contact.is_main, Contact.deleted_at.is_(None)
        )
    )
    return (contact.office_phone or contact.mobile) if contact else None


def _starts(text: str) -> datetime | date:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def _day(note: Note | None, reader: Reader) -> date | None:
    return business_date(note.at, reader.zone) if note else None
