"""What is taken over from a lead by itself: into the customer, the contact, the opportunity."""

from collections.abc import Mapping
from typing import Any

from hub.access import owning
from hub.customers.models import CustomerKind
from hub.leads.models import Lead

_OF_CUSTOMER: Mapping[str, str] = {
    "cvr": "cvr", "website": "website", "address": "address", "postcode": "postcode",
    "city": "city", "region": "region", "country": "country", "industry": "industry",
    "currency": "currency", "description": "note", "source": "source",
}  # fmt: skip
_REFUSALS = ("refuses_calls", "refuses_email")
_OF_CONTACT: Mapping[str, str] = {
    "job": "job", "email": "email", "phone": "office_phone", "mobile": "mobile",
    **dict(zip(_REFUSALS, _REFUSALS, strict=True)),
}  # fmt: skip
_OF_OPPORTUNITY: Mapping[str, str] = {
    "program": "program", "source": "source", "net_potential_value": "amount",
    "est_conversion_on": "expected_close_on", "description": "description",
}  # fmt: skip


def customer_fields(lead: Lead) -> dict[str, Any]:
    """Return what a new customer is told of a lead: a person, where it names no company.

    Phone and mail of a lead that names both are the person's, and so is what he does not want.
    """
    fields = _taken(lead, _OF_CUSTOMER)
    fields["name"] = lead.company or lead.person
    fields["kind"] = CustomerKind.ORGANISATION if lead.company else CustomerKind.PERSON
    if not (lead.company and lead.person):
        fields |= {"phone": lead.phone or lead.mobile, "email": lead.email}
        fields["mobile"] = lead.mobile if lead.phone else None
        fields |= {name: getattr(lead, name) for name in _REFUSALS}
    return _given(fields) | whose(lead)


def contact_fields(lead: Lead) -> dict[str, Any]:
    """Return what a new contact is told of a lead; nothing where it names no person."""
    if not lead.person:
        return {}
    first, _, last = lead.person.strip().rpartition(" ")
    return _given({"first_name": first or None, "last_name": last, **_taken(lead, _OF_CONTACT)})


def opportunity_fields(lead: Lead) -> dict[str, Any]:
    """Return what an opportunity is told of the lead that it comes from."""
    return _given({"name": lead.name, **_taken(lead, _OF_OPPORTUNITY)}) | whose(lead)


def whose(lead: Lead) -> dict[str, Any]:
    """Return whose a lead is, and so whose what comes of it."""
    return _given({name: getattr(lead, name) for name in owning.FIELDS})


def _taken(lead: Lead, names: Mapping[str, str]) -> dict[str, Any]:
    return {theirs: getattr(lead, ours) for ours, theirs in names.items()}


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
