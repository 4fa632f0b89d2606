"""/leads/{id}/conversion"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.concealing import naming_only_seen
from api.operations import Answer, Call, Verb, operation
from api.presenting_leads import lead_view
from api.routes.leads import TRANSITION, get_lead_record
from api.routes.plans import plan_view
from api.schemas.connections import PlanItemView
from api.schemas.conversion import ConversionCreate, ConversionPreview, ConversionView
from hub.access.lookup import get_record
from hub.conversion import services as conversion
from hub.customers.models import Customer
from hub.errors import NotFoundError
from hub.history.recording import react
from hub.leads.models import Lead
from hub.opportunities.models import Opportunity
from hub.plan_items import sight_of
from hub.plans.models import Plan, PlanItem

blueprint = Blueprint("conversion", __name__)
_REFUSED = {
    HTTPStatus.CONFLICT: "It is converted already (`converted`) or closed (`closed`), or a customer"
    " like it exists (`duplicate`): name that one, or give leave in `customer`.",
    HTTPStatus.TOO_MANY_REQUESTS: "You were told too often of customers that you may not see"
    " (`too_many_blind_matches`).",
}


def _converted_again(call: Call[Any, Any], lead_id: UUID) -> ConversionView:
    lead = get_lead_record(call, Verb.READ, lead_id)
    if lead.converted_at is None:
        raise NotFoundError(Lead.entity(), lead_id)
    plan_id = call.session.scalars(
        select(PlanItem.plan_id)
        .where(PlanItem.entity == Lead.entity(), PlanItem.record_id == lead.id,
               PlanItem.outcome == "done")
        .order_by(PlanItem.id.desc())
        .limit(1)
    ).one()  # fmt: skip
    return _converted(call, lead, plan_id)


def _converted(call: Call[Any, Any], lead: Lead, plan_id: UUID) -> ConversionView:
    assert lead.converted_customer_id is not None  # noqa: S101 - a constraint binds the two
    of_it = select(Opportunity.id).where(
        Opportunity.lead_id == lead.id, Opportunity.customer_id == lead.converted_customer_id,
        Opportunity.deleted_at.is_(None),
    )  # fmt: skip
    return ConversionView(
        id=lead.id,
        plan_id=plan_id,
        customer_id=lead.converted_customer_id,
        contact_id=lead.converted_contact_id,
        opportunity_ids=list(call.session.scalars(of_it.order_by(Opportunity.id))),
        lead=lead_view(call, lead),
    )


def _preview(call: Call[Any, Any], plan: Plan) -> ConversionPreview:
    items = call.session.scalars(
        select(PlanItem).where(PlanItem.plan_id == plan.id).order_by(PlanItem.position)
    ).all()
    sight = sight_of(call.session, call.principal, plan, items)
    return ConversionPreview(
        **plan_view(call, plan).model_dump(),
        items=[PlanItemView.model_validate(sight.shown(each)) for each in items],
    )


def _previewed_again(call: Call[Any, Any], plan_id: UUID) -> ConversionPreview:
    return _preview(call, get_record(call.session, call.principal, Verb.READ, Plan, plan_id))


@operation(
    blueprint, "POST", "/leads/<uuid:lead_id>/conversion-previews",
    permission=TRANSITION, body=ConversionCreate, answer=ConversionPreview,
    status=HTTPStatus.CREATED, reload=_previewed_again, refusals=_REFUSED,
)  # fmt: skip
def preview_conversion(call: Call[ConversionCreate], lead_id: UUID) -> Answer[ConversionPreview]:
    """Show what converting the lead would do, to which records, without doing it.

    It is a plan: `POST /plans/{id}/application` does exactly that, unless the lead or the customer
    was changed meanwhile.
    """
    lead = get_lead_record(call, Verb.TRANSITION, lead_id)
    with naming_only_seen(call, Customer):
        plan = conversion.preview(
            call.session, call.principal, lead, call.body.wish(), now=call.now
        )
    return Answer(_preview(call, plan), location=f"/plans/{plan.id}")


@operation(
    blueprint, "POST", "/leads/<uuid:lead_id>/conversion",
    permission=TRANSITION, body=ConversionCreate, answer=ConversionView,
    status=HTTPStatus.CREATED, reload=_converted_again, refusals=_REFUSED,
)  # fmt: skip
def convert_lead(call: Call[ConversionCreate], lead_id: UUID) -> Answer[ConversionView]:
    """Make a customer of a lead, with a contact and, if you like, an opportunity: all or nothing.

    The lead stays, closed, and is found from the customer. `POST /plans/{plan_id}/undo` takes it
    back within thirty days, as far as nobody has gone on from it.
    """
    lead = get_lead_record(call, Verb.TRANSITION, lead_id)
    with naming_only_seen(call, Customer):
        plan = conversion.convert(
            call.session, call.principal, lead, call.body.wish(), now=call.now
        )
    react(call.session)
    return Answer(_converted(call, lead, plan.id), location=f"/leads/{lead.id}")
