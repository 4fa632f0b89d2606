"""For whom a list is read: whose day it is, who `me` is, and which fields he may see."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, cast, func

from hub.clock import business_date

PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Reader:
    """The person who will read the list: for a scheduled report its recipient, not its author.

    `classes` are the permission classes of fields that he may read; a field of any other class does
    not exist for him, neither as a column nor as a filter. `sees_deleted` lets him ask for
    tombstones.
    """

    now: datetime
    zone: str
    user_id: UUID | None = None
    locale: str = "en"
    classes: frozenset[str] = frozenset({PUBLIC})
    sees_deleted: bool = False

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
