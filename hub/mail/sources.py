"""What asks for mail: whether it is still wanted, and what follows when it is out or refused."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from sqlalchemy.orm import Session

from hub.mail.models import Delivery


class Source(Protocol):
    """A concept whose records ask for mail, named by ``delivery.source_type``."""

    def wants(self, session: Session, delivery: Delivery) -> bool:
        """Say whether an unsent mail is still wanted; locks what the answer depends on."""
        ...

    def settled(self, session: Session, delivery: Delivery) -> None:
        """Take note, in the same commit, that a mail was sent or has failed."""
        ...


class _Plain:
    """A source that always wants its mail and needs no word of it."""

    def wants(self, session: Session, delivery: Delivery) -> bool:
        del session, delivery
        return True

    def settled(self, session: Session, delivery: Delivery) -> None:
        del session, delivery


Gate = Callable[[Session, Delivery], Mapping[str, Any] | None]
"""Says why a mail may not go out, whatever asks for it, as {code, text, params}; None where it may.
"""

_SOURCES: dict[str, Source] = {}
_GATES: list[Gate] = []
_PLAIN = _Plain()


def declare_source(source_type: str, source: Source) -> None:
    """Have the mails of a concept asked about and reported to it; `hub.reactions` connects them."""
    _SOURCES[source_type] = source


def declare_gate(gate: Gate) -> None:
    """Have every mail pass a gate when its turn comes; `hub.reactions` connects them."""
    if gate not in _GATES:
        _GATES.append(gate)


def stopped(session: Session, delivery: Delivery) -> Mapping[str, Any] | None:
    """Return what the first gate says that stops a mail, None where none does."""
    return next((said for gate in _GATES if (said := gate(session, delivery))), None)


def source_of(delivery: Delivery) -> Source:
    """Return what answers for a delivery."""
    return _SOURCES.get(delivery.source_type, _PLAIN)
