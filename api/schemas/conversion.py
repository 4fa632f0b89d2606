"""Conversions of leads as the API takes and shows them."""

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from api.schemas.connections import PlanItemView, PlanView
from api.schemas.customers import ContactFields, CustomerCreate
from api.schemas.fields import Lines
from api.schemas.leads import LeadView, Reason
from api.schemas.opportunities import OpportunityCreate
from api.schemas.shapes import Body, View
from hub.conversion.wishes import Wish
from hub.customers.models import CustomerRole
from hub.opportunities.models import Opportunity


class ConvertedOpportunity(OpportunityCreate):
    """The opportunity that comes of a lead; what is left out is copied from the lead."""

    classes: ClassVar = Opportunity.__classes__

    name: Annotated[str, Lines(255)] | None = None  # type: ignore[assignment]  # the lead's
    customer_id: None = None  # whom the lead becomes
    contact_id: None = None  # likewise
    lead_id: None = None  # this one


class ConversionCreate(Body):
    """What a lead is to become: by itself a new prospect, with a contact where it names a person.

    What is left out of `customer`, `contact` and `opportunity` is copied from the lead.
    """

    customer_id: UUID | None = Field(
        None, description="An existing customer, or the one that the lead is of; None makes one."
    )
    role: Literal["prospect", "customer"] | None = Field(
        None, description="What it is then: a new one a prospect, where this is left out."
    )
    customer: CustomerCreate | None = None
    contact_id: UUID | None = Field(None, description="A contact of an existing customer.")
    contact: ContactFields | None = None
    without_contact: bool = False
    opportunity: ConvertedOpportunity | None = Field(
        None, description="Make an opportunity too; `{}` copies all of it from the lead."
    )
    reason: Reason | None = None

    def wish(self) -> Wish:
        """Return it as the hub takes it."""
        wanted, customer = self.opportunity, self.customer
        opportunity: dict[str, Any] | None = None
        if wanted is not None:
            opportunity = {n: v for n, v in wanted.fields().items() if v is not None}
        leave = customer if customer and customer.allow_duplicate else None
        return Wish(
            customer_id=self.customer_id,
            role=CustomerRole(self.role) if self.role else None,
            customer=customer.fields() if customer else {},
            contact_id=self.contact_id,
            contact=self.contact.given() if self.contact else None,
            without_contact=self.without_contact,
            opportunity=opportunity,
            pipeline=wanted.pipeline if wanted else None,
            duplicate_reason=leave.reason or "" if leave else None,
            reason=self.reason,
        )


class ConversionView(View):
    """What a lead became; the plan takes it back."""

    id: UUID = Field(description="The lead's.")
    plan_id: UUID
    customer_id: UUID
    contact_id: UUID | None
    opportunity_ids: list[UUID]
    lead: LeadView


class ConversionPreview(PlanView):
    """The draft of a conversion; `POST /plans/{id}/application` does exactly this."""

    items: list[PlanItemView]
