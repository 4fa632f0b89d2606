"""The kinds of records of which two may be one, and the keys of those that have none yet."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, inspect, select
from sqlalchemy.orm import Session

from hub import matching
from hub.customers.models import Customer
from hub.customers.services import party_of as party_of_customer
from hub.leads import alike
from hub.leads.models import Lead
from hub.matching import Party
from hub.matching.models import match_party


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind: its model, what is compared of a record, and which records take part."""

    model: type[Any]
    party_of: Callable[[Mapping[str, Any]], Party]
    takes_part: ColumnElement[bool]

    @property
    def entity(self) -> str:
        """What it is called in pairs and keys."""
        return str(self.model.entity())

    def has(self, session: Session, record_id: UUID) -> bool:
        """Say whether a record takes part."""
        found = select(self.model.id).where(self.model.id == record_id, self.takes_part)
        return session.scalar(found) is not None


KINDS: Mapping[str, Kind] = {
    kind.entity: kind
    for kind in (
        Kind(
            Customer,
            party_of_customer,
            and_(Customer.deleted_at.is_(None), Customer.merged_into_id.is_(None)),
        ),
        # One of a customer is that customer's: whose duplicates are looked for among customers.
        Kind(Lead, alike.party_of, and_(Lead.deleted_at.is_(None), Lead.customer_id.is_(None))),
    )
}
"""All kinds, in the order in which a scan passes over them."""


def party_of(kind: Kind, record: Any) -> Party:
    """Return what is compared of a record."""
    columns = inspect(kind.model).column_attrs
    return kind.party_of({column.key: getattr(record, column.key) for column in columns})


def write_missing(session: Session, entity: str, record_ids: Sequence[UUID]) -> None:
    """Give keys to those that have none, or have them by older rules; so rules may change."""
    missing = matching.outdated(session, entity, record_ids)
    if not missing:
        return
    kind = KINDS[entity]
    records = session.scalars(select(kind.model).where(kind.model.id.in_(missing), kind.takes_part))
    matching.write_many(
        session, entity, [(record.id, party_of(kind, record)) for record in records]
    )


def without_keys(session: Session, entity: str, limit: int) -> Sequence[UUID]:
    """Return records that take part and have no keys: they were there before their kind was."""
    kind = KINDS[entity]
    has_keys = select(match_party.c.record_id).where(
        match_party.c.entity == entity, match_party.c.record_id == kind.model.id
    )
    wanted = select(kind.model.id).where(kind.takes_part, ~has_keys.exists())
    return session.scalars(wanted.order_by(kind.model.id).limit(limit)).all()
