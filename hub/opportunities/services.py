"""What may be done with opportunities."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub import configuration, external_refs, numbering
from hub.access import owning
from hub.access.principals import Principal
from hub.catalogues.services import refuse_unlisted
from hub.customers.belonging import currency_of, customer_of, other_currency
from hub.customers.models import Customer, CustomerRole
from hub.customers.rules import writable
from hub.entry_policies.enforcing import warn
from hub.entry_policies.entering import entered
from hub.errors import ConflictError, ValidationError
from hub.i18n import N_
from hub.listing.search import search_document
from hub.listing.sorting import sort_text
from hub.notes.holding import refuse_held
from hub.opportunities.models import Opportunity, OpportunityType, ProbabilitySource
from hub.opportunities.policy import OpportunityPolicy
from hub.opportunities.rules import clean, refuse_contradictions, refuse_unpayable
from hub.workflow import moving
from hub.workflow.models import StateKind
from hub.workflow.moving import Move

ENTITY = "opportunity"
CATALOGUES = {
    "program": "programs", "source": "sources", "competitor": "competitors",
    "lost_reason": "lost_reasons",
}  # fmt: skip
LOSS = frozenset({"lost_reason", "lost_text"})
"""What is said of a loss; what was lost and is taken up again has it no more."""

WRITABLE = LOSS | CATALOGUES.keys() | frozenset(
    {
        "name", "customer_id", "contact_id", "type", "amount", "best_case", "worst_case",
        "probability", "recurring_amount", "recurring_period", "recurring_from", "recurring_until",
        "follow_up_on", "expected_close_on", "next_step", "description", "customer_description",
        "order_refs", "external_ref", "custom",
    }
)  # fmt: skip
"""The fields that people and scripts write, beside those that say whose it is."""

_AT_FIRST = owning.FIELDS | {"currency", "lead_id"}
_REQUIRED = frozenset({"name", "type", "probability", "order_refs"})
_WHOM = ("customer_id", "contact_id")
_UNDECIDED = N_("It is neither won nor lost: move it there first.")


def create(
    session: Session,
    fields: Mapping[str, Any],
    *,
    now: datetime,
    pipeline: str | None = None,
    caller: Principal | None = None,
) -> Opportunity:
    """Make an opportunity, in the first stage of its pipeline; its creator's unless fields say so.

    With a customer it has that one's currency. Its probability is that of the stage, unless it is
    given. That a caller may name others is his to check (`hub.access.owning`), and that he sees the
    customer and the lead that it came from.

    Raises:
        ValidationError: names every broken rule.
        ConflictError: ``taken``: another one has the external reference.
    """
    given = clean(writable(fields, WRITABLE - LOSS | _AT_FIRST))
    values = {name: value for name, value in given.items() if value is not None}
    if not values.get("name"):
        raise ValidationError.of("/name", "required", N_("A name is needed."))
    owning.refuse_unassignable(session, Opportunity, values)
    refuse_unlisted(session, CATALOGUES, values)
    external_refs.refuse_taken(session, Opportunity, values.get("external_ref"))
    customer = customer_of(session, values)
    values["currency"] = currency_of(session, values.get("currency"), customer)
    refuse_unpayable(values, values["currency"])
    values.setdefault("type", _type_for(customer))
    values.setdefault("order_refs", [])
    if values.get("owner_user_id") is None:
        values["owner_user_id"] = owning.creator_if_assignable(session, Opportunity)
    if customer is not None and _copies_note(session):
        values.setdefault("customer_description", customer.note)
    values, warned = entered(session, Opportunity, values, caller=caller)
    probability = values.pop("probability", None)
    opportunity = Opportunity(**values)
    refuse_contradictions(opportunity)
    workflow = moving.find_live(session, ENTITY, pipeline, pointer="/pipeline")
    moving.begin(session, opportunity, workflow, now=now)
    if probability is not None:
        _set_probability(session, opportunity, probability)
    # Late: from here on others who make one wait for this commit.
    opportunity.number = numbering.allocate(session, ENTITY)
    opportunity.sort_number = numbering.sortable(opportunity.number)
    fill_derived(opportunity, customer)
    session.add(opportunity)
    session.flush()
    warn(session, opportunity, warned)
    return opportunity


def update(
    session: Session,
    opportunity: Opportunity,
    changes: Mapping[str, Any],
    *,
    caller: Principal | None = None,
) -> Opportunity:
    """Change the named fields; None empties one. Stage and owner change by acts of their own.

    Raises:
        ValidationError: names every broken rule.
        ConflictError: ``taken``: another one has the external reference.
    """
    values = clean(writable(changes, WRITABLE))
    refuse_unpayable(values, opportunity.currency)
    empty = sorted(name for name in _REQUIRED & values.keys() if values[name] is None)
    if empty:
        raise ValidationError.of(f"/{empty[0]}", "required", N_("It cannot be emptied."))
    _refuse_untimely_loss(opportunity.state_kind, values)
    if "lost_reason" in values and values["lost_reason"] is None:
        _refuse_loss_without_reason(session, opportunity.state_kind)
    refuse_unlisted(session, CATALOGUES, values, kept=vars(opportunity))
    values, warned = entered(session, Opportunity, values, opportunity, caller=caller)
    warn(session, opportunity, warned)
    external_refs.refuse_taken(session, Opportunity, values.get("external_ref"), opportunity.id)
    if "customer_id" in values and values["customer_id"] != opportunity.customer_id:
        values.setdefault("contact_id", None)
    if values.get("probability", opportunity.probability) != opportunity.probability:
        _set_probability(session, opportunity, values["probability"])
    whom = {name: values.get(name, getattr(opportunity, name)) for name in _WHOM}
    customer = customer_of(session, whom)
    for name, value in values.items():
        if getattr(opportunity, name) != value:
            setattr(opportunity, name, value)
    refuse_contradictions(opportunity)
    if customer is not None and customer.currency != opportunity.currency:
        raise other_currency(opportunity, customer)
    fill_derived(opportunity, customer)
    session.flush()
    return opportunity


def move(
    session: Session,
    principal: Principal,
    opportunity: Opportunity,
    wanted: Move,
    outcome: Mapping[str, str | None],
    *,
    now: datetime,
) -> Opportunity:
    """Move an opportunity to another stage; `outcome` says what became of it.

    That is `competitor`, and of one that is lost `lost_reason` and `lost_text`.

    Raises:
        ConflictError: ``transition_refused``, with the stages that it can go to; ``closed``.
        ValidationError: a reason or an assignee is missing; it is lost without a reason although
            the policy asks for one; it is to be closed although it is not over.
    """
    kind = moving.move(session, principal, opportunity, wanted, now=now).state.kind
    said = {name: value for name, value in clean(outcome).items() if value is not None}
    refuse_unlisted(session, CATALOGUES, said, kept=vars(opportunity))
    _refuse_untimely_loss(kind, said)
    if wanted.close and kind not in moving.OVER:
        raise ValidationError.of("/close", "undecided", _UNDECIDED)
    over = {} if kind is StateKind.LOST else dict.fromkeys(LOSS)
    for name, value in {**over, **said}.items():
        setattr(opportunity, name, value)
    if opportunity.lost_reason is None:
        _refuse_loss_without_reason(session, kind)
    session.flush()
    return opportunity


def close(
    session: Session, opportunity: Opportunity, *, reason: str | None, now: datetime
) -> Opportunity:
    """Close an opportunity that is over, which is an act of its own (T21); its stage stays.

    Raises:
        ConflictError: ``undecided``: it is neither won nor lost, nor set aside.
    """
    if opportunity.state_kind not in moving.OVER:
        raise ConflictError("undecided", _UNDECIDED, details={"state": opportunity.state})
    moving.close(session, opportunity, reason=reason, now=now)
    session.flush()
    return opportunity


def reopen(session: Session, opportunity: Opportunity, *, reason: str | None) -> Opportunity:
    """Open a closed opportunity again, in the stage that it was closed in."""
    moving.reopen(session, opportunity, reason=reason)
    session.flush()
    return opportunity


def delete(session: Session, opportunity: Opportunity, *, now: datetime) -> None:
    """Take an opportunity away; its number and history stay, its number is never given again.

    Raises:
        ConflictError: ``in_use``, with the notes and activities that refer to it; ``ordered``:
            orders came of it, which `details` names.
    """
    if opportunity.order_refs:
        raise ConflictError(
            "ordered", N_("Orders came of it: it stays to be found from them."),
            details={"order_refs": opportunity.order_refs},
        )  # fmt: skip
    refuse_held(session, opportunity)
    opportunity.deleted_at = now
    session.flush()


def fill_derived(opportunity: Opportunity, customer: Customer | None) -> None:
    """Bring what an opportunity is sorted and found by up to date, and its customer's name."""
    name = None if customer is None else customer.name
    if opportunity.customer_name != name:
        opportunity.customer_name = name
    if opportunity.sort_name != sort_text(opportunity.name):
        opportunity.sort_name = sort_text(opportunity.name)
    document = search_document(
        opportunity.name, [opportunity.number, name, *opportunity.order_refs]
    )
    if opportunity.search_text != document:
        opportunity.search_text = document


def _type_for(customer: Customer | None) -> OpportunityType:
    if customer is not None and CustomerRole.CUSTOMER in customer.roles:
        return OpportunityType.EXISTING_CUSTOMER
    return OpportunityType.NEW_CUSTOMER


def _copies_note(session: Session) -> bool:
    return configuration.current(session, OpportunityPolicy).copies_customer_note


def _set_probability(session: Session, opportunity: Opportunity, probability: int) -> None:
    moving.refuse_probability(session, opportunity, probability)
    opportunity.probability = probability
    opportunity.probability_source = ProbabilitySource.USER


def _refuse_loss_without_reason(session: Session, kind: StateKind) -> None:
    if kind is not StateKind.LOST:
        return
    if configuration.current(session, OpportunityPolicy).lost_reason_required:
        raise ValidationError.of("/lost_reason", "required", N_("Say why it is lost."))


def _refuse_untimely_loss(kind: StateKind | None, values: Mapping[str, Any]) -> None:
    if kind is StateKind.LOST:
        return
    for name in sorted(LOSS & values.keys()):
        if values[name] is not None:
            raise ValidationError.of(f"/{name}", "not_lost", N_("It is not lost."))
