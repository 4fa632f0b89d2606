"""What of a plan's items somebody may see: who asked for a plan may have lost sight of a record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import readings
from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.customers.models import Customer
from hub.i18n import N_
from hub.plans.models import PlanItem

_MODELS: Mapping[str, type[Any]] = {Customer.entity(): Customer}
UNSEEN = N_("It is about a record that you may not see.")
_NAMES = "customer_id"  # by which a reason names another customer


@dataclass(frozen=True, slots=True)
class Sight:
    """Which of the records that items name their reader may not see."""

    hidden: frozenset[UUID] = field(default_factory=frozenset)

    def hides(self, item: PlanItem) -> bool:
        """Say whether an item is about one of them."""
        return item.record_id in self.hidden

    def reasons(self, item: PlanItem) -> list[dict[str, Any]]:
        """Return an item's reasons, without the words of those that name what is hidden."""
        return [
            {**reason, "message": UNSEEN, "params": {}}
            if self.hides(item) or _named(reason) in self.hidden
            else reason
            for reason in item.errors or ()
        ]

    def shown(self, item: PlanItem) -> dict[str, Any]:
        """Return an item's columns as its reader may see them."""
        columns = {column.key: getattr(item, column.key) for column in PlanItem.__mapper__.columns}
        if self.hides(item):
            blank = ("record_id", "record_version", "external_id", "before", "after", "source")
            columns |= dict.fromkeys(blank)
        if item.errors is not None:
            columns["errors"] = self.reasons(item)
        return columns


def sight_of(session: Session, principal: Principal, items: Sequence[PlanItem]) -> Sight:
    """Return what a caller may see of some items, and mark what only a right to all shows him."""
    hidden: set[UUID] = set()
    for entity, model in _MODELS.items():
        named = set(_records(items, entity))
        if not named:
            continue
        seen = session.scalars(
            select(model.id).where(model.id.in_(named), visible(principal, Verb.READ, model))
        )
        hidden |= named - set(seen)
        readings.note_ids(session, principal, model, named - hidden, "plan")
    return Sight(frozenset(hidden))


def _records(items: Iterable[PlanItem], entity: str) -> Iterable[UUID]:
    for item in items:
        if item.entity != entity:
            continue
        if item.record_id is not None:
            yield item.record_id
        yield from (named for reason in item.errors or () if (named := _named(reason)) is not None)


def _named(reason: Mapping[str, Any]) -> UUID | None:
    text = (reason.get("params") or {}).get(_NAMES)
    return UUID(text) if text else None
