"""The mails of a reminder, from what it was when it asked and what its customer is now."""

from collections.abc import Iterable
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
from hub.activities.models import Activity, ActivitySubject
from hub.clock import business_date
from hub.customers.models import Contact, Customer
from hub.i18n import N_
from hub.leads.models import Lead
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
    all, its own words are not for him either. Of an activity it tells where that is, and of the
    records that it is about.
    """
    reminder = session.get_one(Reminder, delivery.source_id)
    living = _living_customer(session, reminder)
    customer = living if _may_see(session, delivery.user_id, living) else None
    subject = living if reminder.subject_type == CUSTOMER else _living_subject(session, reminder)
    is_hidden = subject is not None and not _may_see(session, delivery.user_id, subject)
    shown = None if is_hidden else subject
    records = [
        each
        for each in _records(session, shown)
        if each.entity() != CUSTOMER and _may_see(session, delivery.user_id, each)
    ]
    note = _newest_note(session, [customer, *records])
    told: dict[str, Any] = {
        "uid": delivery.facts["uid"],
        "sequence": delivery.sequence,
        "starts_at": _starts(delivery.facts["starts"]),
        "customer_name": customer.name if customer else "",
        "phone": _phone(session, customer, records),
        "last_note": note.body if note else None,
        "about": ", ".join(_called(session, delivery.user_id, each) for each in records),
        "location": (shown.location or "") if isinstance(shown, Activity) else "",
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


def _records(session: Session, subject: Any) -> list[Any]:
    """Return the living records that something is about: of an activity, those of its subjects."""
    if not isinstance(subject, Activity):
        return [] if subject is None else [subject]
    rows = session.execute(
        select(ActivitySubject.subject_type, ActivitySubject.subject_id)
        .where(ActivitySubject.activity_id == subject.id)
        .order_by(ActivitySubject.id)
    )
    found = [session.get(subjects()[entity], identifier) for entity, identifier in rows]
    return [each for each in found if each is not None and each.deleted_at is None]


def _called(session: Session, reader_id: UUID | None, record: Any) -> str:
    """Return what a reader knows a lead or an opportunity by.

    The name of a customer that he may not see is none of it.
    """
    user = session.get(User, reader_id) if reader_id else None
    if user is None:
        return str(record.number)
    model = type(record)
    name = name_of(principal_of(session, user), model)
    called = session.scalar(select(name).where(model.id == record.id))
    return " ".join(each for each in (record.number, called) if each)


def _newest_note(session: Session, records: Iterable[Any]) -> Note | None:
    """Return the newest note of the first record that has any."""
    found = (notes.newest_of(session, each) for each in records if each is not None)
    return next((note for note in found if note is not None), None)


def _phone(session: Session, customer: Customer | None, records: Iterable[Any]) -> str | None:
    """Return the number to ring: the customer's, its main contact's, or that of a lead."""
    of_customer = _phone_of(session, customer) if customer is not None else None
    of_leads = (each.phone or each.mobile for each in records if isinstance(each, Lead))
    return of_customer or next(filter(None, of_leads), None)


def _phone_of(session: Session, customer: Customer) -> str | None:
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
