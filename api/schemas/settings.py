"""Settings as the API shows them; what it takes are the policies themselves."""

from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.events import ActView
from api.schemas.fields import OneLine
from api.schemas.shapes import Body, Query, RecordView, View
from hub.configuration import Policy

PolicyT = TypeVar("PolicyT", bound=Policy)


class SettingsQuery(Query):
    """When."""

    at: AwareDatetime | None = Field(
        None, description="What was set at an instant; now where there is none."
    )


class SettingView(View, Generic[PolicyT]):
    """A policy as it is set; `version` is its ETag."""

    key: str
    label: str = Field(description="What it governs, in your language.")
    about: str = Field(description="What it says, likewise.")
    version: int = Field(ge=1, description="1 where nobody has changed the defaults.")
    updated_at: AwareDatetime | None = Field(description="Since when it holds.")
    updated_by: UUID | None
    value: PolicyT


class SettingSummary(View):
    """A policy among the others."""

    key: str
    label: str
    about: str
    version: int = Field(ge=1)
    updated_at: AwareDatetime | None = Field(description="Since when it holds, or held.")
    updated_by: UUID | None
    value: dict[str, Any] | None = Field(description="Null where its event was erased.")
    default: dict[str, Any]
    changed: list[str] = Field(description="The fields that are not as they are by default.")


class EnvironmentSetting(View):
    """What is set once for the processes, by their environment: here it can only be read."""

    name: str
    value: Any = Field(description="Null where nothing is set, and of a secret always.")
    default: Any
    about: str
    is_secret: bool
    is_set: bool = Field(description="It is not as it is by default.")


class SettingsView(View):
    """All settings of this installation."""

    items: list[SettingSummary]
    environment: list[EnvironmentSetting] = Field(
        description="Those of the environment; for whoever may change the others."
    )


class SettingChange(View):
    """A field that a version changed."""

    field: str
    before: Any
    after: Any


class SettingVersion(View):
    """A version of a policy."""

    version: int = Field(ge=1)
    value: dict[str, Any] | None = Field(description="Null where its event was erased.")
    effective_from: AwareDatetime | None = Field(description="Null for the defaults.")
    effective_until: AwareDatetime | None = Field(description="Null for the one that holds.")
    set_by: ActView | None = Field(description="Who set it, and why; null for the defaults.")
    restores: int | None = Field(description="The version that it restores.")
    changes: list[SettingChange] = Field(description="What differs from the version before.")


class SettingVersions(View):
    """All versions of a policy, the newest first."""

    items: list[SettingVersion]


class ComingCreate(Body):
    """What is to change of a policy, and from when."""

    effective_at: AwareDatetime = Field(description="The instant from which it holds.")
    changes: dict[str, Any] = Field(
        description="The fields that change, with what they will be; the others stay.",
        min_length=1,
        max_length=100,
    )
    reason: Annotated[str, OneLine(500)] | None = Field(
        None, description="Why; kept in the history."
    )


class ComingView(RecordView):
    """A change of a policy that is to come."""

    key: str
    effective_at: AwareDatetime
    changes: dict[str, Any]
    reason: str | None
    applied_at: AwareDatetime | None = Field(description="When workers made it; null before.")


class ComingViews(View):
    """What is to come of a policy, the next first."""

    items: list[ComingView]


class Restoration(Body):
    """Which version is to hold again."""

    version: int = Field(ge=1)
    reason: Annotated[str, OneLine(500)] | None = Field(
        None, description="Why; kept in the history."
    )
