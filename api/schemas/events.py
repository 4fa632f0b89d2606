"""Events as the API shows them."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.shapes import PageQuery, Query, View
from hub.origin import ActorKind, CauseKind


class EventQuery(Query):
    """Which events."""

    after: int = Field(
        0,
        ge=0,
        le=2**63 - 1,
        description="The last position you have read, which is none behind the end of the feed.",
    )
    limit: int = Field(100, ge=1, le=1000)
    type: list[str] | None = Field(
        None, max_length=50, description="Only these, such as customer.updated; may be repeated."
    )


class EventView(View):
    """One thing that happened to one record."""

    position: int = Field(description="Its place in the gap-free chain.")
    id: UUID
    type: str
    subject_type: str
    subject_id: UUID
    actor_kind: ActorKind
    actor_id: UUID | None
    user_id: UUID | None
    cause_kind: CauseKind
    cause_id: str | None
    changes: dict[str, Any] | None = Field(
        description="{field: [before, after]}; null where it was erased."
    )
    data: dict[str, Any] | None
    at: AwareDatetime


class EventPage(View):
    """Events in order; ask again with `after` = `next_after`."""

    items: list[EventView]
    next_after: int
    last_position: int = Field(description="Of the newest event there is.")


class ActorView(View):
    """Who did it: by himself, with a token, or by a job that he asked for."""

    kind: ActorKind
    id: UUID | None = Field(description="Of the user, token or job.")
    user_id: UUID | None = Field(
        description="The person answerable; null where Hub itself or another system is."
    )
    name: str | None


class OriginView(View):
    """What led to it."""

    kind: CauseKind
    id: str | None = Field(
        description="Of the request, import, connection, conflict, plan or rule."
    )
    label: str = Field(description="In the reader's language.")


class ActView(View):
    """One thing that happened to a record, without what it changed."""

    id: UUID
    type: str
    title: str = Field(description="What happened, in the reader's language.")
    at: AwareDatetime
    actor: ActorView
    origin: OriginView
    request_id: str | None
    job_id: UUID | None
    reason: str | None = Field(description="Why, where somebody said.")


class ChangeView(View):
    """What a field was and became."""

    field: str
    label: str = Field(description="The field's heading, in the reader's language.")
    before: Any
    after: Any = Field(description="A secret shows that it changed, and not what to.")
    before_label: str | None = Field(
        description="What people read for `before`, in the reader's language: the word of a code,"
        " the name of whom or what an id stands for; null where it speaks for itself."
    )
    after_label: str | None = Field(description="The same for `after`.")


class HistoryEntry(ActView):
    """One thing that happened to the record."""

    changes: list[ChangeView] | None = Field(description="Null where it was erased.")
    data: dict[str, Any] | None


class HistoryQuery(PageQuery):
    """Which page of a history, and of which fields."""

    field: list[str] | None = Field(
        None,
        max_length=50,
        description="Only what changed one of these, such as `city` or `custom.visits`; may be"
        " repeated.",
    )
