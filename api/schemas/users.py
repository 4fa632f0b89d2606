"""Users as the API takes and shows them."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from api.schemas.fields import CODE_PATTERN, Line, LocaleName, OneLine, ZoneName, broken, like
from api.schemas.shapes import Body, Patch, RecordView, absent
from hub.i18n import N_

Email = Annotated[str, OneLine(254, 3), Field(json_schema_extra={"format": "email"})]
Phone = Annotated[str, OneLine(40)]
RoleCode = Annotated[str, StringConstraints(max_length=50, pattern=CODE_PATTERN)]
Roles = Annotated[
    list[RoleCode],
    Field(min_length=1, max_length=20, examples=[["representative"]],
          description="Codes of `GET /roles`; what they grant adds up."),
]  # fmt: skip
Clock = Annotated[str, StringConstraints(pattern=like("08:00", r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]

Hours = Annotated[list[Clock], Field(min_length=2, max_length=2, examples=[["08:00", "16:00"]])]


class WorkingHours(Body):
    """From and until when somebody works, by the day, on his own wall clock."""

    mon: Hours | None = None
    tue: Hours | None = None
    wed: Hours | None = None
    thu: Hours | None = None
    fri: Hours | None = None
    sat: Hours | None = None
    sun: Hours | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for day, hours in self.given().items():
            if hours is not None and hours[0] >= hours[1]:
                raise broken("working_hours", N_("{day} ends before it begins."), day=day)
        return self


class UserCreate(Body):
    """A new user."""

    email: Email
    name: Line
    roles: Roles
    locale: LocaleName | None = None
    zone: ZoneName | None = None
    phone: Phone | None = None
    working_hours: WorkingHours | None = None
    invite: bool = Field(
        default=False, description="Mail him a link by which he chooses a password."
    )


class UserPatch(Patch):
    """What changes of a user."""

    email: Email = absent()
    name: Line = absent()
    roles: Roles = absent()
    active: bool = absent()
    locale: LocaleName | None = absent()
    zone: ZoneName | None = absent()
    phone: Phone | None = absent()
    working_hours: WorkingHours | None = absent()


class MePatch(Patch):
    """What a user may change of himself."""

    name: Line = absent()
    locale: LocaleName | None = absent()
    zone: ZoneName | None = absent()
    phone: Phone | None = absent()
    working_hours: WorkingHours | None = absent()


class UserView(RecordView):
    """A user."""

    email: str
    name: str
    email_verified_at: AwareDatetime | None
    roles: list[str]
    active: bool
    locale: str | None
    zone: str | None
    phone: str | None
    working_hours: dict[str, list[str] | None] | None
    absent_until: date | None = Field(
        None, description="The last day of his absence; null where he is not away today."
    )


class MeView(UserView):
    """The caller, and how far his token reaches."""

    token_id: UUID | None
    scopes: list[str]
    rights: list[str] = Field(description="What his roles grant, records permitting.")
    team_ids: list[UUID] = Field(description="The teams he is in, and those he leads.")
