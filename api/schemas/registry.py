"""Registry searches as the API takes and shows them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.customers import MessageView
from api.schemas.fields import OneLine
from api.schemas.shapes import Body, View


class LookupCreate(Body):
    """What to search for."""

    query: Annotated[str, OneLine(200, 2)] = Field(
        description="A company's name, or its CVR number.", examples=["Nordlys"]
    )
    connection_id: UUID | None = Field(
        None, description="Which registry to ask; left out, the first one at work."
    )


class CandidateView(View):
    """A company that may be meant; nothing is created until you choose."""

    registration_number: str
    country: str
    name: str
    status: str
    address_lines: list[str]
    postcode: str | None
    city: str | None
    phone: str | None
    email: str | None
    industry: str | None
    existing_customer_id: UUID | None = Field(description="The customer you have of it already.")


class LookupView(View):
    """A search and its answer."""

    id: UUID
    query: str
    state: str
    source: str | None
    connection_id: UUID | None = Field(description="The registry that is asked.")
    candidates: list[CandidateView]
    message: MessageView | None
    next_try_at: AwareDatetime | None = Field(
        description="When the registry is asked again, while it waits."
    )
    created_at: AwareDatetime
    answered_at: AwareDatetime | None
