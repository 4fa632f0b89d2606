"""Duplicates as the API takes and shows them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.fields import Code, Lines
from api.schemas.shapes import Body, Query, RecordView, TotalView, View
from hub.duplicates.models import DupState
from hub.matching import COMPARED_FIELDS, MEETING_FIELDS

_FIELDS = ", ".join(f"`{each}`" for each in COMPARED_FIELDS)


class NamedRecord(View):
    """Which customer or lead."""

    entity: str = Field(examples=["customer", "lead"])
    id: UUID
    name: str
    ref_no: str | None = Field(description="The customer's reference number, or the lead's number.")


class EvidenceView(View):
    """One observation: which field, what about it, and how much it says."""

    field: str
    kind: str = Field(description="A stable code, such as same, similar, different, sister, unit.")
    text: str
    weight: float = Field(description="Natural log-odds; below zero it speaks against.")


class DuplicateView(RecordView):
    """Two customers, two leads, or a lead and a customer that may be one."""

    a: NamedRecord
    b: NamedRecord
    score: float = Field(ge=0, le=1)
    evidence: list[EvidenceView]
    agrees: list[str] = Field(description="The fields in which both say the same.")
    state: DupState
    reason: str | None = Field(
        description="Of the last decision, as are who made it and when. An open pair that has one"
        " was dismissed for it, and is open again since something speaks for it that did not then."
    )
    decided_by: UUID | None
    decided_at: AwareDatetime | None


class DuplicateGroup(View):
    """Records that hang together by pairs: each with each, or over others."""

    score: float = Field(ge=0, le=1, description="Of the pair that is most surely the same.")
    size: int = Field(description="How many records are in it.")
    records: list[NamedRecord] = Field(description="The first of them.")
    pairs: list[DuplicateView] = Field(description="Those of the best scores, with their evidence.")


class DuplicateGroups(View):
    """A page of groups, the surest first."""

    items: list[DuplicateGroup]
    total: TotalView = Field(
        description="`exact` is false where so many pairs are there that only the best of them were"
        " put together."
    )
    next_cursor: str | None


class GroupsQuery(Query):
    """Which groups, beside the filters of the list of pairs."""

    fields: str | None = Field(
        None, max_length=200, examples=["email", "name,postcode"],
        description=f"Only by pairs that agree in all of these, separated by commas: {_FIELDS}.",
    )  # fmt: skip
    cursor: str | None = Field(None, max_length=80, description="`next_cursor` of the page before.")

    @property
    def names(self) -> list[str]:
        """The fields."""
        return [each.strip() for each in self.fields.split(",")] if self.fields else []


class DuplicateScanRequest(Body):
    """What is looked for, among which records."""

    entities: list[Code] = Field(
        default_factory=list, max_length=10,
        description="`customer`, `lead`; without any all of them, and of both together.",
    )  # fmt: skip
    fields: list[Code] = Field(
        default_factory=list, max_length=20,
        description="Look for those that agree in all of these, whatever else they say: "
        f"{_FIELDS}; among them one of {', '.join(f'`{each}`' for each in MEETING_FIELDS)}."
        " Without any, for those that are alike.",
    )  # fmt: skip


class Dismissal(Body):
    """Why the two are not one."""

    reason: Annotated[str, Lines(1000)]


class LikeRecord(View):
    """A record like the one asked about, and what was decided over the two, if anything."""

    record: NamedRecord
    score: float = Field(ge=0, le=1)
    evidence: list[EvidenceView]
    duplicate_id: UUID | None
    state: DupState | None


class LikeRecords(View):
    """Customers and leads like one, the most alike first."""

    items: list[LikeRecord]
