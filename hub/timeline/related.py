"""What there is beside a customer or a lead: counted for tabs, each with the list that shows it.

A count and its list are one query: what is counted is what the list shows the same reader.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.orm import Session

from hub import links
from hub.access.concealing import seen_among
from hub.access.predicates import visible
from hub.access.principals import Permission, Principal
from hub.access.roles import Verb
from hub.activities.listing import ACTIVITIES
from hub.customers.listing import ADDRESSES, CONTACTS, CUSTOMERS
from hub.customers.models import Contact, Customer
from hub.documents.listing import DOCUMENTS
from hub.documents.models import DocumentKind
from hub.duplicates.listing import DUPLICATES
from hub.i18n import N_
from hub.leads.listing import LEADS
from hub.leads.models import Lead
from hub.ledger.listing import JOBS
from hub.listing import Listing, Reader, parse_parameters
from hub.listing.counting import Total, count_visible
from hub.notes.listing import NOTES
from hub.opportunities.listing import OPPORTUNITIES
from hub.opportunities.models import Opportunity
from hub.reminders.listing import REMINDERS
from hub.reminders.models import ReminderState
from hub.sharing.listing import GRANTS
from hub.subjects import CUSTOMER
from hub.sync.listing import CONFLICTS

Parameters: TypeAlias = tuple[tuple[str, str], ...]

_LEAD = Lead.entity()
_OPPORTUNITY = Opportunity.entity()
_CONTACT = Contact.entity()
_THIS = "this"  # stands for the id of the record whose related ones are counted
_ITS_CUSTOMER = "its customer"
_ITS_LEAD = "its lead"
_OPEN: Parameters = (("is_open", "true"),)
_CLOSED: Parameters = (("is_open", "false"),)


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """A tab: rows of a list that are found by the record, and which of them are open.

    `of` says by which parameters of the list, for each entity that has such a tab.
    """

    name: str
    label: str
    listing: Listing[Any]
    of: Mapping[str, Parameters]
    open: Parameters = ()
    closed: Parameters = ()


@dataclass(frozen=True, slots=True)
class Part:
    """How many there are, and the path of the list that shows exactly those."""

    total: Total
    path: str


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab with something in it; `open` and `closed` where its rows are one or the other."""

    relation: Relation
    all: Part
    open: Part | None
    closed: Part | None


def _by_customer(*further: tuple[str, str]) -> dict[str, Parameters]:
    return {CUSTOMER: (("customer", _THIS), *further)}


_BOTH: Mapping[str, Parameters] = {
    **_by_customer(),
    **dict.fromkeys((_LEAD, _OPPORTUNITY), (("subject", _THIS),)),
}
_BY_CONTACT: Mapping[str, Parameters] = {_CONTACT: (("contact", _THIS),)}
_SETTLED: tuple[Parameters, Parameters] = ((("state", "open"),), (("state", "settled"),))
_STILL = (ReminderState.SCHEDULED, ReminderState.DUE_SENT, ReminderState.FAILED)

