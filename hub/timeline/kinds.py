"""What appears in timelines: a function for each kind, and its line in the table."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import (
    TIMESTAMP,
    Date,
    Uuid,
    and_,
    any_,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import Session, join

from hub import links
from hub.access.predicates import visible
from hub.access.roles import Verb
from hub.activities.access import subjects_seen
from hub.activities.listing import KINDS, of_contact
from hub.activities.models import OPEN, Activity, ActivitySubject
from hub.customers.models import Contact
from hub.documents.listing import DOCUMENTS
from hub.documents.models import DocMirror, DocumentKind
from hub.history.models import Event
from hub.i18n import N_, translate
from hub.leads.models import Lead
from hub.ledger.labels import label_of
from hub.ledger.models import Job, JobState
from hub.listing.declaration import Expression, Predicate
from hub.mail.listing import DELIVERIES
from hub.mail.models import UNSETTLED, Delivery
from hub.notes.models import Note
from hub.opportunities.models import Opportunity
from hub.origin import CauseKind
from hub.reminders.listing import REMINDERS
from hub.reminders.models import Reminder, ReminderState
from hub.seeing import history_seen, jobs_of_seen
from hub.subjects import CUSTOMER, subjects
from hub.timeline.declaring import (
    WAY,
    Appearance,
    Entry,
    Rows,
    Subject,
    as_way,
    by_catalogue,
    by_choices,
    by_event,
)
from hub.workflow.models import WorkflowState

CONTACT = Contact.entity()
_OF_A_CUSTOMER = {each.entity(): each for each in (Lead, Opportunity, Contact)}
_LENGTH = 200  # characters of a text that a line shows


def _of(model: Any, subject: Subject) -> Predicate:
    """Return the condition for what hangs on a subject, or on what is a customer's."""
    if subject.entity == CUSTOMER:
        of_customer: Predicate = model.customer_id == subject.id
        return of_customer
    return and_(model.subject_type == subject.entity, model.subject_id == subject.id)


def _notes(subject: Subject) -> Iterable[Rows]:
    yield Rows(
        source=Note, where=and_(_of(Note, subject), Note.deleted_at.is_(None)), at=Note.at,
        id=Note.id, title=func.left(Note.body, _LENGTH), word=Note.type, user=Note.author_user_id,
        subject_type=Note.subject_type, subject_id=Note.subject_id,
    )  # fmt: skip


def _activities(subject: Subject) -> Iterable[Rows]:
    if subject.entity == CONTACT:
        yield _activities_of_contact(subject)
        return
    yield Rows(
        source=join(ActivitySubject, Activity, Activity.id == ActivitySubject.activity_id),
        where=and_(
            _of(ActivitySubject, subject),
            Activity.deleted_at.is_(None),
            # As its rule has it, and by this very subject: of one that he sees by another he is
            # not told here that it is about this one, too.
            subjects_seen(subject.reader, Verb.READ),
        ),
        at=ActivitySubject.at, id=ActivitySubject.activity_id, title=Activity.title,
        word=Activity.kind,
        user=func.coalesce(
            Activity.done_by_user_id, Activity.assignee_ids[1], Activity.author_user_id
        ),
        planned=Activity.state.in_(OPEN), subject_type=ActivitySubject.subject_type,
        subject_id=ActivitySubject.subject_id,
    )  # fmt: skip


def _activities_of_contact(subject: Subject) -> Rows:
    of_it = select(Activity.id).where(
        of_contact(subject.id),
        Activity.deleted_at.is_(None),
        visible(subject.reader, Verb.READ, Activity),
    )
    return Rows(
        source=Activity, where=Activity.id == any_(func.array(of_it.scalar_subquery())),
        at=Activity.at, id=Activity.id, title=Activity.title, word=Activity.kind,
        user=func.coalesce(
            Activity.done_by_user_id, Activity.assignee_ids[1], Activity.author_user_id
        ),
        planned=Activity.state.in_(OPEN),
    )  # fmt: skip


def _reminders(subject: Subject) -> Iterable[Rows]:
    yield Rows(
        source=Reminder, where=and_(_of(Reminder, subject), Reminder.deleted_at.is_(None)),
        at=Reminder.fire_at, id=Reminder.id, title=Reminder.title, word=Reminder.state,
        user=Reminder.recipient_user_id,
        planned=Reminder.state.in_([ReminderState.SCHEDULED, ReminderState.FAILED]),
        on=case((Reminder.all_day, cast(Reminder.fire_at_local, Date))),
        subject_type=Reminder.subject_type, subject_id=Reminder.subject_id,
    )  # fmt: skip


