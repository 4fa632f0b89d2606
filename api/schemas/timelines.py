"""Timelines and related records as the API shows them."""

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.shapes import Query, TotalView, View
from hub.timeline.kinds import APPEARANCES

if TYPE_CHECKING:
    KindOfEntry = StrEnum
else:
    KindOfEntry = StrEnum("KindOfEntry", {name.upper(): name for name in APPEARANCES})


class TimelineQuery(Query):
    """Which part of a timeline."""

    kind: list[KindOfEntry] | None = Field(
        None, description="Only these kinds; given several times: any of them."
    )
    planned: bool | None = Field(None, description="Only what lies ahead still, or what does not.")
    around: AwareDatetime | None = Field(
        None, description="Where the first page lies; left out, now."
    )
    limit: int = Field(50, ge=1, le=200, description="How many rows at most.")
    cursor: str | None = Field(
        None, max_length=200, description="`next_cursor` or `previous_cursor` of another page."
    )


class WhoView(View):
    """A user."""

    id: UUID
    name: str


class EntrySubject(View):
    """The record on which an entry hangs."""

    type: str
    id: UUID


class EntryView(View):
    """One row of a timeline."""

    kind: str
    label: str | None = Field(description="What of its kind it is, in your language.")
    title: str | None
    reason: str | None = Field(description="Why a record was moved, where somebody said so.")
    at: AwareDatetime
    on: date | None = Field(description="The day, where it has no time.")
    planned: bool = Field(description="Whether it lies ahead still.")
    who: WhoView | None
    subject: EntrySubject | None
    id: UUID
    link: str = Field(description="The path under which it is read.")


class KindCount(View):
    """How many entries of a kind there are."""

    kind: str
    label: str
    total: TotalView


class TimelineView(View):
    """A page of a timeline, the newest first."""

    items: list[EntryView]
    next_cursor: str | None = Field(description="To what is older.")
    previous_cursor: str | None = Field(description="To what is newer.")
    kinds: list[KindCount] | None = Field(
        description="What there is of each kind, whatever was asked for; on the first page."
    )


class CountedView(View):
    """How many there are, and the list that shows exactly those."""

    total: TotalView
    link: str


class TabView(CountedView):
    """Related records of a kind."""

    name: str
    label: str
    open: CountedView | None
    closed: CountedView | None


class RelatedView(View):
    """What there is beside a record; what there is none of is left out."""

    items: list[TabView]
