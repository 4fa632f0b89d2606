"""What may be done with leads."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import external_refs, matching, numbering
from hub.access import owning
from hub.access.principals import Principal
from hub.catalogues.services import refuse_unlisted
from hub.clock import utcnow
from hub.customers.belonging import currency_of, customer_of, other_currency
from hub.customers.models import Customer
from hub.customers.refusing import DuplicateLeave
from hub.customers.rules import writable
from hub.entry_policies.enforcing import warn
from hub.entry_policies.entering import entered
from hub.errors import ConflictError, ValidationError
from hub.held import HeldError, Holder
from hub.i18n import N_
from hub.leads import alike
from hub.leads.models import Lead
from hub.leads.rules import clean, refuse_unpayable
from hub.listing.search import search_document
from hub.listing.sorting import sort_text
from hub.notes.holding import refuse_held
from hub.opportunities.models import Opportunity
from hub.settings import get_settings
from hub.workflow import moving

ENTITY = "lead"
CANDIDATE = frozenset(
    {
        "company", "person", "job", "email", "phone", "mobile", "website", "address", "postcode",
        "city", "region", "country", "industry", "cvr",
    }
)  # fmt: skip
"""What a lead without a customer is told of whom it is about."""

CATALOGUES = {"program": "programs", "source": "sources", "lost_reason": "lost_reasons"}
WRITABLE = CANDIDATE | CATALOGUES.keys() | frozenset(
    {
        "customer_id", "contact_id", "referrer", "probability", "est_conversion_on",
        "net_potential_value", "refuses_calls", "refuses_email", "set_aside_until", "description",
        "external_ref", "custom",
    }
)  # fmt: skip
"""The fields that people and scripts write, beside those that say whose it is."""

_KEPT = N_(
    "It is kept, something refers to it: {what}. Notes and activities go along where you ask for it"
    " by with_notes; opportunities do not."
)
"""What is told where it is held by some of what would go along (`hub.clearing`)."""

_REQUIRED = frozenset({"probability", "refuses_calls", "refuses_email"})
_WHOM = ("customer_id", "contact_id")
_SEARCHED = (
    "number", "company", "person", "cvr", "phone", "mobile", "email", "address", "postcode",
    "city", "industry", "referrer",
)  # fmt: skip


def create(
    session: Session,
    fields: Mapping[str, Any],
    *,
    now: datetime,
    workflow: str | None = None,
    channel: str = "manual",
    allow_duplicate: DuplicateLeave | None = None,
    keys_are_held: bool = False,
    owned_by_creator: bool = True,
    caller: Principal | None = None,
) -> Lead:
    """Make a lead, in the first state of its workflow.

    It is its creator's, unless fields say else or it is not `owned_by_creator`: then nobody's.

    With a customer it is spun off from that (C13), and has its currency. That a caller may name
    others is his to check (`hub.access.owning`), and that he sees the customer. What is there
    already is told of or refused as the policy of entries says (`hub.leads.alike`); with
    `allow_duplicate` it is made all the same, and the two are remembered as two.

    Raises:
        ValidationError: names every broken rule; there is neither a customer nor a candidate.
        ConflictError: ``taken``: another lead has the external reference; ``duplicate``, with the
            `candidates`; ``duplicate_value``.
        UnseenError: ``duplicate``, by one that the caller does not see.
        TooManyBlindMatchesError: he has been told of such too often.
    """
    given = clean(writable(fields, WRITABLE | owning.FIELDS | {"currency"}))
    values = {name: value for name, value in given.items() if value is not None}
    owning.refuse_unassignable(session, Lead, values)
    refuse_unlisted(session, CATALOGUES, values)
    external_refs.refuse_taken(session, Lead, values.get("external_ref"))
    customer = customer_of(session, values)
    values["currency"] = currency_of(session, values.get("currency"), customer)
    refuse_unpayable(values, values["currency"])
    _refuse_past(values.get("set_aside_until"), now)
    if owned_by_creator and values.get("owner_user_id") is None:
        values["owner_user_id"] = owning.creator_if_assignable(session, Lead)
    if customer is None:
        values.setdefault("country", get_settings().country)
    values, warned = entered(session, Lead, values, caller=caller)
    looked = alike.look(session, caller, values, allow_duplicate, keys_are_held=keys_are_held)
    probability = values.pop("probability", None)
    lead = Lead(**values, channel=channel)
    moving.begin(session, lead, moving.find_live(session, ENTITY, workflow), now=now)
    if probability is not None:
        moving.refuse_probability(session, lead, probability)
        lead.probability = probability
    # Late: from here on others who make a lead wait for this commit.
    lead.number = numbering.allocate(session, ENTITY)
    lead.sort_number = numbering.sortable(lead.number)
    fill_derived(lead, customer)
    session.add(lead)
    session.flush()
    if looked is not None:
        matching.write(session, ENTITY, lead.id, looked.ready)
        warned = [*warned, *looked.warned]
        if allow_duplicate is not None:
            alike.note_leave(session, lead, looked, allow_duplicate)
    warn(session, lead, warned)
    return lead


def update(
    session: Session,
    lead: Lead,
    changes: Mapping[str, Any],
    *,
    caller: Principal | None = None,
) -> Lead:
    """Change the named fields; None empties one. State and owner change by acts of their own.

    Raises:
        ValidationError: names every broken rule.
        ConflictError: ``taken``; ``converted``: its customer is what it became.
        UnseenError: ``duplicate``, where the policy of entries forbids those: it would become what
            one is that the caller does not see.
        TooManyBlindMatchesError: he has been told of such too often.
    """
    values = clean(writable(changes, WRITABLE))
    refuse_unpayable(values, lead.currency)
    if values.get("set_aside_until") != lead.set_aside_until:
        _refuse_past(values.get("set_aside_until"), utcnow())
    empty = sorted(name for name in _REQUIRED & values.keys() if values[name] is None)
    if empty:
        raise ValidationError.of(f"/{empty[0]}", "required", N_("It cannot be emptied."))
    refuse_unlisted(session, CATALOGUES, values, kept=vars(lead))
    values, warned = entered(session, Lead, values, lead, caller=caller)
    external_refs.refuse_taken(session, Lead, values.get("external_ref"), lead.id)
    if "probability" in values:
        moving.refuse_probability(session, lead, values["probability"])
    if "customer_id" in values and values["customer_id"] != lead.customer_id:
        if lead.converted_at is not None:
            raise ConflictError("converted", N_("It is converted: its customer stays."))
        values.setdefault("contact_id", None)
    whom = {name: values.get(name, getattr(lead, name)) for name in _WHOM}
    customer = customer_of(session, whom)
    if customer is not None and customer.id != lead.customer_id:
        _take_currency(lead, values, customer)
    changed = {name for name, value in values.items() if getattr(lead, name) != value}
    alike.refuse_unseen(session, caller, lead, {name: values[name] for name in changed})
    for name in changed:
        setattr(lead, name, values[name])
    fill_derived(lead, customer)
    session.flush()
    if changed & alike.COMPARED:
        alike.write_keys(session, lead)
    warn(session, lead, warned)
    return lead


def _take_currency(lead: Lead, values: dict[str, Any], customer: Customer) -> None:
    """Have a lead reckon in the currency of the customer that it comes to.

    Raises:
        ValidationError: ``other_currency``: it has amounts in another one.
    """
    if lead.currency == customer.currency:
        return
    if values.get("net_potential_value", lead.net_potential_value) is not None:
        raise other_currency(lead, customer)
    values["currency"] = customer.currency


def close(
    session: Session,
    lead: Lead,
    *,
    reason: str | None,
    lost_reason: str | None,
    set_aside_until: date | None,
    now: datetime,
) -> Lead:
    """Close a lead, for good or until a day (A2); its state stays as it is.

    Raises:
        ValidationError: the reason for losing is not in the catalogue, or the day is over.
    """
    refuse_unlisted(session, CATALOGUES, {"lost_reason": lost_reason}, kept=vars(lead))
    _refuse_past(set_aside_until, now)
    lead.set_aside_until = set_aside_until
    if lost_reason is not None:
        lead.lost_reason = lost_reason
    moving.close(session, lead, reason=reason, now=now)
    session.flush()
    return lead


def reopen(session: Session, lead: Lead, *, reason: str | None) -> Lead:
    """Open a closed lead again, where it stood.

    Raises:
        ConflictError: ``converted``: a customer came of it; start a new lead instead.
    """
    if lead.converted_at is not None:
        raise ConflictError("converted", N_("A customer came of it: start a new lead instead."))
    lead.set_aside_until = None
    moving.reopen(session, lead, reason=reason)
    session.flush()
    return lead


def delete(session: Session, lead: Lead, *, now: datetime) -> None:
    """Take a lead away; its number and history stay, its number is never given again.

    Raises:
        HeldError: ``converted``, with the customer; ``in_use``, with the notes, activities and
            opportunities that refer to it.
    """
    if lead.converted_customer_id is not None:
        raise HeldError(
            N_("A customer came of it: it stays to be found from it."),
            [Holder(Customer.entity(), lead.converted_customer_id)],
            code="converted",
        )
    made = select(Opportunity.id).where(
        Opportunity.lead_id == lead.id, Opportunity.deleted_at.is_(None)
    )
    try:
        refuse_held(session, lead, [(Opportunity.entity(), made.order_by(Opportunity.id))])
    except HeldError as error:
        if all(each.entity == Opportunity.entity() for each in error.holders):
            raise
        raise HeldError(_KEPT, error.holders, error.counts) from error
    lead.deleted_at = now
    session.flush()
    alike.write_keys(session, lead)


def _refuse_past(set_aside_until: date | None, now: datetime) -> None:
    if set_aside_until is not None and set_aside_until <= now.date():
        raise ValidationError.of("/set_aside_until", "past", N_("Must lie in the future."))


def is_due_again(lead: Lead, today: date) -> bool:
    """Say whether a lead that was set aside is to be looked at again."""
    return (
        not lead.is_open
        and lead.converted_at is None
        and lead.deleted_at is None
        and lead.set_aside_until is not None
        and lead.set_aside_until <= today
    )


def fill_derived(lead: Lead, customer: Customer | None) -> None:
    """Bring the name that a lead is listed by, and what it is found by, up to date.

    Raises:
        ValidationError: there is neither a customer nor a candidate.
    """
    name = customer.name if customer is not None else lead.company or lead.person
    if not name:
        raise ValidationError.of(
            "/company", "required", N_("A customer, a company or a person is needed.")
        )
    if lead.name != name:
        lead.name, lead.sort_name = name, sort_text(name)
    document = search_document(lead.name, [getattr(lead, name) for name in _SEARCHED])
    if lead.search_text != document:
        lead.search_text = document
