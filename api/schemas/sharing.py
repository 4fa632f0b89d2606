"""Shares as the API takes and shows them."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.fields import Instant, Lines
from api.schemas.shapes import Body, Patch, RecordView, View, absent
from hub.access.roles import Level

Reason = Annotated[str, Lines(1000)]


class GrantLevel(StrEnum):
    """How far a share reaches: each level includes those before it."""

    READ = "read"
    COMMENT = "comment"
    WRITE = "write"

    @property
    def level(self) -> Level:
        """The level as the rules know it."""
        return Level[self.name]


class GrantCreate(Body):
    """With whom to share: a person or a team, one of the two."""

    user_id: UUID | None = None
    team_id: UUID | None = None
    level: GrantLevel = GrantLevel.READ
    may_share: bool = Field(default=False, description="Whether they may share it on.")
    expires_at: Instant | None = Field(None, description="Null: until it is taken back.")
    reason: Reason | None = Field(None, description="Shown to them with the record.")


class GrantPatch(Patch):
    """What changes of a share."""

    level: GrantLevel = absent()
    may_share: bool = absent()
    expires_at: Instant | None = absent()
    reason: Reason | None = absent()

    def changes(self) -> dict[str, Any]:
        """Return what changes, the level as the rules know it."""
        given = self.given()
        return given | ({"level": self.level.level} if "level" in given else {})


class AccessRequest(Body):
    """To what you want access, how far and why: a customer or a reference, one of the two."""

    customer_id: UUID | None = Field(None, description="A customer that you see, for more.")
    reference: UUID | None = Field(
        None, description="What you were given with the `blind_match` of a refusal."
    )
    level: GrantLevel = GrantLevel.READ
    reason: Reason


class GrantSubject(View):
    """What is shared."""

    type: str
    id: UUID


class GranteeView(View):
    """With whom it is shared."""

    type: str = Field(description="user or team")
    id: UUID
    name: str | None


class GrantView(RecordView):
    """A share: `created_by` shared it."""

    subject: GrantSubject
    grantee: GranteeView
    level: GrantLevel
    may_share: bool
    expires_at: AwareDatetime | None
    live: bool = Field(description="Whether it holds now.")
    reason: str | None
    shared_by_name: str | None
