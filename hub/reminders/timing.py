"""When a reminder is due: a wall-clock time, or a day."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from hub.calendar_time import instant_of, instant_on

ALL_DAY_AT = time(8)
"""When the mail of an all-day reminder is due on its day, by its own clock: before work begins,
as calendars do it; the event itself stays a date."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time on a wall clock, or a whole day where `at` is None; of no zone by itself."""

    on: date
    at: time | None = None

    @classmethod
    def of(cls, text: str) -> "Moment":
        """Read ``reminder.fire_at_local``."""
        day, _, clock = text.partition("T")
        return cls(date.fromisoformat(day), time.fromisoformat(clock) if clock else None)

    def __str__(self) -> str:
        """Return it as ``reminder.fire_at_local``."""
        if self.at is None:
            return self.on.isoformat()
        return datetime.combine(self.on, self.at).isoformat(timespec="seconds")

    def due_at(self, zone: str) -> datetime:
        """Return the instant at which its mail is due.

        Raises:
            ValidationError: the zone is unknown, or the time lies outside the years 1 to 9999.
        """
        if self.at is None:
            return instant_on(self.on, zone, at=ALL_DAY_AT)
        return instant_of(datetime.combine(self.on, self.at), zone)

    def over_at(self, zone: str) -> datetime:
        """Return the instant from which its event lies in the past.

        Raises:
            ValidationError: as `due_at`.
        """
        if self.at is None:
            return instant_on(self.on + timedelta(days=1), zone)
        return self.due_at(zone)
