"""Somebody's interest, told by a delivery: a lead that is nobody's yet, of a customer if known."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from hub.catalogues import services as catalogues
from hub.connections.models import Connection
from hub.customers.defaults import currency_of_new
from hub.customers.models import Customer
from hub.errors import FieldError, ValidationError
from hub.history.recording import explain_change
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

    What breaks a rule is left out, which the lead's history tells, and so are words that no
    catalogue has. None where it names nobody.

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
    said, broken = _said(session, connection, event, party)
    if lead is not None:
        broken += _without_unpayable(said, lead.currency)
        _fill(session, lead, said)
        _tell_left_out(session, lead, broken)
        return lead
    customer = find_known(session, connection, party, values_of(party))
    return _make(session, said, broken, customer, channel=CHANNEL, now=now)


def make(
    session: Session,
    connection: Connection,
    event: ShopEvent,
    party: ShopParty,
    *,
    channel: str,
    now: datetime,
) -> Lead | None:
    """Make a lead of an inquiry of somebody whom nobody knows; see `take`."""
    said, broken = _said(session, connection, event, party)
    return _make(session, said, broken, None, channel=channel, now=now)


def _make(
    session: Session,
    said: dict[str, Any],
    broken: list[FieldError],
    customer: Customer | None,
    *,
    channel: str,
    now: datetime,
) -> Lead | None:
    if customer is not None:
        said["customer_id"] = customer.id
        if said.pop("currency", customer.currency) != customer.currency:
            said.pop("net_potential_value", None)  # in another currency than his
    elif not said.get("company") and not said.get("person"):
        return None
    currency = said.get("currency") or currency_of_new(session)
    broken += _without_unpayable(said, currency if customer is None else customer.currency)
    lead = leads.create(session, said, now=now, channel=channel, owned_by_creator=False)
    _tell_left_out(session, lead, broken)
    return lead


def _said(
    session: Session, connection: Connection, event: ShopEvent, party: ShopParty
) -> tuple[dict[str, Any], list[FieldError]]:
    """Return what can be taken of what is said, and what is wrong with the rest."""
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
    said, broken = clean_each(given, rules.clean)
    source = (inquiry.source if inquiry else None) or connection.settings.get(LEAD_SOURCE)
    words = {"source": source, "program": inquiry.program if inquiry else None}
    for field, word in words.items():
        code = catalogues.writings(session, leads.CATALOGUES[field]).get((word or "").casefold())
        if code is not None:
            said[field] = code
    return said, broken


def _without_unpayable(said: dict[str, Any], currency: str) -> list[FieldError]:
    """Leave out what cannot be paid in a currency, and return what is wrong with it."""
    try:
        rules.refuse_unpayable(said, currency)
    except ValidationError as error:
        for each in error.errors:
            del said[each.pointer.removeprefix("/")]
        return list(error.errors)
    return []


def _tell_left_out(session: Session, lead: Lead, broken: Sequence[FieldError]) -> None:
    """Have the lead's history say what was left out of what came in, and by which rule."""
    if broken:
        explain_change(
            session, f"{leads.ENTITY}.updated", subject_type=leads.ENTITY, subject_id=lead.id,
            data={"left_out": [{"pointer": each.pointer, "code": each.code} for each in broken]},
        )  # fmt: skip


def _fill(session: Session, lead: Lead, said: Mapping[str, Any]) -> None:
    """Fill what is empty in a lead that nothing came of yet; what was typed stays."""
    news = {
        name: value
        for name, value in said.items()
        if name in leads.WRITABLE and getattr(lead, name) in {None, ""}
    }
    if news and lead.converted_at is None:
        leads.update(session, lead, news)