RELATIONS: Sequence[Relation] = (
    Relation("customer", N_("Customer"), CUSTOMERS,
             dict.fromkeys((_LEAD, _OPPORTUNITY, _CONTACT), (("id", _ITS_CUSTOMER),))),
    Relation("lead", N_("The lead it came from"), LEADS,
             {_OPPORTUNITY: (("id", _ITS_LEAD),)}, _OPEN, _CLOSED),
    Relation("contacts", N_("Contacts"), CONTACTS, _by_customer()),
    Relation("addresses", N_("Addresses"), ADDRESSES, _by_customer()),
    Relation("leads", N_("Leads"), LEADS, {**_by_customer(), **_BY_CONTACT}, _OPEN, _CLOSED),
    Relation("came_from", N_("The lead it was"), LEADS,
             {CUSTOMER: (("converted_customer", _THIS),)}, _OPEN, _CLOSED),
    Relation("same_customer_leads", N_("Same customer: leads"), LEADS,
             {_LEAD: (("customer", _ITS_CUSTOMER), ("id.ne", _THIS)),
              _OPPORTUNITY: (("customer", _ITS_CUSTOMER),)}, _OPEN, _CLOSED),
    Relation("opportunities", N_("Opportunities"), OPPORTUNITIES,
             {**_by_customer(), _LEAD: (("lead", _THIS),), **_BY_CONTACT}, _OPEN, _CLOSED),
    Relation("same_customer_opportunities", N_("Same customer: opportunities"), OPPORTUNITIES,
             {_LEAD: (("customer", _ITS_CUSTOMER),),
              _OPPORTUNITY: (("customer", _ITS_CUSTOMER), ("id.ne", _THIS))}, _OPEN, _CLOSED),
    Relation("notes", N_("Notes"), NOTES, _BOTH),
    Relation("activities", N_("Activities"), ACTIVITIES, {**_BOTH, **_BY_CONTACT}, _OPEN,
             _CLOSED),
    Relation("reminders", N_("Reminders"), REMINDERS, _BOTH,
             tuple(("state", each.value) for each in _STILL),
             tuple(("state", each.value) for each in ReminderState if each not in _STILL)),
    Relation("orders", N_("Orders"), DOCUMENTS,
             {**_by_customer(("kind", DocumentKind.ORDER)),
              **dict.fromkeys((_LEAD, _OPPORTUNITY, _CONTACT),
                              (("customer", _ITS_CUSTOMER), ("kind", DocumentKind.ORDER)))},
             *_SETTLED),
    Relation("invoices", N_("Invoices"), DOCUMENTS, _by_customer(("kind", DocumentKind.INVOICE)),
             *_SETTLED),
    Relation("credit_notes", N_("Credit notes"), DOCUMENTS,
             _by_customer(("kind", DocumentKind.CREDIT_NOTE)), *_SETTLED),
    Relation("payments", N_("Payments"), DOCUMENTS, _by_customer(("kind", DocumentKind.PAYMENT)),
             *_SETTLED),
    Relation("duplicates", N_("Duplicates"), DUPLICATES,
             {**_by_customer(), _LEAD: (("lead", _THIS),)},
             (("state", "open"),), (("state.ne", "open"),)),
    Relation("conflicts", N_("Conflicts"), CONFLICTS, _by_customer(),
             (("state", "open"),), (("state.ne", "open"),)),
    Relation("shares", N_("Shares"), GRANTS,
             dict.fromkeys((CUSTOMER, _LEAD), (("subject", _THIS),)),
             (("live", "true"),), (("live", "false"),)),
    Relation("jobs", N_("Jobs"), JOBS,
             dict.fromkeys((CUSTOMER, _LEAD), (("subject_id", _THIS),)),
             (("state", "queued"), ("state", "running")),
             (("state.ne", "queued"), ("state.ne", "running"))),
)  # fmt: skip
"""All tabs, in their order."""


def related(session: Session, principal: Principal, reader: Reader, record: Any) -> Iterator[Tab]:
    """Yield the tabs of a record that have something in them, for who may see the record."""
    known = _known(session, principal, record)
    for relation in RELATIONS:
        listing = relation.listing
        parameters = _filled(relation.of.get(record.entity()), known)
        reading = Permission(Verb.READ, listing.model.collection())
        if parameters is None or not principal.may(reading):
            continue
        found = _count(session, principal, reader, listing, parameters)
        if not found.total.count:
            continue
        parts = [
            _count(session, principal, reader, listing, (*parameters, *further))
            if further
            else None
            for further in (relation.open, relation.closed)
        ]
        yield Tab(relation, found, *parts)


def _known(session: Session, principal: Principal, record: Any) -> Mapping[str, UUID | None]:
    """Return the record and what it names, as far as a caller sees it."""
    known: dict[str, UUID | None] = {_THIS: record.id}
    for name, model in ((_ITS_CUSTOMER, Customer), (_ITS_LEAD, Lead)):
        named = getattr(record, f"{model.entity()}_id", None)
        ids = [] if named is None else [named]
        known[name] = named if seen_among(session, principal, model, ids) else None
    return known


def _filled(parameters: Parameters | None, known: Mapping[str, UUID | None]) -> Parameters | None:
    """Return the parameters for one record; None where there can be no such list."""
    if parameters is None:
        return None
    filled = [(name, str(known[value]) if value in known else value) for name, value in parameters]
    missing = any(value in known and known[value] is None for _, value in parameters)
    return None if missing else tuple(filled)


def _count(
    session: Session,
    principal: Principal,
    reader: Reader,
    listing: Listing[Any],
    parameters: Iterable[tuple[str, str]],
) -> Part:
    pairs = list(parameters)
    query = parse_parameters(listing, pairs, reader)
    seen = visible(principal, Verb.READ, listing.model)
    return Part(
        count_visible(session, query, seen), f"{links.API}{listing.name}?{urlencode(pairs)}"
    )
