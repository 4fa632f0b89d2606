"""What a linked customer shows of its other half: what has not followed from here or from there."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from hub.connections import declarations
from hub.connections.models import Connection
from hub.customers.models import AccountingState, Customer
from hub.history.recording import plain
from hub.i18n import N_
from hub.links import record_path
from hub.sync import standing
from hub.sync.mapping import Pair, Unreadable

NO_TABLE_ENTRY = N_("{field} in {system} does not follow: the mapping has no entry for “{value}”.")
UNREADABLE = N_("What stands in {system} cannot be taken in here and is left there: {reason}")
EXPLAINED = N_("{field}: {meaning} (“{quoted}”)")
QUOTED = N_("{field}: “{quoted}”")


def tell(
    session: Session,
    connection: Connection,
    pairs: Sequence[Pair],
    customer: Customer,
    left: Mapping[str, Unreadable],
) -> None:
    """Show on a linked customer what has not followed; nothing where all has."""
    told = message(session, connection, pairs, customer, left)
    standing.note(customer, connection.id, AccountingState.LINKED, told)


def message(
    session: Session,
    connection: Connection,
    pairs: Sequence[Pair],
    customer: Customer,
    left: Mapping[str, Unreadable],
) -> dict[str, Any] | None:
    """Return the message of a linked customer; None where there is nothing to tell.

    `left` are the values, by remote name, that stay there, for none of them can be read here. They
    come before a value of ours that no table of the mapping leads to: they may be news.
    """
    if left:
        return _unreadable(session, connection, customer, left)
    return _no_table_entry(session, connection, pairs, customer)


def labels(session: Session, connection: Connection) -> dict[str, str]:
    """Return what the fields of the other side are called, by name."""
    declared = declarations.get(session, connection.connector)
    return {field["name"]: field["label"] for field in declared["fields"]}


def _unreadable(
    session: Session, connection: Connection, customer: Customer, left: Mapping[str, Unreadable]
) -> dict[str, Any]:
    called = labels(session, connection)
    first = next(iter(left.values()))
    return {
        "code": "unreadable_there",
        "text": UNREADABLE,
        "params": {
            "system": connection.name,
            "reason": [_reason(each, called.get(name, name)) for name, each in left.items()],
        },
        "link": f"{record_path('customers', customer.id)}#/{first.local}",
    }


def _reason(value: Unreadable, label: str) -> dict[str, Any]:
    """Return why one is left there; of a field that not everybody is shown, no more than that."""
    if value.local in Customer.__classes__:
        return {"text": label, "params": {}}
    broken = value.errors[0]
    meaning = {"text": broken.message, "params": plain(broken.params)}
    return {
        "text": EXPLAINED,
        "params": {"field": {"text": label}, "meaning": meaning, "quoted": value.text},
    }


def _no_table_entry(
    session: Session, connection: Connection, pairs: Sequence[Pair], customer: Customer
) -> dict[str, Any] | None:
    """Return the message that a value is not there, for no table of the mapping leads to one."""
    for pair in pairs:
        value = pair.lacks(customer)
        if value is None:
            continue
        label = labels(session, connection).get(pair.remote, pair.remote)
        return {
            "code": "no_table_entry",
            "text": NO_TABLE_ENTRY,
            "params": {"system": connection.name, "field": {"text": label}, "value": value},
            "link": f"{record_path('connections', connection.id)}/mapping",
        }
    return None
