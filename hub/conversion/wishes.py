"""What a lead is to become, as whoever converts it says, and as its plan keeps it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from uuid import UUID

from hub.customers.models import Contact, Customer, CustomerRole
from hub.db import Base
from hub.history.past import restored
from hub.history.recording import plain
from hub.opportunities.models import Opportunity


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a lead is to become.

    Attributes:
        customer_id: the customer that it becomes a part of; None for a new one.
        role: what the customer is from then on; None leaves an existing one what it is, and makes a
            new one a prospect.
        customer: fields of a new customer, before those that are copied from the lead.
        contact_id: the contact of an existing customer that it was about.
        contact: fields of a new contact, before those that are copied; None for what the lead
            itself says: a contact where it names a person.
        without_contact: no contact is wanted, whatever the lead says.
        opportunity: fields of the opportunity that comes of it; None for none.
        pipeline: of the opportunity; None for the default one.
        duplicate_reason: why a second customer like one that exists is wanted; None without leave.
        reason: why it is converted, for the history.
    """

    customer_id: UUID | None = None
    role: CustomerRole | None = None
    customer: Mapping[str, Any] = field(default_factory=dict)
    contact_id: UUID | None = None
    contact: Mapping[str, Any] | None = None
    without_contact: bool = False
    opportunity: Mapping[str, Any] | None = None
    pipeline: str | None = None
    duplicate_reason: str | None = None
    reason: str | None = None

    def stored(self) -> dict[str, Any]:
        """Return it as JSON can carry it."""
        stored: dict[str, Any] = plain(asdict(self))
        return stored

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return what was stored."""
        return cls(**{
            **stored,
            "customer_id": _id(stored["customer_id"]),
            "contact_id": _id(stored["contact_id"]),
            "role": CustomerRole(stored["role"]) if stored["role"] else None,
            "customer": _typed(Customer, stored["customer"]),
            "contact": _typed(Contact, stored["contact"]),
            "opportunity": _typed(Opportunity, stored["opportunity"]),
        })  # fmt: skip


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def as_stored(model: type[Base], name: str, value: Any) -> Any:
    """Return the value of a field of a model as its column has it, read from JSON."""
    column = model.__table__.columns.get(name)
    return value if column is None else restored(column.type, value)


def _typed(model: type[Base], stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if stored is None:
        return None
    return {name: as_stored(model, name, value) for name, value in stored.items()}
