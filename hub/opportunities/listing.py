"""The list of opportunities."""

from sqlalchemy import column, select, table

from hub.access.captions import whose_fields
from hub.catalogues.services import words_of
from hub.customers.models import Customer
from hub.customers.rules import kept_as
from hub.i18n import N_
from hub.listing import Bucket, Choice, Field, Kind, Listing, Operator, SearchSpec, Sums
from hub.listing.declaration import Of
from hub.notes.listing import noted_field
from hub.opportunities.models import Opportunity, OpportunityType, Period, ProbabilitySource
from hub.opportunities.signals import EDGE, OVERDUE, SIGNAL
from hub.sharing.listing import shared_field
from hub.workflow.listing import STATE_KINDS, states_of, workflow_code

TYPES = (
    Choice(OpportunityType.NEW_CUSTOMER, N_("New customer")),
    Choice(OpportunityType.EXISTING_CUSTOMER, N_("Existing customer")),
    Choice(OpportunityType.RECURRING, N_("Recurring business")),
)
PERIODS = (
    Choice(Period.MONTH, N_("Each month")),
    Choice(Period.QUARTER, N_("Each quarter")),
    Choice(Period.YEAR, N_("Each year")),
)
DEADLINES = (
    Bucket("overdue", N_("Overdue"), {"lt": "today"}),
    Bucket("this_week", N_("This week"), {"gte": "today", "lt": "week+1w"}),
    Bucket("later", N_("Later"), {"gte": "week+1w"}),
)
"""The slices of a pie of days (T14)."""

_LEADS = table("lead", column("id"), column("number"))  # above opportunities, so by name
_LEAD = (
    select(_LEADS.c.number)
    .where(_LEADS.c.id == Opportunity.lead_id)
    .correlate(Opportunity)
    .scalar_subquery()
)
_CUSTOMER_NUMBER = (
    select(Customer.ref_no)
    .where(Customer.id == Opportunity.customer_id)
    .correlate(Opportunity)
    .scalar_subquery()
)


_CUSTOMER = Of("customer", Opportunity.customer_id)


def _word(name: str, catalogue: str, label: str, *, shown: bool = True) -> Field:
    kept = getattr(Opportunity, name)
    words = words_of(catalogue, kept, Opportunity)
    return Field(name, kept, label=label, facet=True, words=words, shown=shown, width=20)


OPPORTUNITIES = Listing(
    name="opportunities",
    model=Opportunity,
    fields=(
        Field("id", Opportunity.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("number", Opportunity.number, label=N_("Opportunity"), sortable=True,
              sort_key=Opportunity.sort_number, width=12),
        Field("name", Opportunity.name, label=N_("Name"), sortable=True,
              sort_key=Opportunity.sort_name, search_text=Opportunity.search_text, width=40),
        Field("customer", Opportunity.customer_id, label=N_("Customer"), kind=Kind.UUID,
              facet=True, caption=Opportunity.customer_name, width=40, of=_CUSTOMER),
        Field("contact", Opportunity.contact_id, label=N_("Contact"), kind=Kind.UUID,
              operators=(Operator.EQ,), shown=False, of=_CUSTOMER),
        Field("customer_number", _CUSTOMER_NUMBER, label=N_("Customer number"), width=12,
              of=_CUSTOMER),
        Field("lead", Opportunity.lead_id, label=N_("Lead"), kind=Kind.UUID, caption=_LEAD,
              shown=False, of=Of("lead", Opportunity.lead_id)),
        Field("type", Opportunity.type, label=N_("Type"), kind=Kind.ENUM, facet=True,
              choices=TYPES, width=18),
        Field("stage", Opportunity.state, label=N_("Stage"), facet=True,
              words=states_of(Opportunity), width=20),
        Field("stage_kind", Opportunity.state_kind, label=N_("Kind of stage"), kind=Kind.ENUM,
              facet=True, choices=STATE_KINDS, shown=False),
        Field("pipeline", workflow_code(Opportunity), label=N_("Pipeline"), facet=True,
              shown=False),
        Field("is_open", Opportunity.is_open, label=N_("Open"), kind=Kind.BOOLEAN, facet=True),
        *SIGNAL.fields(),
        *EDGE.fields(shown=False),
        *OVERDUE.fields(shown=False),
        *whose_fields(Opportunity),
        shared_field(Opportunity.entity(), Opportunity.id),
        Field("amount", Opportunity.amount, label=N_("Amount"), kind=Kind.MONEY, sortable=True,
              width=14),
        Field("currency", Opportunity.currency, label=N_("Currency"), kept_as=kept_as("currency"),
              facet=True, width=8),
        Field("probability", Opportunity.probability, label=N_("Probability"), kind=Kind.INTEGER,
              sortable=True, width=10),
        Field("probability_source", Opportunity.probability_source,
              label=N_("Whose probability"), kind=Kind.ENUM, facet=True, shown=False, choices=(
                  Choice(ProbabilitySource.STAGE, N_("The stage's")),
                  Choice(ProbabilitySource.USER, N_("Somebody's own")),
              )),
        Field("weighted", Opportunity.weighted, label=N_("Weighted value"), kind=Kind.MONEY,
              sortable=True, width=14),
        Field("best_case", Opportunity.best_case, label=N_("Best case"), kind=Kind.MONEY,
              shown=False, width=14),
        Field("worst_case", Opportunity.worst_case, label=N_("Worst case"), kind=Kind.MONEY,
              shown=False, width=14),
        Field("recurring_amount", Opportunity.recurring_amount, label=N_("Recurring amount"),
              kind=Kind.MONEY, shown=False, width=14),
        Field("recurring_period", Opportunity.recurring_period, label=N_("Recurs"),
              kind=Kind.ENUM, facet=True, choices=PERIODS, shown=False),
        Field("follow_up_on", Opportunity.follow_up_on, label=N_("Follow up"), kind=Kind.DATE,
              sortable=True, facet=True, buckets=DEADLINES, width=12),
        Field("expected_close_on", Opportunity.expected_close_on, label=N_("Expected close"),
              kind=Kind.DATE, sortable=True, facet=True, buckets=DEADLINES, width=12),
        Field("decided_at", Opportunity.decided_at, label=N_("Won or lost"), kind=Kind.DATETIME,
              sortable=True, shown=False, width=18),
        Field("next_step", Opportunity.next_step, label=N_("Next step"), width=30),
        _word("program", "programs", N_("Program")),
        _word("source", "sources", N_("Source")),
        _word("competitor", "competitors", N_("Competitor"), shown=False),
        _word("lost_reason", "lost_reasons", N_("Reason for losing"), shown=False),
        Field("order_ref", Opportunity.order_refs, label=N_("Orders"), kind=Kind.TAGS,
              shown=False),
        Field("external_ref", Opportunity.external_ref, label=N_("External reference"),
              shown=False),
        noted_field(Opportunity),
        Field("last_note_at", Opportunity.last_note_at, label=N_("Newest note"),
              kind=Kind.DATETIME, sortable=True, width=18),
        Field("created_at", Opportunity.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True, width=18),
        Field("updated_at", Opportunity.updated_at, label=N_("Changed"), kind=Kind.DATETIME,
              shown=False),
    ),
    default_sort=("-number",),
    sums=Sums(("amount", "weighted", "best_case", "worst_case"), currency="currency"),
    search=SearchSpec(text=Opportunity.search_text, number=Opportunity.number, of=_CUSTOMER),
)  # fmt: skip
