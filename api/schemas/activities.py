"""Activities as the API takes and shows them."""

from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.custom_fields import CUSTOM, CustomValues, WarningView
from api.schemas.customers import Text255
from api.schemas.fields import Code, Instant, Lines, OneLine, ZoneName, like
from api.schemas.reminders import ClockTime, Day, ReminderCreate, ReminderView, Title
from api.schemas.shapes import Body, Patch, RecordView, View, absent
from hub.activities.models import Activity, ActivityKind, ActivityState
from hub.reminders.timing import Moment

Text = Annotated[str, Lines(20_000)]
Reason = Annotated[str, Lines(1000)]
Few = Annotated[list[UUID], Field(max_length=100)]
_MOMENTS = ("start", "end", "due")


class MomentBody(Body):
    """A day, or a time of that day by the wall clock of the activity's zone."""

    on: Day
    at: ClockTime | None = Field(None, description="Left out, it is the whole day.")

    @property
    def moment(self) -> Moment:
        """When, on a wall clock."""
        return Moment(self.on, time.fromisoformat(self.at) if self.at else None)


class SubjectBody(Body):
    """A record that an activity is about: by our id, or by the reference a script gave it."""

    type: Literal["customer", "lead", "opportunity"]
    id: UUID | None = None
    external_ref: Text255 | None = None


class AttendeeBody(Body):
    """Somebody who takes part: a user, a contact, or another one by his address."""

    user_id: UUID | None = None
    contact_id: UUID | None = None
    email: (
        Annotated[
            str,
            OneLine(255),
            Field(
                pattern=like("ida@example.com", r"^[^@\s]+@[^@\s]+$"), examples=["ida@example.com"]
            ),
        ]
        | None
    ) = None
    name: Text255 | None = Field(None, description="Of somebody named by his address.")


Subjects = Annotated[list[SubjectBody], Field(max_length=50)]
Attendees = Annotated[list[AttendeeBody], Field(max_length=100)]
Kind = Annotated[ActivityKind, Field(strict=False)]
State = Annotated[ActivityState, Field(strict=False)]


class OfASubject(Body):
    """A new activity of the record that the path names."""

    customised: ClassVar = Activity.entity()

    kind: Kind
    title: Title
    body: Text | None = None
    category: Code | None = Field(None, description="A code of `activity_categories`.")
    outcome: Code | None = Field(None, description="A code of `activity_outcomes`.")
    location: Text255 | None = None
    start: MomentBody | None = Field(None, description="When it begins; else it may be `due`.")
    end: MomentBody | None = None
    due: MomentBody | None = Field(None, description="By when it is to be done.")
    zone: ZoneName | None = Field(None, description="Whose wall clock; left out, your own.")
    state: State = ActivityState.PLANNED
    happened_at: Instant | None = Field(
        None, description="When it happened, if it is `done`: else when it began, or now."
    )
    assignee_ids: Few | None = Field(None, description="Who is to do it; left out, you.")
    attendees: Attendees | None = None
    contact_ids: Few | None = Field(
        None, description="The persons it is about; it is about their customers, too."
    )
    team_id: UUID | None = Field(
        None, description="Its people see it; of a memo left out, the one team that you are in."
    )
    external_ref: Text255 | None = None
    custom: CustomValues | None = Field(None, description=CUSTOM)
    reminder: ReminderCreate | None = None

    def fields(self) -> dict[str, Any]:
        """Return what becomes of the activity's own fields."""
        return fields_of(self.given())


class ActivityCreate(OfASubject):
    """A new activity, about some records or about none."""

    subjects: Subjects = Field(default_factory=list)


class ActivityPatch(Patch):
    """What changes of an activity; its state changes by an act of its own."""

    customised: ClassVar = Activity.entity()

    kind: Kind = absent()
    title: Title = absent()
    body: Text | None = absent()
    category: Code | None = absent()
    outcome: Code | None = absent()
    location: Text255 | None = absent()
    start: MomentBody | None = absent()
    end: MomentBody | None = absent()
    due: MomentBody | None = absent()
    zone: ZoneName = absent()
    assignee_ids: Few | None = absent()
    attendees: Attendees | None = absent()
    contact_ids: Few | None = absent()
    subjects: Subjects | None = absent()
    team_id: UUID | None = absent()
    external_ref: Text255 | None = absent()
    custom: CustomValues | None = absent()

    def fields(self) -> dict[str, Any]:
        """Return what changes of the activity's own fields."""
        return fields_of(self.given())


class ActivityUpsert(ActivityPatch):
    """What a script says of an activity; where `state` differs, it is moved there."""

    state: State = absent()
    happened_at: Instant = absent()


class ActivityMove(Body):
    """Where an activity goes, and what came of it."""

    to: State
    outcome: Code | None = Field(None, description="A code of `activity_outcomes`.")
    reason: Reason | None = None
    happened_at: Instant | None = Field(
        None, description="When it happened, if it is `done`: else when it began, or now."
    )
    done_by_user_id: UUID | None = Field(None, description="Whom it counts for, if it is `done`.")


class CommentCreate(Body):
    """What is said of an activity."""

    body: Text


class CommentView(View):
    """What somebody said of an activity."""

    id: UUID
    author_user_id: UUID | None
    author_name: str | None
    body: str
    at: AwareDatetime


class MomentView(View):
    """A day, or a time of that day."""

    on: date
    at: str | None


class SubjectView(View):
    """A record that an activity is about."""

    type: str
    id: UUID
    name: str | None
    customer_id: UUID | None


class PersonView(View):
    """A user."""

    id: UUID
    name: str


class ContactOfActivity(View):
    """A contact."""

    id: UUID
    name: str
    customer_id: UUID


class AttendeeView(View):
    """Somebody who takes part."""

    user_id: UUID | None = None
    contact_id: UUID | None = None
    email: str | None = None
    name: str | None


class ActivityView(RecordView):
    """An activity; of the records and contacts that it is about, those that you may see."""

    customised: ClassVar = Activity.entity()

    kind: ActivityKind
    title: str
    body: str | None
    category: str | None
    category_label: str | None
    outcome: str | None
    outcome_label: str | None
    location: str | None
    state: ActivityState
    allowed_states: list[str] = Field(description="Where it can go from here.")
    start: MomentView | None
    end: MomentView | None
    due: MomentView | None
    zone: str
    at: AwareDatetime = Field(
        description="Where it stands in time: when it begins or is due; done, when it happened."
    )
    over_at: AwareDatetime | None
    is_open: bool
    is_overdue: bool
    subjects: list[SubjectView]
    contacts: list[ContactOfActivity]
    assignees: list[PersonView]
    attendees: list[AttendeeView]
    author_user_id: UUID | None
    author_name: str | None
    team_id: UUID | None
    done_by_user_id: UUID | None
    closed_at: AwareDatetime | None
    comments: int = Field(description="How many; `GET …/comments` has them.")
    external_ref: str | None
    custom: dict[str, Any] = Field(description=CUSTOM)
    warnings: list[WarningView] = Field(
        default_factory=list, description="What is to be known of what was just written."
    )


class WrittenActivity(ActivityView):
    """An activity just made, with its reminder."""

    reminder: ReminderView | None


_APART = frozenset({"subjects", "state", "happened_at", "reminder"})


def fields_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of an activity among those that were sent, as its services take them."""
    values = {name: value for name, value in given.items() if name not in _APART}
    for name in _MOMENTS:
        if values.get(name) is not None:
            values[name] = values[name].moment
    if values.get("attendees") is not None:
        values["attendees"] = [each.model_dump() for each in values["attendees"]]
    return values
