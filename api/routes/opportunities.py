"""/opportunities"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.concealing import writing
from api.lists import ListPage, list_page
from api.moved_records import Moved, serve
from api.operations import Answer, Call, Verb, operation
from api.presenting_opportunities import opportunity_view
from api.removing import taking_away
from api.routes.customers import get_customer_record
from api.routes.leads import get_lead_record
from api.schemas.opportunities import (
    Losing,
    OpportunityClosing,
    OpportunityCreate,
    OpportunityPatch,
    OpportunityTransition,
    OpportunityView,
)
from api.schemas.shapes import Because
from api.schemas.workflows import Step
from hub.access import owning
from hub.history.recording import react
from hub.opportunities import services as opportunities
from hub.opportunities.listing import OPPORTUNITIES
from hub.opportunities.models import Opportunity
from hub.workflow import moving
from hub.workflow.models import StateKind
from hub.workflow.moving import Move

blueprint = Blueprint("opportunities", __name__)
_SAID = ("lost_reason", "lost_text", "competitor")
_TAKEN = {HTTPStatus.CONFLICT: "Another one has the external reference (`taken`)."}


def _move(call: Call[Any, Any], opportunity: Opportunity, step: Step, wanted: Move) -> None:
    outcome = {name: getattr(step, name, None) for name in _SAID}
    opportunities.move(call.session, call.principal, opportunity, wanted, outcome, now=call.now)


def _reopen(call: Call[Any, Any], opportunity: Opportunity, reason: str | None) -> None:
    opportunities.reopen(call.session, opportunity, reason=reason)


OPPORTUNITY = Moved(
    model=Opportunity,
    answer=OpportunityView,
    view=opportunity_view,
    body=OpportunityTransition,
    move=_move,
    reopen=_reopen,
)
READ = OPPORTUNITY.right(Verb.READ)
TRANSITION = OPPORTUNITY.right(Verb.TRANSITION)


def check_named(call: Call[Any, Any], verb: Verb, fields: dict[str, Any]) -> None:
    """Pass where the caller may do `verb` to the customer that is named, and sees the lead.

    Raises:
        NotFoundError: he does not see one of them.
        ForbiddenError: he sees the customer, and no more.
    """
    if fields.get("customer_id") is not None:
        fields["customer_id"] = get_customer_record(call, verb, fields["customer_id"]).id
    if fields.get("lead_id") is not None:
        get_lead_record(call, Verb.READ, fields["lead_id"])


@operation(
    blueprint, "GET", "/opportunities",
    permission=READ, listing=OPPORTUNITIES, answer=ListPage[OpportunityView],
)  # fmt: skip
def list_opportunities(call: Call) -> Answer[ListPage[OpportunityView]]:
    """List opportunities: filtered, sorted, searched, counted.

    `facets=expected_close_on` counts those that are overdue, due this week, and later.
    """
    return list_page(call, OPPORTUNITIES, lambda each: opportunity_view(call, each))


@operation(
    blueprint, "GET", "/customers/<uuid:customer_id>/opportunities",
    permission=READ, listing=OPPORTUNITIES, answer=ListPage[OpportunityView],
)  # fmt: skip
def list_customer_opportunities(call: Call, customer_id: UUID) -> Answer[ListPage[OpportunityView]]:
    """List the opportunities of a customer."""
    customer = get_customer_record(call, Verb.READ, customer_id)
    of_it = Opportunity.customer_id == customer.id
    return list_page(call, OPPORTUNITIES, lambda each: opportunity_view(call, each), within=of_it)


@operation(
    blueprint, "POST", "/opportunities",
    permission=OPPORTUNITY.right(Verb.CREATE), body=OpportunityCreate, answer=OpportunityView,
    status=HTTPStatus.CREATED, reload=OPPORTUNITY.view_again, refusals=_TAKEN,
)  # fmt: skip
def create_opportunity(call: Call[OpportunityCreate]) -> OpportunityView:
    """Create an opportunity, with or without a customer, in the first stage of its pipeline.

    It is assigned to you unless you name another one, for which you need the right to assign.
    """
    fields = call.body.fields()
    owning.refuse_to_name_others(call.principal, Opportunity, fields)
    check_named(call, Verb.COMMENT, fields)
    with writing(call, Opportunity, fields):
        made = opportunities.create(
            call.session, fields, now=call.now, pipeline=call.body.pipeline, caller=call.principal
        )
    react(call.session)
    return opportunity_view(call, made)


@operation(
    blueprint, "GET", "/opportunities/<uuid:opportunity_id>",
    permission=READ, answer=OpportunityView,
)  # fmt: skip
def get_opportunity(call: Call, opportunity_id: UUID) -> OpportunityView:
    """Return an opportunity."""
    found: OpportunityView = OPPORTUNITY.view_again(call, opportunity_id)
    return found


@operation(
    blueprint, "PATCH", "/opportunities/<uuid:opportunity_id>",
    permission=OPPORTUNITY.right(Verb.EDIT), body=OpportunityPatch, answer=OpportunityView,
    reload=OPPORTUNITY.view_again, refusals=_TAKEN,
)  # fmt: skip
def change_opportunity(call: Call[OpportunityPatch], opportunity_id: UUID) -> OpportunityView:
    """Change an opportunity; its stage and whose it is change by acts of their own."""
    version = call.expected_version
    opportunity = OPPORTUNITY.find(call, Verb.EDIT, opportunity_id, version=version)
    changes = call.body.changes()
    if changes.get("customer_id") not in {None, opportunity.customer_id}:
        check_named(call, Verb.READ, changes)
    with writing(call, Opportunity, changes):
        opportunities.update(call.session, opportunity, changes, caller=call.principal)
    react(call.session)
    return opportunity_view(call, opportunity)


@operation(
    blueprint, "DELETE", "/opportunities/<uuid:opportunity_id>",
    permission=OPPORTUNITY.right(Verb.DELETE), query=Because, status=HTTPStatus.NO_CONTENT,
    refusals={HTTPStatus.CONFLICT: "Orders came of it (`ordered`), or notes refer to it"
                                   " (`in_use`)."},
)  # fmt: skip
def delete_opportunity(call: Call[None, Because], opportunity_id: UUID) -> Answer[None]:
    """Take an opportunity away; its history stays and its number is never given again."""
    version = call.expected_version
    opportunity = OPPORTUNITY.find(call, Verb.DELETE, opportunity_id, version=version)
    with taking_away(call, opportunity):
        opportunities.delete(call.session, opportunity, now=call.now)
    return Answer(None)


@operation(
    blueprint, "POST", "/opportunities/<uuid:opportunity_id>/next",
    permission=TRANSITION, body=Step, answer=OpportunityView, reload=OPPORTUNITY.view_again,
    refusals={HTTPStatus.CONFLICT: "What follows is to win or lose it (`no_next_state`)."},
)  # fmt: skip
def advance_opportunity(call: Call[Step], opportunity_id: UUID) -> Any:
    """Move an opportunity one stage ahead (A27)."""
    opportunity = OPPORTUNITY.find(call, Verb.TRANSITION, opportunity_id)
    to = moving.ahead(call.session, call.principal, opportunity)
    return OPPORTUNITY.moved(call, opportunity, to, call.body)


@operation(
    blueprint, "POST", "/opportunities/<uuid:opportunity_id>/won",
    permission=TRANSITION, body=Step, answer=OpportunityView, reload=OPPORTUNITY.view_again,
    refusals={HTTPStatus.CONFLICT: "It cannot be won from where it stands"
                                   " (`transition_refused`), or it is closed (`closed`)."},
)  # fmt: skip
def win_opportunity(call: Call[Step], opportunity_id: UUID) -> Any:
    """Win an opportunity: its probability is 100 % then. `close` closes it as well."""
    return _end(call, opportunity_id, StateKind.WON)


@operation(
    blueprint, "POST", "/opportunities/<uuid:opportunity_id>/lost",
    permission=TRANSITION, body=Losing, answer=OpportunityView, reload=OPPORTUNITY.view_again,
    refusals={HTTPStatus.CONFLICT: "It cannot be lost from where it stands"
                                   " (`transition_refused`), or it is closed (`closed`)."},
)  # fmt: skip
def lose_opportunity(call: Call[Losing], opportunity_id: UUID) -> Any:
    """Lose an opportunity: its probability is 0 % then. `close` closes it as well (T21)."""
    return _end(call, opportunity_id, StateKind.LOST)


def _end(call: Call[Any, Any], opportunity_id: UUID, kind: StateKind) -> Any:
    opportunity = OPPORTUNITY.find(call, Verb.TRANSITION, opportunity_id)
    to = moving.ending(call.session, call.principal, opportunity, kind)
    return OPPORTUNITY.moved(call, opportunity, to, call.body)


@operation(
    blueprint, "POST", "/opportunities/<uuid:opportunity_id>/closing",
    permission=TRANSITION, body=OpportunityClosing, answer=OpportunityView,
    reload=OPPORTUNITY.view_again,
    refusals={HTTPStatus.CONFLICT: "It is neither won nor lost (`undecided`)."},
)  # fmt: skip
def close_opportunity(call: Call[OpportunityClosing], opportunity_id: UUID) -> OpportunityView:
    """Close an opportunity that is over, which is an act of its own; its stage stays."""
    opportunity = OPPORTUNITY.find(call, Verb.TRANSITION, opportunity_id)
    opportunities.close(call.session, opportunity, reason=call.body.reason, now=call.now)
    return opportunity_view(call, opportunity)


serve(blueprint, OPPORTUNITY)
