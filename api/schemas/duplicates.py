"""Duplicates as the API takes and shows them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.fields import Lines
from api.schemas.shapes import Body, RecordView, View
from hub.duplicates.models import DupState


class NamedCustomer(View):
    """Which customer."""

    id: UUID
    name: str
    ref_no: str | None


class EvidenceView(View):
    """One observation: which field, what about it, and how much it says."""

    field: str
    kind: str = Field(description="A stable code, such as same, similar, different, sister, unit.")
    text: str
    weight: float = Field(description="Natural log-odds; below zero it speaks against.")


class DuplicateView(RecordView):
    """Two customers that may be one."""

    a: NamedCustomer
    b: NamedCustomer
    score: float = Field(ge=0, le=1)
    evidence: list[EvidenceView]
    state: DupState
    reason: str | None
    decided_by: UUID | None
    decided_at: AwareDatetime | None


class Dismissal(Body):
    """Why the two are not one."""

    reason: Annotated[str, Lines(1000)]


class LikeCustomer(View):
    """A customer like the one asked about, and what was decided over the two, if anything."""

    customer: NamedCustomer
    score: float = Field(ge=0, le=1)
    evidence: list[EvidenceView]
    duplicate_id: UUID | None
    state: DupState | None


class LikeCustomers(View):
    """Customers like one, the most alike first."""

    items: list[LikeCustomer]
