"""Protection as the API takes and shows it."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.fields import Instant
from api.schemas.shapes import Body, View
from api.schemas.sharing import Reason


class ProtectionBody(Body):
    """For how long: until an instant, for some days, or as long as the policy says."""

    until: Instant | None = None
    days: int | None = Field(None, ge=1, le=3650)
    reason: Reason | None = Field(None, description="Kept in the history.")


class ProtectionEvent(View):
    """Something that happened to a protection.

    Readings by a right to everything are, too, and that somebody was told that there is one.
    """

    type: str
    at: AwareDatetime
    by: UUID | None
    by_name: str | None
    until: AwareDatetime | None = None
    reason: str | None = None
    how: str | None = Field(None, description="Of a reading: record, list, export, report, …")
    matched_on: list[str] | None = Field(
        None, description="Of a `blind_match`: which fields of his own `by` had given."
    )


class ProtectionView(View):
    """Whether a customer is protected; `id` and `version` are the customer's."""

    id: UUID
    version: int
    protected: bool
    until: AwareDatetime | None
    since: AwareDatetime | None
    by: UUID | None
    history: list[ProtectionEvent] = Field(
        description="The newest 100 events; empty for those who may not protect it."
    )
