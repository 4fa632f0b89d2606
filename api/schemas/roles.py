"""Roles and teams as the API takes and shows them."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from api.schemas.fields import Line
from api.schemas.shapes import Body, Patch, RecordView, View, absent
from api.schemas.tokens import Scope
from api.schemas.users import RoleCode

ReachName = Annotated[
    Literal["shared", "visible", "line", "all"],
    Field(
        description="How far it reaches among records with an owner: `shared` (own and shared"
        " ones), `visible` (as the installation's visibility says), `line` (those of led teams),"
        " `all`."
    ),
]
ClassName = Literal["public", "internal", "sensitive"]
Rights = Annotated[
    list[Scope],
    Field(min_length=1, max_length=200, examples=[["*:read", "customers:edit"]]),
]
Classes = Annotated[list[ClassName], Field(max_length=3)]
People = Annotated[list[UUID], Field(max_length=1000)]


class RoleCreate(Body):
    """A role of your own."""

    code: RoleCode
    label: Line
    rights: Rights
    reach: ReachName = "visible"
    reads: Classes = Field(default=["public"])
    writes: Classes = Field(default=[])


class RolePatch(Patch):
    """What changes of a role of your own."""

    label: Line = absent()
    rights: Rights = absent()
    reach: ReachName = absent()
    reads: Classes = absent()
    writes: Classes = absent()


class RoleView(RecordView):
    """A role of the installation's own."""

    code: str
    label: str
    rights: list[str]
    reach: str
    reads: list[str]
    writes: list[str]


class BaseRoleView(View):
    """A role there always is."""

    code: str
    rights: list[str]
    reach: str
    reads: list[str]
    writes: list[str]


class RolesView(View):
    """All roles: those there always are, and the installation's own."""

    base: list[BaseRoleView]
    items: list[RoleView]


class TeamCreate(Body):
    """A new team."""

    name: Line
    manager_user_id: UUID | None = None
    parent_id: UUID | None = Field(None, description="The team above.")
    member_ids: People = Field(default_factory=list)


class TeamPatch(Patch):
    """What changes of a team; `member_ids` are all its members."""

    name: Line = absent()
    manager_user_id: UUID | None = absent()
    parent_id: UUID | None = absent()
    member_ids: People = absent()


class TeamView(RecordView):
    """A team."""

    name: str
    manager_user_id: UUID | None
    parent_id: UUID | None
    member_ids: list[UUID]
