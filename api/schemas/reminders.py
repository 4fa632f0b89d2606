"""Reminders as the API takes and shows them."""

from datetime import date, time
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field

from api.schemas.customers import MessageView, OfACustomer, Text255
from api.schemas.fields import OneLine, ZoneName, broken, like
from api.schemas.shapes import Body, Patch, RecordView, absent
from hub.i18n import N_
from hub.reminders.models import ReminderState
from hub.reminders.timing import Moment

_LAST_YEAR = 9998  # the day after must exist, too


def _clock_time(value: str) -> str:
    try:
        time.fromisoformat(value)
    except ValueError as error:
        raise broken("time", N_("Must be a time of day like 09:00.")) from error
    return value


def _day(value: date) -> date:
    if value.year > _LAST_YEAR:
        raise broken("date", N_("Must be a date like 2026-12-31."))
    return value


Title = Annotated[str, OneLine(200)]
Day = Annotated[date, AfterValidator(_day)]
ClockTime = Annotated[
    str,
    Field(pattern=like("09:00", r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"), examples=["09:00"]),
    AfterValidator(_clock_time),
]


class ReminderCreate(Body):
    """A new reminder: on a day, or at a time of that day by a wall clock."""

    title: Title
    on: Day
    at: ClockTime | None = Field(None, description="Left out, it is for the whole day.")
    zone: ZoneName | None = Field(None, description="Whose wall clock; left out, your own.")
    recipient_user_id: UUID | None = Field(None, description="Who is reminded; left out, you.")

    @property
    def moment(self) -> Moment:
        """When, on the wall clock of its zone."""
        return Moment(self.on, time.fromisoformat(self.at) if self.at else None)


class ReminderPatch(Patch):
    """What changes of a reminder; `at` null makes it one for the whole day."""

    title: Title = absent()
    on: Day = absent()
    at: ClockTime | None = absent()
    zone: ZoneName = absent()
    recipient_user_id: UUID = absent()

    def changes_of(self, moment: Moment) -> dict[str, Any]:
        """Return what changes of a reminder that stands at `moment`."""
        return moved(self.given(), moment)


def moved(changes: dict[str, Any], moment: Moment) -> dict[str, Any]:
    """Return changes with the moment that their `on` and `at` make of the present one."""
    others = dict(changes)
    on, at = others.pop("on", moment.on), others.pop("at", moment.at)
    clock = time.fromisoformat(at) if isinstance(at, str) else at
    return {**others, "moment": Moment(on, clock)}


class ReminderUpsert(OfACustomer, ReminderPatch):
    """What a script says of a reminder that it knows by its own reference."""

    external_ref: Text255 = absent()


class ReminderView(RecordView):
    """A reminder; `fire_at` is when its mail is due."""

    subject_type: str
    subject_id: UUID
    customer_id: UUID | None
    note_id: UUID | None
    activity_id: UUID | None
    title: str
    external_ref: str | None
    recipient_user_id: UUID
    on: date
    at: str | None
    zone: str
    all_day: bool
    fire_at: AwareDatetime
    state: ReminderState
    allowed_states: list[str] = Field(description="What you may make of it.")
    uid: str = Field(description="Names its event in calendars.")
    sequence: int
    due_sent_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    message: MessageView | None
