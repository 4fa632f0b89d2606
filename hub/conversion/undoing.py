"""Takes back what a conversion did, as far as nobody has gone on from it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.conversion.wishes import as_stored
from hub.customers import contacts
from hub.customers import services as customers
from hub.customers.models import Contact, Customer
from hub.db import locked
from hub.errors import ConflictError, StaleVersionError
from hub.history.recording import explain_change, plain, react, record
from hub.history.records import Record
from hub.i18n import N_
from hub.leads import alike
from hub.leads.models import Lead
from hub.leads.services import fill_derived
from hub.opportunities import services as opportunities
from hub.opportunities.models import Opportunity
from hub.plans.models import PlanItem

_MODELS: Mapping[str, type[Record]] = {
    each.entity(): each for each in (Customer, Contact, Opportunity, Lead)
}


class Undoing:
    """Undoes the items of one plan, of which the lead's comes first; an `Undoer`.

    Where the lead has gone on, everything is kept: it would refer to what is not there.
    """

    def __init__(self) -> None:
        self._lead_is_kept = False

    def undo(self, session: Session, item: PlanItem, *, now: datetime) -> None:
        """See `Undoer.undo`."""
        if self._lead_is_kept:
            raise ConflictError("lead_kept", N_("The lead was changed since: it stays converted."))
        model = _MODELS[item.entity]
        found: Any = locked(session, model, item.record_id)
        if item.entity == Lead.entity():
            self._restore_lead(session, found, item)
        elif item.action == "create":
            _refuse_changed(found, item)
            _REMOVED[item.entity](session, found, now)
        elif item.action == "update":
            _restore(session, found, item, now)

    def _restore_lead(self, session: Session, lead: Lead, item: PlanItem) -> None:
        try:
            _refuse_moved_on(lead, item)
        except StaleVersionError:
            self._lead_is_kept = True
            raise
        state = lead.state
        for name, value in (item.before or {}).items():
            setattr(lead, name, as_stored(Lead, name, value))
        if lead.state != state:
            explain_change(
                session, "lead.transitioned", subject_type=Lead.entity(), subject_id=lead.id,
                data={"from": state, "to": lead.state, "workflow_id": str(lead.workflow_id),
                      "owner_user_id": lead.owner_user_id, "reason": None, "undone": True},
            )  # fmt: skip
        fill_derived(lead, session.get(Customer, lead.customer_id) if lead.customer_id else None)
        session.flush()
        alike.write_keys(session, lead)
        record(
            session, "lead.conversion_undone", subject_type=Lead.entity(), subject_id=lead.id,
            data={"plan_id": str(item.plan_id)},
        )  # fmt: skip
        react(session)  # its notes leave the customer before that is looked at


def _refuse_moved_on(found: Record, item: PlanItem) -> None:
    """Pass where what a conversion set of a record is still so; its other fields may differ."""
    now_so = {name: plain(getattr(found, name)) for name in item.after or {}}
    if found.deleted_at is not None or now_so != item.after:
        raise StaleVersionError(found.entity(), found.id, found.version)


def _refuse_changed(found: Record, item: PlanItem) -> None:
    if found.deleted_at is not None or found.version != item.applied_version:
        raise StaleVersionError(found.entity(), found.id, found.version)


def _remove_contact(session: Session, contact: Contact, now: datetime) -> None:
    customer = session.get_one(Customer, contact.customer_id)
    contacts.delete(session, customer, contact, now=now)


def _remove_opportunity(session: Session, opportunity: Opportunity, now: datetime) -> None:
    opportunities.delete(session, opportunity, now=now)


def _remove_customer(session: Session, customer: Customer, now: datetime) -> None:
    customers.take_back(session, customer, now=now)


_REMOVED: Mapping[str, Callable[[Session, Any, datetime], None]] = {
    Contact.entity(): _remove_contact,
    Opportunity.entity(): _remove_opportunity,
    Customer.entity(): _remove_customer,
}


def _restore(session: Session, found: Any, item: PlanItem, now: datetime) -> None:
    """Put back what was set of a customer or an opportunity that was there before."""
    _refuse_moved_on(found, item)
    before = {
        name: as_stored(type(found), name, value) for name, value in (item.before or {}).items()
    }
    if isinstance(found, Customer):
        customers.update(session, found, before, now=now, given_back=True)
    else:
        opportunities.update(session, found, before)
