"""The list of leads."""

from sqlalchemy import exists, select

from hub.access.models import Team, User
from hub.catalogues.services import label_of
from hub.customers.models import Customer
from hub.i18n import N_
from hub.leads.models import Lead
from hub.listing import Choice, Field, Kind, Listing, SearchSpec
from hub.listing.declaration import Expression, Predicate
from hub.notes.models import Note
from hub.sharing.listing import shared_field
from hub.workflow.models import StateKind, Workflow, WorkflowState

STATE_KINDS = (
    Choice(StateKind.NEW, N_("New")),
    Choice(StateKind.WORKING, N_("Being worked on")),
    Choice(StateKind.WON, N_("Won")),
    Choice(StateKind.LOST, N_("Lost")),
    Choice(StateKind.PARKED, N_("Set aside")),
)


def _person(column: Expression) -> Expression:
    return select(User.name).where(User.id == column).correlate(Lead).scalar_subquery()


def _of_customer(column: Expression) -> Expression:
    return select(column).where(Customer.id == Lead.customer_id).correlate(Lead).scalar_subquery()


def _any_note(condition: Predicate) -> Predicate:
    return exists().where(
        Note.subject_type == Lead.entity(), Note.subject_id == Lead.id, Note.deleted_at.is_(None),
        condition,
    )  # fmt: skip


_TEAM = select(Team.name).where(Team.id == Lead.team_id).correlate(Lead).scalar_subquery()
_STATE = (
    select(WorkflowState.label)
    .where(WorkflowState.workflow_id == Lead.workflow_id, WorkflowState.key == Lead.state)
    .correlate(Lead)
    .scalar_subquery()
)
_WORKFLOW = (
    select(Workflow.code).where(Workflow.id == Lead.workflow_id).correlate(Lead).scalar_subquery()
)

LEADS = Listing(
    name="leads",
    model=Lead,
    fields=(
        Field("id", Lead.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("number", Lead.number, label=N_("Lead"), sortable=True, sort_key=Lead.sort_number,
              width=12),
        Field("name", Lead.name, label=N_("Name"), sortable=True, sort_key=Lead.sort_name,
              search_text=Lead.search_text, width=40),
        Field("customer", Lead.customer_id, label=N_("Customer"), kind=Kind.UUID,
              caption=_of_customer(Customer.name), shown=False, width=40),
        Field("customer_number", _of_customer(Customer.ref_no), label=N_("Customer number"),
              width=12),
        Field("person", Lead.person, label=N_("Person"), search_text=Lead.search_text, width=30),
        Field("phone", Lead.phone, label=N_("Phone"), search_text=Lead.search_text, width=16),
        Field("email", Lead.email, label=N_("Email"), search_text=Lead.search_text,
              caseless=True, width=30),
        Field("city", Lead.city, label=N_("City"), facet=True, width=20),
        Field("region", Lead.region, label=N_("Region"), facet=True, shown=False),
        Field("country", Lead.country, label=N_("Country"), facet=True, shown=False),
        Field("industry", Lead.industry, label=N_("Industry"), facet=True, shown=False),
        Field("program", Lead.program, label=N_("Lead program"), facet=True,
              caption=label_of("programs", Lead.program, Lead), width=20),
        Field("source", Lead.source, label=N_("Lead source"), facet=True,
              caption=label_of("sources", Lead.source, Lead), width=20),
        Field("referrer", Lead.referrer, label=N_("Referrer"), shown=False),
        Field("state", Lead.state, label=N_("State"), facet=True, caption=_STATE, width=20),
        Field("state_kind", Lead.state_kind, label=N_("Kind of state"), kind=Kind.ENUM,
              facet=True, choices=STATE_KINDS, shown=False),
        Field("workflow", _WORKFLOW, label=N_("Workflow"), facet=True, shown=False),
        Field("is_open", Lead.is_open, label=N_("Open"), kind=Kind.BOOLEAN, facet=True),
        Field("owner", Lead.owner_user_id, label=N_("Assigned to"), kind=Kind.USER, facet=True,
              caption=_person(Lead.owner_user_id), width=20),
        Field("team", Lead.team_id, label=N_("Team"), kind=Kind.UUID, facet=True, caption=_TEAM,
              shown=False, width=20),
        Field("inside_rep", Lead.inside_rep_id, label=N_("Inside representative"),
              kind=Kind.USER, facet=True, caption=_person(Lead.inside_rep_id), shown=False,
              width=20),
        Field("outside_rep", Lead.outside_rep_id, label=N_("Outside representative"),
              kind=Kind.USER, facet=True, caption=_person(Lead.outside_rep_id), shown=False,
              width=20),
        shared_field(Lead.entity(), Lead.id),
        Field("probability", Lead.probability, label=N_("Probability"), kind=Kind.INTEGER,
              sortable=True, width=10),
        Field("est_conversion_on", Lead.est_conversion_on, label=N_("Expected conversion"),
              kind=Kind.DATE, sortable=True, width=12),
        Field("net_potential_value", Lead.net_potential_value, label=N_("Potential value"),
              kind=Kind.MONEY, sortable=True, width=14),
        Field("currency", Lead.currency, label=N_("Currency"), facet=True, width=8),
        Field("lost_reason", Lead.lost_reason, label=N_("Reason for losing"), facet=True,
              caption=label_of("lost_reasons", Lead.lost_reason, Lead), shown=False, width=20),
        Field("set_aside_until", Lead.set_aside_until, label=N_("Set aside until"),
              kind=Kind.DATE, shown=False),
        Field("channel", Lead.channel, label=N_("Channel"), facet=True, shown=False),
        Field("external_ref", Lead.external_ref, label=N_("External reference"), shown=False),
        Field("converted_customer", Lead.converted_customer_id, label=N_("Became the customer"),
              kind=Kind.UUID, shown=False),
        Field("noted_at", Note.at, label=N_("Any note"), kind=Kind.DATETIME, through=_any_note,
              shown=False),
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
    search=SearchSpec(text=Lead.search_text, number=Lead.number),
)  # fmt: skip
