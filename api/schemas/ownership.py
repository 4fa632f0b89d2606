"""Whose records are, as the API takes it."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from api.schemas.fields import OneLine, broken
from api.schemas.shapes import Body, absent
from hub.assignments.entities import Entity
from hub.assignments.requesting import MOST
from hub.i18n import N_

MOST_NAMED = 10_000  # beyond, they are asked for by a query
Reason = Annotated[str, OneLine(500), Field(description="Kept in the history.")]


class Owners(Body):
    """Whose a record is to be; what is left out stays, null leaves it empty."""

    owner_user_id: UUID | None = absent()
    team_id: UUID | None = absent()
    inside_rep_id: UUID | None = absent()
    outside_rep_id: UUID | None = absent()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.changes():
            raise broken("required", N_("Name an owner, a team, or a representative."))
        return self

    def changes(self) -> dict[str, Any]:
        """Return the fields to change, None where one is to be left empty."""
        return {name: value for name, value in self.given().items() if name in Owners.model_fields}


class OwnershipChange(Owners):
    """Whose one record is to be, and why."""

    reason: Reason


class Taking(Body):
    """Why somebody takes a record."""

    reason: Reason


class OwnershipRequest(Body):
    """Which records somebody applies for, and why."""

    entity: Literal["leads", "opportunities"]
    ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST)]
    reason: Reason


class AssignmentCreate(Body):
    """Which records are to be whose: they are named, or asked for as their list is."""

    entity: Entity = "customers"
    ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST_NAMED)] | None = None
    query: dict[str, Any] | None = Field(
        None,
        description="A stored query of the list: all that it finds.",
        examples=[{"filter": {"owner": "01900000-0000-7000-8000-000000000001"}}],
    )
    set: Owners
    reason: Reason

    @model_validator(mode="after")
    def _chooses_once(self) -> Self:
        if (self.ids is None) is (self.query is None):
            raise broken("required", N_("Give either ids or a query."))
        return self

    @property
    def chosen(self) -> list[UUID] | dict[str, Any]:
        """Return what they are chosen by."""
        return self.ids if self.ids is not None else self.query or {}
