"""Pulls of customers: which page a cursor asks for, and which cursor follows.

Two streams. ``sweep`` goes through all customers by number; ``changes`` through those changed since
an instant, by time and number. Both ask for what comes after the last row they have seen, never for
the n-th page: rows that come and go, or move to the end because somebody edits them, shift pages by
offset, and a row that slips through a sweep would look deleted. Rows may be seen twice, which does
no harm.

A sweep is followed by the changes since it began. Times are the vendor's own throughout.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.accounting.economic.declaration import SYSTEM
from hub.errors import PermanentError
from hub.ports import RemoteCustomer

OVERLAP = timedelta(seconds=60)
"""How far each round goes back: a change may be visible later than its time says."""

_BEGINNING = "1970-01-01T00:00:00Z"
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Pull:
    """Where a pull stands; see `as_cursor` for how it is stored.

    `since` is the newest time that a finished round has seen (of a sweep: that was there when it
    began), `at` and `after` the time and number of the last row of an unfinished one.
    """

    sweeping: bool
    since: str
    at: str | None = None
    after: int | None = None

    def query(self) -> dict[str, str]:
        """Return the filter and sort of the next page."""
        if self.sweeping:
            query = {"sort": "customerNumber"}
            return (
                query
                if self.after is None
                else query | {"filter": f"customerNumber$gt:{self.after}"}
            )
        start = f"lastUpdated$gte:{_before(self.since)}"
        if self.at is not None:
            start = (
                f"(lastUpdated$gt:{self.at}$or:"
                f"(lastUpdated$eq:{self.at}$and:customerNumber$gt:{self.after}))"
            )
        return {"filter": start, "sort": "lastUpdated,customerNumber"}

    def following(self, page: Sequence[RemoteCustomer], *, more: bool) -> "Pull":
        """Return where the pull stands after a page; `more` says that another follows at once."""
        if self.sweeping:
            if more:
                return Pull(sweeping=True, since=self.since, after=int(page[-1].remote_id))
            return Pull(sweeping=False, since=self.since)
        last = _written(page[-1].updated_at) if page else self.at or self.since
        if more:
            return Pull(sweeping=False, since=self.since, at=last, after=int(page[-1].remote_id))
        return Pull(sweeping=False, since=max(self.since, last))

    def as_cursor(self) -> dict[str, Any]:
        """Return it as JSON."""
        cursor: dict[str, Any] = {
            "stream": "sweep" if self.sweeping else "changes",
            "last_updated": self.since,
        }
        if self.at is not None:
            cursor["at"] = self.at
        if self.after is not None:
            cursor["after"] = self.after
        return cursor


def beginning(newest: RemoteCustomer | None) -> Pull:
    """Return a sweep about to start; `newest` is the customer changed last, None where none is."""
    instant = newest.updated_at if newest else None
    return Pull(sweeping=True, since=_written(instant))


def from_cursor(cursor: Mapping[str, Any]) -> Pull:
    """Return where a stored cursor stands.

    Raises:
        PermanentError: it is none of ours.
    """
    stream, since = cursor.get("stream"), cursor.get("last_updated")
    at, after = cursor.get("at"), cursor.get("after")
    if stream not in ("sweep", "changes") or not isinstance(after, int | None):
        raise _not_ours()
    if stream == "changes" and (at is None) != (after is None):
        raise _not_ours()
    return Pull(stream == "sweep", _instant(since), None if at is None else _instant(at), after)


def _instant(value: Any) -> str:
    try:
        return _written(datetime.strptime(value, _FORMAT).replace(tzinfo=UTC))
    except (TypeError, ValueError) as error:
        raise _not_ours() from error


def _not_ours() -> PermanentError:
    return PermanentError(
        SYSTEM, "The stored cursor is not understood; a full pull makes a new one."
    )


def _before(since: str) -> str:
    if since == _BEGINNING:
        return since
    return _written(datetime.fromisoformat(since) - OVERLAP)


def _written(instant: datetime | None) -> str:
    return instant.astimezone(UTC).strftime(_FORMAT) if instant else _BEGINNING
