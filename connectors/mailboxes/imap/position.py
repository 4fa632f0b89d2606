"""How far a folder was read: the cursor of a connection, as a value."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.ports import ReceivedMessage


@dataclass(frozen=True, slots=True)
class Position:
    """All messages up to `uid` of a folder were read; `place` is which folder.

    `floor` is when the newest message came that was there before the first reading, `latest` when
    the newest one came of all that were read since. `catching_up` says that the folder was numbered
    anew, or is another one, and is read from shortly before `latest`. `unmarked` were taken and
    are to be marked yet.
    """

    place: str
    validity: int
    uid: int = 0
    floor: datetime | None = None
    latest: datetime | None = None
    catching_up: bool = False
    unmarked: tuple[int, ...] = ()

    @classmethod
    def of(cls, cursor: Mapping[str, Any] | None, place: str, validity: int) -> "Position | None":
        """Return where to go on in a folder of a UIDVALIDITY; None where it was never read.

        A cursor of another folder says from when on this one is news.
        """
        known = cls.read(cursor) if cursor is not None else None
        if known is None or (known.place, known.validity) == (place, validity):
            return known
        if known.place != place and known.latest is None and known.floor is None:
            return None
        return replace(known, place=place, validity=validity, uid=0, catching_up=True, unmarked=())

    @classmethod
    def read(cls, cursor: Mapping[str, Any]) -> "Position":
        """Return a stored cursor as a value."""
        return cls(
            cursor["place"],
            cursor["uidvalidity"],
            cursor["uid"],
            _instant(cursor.get("floor")),
            _instant(cursor.get("latest")),
            bool(cursor.get("catching_up")),
            tuple(cursor.get("unmarked") or ()),
        )

    @property
    def since(self) -> datetime | None:
        """From when on messages are looked at; None looks at all above `uid`."""
        return (self.latest or self.floor) if self.catching_up else None

    def as_cursor(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "place": self.place,
            "uidvalidity": self.validity,
            "uid": self.uid,
            "floor": self.floor.isoformat() if self.floor else None,
            "latest": self.latest.isoformat() if self.latest else None,
            "catching_up": self.catching_up,
            "unmarked": list(self.unmarked),
        }

    def is_news(self, found: ReceivedMessage) -> bool:
        """Say whether a message is to be taken: in a folder numbered anew, not what lay there."""
        if not self.catching_up or self.floor is None or found.received_at is None:
            return True
        return found.received_at > self.floor

    def moved_on(self, uid: int, found: Iterable[ReceivedMessage]) -> "Position":
        """Return the position behind some messages."""
        times = [each.received_at for each in found if each.received_at]
        latest = max([*times, *([self.latest] if self.latest else [])], default=None)
        return replace(self, uid=uid, latest=latest)

    def with_unmarked(self, uids: Iterable[int]) -> "Position":
        """Return it with what is to be marked."""
        return replace(self, unmarked=tuple(uids))

    def caught_up(self) -> "Position":
        """Return it as of a folder that was read to its end."""
        return replace(self, catching_up=False)


def _instant(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
