"""Absences as the API takes and shows them."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.schemas.fields import OneLine
from api.schemas.shapes import Body, Patch, RecordView, absent

Reason = Annotated[str, OneLine(500)]
_REASON = "For the person himself and whoever leads him; nobody else is shown it."


class AbsenceCreate(Body):
    """Days on which somebody is away; you, where nobody is named."""

    user_id: UUID | None = None
    starts_on: date
    ends_on: date = Field(description="The last day. Days are those of the person's own zone.")
    reason: Reason | None = Field(None, description=_REASON)


class AbsencePatch(Patch):
    """What changes of an absence; whose it is stays."""

    starts_on: date = absent()
    ends_on: date = absent()
    reason: Reason | None = absent()


class AbsenceView(RecordView):
    """Days on which somebody is away, the last one included."""

    user_id: UUID
    starts_on: date
    ends_on: date
    reason: str | None
