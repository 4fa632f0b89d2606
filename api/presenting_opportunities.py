"""What is shown of an opportunity."""

from typing import Any

from api.calls import Call
from api.presenting_customers import customer_numbers, shared_view
from api.presenting_entries import warning_views
from api.presenting_signals import signal_views
from api.presenting_workflows import standing_view
from api.schemas.opportunities import OpportunityView
from hub.opportunities.models import Opportunity
from hub.opportunities.signals import TABLES
from hub.workflow.moving import workflow_of

_RECKONED = frozenset(
    {"stage", "pipeline", "customer_number", "shared", "allowed_actions", "warnings"}
    | {table.name for table in TABLES}
)
_COLUMNS = frozenset(OpportunityView.model_fields) - _RECKONED


def opportunity_view(call: Call[Any, Any], opportunity: Opportunity) -> OpportunityView:
    """Return an opportunity as the caller sees it."""
    return OpportunityView(
        **{name: getattr(opportunity, name) for name in _COLUMNS},
        customer_number=customer_numbers(call, opportunity).get(opportunity.customer_id),
        pipeline=workflow_of(call.session, opportunity).code,
        stage=standing_view(call, opportunity),
        **signal_views(call, TABLES, opportunity),
        shared=shared_view(call, opportunity),
        warnings=warning_views(call, opportunity),
        allowed_actions=call.actions("opportunities", opportunity),
    )
