"""What is shown of an opportunity."""

from typing import Any
from uuid import UUID

from api.calls import Call
from api.presenting_customers import custom_view, customers_seen, shared_view
from api.presenting_entries import warning_views
from api.presenting_signals import signal_views
from api.presenting_workflows import standing_view
from api.schemas.opportunities import OpportunityView
from hub.access.concealing import seen_among
from hub.leads.models import Lead
from hub.opportunities.models import Opportunity
from hub.opportunities.signals import TABLES
from hub.workflow.moving import workflow_of

_RECKONED = frozenset(
    {
        "customer_id",
        "customer_name",
        "contact_id",
        "lead_id",
        "custom",
        "stage",
        "pipeline",
        "customer_number",
        "shared",
        "allowed_actions",
        "warnings",
    }
    | {table.name for table in TABLES}
)
_COLUMNS = frozenset(OpportunityView.model_fields) - _RECKONED


def opportunity_view(call: Call[Any, Any], opportunity: Opportunity) -> OpportunityView:
    """Return an opportunity as the caller sees it; nothing tells of what he does not see."""
    customers = customers_seen(call, opportunity)
    seen = opportunity.customer_id in customers
    return OpportunityView(
        **{name: getattr(opportunity, name) for name in _COLUMNS},
        customer_id=opportunity.customer_id if seen else None,
        customer_name=opportunity.customer_name if seen else None,
        customer_number=customers.get(opportunity.customer_id),
        contact_id=opportunity.contact_id if seen else None,
        lead_id=_lead_id(call, opportunity),
        custom=custom_view(call, opportunity),
        pipeline=workflow_of(call.session, opportunity).code,
        stage=standing_view(call, opportunity),
        **signal_views(call, TABLES, opportunity),
        shared=shared_view(call, opportunity),
        warnings=warning_views(call, opportunity),
        allowed_actions=call.actions("opportunities", opportunity),
    )


def _lead_id(call: Call[Any, Any], opportunity: Opportunity) -> UUID | None:
    """Return the lead that it came from where the caller sees that, asked once for a page."""
    shown = [each for each in call.shown if isinstance(each, Opportunity)] or [opportunity]
    wanted = {each.lead_id for each in shown if each.lead_id is not None}
    known: dict[frozenset[UUID], set[UUID]] = call.session.info.setdefault("leads_seen", {})
    key = frozenset(wanted)
    if key not in known:
        known[key] = seen_among(call.session, call.principal, Lead, wanted)
    return opportunity.lead_id if opportunity.lead_id in known[key] else None
