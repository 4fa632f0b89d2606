"""Users as the API takes and shows them."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.schemas.fields import Line, LocaleName, OneLine, ZoneName
from api.schemas.shapes import Body, Patch, RecordView, absent
from hub.access.roles import Role

Email = Annotated[str, OneLine(254, 3), Field(json_schema_extra={"format": "email"})]
Phone = Annotated[str, OneLine(40)]


class UserCreate(Body):
    """A new user."""

    email: Email
    name: Line
    role: Role
    locale: LocaleName | None = None
    zone: ZoneName | None = None
    phone: Phone | None = None


class UserPatch(Patch):
    """What changes of a user."""

    email: Email = absent()
    name: Line = absent()
    role: Role = absent()
    active: bool = absent()
    locale: LocaleName | None = absent()
    zone: ZoneName | None = absent()
    phone: Phone | None = absent()


class MePatch(Patch):
    """What a user may change of himself."""

    name: Line = absent()
    locale: LocaleName | None = absent()
    zone: ZoneName | None = absent()
    phone: Phone | None = absent()


class UserView(RecordView):
    """A user."""

    email: str
    name: str
    role: Role
    active: bool
    locale: str | None
    zone: str | None
    phone: str | None


class MeView(UserView):
    """The caller, and how far his token reaches."""

    token_id: UUID | None
    scopes: list[str]
    verbs: list[str] = Field(description="What his role may do, records permitting.")