def _leads(subject: Subject) -> Iterable[Rows]:
    if subject.entity == CUSTOMER:
        of_it = or_(Lead.customer_id == subject.id, Lead.converted_customer_id == subject.id)
        yield _business(Lead, of_it)
    if subject.entity == CONTACT:
        yield _business(
            Lead, or_(Lead.contact_id == subject.id, Lead.converted_contact_id == subject.id)
        )


def _opportunities(subject: Subject) -> Iterable[Rows]:
    if subject.entity == CUSTOMER:
        yield _business(Opportunity, Opportunity.customer_id == subject.id)
    if subject.entity == Lead.entity():
        yield _business(Opportunity, Opportunity.lead_id == subject.id)
    if subject.entity == CONTACT:
        yield _business(Opportunity, Opportunity.contact_id == subject.id)


def _business(model: type[Lead] | type[Opportunity], of_it: Predicate) -> Rows:
    return Rows(
        source=model, where=and_(of_it, model.deleted_at.is_(None)), at=model.created_at,
        id=model.id, title=func.concat(model.number, literal(" "), model.name),
        user=model.owner_user_id, subject_type=literal(model.entity()), subject_id=model.id,
    )  # fmt: skip


def _mails(subject: Subject) -> Iterable[Rows]:
    """Return the mails of reminders: they are seen by whom they are for, and who sees those."""
    yield Rows(
        source=join(Reminder, Delivery, Delivery.source_id == Reminder.id),
        where=and_(
            _of(Reminder, subject), Delivery.source_type == Reminder.entity(),
            Delivery.deleted_at.is_(None), visible(subject.reader, Verb.READ, Reminder),
        ),
        at=func.coalesce(Delivery.sent_at, Delivery.created_at), id=Delivery.id,
        title=Delivery.recipient, word=Delivery.kind, user=Delivery.user_id,
        planned=Delivery.state.in_(list(UNSETTLED)), subject_type=Reminder.subject_type,
        subject_id=Reminder.subject_id,
    )  # fmt: skip


def _jobs(subject: Subject) -> Iterable[Rows]:
    is_due = Job.state == JobState.QUEUED
    yield Rows(
        source=Job,
        where=and_(
            Job.subject_type == subject.entity, Job.subject_id == subject.id,
            jobs_of_seen(subject.reader),
        ),
        at=case((is_due, Job.run_at), else_=func.coalesce(Job.started_at, Job.created_at)),
        id=Job.id, word=Job.task, user=Job.created_by, planned=is_due,
        subject_type=Job.subject_type, subject_id=Job.subject_id,
    )  # fmt: skip


def _documents(subject: Subject) -> Iterable[Rows]:
    """Return the documents of a customer; the orders of it, where it is that of the subject."""
    if subject.entity == CUSTOMER:
        yield _mirrored(DocMirror.customer_id == subject.id)
        return
    model: Any = _OF_A_CUSTOMER.get(subject.entity)
    if model is not None:
        whose = select(model.customer_id).where(model.id == subject.id).scalar_subquery()
        yield _mirrored(and_(DocMirror.customer_id == whose, DocMirror.kind == DocumentKind.ORDER))


def _mirrored(where: Predicate) -> Rows:
    begins_at = func.timezone(literal_column("'UTC'"), cast(DocMirror.issued_on, TIMESTAMP))
    return Rows(
        source=DocMirror, where=where, at=begins_at, id=DocMirror.id, title=DocMirror.number,
        word=DocMirror.kind, on=DocMirror.issued_on, subject_type=literal(CUSTOMER),
        subject_id=DocMirror.customer_id,
    )  # fmt: skip


_MOVED = ("transitioned", "closed", "reopened", "converted")
_POOLS = "pool_"  # then what became of it there


def _events(subject: Subject, told: Callable[[str], Predicate]) -> Iterable[Rows]:
    """Return acts on a subject, which he sees, and on what is a customer's and he sees.

    These are acts that everybody may know who may know the record.
    """
    of_it = and_(Event.subject_type == subject.entity, Event.subject_id == subject.id)
    yield _event_rows(and_(of_it, told(subject.entity)))
    for model in (Lead, Opportunity) if subject.entity == CUSTOMER else ():
        seen = select(model.id).where(
            model.customer_id == subject.id, visible(subject.reader, Verb.READ, model)
        )
        of_those = Event.subject_id == any_(func.array(seen.scalar_subquery()))
        entity = model.entity()
        yield _event_rows(and_(Event.subject_type == entity, of_those, told(entity)))


