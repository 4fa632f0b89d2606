"""What can be assigned in a plan: every collection whose records belong to somebody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sqlalchemy import ColumnElement, and_, false

from hub.access import owning
from hub.customers.listing import CUSTOMERS
from hub.leads.listing import LEADS
from hub.listing import Listing
from hub.opportunities.listing import OPPORTUNITIES
from hub.plans.models import Plan

OWNER = "owner_user_id"


@dataclass(frozen=True, slots=True)
class Assignable:
    """A list whose records are assigned by `owning.FIELDS`.

    Those that are `guarded` can be protected, wait in pools, and be merged: customers.
    """

    listing: Listing[Any]
    guarded: bool = False
    fields: ClassVar = owning.FIELDS

    @property
    def model(self) -> type[Any]:
        """The model of its records."""
        return self.listing.model

    @property
    def entity(self) -> str:
        """The name of one of its records."""
        return str(self.model.entity())

    @property
    def event(self) -> str:
        """What the history calls it."""
        return f"{self.entity}.assigned"

    @property
    def living(self) -> ColumnElement[bool]:
        """The condition for records that are there and answer for themselves."""
        merged = [self.model.merged_into_id.is_(None)] if self.guarded else []
        return and_(self.model.deleted_at.is_(None), *merged)

    @property
    def guards(self) -> list[Any]:
        """The columns that say what keeps a record from being anybody's: `is_protected`, pools."""
        if not self.guarded:
            return [false().label("is_protected")]
        model = self.model
        pools = [model.pool_id, model.pool_state, model.pooled_at]
        return [model.is_protected.label("is_protected"), *pools]


Entity = Literal["customers", "leads", "opportunities"]

ENTITIES: Mapping[str, Assignable] = {
    each.listing.name: each
    for each in (
        Assignable(CUSTOMERS, guarded=True), Assignable(LEADS), Assignable(OPPORTUNITIES),
    )
}  # fmt: skip
"""By the names of the lists."""


def assigned_by(plan: Plan) -> Assignable:
    """Return what a plan assigns."""
    return ENTITIES[plan.scope["entity"]]
