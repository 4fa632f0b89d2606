"""How far a look through Virk's changes has come: a position that survives as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.registries import Part
from hub.errors import MalformedReplyError

OVERLAP = timedelta(minutes=10)  # the index shows a change some minutes after its time stamp
_MOST_TOLD = 2_000  # bounds the cursor; a change told twice does no harm


@dataclass(frozen=True, slots=True)
class Position:
    """A time reached, and on the way the scroll; `told` are the changes near it already told.

    `exact` is set where a lapsed scroll is resumed: everything before the time was seen just now.
    """

    reached: datetime
    scroll_id: str | None = None
    told: tuple[str, ...] = ()
    exact: bool = False

    @classmethod
    def at(cls, hit: Part) -> "Position":
        """Return the position of one company's last change."""
        return cls(_moment(hit), told=(_key(hit),))

    @classmethod
    def from_cursor(cls, system: str, cursor: Mapping[str, Any]) -> "Position":
        """Return the position a stored cursor describes.

        Raises:
            MalformedReplyError: it is no cursor of ours.
        """
        try:
            reached = datetime.fromisoformat(cursor["reached"])
            told = tuple(str(key) for key in cursor.get("told", ()))
            exact = cursor.get("exact", False) is True
            if reached.tzinfo is None:
                raise ValueError("naive")  # noqa: TRY301 - the same refusal as for the others
        except (KeyError, TypeError, ValueError) as error:
            raise MalformedReplyError(system, "The stored cursor is not one of ours.") from error
        return cls(reached, cursor.get("scroll_id"), told, exact)

    def to_cursor(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "reached": self.reached.isoformat(timespec="milliseconds"),
            "scroll_id": self.scroll_id,
            "told": list(self.told),
            "exact": self.exact,
        }

    def start(self) -> str:
        """Return the time from which a new scroll looks."""
        begin = self.reached if self.exact else self.reached - OVERLAP
        return begin.isoformat(timespec="milliseconds")

    def restarted(self) -> "Position":
        """Return the position from which to begin a lapsed scroll anew."""
        return replace(self, scroll_id=None, exact=True)

    def finished(self) -> "Position":
        """Return the position when a scroll has ended: the next look overlaps this one."""
        return replace(self, scroll_id=None, exact=False)

    def after(self, hits: Sequence[Part], scroll_id: str) -> tuple[tuple[str, ...], "Position"]:
        """Return the numbers not told before, in order, and the position after a page of hits."""
        told = dict.fromkeys(self.told)
        numbers: dict[str, None] = {}
        reached = self.reached
        for hit in hits:
            reached = max(reached, _moment(hit))
            number = hit.text("cvrNummer")
            if number is not None and _key(hit) not in told:
                numbers[number.zfill(8)] = None
                told[_key(hit)] = None
        recent = [key for key in told if _stamp(key) >= reached - OVERLAP]
        return tuple(numbers), Position(reached, scroll_id, tuple(recent[-_MOST_TOLD:]), self.exact)


def _key(hit: Part) -> str:
    return f"{hit.required('enhedsNummer')} {_moment(hit).isoformat(timespec='milliseconds')}"


def _stamp(key: str) -> datetime:
    return datetime.fromisoformat(key.partition(" ")[2])


def _moment(hit: Part) -> datetime:
    try:
        moment = datetime.fromisoformat(hit.required("sidstOpdateret"))
    except ValueError as error:
        raise hit.unknown("sidstOpdateret", "a time") from error
    if moment.tzinfo is None:
        raise hit.unknown("sidstOpdateret", "a time with its zone")
    return moment
