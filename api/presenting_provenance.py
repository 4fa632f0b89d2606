"""Where the values of a customer come from."""

from typing import Any

from sqlalchemy import select

from api.calls import Call
from api.schemas.customers import FieldSource
from hub.connections.models import Connection
from hub.customers import facts
from hub.customers.models import Customer
from hub.origin import CauseKind
from hub.references import id_of

_BY_CONNECTION = frozenset({CauseKind.SHOP.value, CauseKind.ACCOUNTING.value})


def sources_of(call: Call[Any, Any], customer: Customer) -> dict[str, FieldSource]:
    """Return who set the present values that nobody typed, by field."""
    known = facts.provenance(call.session, customer)
    names = _names(call, {each.source for each in known.values() if each.origin in _BY_CONNECTION})
    return {
        field: FieldSource(
            origin=found.origin,
            source=found.source,
            source_name=names.get(found.source),
            at=found.at,
        )
        for field, found in known.items()
    }


def _names(call: Call[Any, Any], sources: set[str | None]) -> dict[str | None, str]:
    """Return what connections are called, by their ids as facts have them."""
    # Earlier versions kept the connector of accounting systems.
    ids = {found for each in sources if (found := id_of(each or "")) is not None}
    if not ids:
        return {}
    rows = call.session.execute(
        select(Connection.id, Connection.name).where(Connection.id.in_(ids))
    )
    return {str(row.id): row.name for row in rows}
