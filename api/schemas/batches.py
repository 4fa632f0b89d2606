"""Batches of upserts, the same for every kind of record."""

from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field, SkipValidation

from api.schemas.fields import OneLine
from api.schemas.shapes import Body, View

Reference = Annotated[str, OneLine(255)]


class BatchItem(Body):
    """One record of a batch: created, or changed where its external reference is known."""

    external_ref: Reference
    fields: dict[str, Any]


class Batch(Body):
    """Up to 500 records, each with a result of its own.

    An item that is none is refused in its own result; here it is as it was sent.
    """

    each_alone: ClassVar[str] = "items"

    items: Annotated[list[SkipValidation[BatchItem]], Field(min_length=1, max_length=500)]

    def sent(self) -> list[Any]:
        """Return the items as they were sent, whatever each is."""
        return list(self.items)


class BatchResult(View):
    """What became of one item; `index` is its place in what was sent, from 0."""

    index: int
    external_ref: str | None = Field(
        description="As it was sent; null where there is no such text."
    )
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
