"""The list of leads."""

from typing import Any
from uuid import UUID

from sqlalchemy import case, func, or_, select

from hub.access.captions import whose_fields
from hub.catalogues.services import words_of
from hub.channels import LEAD_CHANNELS
from hub.customers.models import Customer
from hub.customers.rules import kept_as
from hub.i18n import N_
from hub.leads.models import Lead
from hub.leads.signals import SIGNAL
from hub.listing import Field, Kind, Listing, Operator, Reader, SearchSpec, Sums
from hub.listing.declaration import Expression, Of, Predicate
from hub.notes.listing import noted_field
from hub.sharing.listing import shared_field
from hub.workflow.listing import STATE_KINDS, states_of, workflow_code


def _of_customer(column: Expression) -> Expression:
    return select(column).where(Customer.id == Lead.customer_id).correlate(Lead).scalar_subquery()


def _own_or_customers(name: str, label: str, **said: Any) -> Field:
    """Return the field of what a lead says itself, else its customer, where he sees that one."""

    def value(reader: Reader) -> Expression:
        said_of_it = _of_customer(getattr(Customer, name))
        sight = reader.sees(Customer.entity(), Lead.customer_id)
        seen = said_of_it if sight is None else case((sight.given, said_of_it))
        return func.coalesce(getattr(Lead, name), seen)

    return Field(name, None, reckoned=value, label=label, facet=True, **said)


def _of_contact(operator: Operator, value: UUID) -> Predicate:
    """Compare the person that it is with, and the one that came of it."""
    del operator
    return or_(Lead.contact_id == value, Lead.converted_contact_id == value)


_CUSTOMER = Of("customer", Lead.customer_id)

LEADS = Listing(
    name="leads",
    model=Lead,
    fields=(
        Field("id", Lead.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("number", Lead.number, label=N_("Lead"), sortable=True, sort_key=Lead.sort_number,
              width=12),
        Field("name", Lead.name, label=N_("Name"), sortable=True, sort_key=Lead.sort_name,
              search_text=Lead.search_text, width=40, of=_CUSTOMER),
        Field("customer", Lead.customer_id, label=N_("Customer"), kind=Kind.UUID,
              caption=_of_customer(Customer.name), shown=False, width=40, of=_CUSTOMER),
        Field("contact", Lead.contact_id, label=N_("Contact"), kind=Kind.UUID,
              operators=(Operator.EQ,), condition=_of_contact, shown=False, of=_CUSTOMER),
        Field("customer_number", _of_customer(Customer.ref_no), label=N_("Customer number"),
              width=12, of=_CUSTOMER),
        Field("person", Lead.person, label=N_("Person"), search_text=Lead.search_text, width=30),
        Field("phone", Lead.phone, label=N_("Phone"), kept_as=kept_as("phone"),
              search_text=Lead.search_text, width=16),
        Field("email", Lead.email, label=N_("Email"), search_text=Lead.search_text,
              caseless=True, width=30),
        _own_or_customers("city", N_("City"), width=20),
        _own_or_customers("region", N_("Region"), shown=False),
        _own_or_customers("country", N_("Country"), shown=False),
        _own_or_customers("industry", N_("Industry"), shown=False),
        Field("program", Lead.program, label=N_("Lead program"), facet=True,
              words=words_of("programs", Lead.program, Lead), width=20),
        Field("source", Lead.source, label=N_("Lead source"), facet=True,
              words=words_of("sources", Lead.source, Lead), width=20),
        Field("referrer", Lead.referrer, label=N_("Referrer"), shown=False),
        Field("state", Lead.state, label=N_("State"), facet=True,
              words=states_of(Lead), width=20),
        Field("state_kind", Lead.state_kind, label=N_("Kind of state"), kind=Kind.ENUM,
              facet=True, choices=STATE_KINDS, shown=False),
        *SIGNAL.fields(shown=False),
        Field("workflow", workflow_code(Lead), label=N_("Workflow"), facet=True, shown=False),
        Field("is_open", Lead.is_open, label=N_("Open"), kind=Kind.BOOLEAN, facet=True),
        *whose_fields(Lead),
        shared_field(Lead.entity(), Lead.id),
        Field("probability", Lead.probability, label=N_("Probability"), kind=Kind.INTEGER,
              sortable=True, width=10),
        Field("est_conversion_on", Lead.est_conversion_on, label=N_("Expected conversion"),
              kind=Kind.DATE, sortable=True, width=12),
        Field("net_potential_value", Lead.net_potential_value, label=N_("Potential value"),
              kind=Kind.MONEY, sortable=True, width=14),
        Field("currency", Lead.currency, label=N_("Currency"), kept_as=kept_as("currency"),
              facet=True, width=8),
        Field("lost_reason", Lead.lost_reason, label=N_("Reason for losing"), facet=True,
              words=words_of("lost_reasons", Lead.lost_reason, Lead), shown=False, width=20),
        Field("set_aside_until", Lead.set_aside_until, label=N_("Set aside until"),
              kind=Kind.DATE, shown=False),
        Field("channel", Lead.channel, label=N_("Channel"), kind=Kind.ENUM, facet=True, shown=False,
              choices=LEAD_CHANNELS),
        Field("external_ref", Lead.external_ref, label=N_("External reference"), shown=False),
        Field("converted_customer", Lead.converted_customer_id, label=N_("Became the customer"),
              kind=Kind.UUID, shown=False, of=Of("customer", Lead.converted_customer_id)),
        Field("converted_at", Lead.converted_at, label=N_("Converted"), kind=Kind.DATETIME,
              shown=False, width=18),
        noted_field(Lead),
        Field("last_note_at", Lead.last_note_at, label=N_("Newest note"), kind=Kind.DATETIME,
              sortable=True, width=18),
        Field("last_contact_at", Lead.last_contact_at, label=N_("Last contact"),
              kind=Kind.DATETIME, sortable=True, shown=False, width=18),
        Field("created_at", Lead.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True, width=18),
        Field("updated_at", Lead.updated_at, label=N_("Changed"), kind=Kind.DATETIME,
              shown=False),
    ),
    default_sort=("-number",),
    sums=Sums(("net_potential_value",), currency="currency"),
    search=SearchSpec(text=Lead.search_text, number=Lead.number, of=_CUSTOMER),
)  # fmt: skip
