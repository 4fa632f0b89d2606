"""What is shown of a lead."""

from collections.abc import Container
from typing import Any
from uuid import UUID

from api.calls import Call
from api.presenting_customers import custom_view, customers_seen, shared_view
from api.presenting_entries import warning_views
from api.presenting_signals import signal_views
from api.presenting_workflows import standing_view
from api.schemas.leads import ConvertedView, LeadView
from hub.leads.models import Lead
from hub.leads.signals import TABLES

_RECKONED = frozenset(
    {
        "name",
        "customer_id",
        "contact_id",
        "custom",
        "state",
        "customer_number",
        "converted",
        "shared",
        "allowed_actions",
        "warnings",
    }
    | {table.name for table in TABLES}
)
_COLUMNS = frozenset(LeadView.model_fields) - _RECKONED


def lead_view(call: Call[Any, Any], lead: Lead) -> LeadView:
    """Return a lead as the caller sees it; nothing tells of a customer that he does not see."""
    customers = customers_seen(call, lead, "customer_id", "converted_customer_id")
    seen = lead.customer_id is None or lead.customer_id in customers
    return LeadView(
        **{name: getattr(lead, name) for name in _COLUMNS},
        name=lead.name if seen else None,
        customer_id=lead.customer_id if seen else None,
        customer_number=customers.get(lead.customer_id),
        contact_id=lead.contact_id if seen else None,
        custom=custom_view(call, lead),
        state=standing_view(call, lead),
        **signal_views(call, TABLES, lead),
        converted=converted_view(lead, customers),
        shared=shared_view(call, lead),
        warnings=warning_views(call, lead),
        allowed_actions=call.actions("leads", lead),
    )


def converted_view(lead: Lead, customers: Container[UUID | None]) -> ConvertedView | None:
    """Return what became of a lead, None where nothing did yet.

    `customers` are those that the caller sees; another one is not named.
    """
    if lead.converted_at is None or lead.converted_customer_id is None:
        return None
    seen = lead.converted_customer_id in customers
    return ConvertedView(
        at=lead.converted_at,
        by=lead.converted_by,
        customer_id=lead.converted_customer_id if seen else None,
        contact_id=lead.converted_contact_id if seen else None,
    )
