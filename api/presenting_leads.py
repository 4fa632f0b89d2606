"""What is shown of a lead."""

from typing import Any

from sqlalchemy import select

from api.calls import Call
from api.presenting_customers import shared_view
from api.presenting_workflows import state_of
from api.schemas.leads import ConvertedView, LeadView, StateOfLead
from hub.customers.models import Customer
from hub.i18n import translate
from hub.leads.models import Lead

_RECKONED = frozenset({"state", "customer_number", "converted", "shared", "allowed_actions"})
_COLUMNS = frozenset(LeadView.model_fields) - _RECKONED


def lead_view(call: Call[Any, Any], lead: Lead) -> LeadView:
    """Return a lead as the caller sees it."""
    state = state_of(call, lead)
    return LeadView(
        **{name: getattr(lead, name) for name in _COLUMNS},
        customer_number=_numbers(call, lead).get(lead.customer_id),
        state=StateOfLead(
            key=state.key,
            label=translate(call.language, state.label),
            kind=state.kind,
            since=lead.state_since,
            workflow_id=lead.workflow_id,
        ),
        converted=_converted(lead),
        shared=shared_view(call, lead),
        allowed_actions=call.actions("leads", lead),
    )


def _converted(lead: Lead) -> ConvertedView | None:
    if lead.converted_at is None or lead.converted_customer_id is None:
        return None
    return ConvertedView(
        at=lead.converted_at,
        by=lead.converted_by,
        customer_id=lead.converted_customer_id,
        contact_id=lead.converted_contact_id,
    )


def _numbers(call: Call[Any, Any], lead: Lead) -> dict[Any, str | None]:
    """Return the numbers of customers by id, asked once for a page."""
    shown = [each for each in call.shown if isinstance(each, Lead)]
    wanted = {each.customer_id for each in shown or [lead] if each.customer_id is not None}
    known: dict[Any, str | None] = call.session.info.setdefault("customer_numbers", {})
    missing = wanted - known.keys()
    if missing:
        query = select(Customer.id, Customer.ref_no).where(Customer.id.in_(missing))
        known |= {row.id: row.ref_no for row in call.session.execute(query)}
    return known
