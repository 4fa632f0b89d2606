"""When an activity is: from a beginning, perhaps to an end, or by a time; or at no time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.calendar_time import check_zone, instant_on
from hub.errors import ValidationError
from hub.i18n import N_
from hub.reminders.timing import Moment

FIELDS = frozenset({"start", "end", "due", "zone"})
"""What is said of it where an activity is written."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Times on the wall clock of a zone, or whole days."""

    start: Moment | None
    end: Moment | None
    due: Moment | None
    zone: str

    @classmethod
    def of(cls, activity: Any) -> "Timing":
        """Return when an activity is."""
        return cls(
            start=_read(activity.starts_local),
            end=_read(activity.ends_local),
            due=_read(activity.due_local),
            zone=activity.zone,
        )

    def changed(self, values: Mapping[str, Any]) -> "Timing":
        """Return it with what `values` say of it.

        Raises:
            ValidationError: it is no time that anything can have.
        """
        timing = replace(self, **{name: values[name] for name in FIELDS & values.keys()})
        timing.check()
        return timing

    @property
    def columns(self) -> dict[str, str | None]:
        """The columns that keep it."""
        return {
            "starts_local": _written(self.start),
            "ends_local": _written(self.end),
            "due_local": _written(self.due),
            "zone": self.zone,
        }

    @property
    def begins_at(self) -> datetime | None:
        """The instant at which it begins or is due; of a day, when that begins."""
        moment = self.start or self.due
        if moment is None:
            return None
        return instant_on(moment.on, self.zone) if moment.at is None else moment.due_at(self.zone)

    @property
    def over_at(self) -> datetime | None:
        """The instant from which it is too late; of a day, when that is over."""
        moment = self.end or self.start or self.due
        return None if moment is None else moment.over_at(self.zone)

    def check(self) -> None:
        """Pass where it is a time that something can have.

        Raises:
            ValidationError: it is not.
        """
        check_zone(self.zone)
        if self.start is not None and self.due is not None:
            raise ValidationError.of(
                "/due", "start_or_due", N_("It has a beginning or a time by which it is due.")
            )
        if self.end is None:
            return
        if self.start is None:
            raise ValidationError.of("/end", "without_start", N_("An end needs a beginning."))
        if (self.end.at is None) != (self.start.at is None):
            raise ValidationError.of(
                "/end", "day_or_time", N_("Beginning and end are both days, or both have a time.")
            )
        if self.end.over_at(self.zone) < self.start.over_at(self.zone):
            raise ValidationError.of("/end", "before_start", N_("It ends before it begins."))


def _read(text: str | None) -> Moment | None:
    return None if text is None else Moment.of(text)


def _written(moment: Moment | None) -> str | None:
    return None if moment is None else str(moment)
