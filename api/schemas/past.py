"""Records as they were, as the API shows them."""

from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.customers import FieldSource
from api.schemas.events import ActView, ChangeView
from api.schemas.shapes import Query, View

RecordT = TypeVar("RecordT", bound=View)


class PastQuery(Query):
    """When."""

    at: AwareDatetime | None = Field(
        None, description="The instant, with its offset; now where there is none."
    )
    compared_with: AwareDatetime | None = Field(
        None, description="Another instant: `changes` then has what was different."
    )


class FieldOrigin(View):
    """How a field came to its value."""

    field: str = Field(description="As events name it.")
    label: str = Field(description="Its heading, in the reader's language.")
    value: Any = Field(description="As events have it; null where it is lost, `•` for a secret.")
    before: Any = Field(description="What it was before that.")
    value_label: str | None = Field(
        description="What people read for `value`, in the reader's language; null where it speaks"
        " for itself."
    )
    before_label: str | None = Field(description="The same for `before`.")
    event_id: UUID | None = Field(
        description="Which of `events` set it, the record's first where nobody did since; null"
        " where the history does not say."
    )
    lost: bool = Field(description="That event was erased.")
    source: FieldSource | None = Field(
        description="Which outside system says the same, and when it said so last."
    )


class PastView(View, Generic[RecordT]):
    """A record as it stood at an instant."""

    entity: str
    id: UUID
    at: AwareDatetime
    record: RecordT = Field(description="In the form in which it is read; what is lost is absent.")
    lost: list[str] = Field(description="Fields of which nobody knows any more what they held.")
    not_kept: list[str] = Field(
        description="What reading it shows besides: it is reckoned anew each time, or not kept."
    )
    origins: list[FieldOrigin]
    events: list[ActView] = Field(description="Those that `origins` name, the newest first.")
    last_event_id: UUID | None = Field(description="What had happened to it last.")
    deleted: ActView | None = Field(
        description="Who had taken it away, when and why; null where it was there."
    )
    changes: list[ChangeView] | None = Field(
        description="From the earlier of the two instants to the later; null where one is given."
    )
