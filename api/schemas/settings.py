"""Settings as the API shows them; what it takes are the policies themselves."""

from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.shapes import View
from hub.configuration import Policy

PolicyT = TypeVar("PolicyT", bound=Policy)


class SettingView(View, Generic[PolicyT]):
    """A policy as it is set; `version` is its ETag."""

    key: str
    label: str = Field(description="What it governs, in your language.")
    version: int = Field(ge=1, description="1 where nobody has changed the defaults.")
    updated_at: AwareDatetime | None
    updated_by: UUID | None
    value: PolicyT


class SettingSummary(View):
    """A policy among the others."""

    key: str
    label: str
    version: int = Field(ge=1)
    updated_at: AwareDatetime | None
    updated_by: UUID | None
    value: dict[str, Any]


class SettingsView(View):
    """All policies of this installation."""

    items: list[SettingSummary]
