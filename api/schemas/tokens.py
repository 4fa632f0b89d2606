"""API tokens as the API takes and shows them."""

from ipaddress import ip_network
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from api.schemas.fields import Instant, Line, Whole, broken, like
from api.schemas.shapes import Body, Patch, RecordView, absent
from hub.i18n import N_

Scope = Annotated[
    str,
    StringConstraints(
        max_length=80,
        pattern=like("customers:read", r"^(\*|(\*|[a-z][a-z0-9-]*):(\*|[a-z_]+))$"),
    ),
]


def _network(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError as error:
        raise broken(
            "network", N_("Is no network; write for example 10.0.0.0/8, 2001:db8::/32 or 10.1.2.3.")
        ) from error


Networks = Annotated[
    list[Annotated[str, StringConstraints(max_length=50), AfterValidator(_network)]],
    Field(
        min_length=1,
        max_length=50,
        description="From where it may be used; null: from anywhere.",
        examples=[["10.0.0.0/8", "2001:db8::/32"]],
    ),
]
Rate = Annotated[int, Whole(1, 10_000)]


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
    networks: Networks | None = None
    request_rate: Rate | None = Field(
        None, description="Requests a second; `HUB_REQUEST_RATE` without it."
    )


class TokenPatch(Patch):
    """What changes of a token."""

    name: Line = absent()
    expires_at: Instant | None = absent()
    networks: Networks | None = absent()
    request_rate: Rate | None = absent()


class TokenView(RecordView):
    """A token; nobody can read its text again."""

    prefix: str = Field(description="How the token begins, behind `hub_`.")
    user_id: UUID
    name: str
    scopes: list[str]
    row_filters: dict[str, dict[str, Any]] | None
    networks: list[str] | None
    request_rate: int | None
    expires_at: AwareDatetime | None
    revoked_at: AwareDatetime | None
    last_used_at: AwareDatetime | None = Field(description="Precise to a minute.")


class TokenCreated(TokenView):
    """A token just made."""

    token: str = Field(description="The token's text. It is shown only now.")
