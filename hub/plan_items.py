"""What of a plan's items somebody may see.

Who asked for a plan may have lost sight of a record, and not every field was ever his to see.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import readings
from hub.access.fields import readable, readable_errors
from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.customers.models import Contact, Customer
from hub.i18n import N_
from hub.leads.models import Lead
from hub.opportunities.models import Opportunity
from hub.plans.models import Plan, PlanItem
from hub.references import unseen_in, without_ids
from hub.sync import loading
from hub.sync.showing import RemoteFields, remote_fields

_MODELS: Mapping[str, type[Any]] = {
    each.entity(): each for each in (Customer, Contact, Lead, Opportunity)
}
UNSEEN = N_("It is about a record that you may not see.")
_NAMES = "customer_id"  # by which a reason names another customer


@dataclass(frozen=True, slots=True)
class Sight:
    """What of items their reader may see: not all records that they name, nor all their fields.

    `unseen` are the ids of further records that the items' values name. `remote` are the fields of
    another system whose values he is shown, where the items' values stand in its words; None where
    they are the records' own.
    """

    principal: Principal
    hidden: frozenset[UUID] = frozenset()
    unseen: frozenset[str] = frozenset()
    remote: RemoteFields | None = None

    def hides(self, item: PlanItem) -> bool:
        """Say whether an item is about a record that he may not see."""
        return item.record_id in self.hidden

    def values(self, item: PlanItem, values: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Return values of an item by field, without those of fields that he is not shown."""
        if self.remote is not None:
            return self.remote.only(values)
        return readable(self.principal, item.entity, values)

    def reasons(self, item: PlanItem) -> list[dict[str, Any]]:
        """Return an item's reasons, without the words of those that tell of what is hidden."""
        return [
            {**reason, "message": UNSEEN, "params": {}}
            if self.hides(item) or _named(reason) in self.hidden
            else reason
            for reason in readable_errors(self.principal, item.entity, item.errors)
        ]

    def shown(self, item: PlanItem) -> dict[str, Any]:
        """Return an item's columns as its reader may see them."""
        columns = {column.key: getattr(item, column.key) for column in PlanItem.__mapper__.columns}
        columns |= {
            name: without_ids(self.values(item, columns[name]), self.unseen)
            for name in ("before", "after")
        }
        columns["source"] = self._source(item)
        if self.hides(item):
            blank = ("record_id", "record_version", "external_id", "before", "after", "source")
            columns |= dict.fromkeys(blank)
        if item.errors is not None:
            columns["errors"] = self.reasons(item)
        return columns

    def _source(self, item: PlanItem) -> dict[str, Any] | None:
        if item.entity == Lead.entity():
            return None  # what a conversion was asked for: its other items tell what comes of it
        if self.remote is None or item.source is None:
            return readable(self.principal, item.entity, item.source)
        return {**item.source, "fields": self.remote.only(item.source.get("fields"))}


def sight_of(
    session: Session, principal: Principal, plan: Plan, items: Sequence[PlanItem]
) -> Sight:
    """Return what a caller may see of some items of a plan.

    What only a right to all shows him is marked.
    """
    hidden: set[UUID] = set()
    for entity, model in _MODELS.items():
        named = set(_records(items, entity))
        if not named:
            continue
        seen = session.scalars(
            select(model.id).where(model.id.in_(named), visible(principal, Verb.READ, model))
        )
        hidden |= named - set(seen)
        readings.note_found(session, principal, model, named - hidden, "plan")
    remote = None
    if plan.kind == loading.KIND:
        connection_id = UUID(plan.scope["connection_id"])
        remote = remote_fields(session, principal, connection_id)
    values = ((item.entity, each) for item in items for each in (item.before, item.after))
    return Sight(principal, frozenset(hidden), unseen_in(session, principal, values), remote)


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
