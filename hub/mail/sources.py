"""What asks for mail: whether it is still wanted, and what follows when it is out or refused."""

from typing import Protocol

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


_SOURCES: dict[str, Source] = {}
_PLAIN = _Plain()


def declare_source(source_type: str, source: Source) -> None:
    """Have the mails of a concept asked about and reported to it; `hub.reactions` connects them."""
    _SOURCES[source_type] = source


def source_of(delivery: Delivery) -> Source:
    """Return what answers for a delivery."""
    return _SOURCES.get(delivery.source_type, _PLAIN)
