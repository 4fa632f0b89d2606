"""Whose a record is, as the API takes it."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from api.schemas.fields import OneLine, broken
from api.schemas.shapes import Body, absent
from hub.i18n import N_

Reason = Annotated[str, OneLine(500), Field(description="Kept in the history.")]


class OwnershipChange(Body):
    """Whose a record is to be; what is left out stays, null leaves it empty."""

    owner_user_id: UUID | None = absent()
    team_id: UUID | None = absent()
    inside_rep_id: UUID | None = absent()
    outside_rep_id: UUID | None = absent()
    reason: Reason

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.changes():
            raise broken("required", N_("Name an owner, a team, or a representative."))
        return self

    def changes(self) -> dict[str, Any]:
        """Return the fields to change, None where one is to be left empty."""
        return {name: value for name, value in self.given().items() if name != "reason"}


class Taking(Body):
    """Why somebody takes a record."""

    reason: Reason
