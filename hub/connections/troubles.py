"""What is wrong with a connection, and what somebody can do about it, in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.connections.models import USABLE, Connection, ConnectionState
from hub.i18n import N_


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong, with a code that is stable in any language, and what to do."""

    code: str
    text: str
    remedy: str
    params: Mapping[str, Any] = field(default_factory=dict)


OUTGOING_HELD = Trouble(
    "outgoing_held",
    N_("Changes are held back until its plan is looked at."),
    N_("Look at the first plan, then let changes go to the other side."),
)
_TROUBLES = {
    ConnectionState.REVOKED: Trouble(
        "connection_revoked",
        N_("The other side refuses our credentials."),
        N_("Enter new credentials and test the connection; what waits then goes out by itself."),
    ),
    ConnectionState.PAUSED: Trouble(
        "connection_paused",
        N_("Somebody has paused this connection; changes are collected."),
        N_("Test or activate the connection; what waits then goes out."),
    ),
    ConnectionState.DEGRADED: Trouble(
        "connection_degraded",
        N_("Calls to the other side keep failing."),
        N_("Nothing yet: calls are tried again. If it goes on, ask the other side, then test."),
    ),
}


def trouble_of(connection: Connection) -> Trouble | None:
    """Return what is wrong with a connection, as it says itself; None where it works."""
    trouble, told = _TROUBLES.get(connection.state), connection.message
    if trouble is None or told is None:
        return trouble
    return Trouble(told["code"], told["text"], trouble.remedy, told.get("params") or {})


def holding_back(connection: Connection) -> Trouble | None:
    """Return why what is to be sent over a connection waits; None where it goes out."""
    if connection.state not in USABLE:
        return trouble_of(connection)
    return OUTGOING_HELD if connection.outgoing_held else None