def _event_rows(where: Predicate) -> Rows:
    way = func.concat(_state("from"), literal(WAY), _state("to"))
    is_move, reason = Event.type.endswith(".transitioned"), Event.data["reason"].astext
    return Rows(
        source=Event, where=where, at=Event.at, id=Event.id,
        title=case((is_move, way), else_=reason), reason=case((is_move, reason)),
        word=Event.type, user=Event.user_id, subject_type=Event.subject_type,
        subject_id=Event.subject_id,
    )  # fmt: skip


def _state(end: str) -> Expression:
    """Return what people call the state at one end of a move."""
    key = Event.data[end].astext
    label = select(WorkflowState.label).where(
        WorkflowState.workflow_id == cast(Event.data["workflow_id"].astext, Uuid),
        WorkflowState.key == key,
    )
    return func.coalesce(label.correlate(Event).scalar_subquery(), key)


def _moved(entity: str) -> Predicate:
    return Event.type.in_([f"{entity}.{act}" for act in _MOVED])


def _given(entity: str) -> Predicate:
    return or_(
        Event.type == f"{entity}.assigned",
        Event.type.startswith(f"{entity}.{_POOLS}", autoescape=True),
    )


def _moves(subject: Subject) -> Iterable[Rows]:
    return _events(subject, _moved)


def _ownership(subject: Subject) -> Iterable[Rows]:
    return _events(subject, _given)


def _caused(subject: Subject, causes: Iterable[CauseKind]) -> Iterable[Rows]:
    model = Contact if subject.entity == CONTACT else subjects()[subject.entity]
    seen = history_seen(subject.reader, model, subject.id)
    others = and_(~_moved(subject.entity), ~_given(subject.entity))
    yield _event_rows(and_(seen, Event.cause_kind.in_(list(causes)), others))


def _imported(subject: Subject) -> Iterable[Rows]:
    return _caused(subject, (CauseKind.IMPORT,))


def _synchronised(subject: Subject) -> Iterable[Rows]:
    outside = (CauseKind.ACCOUNTING, CauseKind.REGISTRY, CauseKind.SHOP)
    return _caused(subject, (*outside, CauseKind.CONFLICT))


def _of_history(entry: Entry) -> str:
    if entry.subject_type == CONTACT and entry.subject_id is not None:
        return links.record_path("contacts", entry.subject_id) + "/events"
    model = subjects()[entry.subject_type or CUSTOMER]
    return links.record_path(model.collection(), entry.subject_id or entry.id) + "/events"


def _of_documents(entry: Entry) -> str:
    return f"{links.API}documents?id={entry.id}"


def _speak_task(session: Session, language: str | None, word: str) -> str:
    del session
    return translate(language, label_of(word))


_DOCUMENT_KINDS = DOCUMENTS.by_name["kind"].choices
_MAIL_KINDS = DELIVERIES.by_name["kind"].choices
_REMINDER_STATES = REMINDERS.by_name["state"].choices

APPEARANCES: Mapping[str, Appearance] = {
    each.name: each
    for each in (
        Appearance("note", N_("Notes"), Note, _notes, by_catalogue("note_types")),
        Appearance("activity", N_("Activities"), Activity, _activities, by_choices(KINDS),
                   by_rule=False),
        Appearance("reminder", N_("Reminders"), Reminder, _reminders,
                   by_choices(_REMINDER_STATES)),
        Appearance("lead", N_("Leads"), Lead, _leads),
        Appearance("opportunity", N_("Opportunities"), Opportunity, _opportunities),
        Appearance("document", N_("Documents"), DocMirror, _documents,
                   by_choices(_DOCUMENT_KINDS), link=_of_documents),
        Appearance("transition", N_("Moves"), None, _moves, by_event, as_way,
                   link=_of_history),
        Appearance("ownership", N_("Changes of owner"), None, _ownership, by_event,
                   link=_of_history),
        Appearance("import", N_("Imports"), None, _imported, by_event, link=_of_history),
        Appearance("sync", N_("Synchronisation"), None, _synchronised, by_event, link=_of_history),
        Appearance("job", N_("Jobs"), Job, _jobs, _speak_task, by_rule=False),
        Appearance("mail", N_("Mails"), Delivery, _mails, by_choices(_MAIL_KINDS)),
    )
}  # fmt: skip
"""All of them, by name, in the order in which they are counted."""
