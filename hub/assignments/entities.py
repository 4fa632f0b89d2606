"""What can be assigned in a plan: every collection whose records belong to somebody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_

from hub.access import owning
from hub.customers import ownership
from hub.customers.listing import CUSTOMERS
from hub.listing import Listing
from hub.plans.models import Plan

OWNER = "owner_user_id"


@dataclass(frozen=True, slots=True)
class Assignable:
    """A list whose records are assigned by `fields`; `event` is what the history calls that."""

    listing: Listing[Any]
    fields: frozenset[str]
    event: str

    @property
    def model(self) -> type[Any]:
        """The model of its records."""
        return self.listing.model

    @property
    def entity(self) -> str:
        """The name of one of its records."""
        return str(self.model.entity())

    @property
    def living(self) -> ColumnElement[bool]:
        """The condition for records that are there and answer for themselves."""
        return and_(self.model.deleted_at.is_(None), self.model.merged_into_id.is_(None))


Entity = Literal["customers"]

ENTITIES: Mapping[str, Assignable] = {
    CUSTOMERS.name: Assignable(CUSTOMERS, owning.FIELDS, ownership.ASSIGNED)
}
"""By the names of the lists."""


def assigned_by(plan: Plan) -> Assignable:
    """Return what a plan assigns."""
    return ENTITIES[plan.scope["entity"]]
