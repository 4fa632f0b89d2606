"""API tokens as the API takes and shows them."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from api.schemas.fields import Instant, Line
from api.schemas.shapes import Body, RecordView

Scope = Annotated[
    str, StringConstraints(max_length=80, pattern=r"^(\*|(\*|[a-z][a-z0-9-]*):(\*|[a-z_]+))$")
]


class TokenCreate(Body):
    """A new token."""

    name: Line = Field(description="What it is for, so that you know it again.")
    scopes: list[Scope] = Field(
        min_length=1,
        max_length=100,
        description="`*` for everything, or collection:verb: `customers:read`, `customers:*`.",
        examples=[["customers:read", "customers:create"]],
    )
    expires_at: Instant | None = Field(None, description="Without it the token has no end.")
    user_id: UUID | None = Field(None, description="Whose; your own without it.")
    row_filters: dict[str, dict[str, Any]] | None = Field(
        None,
        description="Narrows it to some records: stored list filters by collection.",
        examples=[{"customers": {"country": {"eq": "DK"}}}],
    )


class TokenView(RecordView):
    """A token; nobody can read its text again."""

    prefix: str = Field(description="How the token begins, behind `hub_`.")
    user_id: UUID
    name: str
    scopes: list[str]
    row_filters: dict[str, dict[str, Any]] | None
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    last_used_at: AwareDatetime | None = Field(description="Precise to a minute.")


class TokenCreated(TokenView):
    """A token just made."""

    token: str = Field(description="The token's text. It is shown only now.")
