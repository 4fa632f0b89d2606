"""Taking a junk lead away although somebody noted or planned something about it (A2)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import follow_ups
from hub.activities import services as activities
from hub.activities.models import Activity, ActivitySubject
from hub.customers.models import Customer
from hub.history.recording import explain_change
from hub.history.records import Record
from hub.leads import services as leads
from hub.leads.models import Lead
from hub.notes import services as notes
from hub.notes.models import Note
from hub.subjects import CUSTOMER


def delete_lead(session: Session, lead: Lead, *, now: datetime, with_notes: bool = False) -> None:
    """Take a lead away, which is locked; nobody is reminded of it any more.

    With its notes, what was noted and planned about it goes along. Of a lead with a customer it is
    the customer's from then on. Else notes are taken away, and activities that are still open and
    about nothing else; what was done stays with the people in it, and counts for them.

    Raises:
        HeldError: ``converted``; ``in_use``, by opportunities, and without its notes by notes and
            activities, too.
    """
    if with_notes:
        heir = None if lead.customer_id is None else session.get_one(Customer, lead.customer_id)
        for note in _notes_on(session, lead):
            _part_note(session, note, lead, heir, now)
        for activity in _activities_about(session, lead):
            _part_activity(session, activity, lead, heir, now)
    leads.delete(session, lead, now=now)
    follow_ups.cancel_reminders(session, lead, now=now)


def _part_note(
    session: Session, note: Note, lead: Lead, heir: Customer | None, now: datetime
) -> None:
    if heir is not None:
        note.subject_type, note.subject_id = CUSTOMER, heir.id
        session.flush()
        return
    notes.delete(session, note, now=now)
    _tell(session, note, lead)


def _part_activity(
    session: Session, activity: Activity, lead: Lead, heir: Customer | None, now: datetime
) -> None:
    is_of_it_alone = len(activity.subject_ids) == 1
    if heir is None and is_of_it_alone and activity.is_open:
        follow_ups.delete_activity(session, activity, now=now)
        _tell(session, activity, lead)
    else:
        activities.part_from(session, activity, lead, heir=heir)


def _tell(session: Session, gone: Record, lead: Lead) -> None:
    """Have the history of what went along say with what."""
    entity = gone.entity()
    explain_change(
        session, f"{entity}.deleted", subject_type=entity, subject_id=gone.id,
        data={"lead_id": str(lead.id)},
    )  # fmt: skip


def _notes_on(session: Session, lead: Lead) -> Sequence[Note]:
    query = select(Note).where(
        Note.subject_type == lead.entity(), Note.subject_id == lead.id, Note.deleted_at.is_(None)
    )
    return _locked(session, query.order_by(Note.id))


def _activities_about(session: Session, lead: Lead) -> Sequence[Activity]:
    about = select(ActivitySubject.activity_id).where(
        ActivitySubject.subject_type == lead.entity(), ActivitySubject.subject_id == lead.id
    )
    query = select(Activity).where(Activity.id.in_(about), Activity.deleted_at.is_(None))
    return _locked(session, query.order_by(Activity.id))


def _locked(session: Session, query: Any) -> Sequence[Any]:
    found: Sequence[Any] = session.scalars(
        query.with_for_update(key_share=True).execution_options(populate_existing=True)
    ).all()
    return found
