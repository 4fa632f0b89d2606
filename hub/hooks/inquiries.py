"""Somebody's interest, told by a delivery: a lead that is nobody's yet, of a customer if known."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from hub.catalogues import services as catalogues
from hub.connections.models import Connection
from hub.hooks.attaching import find_known, values_of
from hub.intake.cleaning import clean_each
from hub.leads import rules
from hub.leads import services as leads
from hub.leads.models import Lead
from hub.ports import ShopEvent, ShopParty

CHANNEL = "hook"
LEAD_SOURCE = "lead_source"
"""The setting of a connection that says by which source its leads come that name none."""


def take(
    session: Session,
    connection: Connection,
    lead: Lead | None,
    event: ShopEvent,
    party: ShopParty,
    *,
    now: datetime,
) -> Lead | None:
    """Make a lead of an inquiry, or fill what is empty in the one that it is of.

    What breaks a rule is left out, and so are words that no catalogue has. None where it names
    nobody.

    Args:
        session: the worker's.
        connection: through which it came.
        lead: what an earlier delivery about the same inquiry made.
        event: what is said.
        party: who is interested.
        now: the present instant.

    Raises:
        ValidationError: it lacks what this installation asks of leads.
        ConflictError: another record has what must be new.
    """
    said = _said(session, connection, event, party)
    if lead is not None:
        _fill(session, lead, said)
        return lead
    customer = find_known(session, connection, party, values_of(party))
    if customer is not None:
        said["customer_id"] = customer.id
        if said.pop("currency", customer.currency) != customer.currency:
            said.pop("net_potential_value", None)  # in another currency than his
    elif not said.get("company") and not said.get("person"):
        return None
    return leads.create(session, said, now=now, channel=CHANNEL, owned_by_creator=False)


def _said(
    session: Session, connection: Connection, event: ShopEvent, party: ShopParty
) -> dict[str, Any]:
    person = " ".join(part for part in (party.first_name, party.last_name) if part)
    nameless = party.email if not party.company else None
    inquiry = event.inquiry
    given = {
        "company": party.company,
        "person": person or nameless,
        "email": party.email,
        "phone": party.phone,
        "address": "\n".join(party.address_lines),
        "postcode": party.postcode,
        "city": party.city,
        "country": party.country,
        "cvr": party.registration_number,
        "description": inquiry.message if inquiry else None,
        "referrer": inquiry.referrer if inquiry else None,
        "net_potential_value": Decimal(event.total) if event.total else None,
        "currency": event.currency,
    }
    said, _ = clean_each(given, rules.clean)
    source = (inquiry.source if inquiry else None) or connection.settings.get(LEAD_SOURCE)
    words = {"source": source, "program": inquiry.program if inquiry else None}
    for field, word in words.items():
        code = catalogues.writings(session, leads.CATALOGUES[field]).get((word or "").casefold())
        if code is not None:
            said[field] = code
    return said


def _fill(session: Session, lead: Lead, said: Mapping[str, Any]) -> None:
    """Fill what is empty in a lead that nothing came of yet; what was typed stays."""
    news = {
        name: value
        for name, value in said.items()
        if name in leads.WRITABLE and getattr(lead, name) in {None, ""}
    }
    if news and lead.converted_at is None:
        leads.update(session, lead, news)
