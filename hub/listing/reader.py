"""For whom a list is read: whose day it is, who `me` is, and which fields he may see."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, cast, func

from hub.clock import business_date
from hub.listing.further import Further, nothing_further

PUBLIC = "public"


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """Where a viewer sees the records that a column names (`given`), and where not (`withheld`).

    Each is the other's opposite, in the form that indexes serve. An empty column withholds nothing.
    """

    given: ColumnElement[bool]
    withheld: ColumnElement[bool]


Seeing = Callable[[Any, str, Any], Sight | None]
"""Tells it of a viewer, an entity and a column that names one of it: None where he sees all."""

_SEEING: list[Seeing] = []


def declare_seeing(seeing: Seeing) -> None:
    """Have lists ask what their readers see of other records; `hub.rules` connects it."""
    _SEEING[:] = [seeing]


@dataclass(frozen=True, slots=True)
class Reader:
    """The person who will read the list: for a scheduled report its recipient, not its author.

    `classes` are the permission classes of fields that he may read; a field of any other class does
    not exist for him, neither as a column nor as a filter. `sees_deleted` lets him ask for
    tombstones. `viewer` is he as those know him who decide which rows he sees: fields that tell of
    other records ask them (`Field.condition_for`). `further` tells the fields that his installation
    has added to a list.
    """

    now: datetime
    zone: str
    user_id: UUID | None = None
    locale: str = "en"
    classes: frozenset[str] = frozenset({PUBLIC})
    sees_deleted: bool = False
    viewer: Any = None
    further: Further = field(default=nothing_further, repr=False, compare=False)

    def sees(self, entity: str, column: Any) -> Sight | None:
        """Return where he sees the record of an entity that a column names.

        None where nothing is hidden from him.
        """
        if self.viewer is None or not _SEEING:
            return None
        return _SEEING[0](self.viewer, entity, column)

    def midnight(self, day: date) -> datetime:
        """Return the instant at which a day begins where he is."""
        return datetime.combine(day, time.min, self.timezone).astimezone(UTC)

    def day_of(self, instant: Any) -> ColumnElement[date]:
        """Return the SQL for the calendar day on which an instant falls where he is."""
        return cast(func.timezone(self.zone, instant), Date)

    @property
    def today(self) -> date:
        """The calendar day where he is."""
        return business_date(self.now, self.zone)

    @property
    def timezone(self) -> ZoneInfo:
        """His zone."""
        return ZoneInfo(self.zone)
