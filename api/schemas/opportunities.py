"""Opportunities as the API takes and shows them."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.custom_fields import CUSTOM, CustomValues, WarningView
from api.schemas.customers import Money, Name, Note, SharedView, Text255
from api.schemas.fields import Amount, Code, OneLine
from api.schemas.shapes import Body, Patch, RecordView, absent
from api.schemas.signals import SignalView
from api.schemas.workflows import Percent, Reason, StandingView, Step, TransitionCreate
from hub.opportunities.models import Opportunity, OpportunityType, Period, ProbabilitySource
from hub.opportunities.rules import AMOUNTS

Type = Literal["new_customer", "existing_customer", "recurring"]
Recurs = Literal["month", "quarter", "year"]
Currency = Annotated[str, OneLine(3, 3)]
Orders = Annotated[
    list[Annotated[str, OneLine(50)]],
    Field(max_length=100, description="The numbers of the orders that came of it."),
]


class OpportunityCreate(Body):
    """New business that may come; a name is enough."""

    customised: ClassVar = Opportunity.entity()
    classes: ClassVar = Opportunity.__classes__

    name: Name
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    lead_id: UUID | None = Field(None, description="The lead that it came from.")
    type: Type | None = Field(None, description="By what the customer is, where it is left out.")
    pipeline: Code | None = Field(None, description="The default one where it is left out.")
    amount: Money | None = None
    best_case: Money | None = None
    worst_case: Money | None = None
    currency: Currency | None = Field(None, description="That of the customer, where there is one.")
    probability: Percent | None = Field(None, description="The stage's where it is left out.")
    recurring_amount: Money | None = None
    recurring_period: Recurs | None = None
    recurring_from: date | None = None
    recurring_until: date | None = None
    follow_up_on: date | None = None
    expected_close_on: date | None = None
    next_step: Text255 | None = None
    description: Note | None = None
    customer_description: Note | None = None
    program: Code | None = Field(None, description="A code of the catalogue `programs`.")
    source: Code | None = Field(None, description="A code of the catalogue `sources`.")
    competitor: Code | None = Field(None, description="A code of the catalogue `competitors`.")
    order_refs: Orders | None = None
    external_ref: Text255 | None = None
    custom: CustomValues | None = Field(None, description=CUSTOM)
    owner_user_id: UUID | None = Field(
        None, description="Whom it is assigned to: you, unless you may assign."
    )
    team_id: UUID | None = None
    inside_rep_id: UUID | None = None
    outside_rep_id: UUID | None = None

    def fields(self) -> dict[str, Any]:
        """Return what becomes of the opportunity's own fields."""
        return _with_amounts({n: v for n, v in self.given().items() if n != "pipeline"})


class OpportunityPatch(Patch):
    """What changes of an opportunity; its stage and whose it is change by acts of their own."""

    customised: ClassVar = Opportunity.entity()
    classes: ClassVar = Opportunity.__classes__

    name: Name = absent()
    customer_id: UUID | None = absent()
    contact_id: UUID | None = absent()
    type: Type = absent()
    amount: Money | None = absent()
    best_case: Money | None = absent()
    worst_case: Money | None = absent()
    probability: Percent = absent()
    recurring_amount: Money | None = absent()
    recurring_period: Recurs | None = absent()
    recurring_from: date | None = absent()
    recurring_until: date | None = absent()
    follow_up_on: date | None = absent()
    expected_close_on: date | None = absent()
    next_step: Text255 | None = absent()
    description: Note | None = absent()
    customer_description: Note | None = absent()
    program: Code | None = absent()
    source: Code | None = absent()
    competitor: Code | None = absent()
    lost_reason: Code | None = absent()
    lost_text: Note | None = absent()
    order_refs: Orders = absent()
    external_ref: Text255 | None = absent()
    custom: CustomValues | None = absent()

    def changes(self) -> dict[str, Any]:
        """Return the fields to change, None where one is to be cleared."""
        return _with_amounts(self.given())


class OpportunityUpsert(OpportunityPatch):
    """What a script says of an opportunity; the last six of a new one only."""

    currency: Currency | None = absent()
    pipeline: Code | None = absent()
    owner_user_id: UUID | None = absent()
    team_id: UUID | None = absent()
    inside_rep_id: UUID | None = absent()
    outside_rep_id: UUID | None = absent()


class Losing(Step):
    """Why an opportunity is lost, and to whom."""

    lost_reason: Code | None = Field(
        None, description="A code of the catalogue `lost_reasons`; the policy may ask for it."
    )
    lost_text: Note | None = None
    competitor: Code | None = Field(None, description="A code of the catalogue `competitors`.")


class OpportunityTransition(TransitionCreate, Losing):
    """Where an opportunity is to be moved, and of one that is lost why."""


class OpportunityClosing(Body):
    """Why an opportunity is closed."""

    reason: Reason | None = None


class OpportunityView(RecordView):
    """An opportunity, also called a case."""

    customised: ClassVar = Opportunity.entity()
    classes: ClassVar = Opportunity.__classes__

    number: str
    name: str
    customer_id: UUID | None
    customer_name: str | None
    customer_number: str | None
    contact_id: UUID | None
    lead_id: UUID | None
    type: OpportunityType
    pipeline: str = Field(description="The code of its workflow.")
    stage: StandingView
    signal: SignalView = Field(description="The colour of its row; the first rule that holds.")
    edge: SignalView = Field(description="The edge of its card, by its probability.")
    overdue: SignalView | None = Field(description="Open, and past one of its days.")
    is_open: bool
    closed_at: AwareDatetime | None
    decided_at: AwareDatetime | None = Field(description="When it was won or lost.")
    amount: Amount | None
    best_case: Amount | None
    worst_case: Amount | None
    currency: str
    probability: int
    probability_source: ProbabilitySource
    weighted: Amount | None = Field(
        description="The amount × the probability, rounded half up to the currency's minor unit."
    )
    recurring_amount: Amount | None
    recurring_period: Period | None
    recurring_from: date | None
    recurring_until: date | None
    follow_up_on: date | None
    expected_close_on: date | None
    next_step: str | None
    description: str | None
    customer_description: str | None
    program: str | None
    source: str | None
    competitor: str | None
    lost_reason: str | None
    lost_text: str | None
    order_refs: list[str]
    owner_user_id: UUID | None
    team_id: UUID | None
    inside_rep_id: UUID | None
    outside_rep_id: UUID | None
    external_ref: str | None
    custom: dict[str, Any] = Field(description=CUSTOM)
    warnings: list[WarningView] = Field(
        default_factory=list, description="What is to be known of what was just written."
    )
    last_note_at: AwareDatetime | None
    shared: SharedView | None


def _with_amounts(values: dict[str, Any]) -> dict[str, Any]:
    amounts = {name: Decimal(values[name]) for name in AMOUNTS if values.get(name) is not None}
    return {**values, **amounts}
