"""Leads as the API takes and shows them."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.custom_fields import CUSTOM, CustomValues, WarningView
from api.schemas.customers import Address, Money, Note, Number, SharedView, Text50, Text255
from api.schemas.fields import Amount, Code, Lines, OneLine
from api.schemas.shapes import Because, Body, Patch, RecordView, View, absent
from api.schemas.signals import SignalView
from api.schemas.workflows import Percent, StandingView
from hub.leads.models import Lead

Reason = Annotated[str, Lines(1000)]
_NO_FIELDS = frozenset({"workflow", "allow_duplicate", "reason"})
Postcode = Annotated[str, OneLine(30)]
Region = Annotated[str, OneLine(100)]
Country = Annotated[str, OneLine(2, 2)]


class LeadDeletion(Because):
    """Why a lead is taken away, and whether with what hangs on it."""

    with_notes: bool = Field(
        default=False,
        description="What was noted and planned about it goes along: to its customer, where it has"
        " one, else away with it. What was done stays with the people in it.",
    )


class LeadCreate(Body):
    """A new lead: of a customer, or of a company or person that is none yet."""

    customised: ClassVar = Lead.entity()

    customer_id: UUID | None = None
    contact_id: UUID | None = None
    company: Text255 | None = None
    person: Text255 | None = None
    job: Text255 | None = None
    email: Text255 | None = None
    phone: Text255 | None = None
    mobile: Text255 | None = None
    website: Text255 | None = None
    address: Address | None = None
    postcode: Postcode | None = None
    city: Text50 | None = None
    region: Region | None = None
    country: Country | None = None
    industry: Text255 | None = None
    cvr: Number | None = None
    program: Code | None = Field(None, description="A code of the catalogue `programs`.")
    source: Code | None = Field(None, description="A code of the catalogue `sources`.")
    referrer: Text255 | None = Field(None, description="Who recommended us.")
    workflow: Code | None = Field(None, description="The default one where it is left out.")
    probability: Percent | None = None
    est_conversion_on: date | None = None
    net_potential_value: Money | None = None
    currency: Annotated[str, OneLine(3, 3)] | None = Field(
        None, description="That of the customer, where there is one."
    )
    refuses_calls: bool = False
    refuses_email: bool = False
    set_aside_until: date | None = None
    description: Note | None = None
    external_ref: Text255 | None = None
    custom: CustomValues | None = Field(None, description=CUSTOM)
    owner_user_id: UUID | None = Field(
        None, description="Whom it is assigned to: you, unless you may assign."
    )
    team_id: UUID | None = None
    inside_rep_id: UUID | None = None
    outside_rep_id: UUID | None = None
    allow_duplicate: bool = Field(
        default=False, description="Make it although there is one like it; say why in `reason`."
    )
    reason: Reason | None = Field(None, description="Why a second one is wanted.")

    def fields(self) -> dict[str, Any]:
        """Return what becomes of the lead's own fields."""
        return _with_amount({n: v for n, v in self.given().items() if n not in _NO_FIELDS})


class LeadPatch(Patch):
    """What changes of a lead; its state and whose it is change by acts of their own."""

    customised: ClassVar = Lead.entity()

    customer_id: UUID | None = absent()
    contact_id: UUID | None = absent()
    company: Text255 | None = absent()
    person: Text255 | None = absent()
    job: Text255 | None = absent()
    email: Text255 | None = absent()
    phone: Text255 | None = absent()
    mobile: Text255 | None = absent()
    website: Text255 | None = absent()
    address: Address | None = absent()
    postcode: Postcode | None = absent()
    city: Text50 | None = absent()
    region: Region | None = absent()
    country: Country | None = absent()
    industry: Text255 | None = absent()
    cvr: Number | None = absent()
    program: Code | None = absent()
    source: Code | None = absent()
    referrer: Text255 | None = absent()
    probability: Percent = absent()
    est_conversion_on: date | None = absent()
    net_potential_value: Money | None = absent()
    refuses_calls: bool = absent()
    refuses_email: bool = absent()
    set_aside_until: date | None = absent()
    lost_reason: Code | None = absent()
    description: Note | None = absent()
    external_ref: Text255 | None = absent()
    custom: CustomValues | None = absent()

    def changes(self) -> dict[str, Any]:
        """Return the fields to change, None where one is to be cleared."""
        return _with_amount(self.given())


class LeadUpsert(LeadPatch):
    """What a script says of a lead; the last six of a new one only."""

    currency: Annotated[str, OneLine(3, 3)] | None = absent()
    workflow: Code | None = absent()
    owner_user_id: UUID | None = absent()
    team_id: UUID | None = absent()
    inside_rep_id: UUID | None = absent()
    outside_rep_id: UUID | None = absent()


class Closing(Body):
    """Why a lead is closed, and until when if not for good."""

    reason: Reason | None = None
    lost_reason: Code | None = Field(None, description="A code of the catalogue `lost_reasons`.")
    set_aside_until: date | None = Field(None, description="When it is to be looked at again.")


class ConvertedView(View):
    """What became of a lead."""

    at: AwareDatetime
    by: UUID | None
    customer_id: UUID | None
    contact_id: UUID | None


class LeadView(RecordView):
    """A lead."""

    customised: ClassVar = Lead.entity()

    number: str
    name: str | None = Field(
        description="The customer's name, else the company's, else the person's. Empty, as are the"
        " customer and its contact, where you do not see the customer."
    )
    customer_id: UUID | None
    customer_number: str | None
    contact_id: UUID | None
    company: str | None
    person: str | None
    job: str | None
    email: str | None
    phone: str | None
    mobile: str | None
    website: str | None
    address: str | None
    postcode: str | None
    city: str | None
    region: str | None
    country: str | None
    industry: str | None
    cvr: str | None
    program: str | None
    source: str | None
    referrer: str | None
    state: StandingView
    signal: SignalView | None = Field(description="The colour of its row.")
    is_open: bool
    closed_at: AwareDatetime | None
    probability: int
    est_conversion_on: date | None
    net_potential_value: Amount | None
    currency: str
    refuses_calls: bool
    refuses_email: bool
    set_aside_until: date | None
    lost_reason: str | None
    description: str | None
    owner_user_id: UUID | None
    team_id: UUID | None
    inside_rep_id: UUID | None
    outside_rep_id: UUID | None
    channel: str
    external_ref: str | None
    custom: dict[str, Any] = Field(description=CUSTOM)
    warnings: list[WarningView] = Field(
        default_factory=list, description="What is to be known of what was just written."
    )
    last_note_at: AwareDatetime | None
    last_contact_at: AwareDatetime | None
    converted: ConvertedView | None
    shared: SharedView | None


def _with_amount(values: dict[str, Any]) -> dict[str, Any]:
    amount = values.get("net_potential_value")
    return values if amount is None else {**values, "net_potential_value": Decimal(amount)}
