"""What is shown of a lead."""

from typing import Any

from api.calls import Call
from api.presenting_customers import customer_numbers, shared_view
from api.presenting_entries import warning_views
from api.presenting_signals import signal_views
from api.presenting_workflows import standing_view
from api.schemas.leads import ConvertedView, LeadView
from hub.leads.models import Lead
from hub.leads.signals import TABLES

_RECKONED = frozenset(
    {"state", "customer_number", "converted", "shared", "allowed_actions", "warnings"}
    | {table.name for table in TABLES}
)
_COLUMNS = frozenset(LeadView.model_fields) - _RECKONED


def lead_view(call: Call[Any, Any], lead: Lead) -> LeadView:
    """Return a lead as the caller sees it."""
    return LeadView(
        **{name: getattr(lead, name) for name in _COLUMNS},
        customer_number=customer_numbers(call, lead).get(lead.customer_id),
        state=standing_view(call, lead),
        **signal_views(call, TABLES, lead),
        converted=converted_view(lead),
        shared=shared_view(call, lead),
        warnings=warning_views(call, lead),
        allowed_actions=call.actions("leads", lead),
    )


def converted_view(lead: Lead) -> ConvertedView | None:
    """Return what became of a lead, None where nothing did yet."""
    if lead.converted_at is None or lead.converted_customer_id is None:
        return None
    return ConvertedView(
        at=lead.converted_at,
        by=lead.converted_by,
        customer_id=lead.converted_customer_id,
        contact_id=lead.converted_contact_id,
    )
