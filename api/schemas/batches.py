"""Batches of upserts, the same for every kind of record."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from api.schemas.fields import OneLine
from api.schemas.shapes import Body, View

Reference = Annotated[str, OneLine(255)]


class BatchItem(Body):
    """One record of a batch: created, or changed where its external reference is known."""

    external_ref: Reference
    fields: dict[str, Any]


class Batch(Body):
    """Up to 500 records, each with a result of its own."""

    items: Annotated[list[BatchItem], Field(min_length=1, max_length=500)]


class BatchResult(View):
    """What became of one item."""

    external_ref: str
    status: int = Field(description="201 created, 200 changed, 204 unchanged, else what went wrong")
    id: UUID | None = None
    version: int | None = None
    problem: dict[str, Any] | None = None


class BatchResults(View):
    """The results in the order of the items; good items are written whatever the others are."""

    results: list[BatchResult]
    created: int
    changed: int
    unchanged: int
    failed: int
