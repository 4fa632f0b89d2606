"""Values that stand in the other system's words: shown as the customer's own fields are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.access.fields import hidden_fields
from hub.access.principals import Principal
from hub.connections import services as connections
from hub.customers.models import Customer
from hub.sync import mapping


@dataclass(frozen=True, slots=True)
class RemoteFields:
    """The remote fields whose values a caller is shown; None for all."""

    shown: frozenset[str] | None = None

    def only(self, values: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Return values without those that are not shown."""
        if values is None:
            return None
        return {
            name: each for name, each in values.items() if self.shown is None or name in self.shown
        }


def remote_fields(session: Session, principal: Principal, connection_id: UUID) -> RemoteFields:
    """Return which remote fields of a connection a caller is shown.

    What no field here stands for may be anything, and is for those alone who are shown everything.
    """
    hidden = hidden_fields(principal, Customer)
    if not hidden:
        return RemoteFields()
    pairs = mapping.pairs_of(session, connections.get(session, connection_id))
    covered = {pair.remote for pair in pairs if pair.local in hidden}
    return RemoteFields(frozenset(pair.remote for pair in pairs) - covered)
