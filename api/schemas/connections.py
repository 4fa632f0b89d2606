"""Connections, mappings, conflicts, runs and plans as the API takes and shows them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.customers import MessageView
from api.schemas.fields import Line, OneLine
from api.schemas.shapes import Body, Patch, RecordView, View, absent
from hub.connections.models import ConnectionState, LinkState
from hub.plans.models import PlanState

Settings = Annotated[dict[str, Any], Field(max_length=50)]
Roles = list[Literal["prospect", "customer", "supplier"]]


class FilterBody(Body):
    """Which customers are sent."""

    roles: Roles | None = Field(None, description="Those who have one of these; else `customer`.")
    not_channels: list[Annotated[str, OneLine(50)]] | None = Field(
        None,
        max_length=20,
        description="But nobody who came by these ways; else `import`, `accounting`, `shop`.",
    )


class ConnectionCreate(Body):
    """A new connection; `settings` are those that its connector declares, secrets among them."""

    name: Line
    connector: Annotated[str, OneLine(100)] = Field(examples=["economic"])
    settings: Settings = Field(default_factory=dict)
    filter: FilterBody | None = None
    numbering_owner: bool = False
    outgoing_held: bool | None = Field(
        None, description="Hold changes back until its first plan was looked at."
    )


class ConnectionPatch(Patch):
    """What changes of a connection; a setting left out stays, a secret is never shown."""

    name: Line = absent()
    settings: Settings = absent()
    filter: FilterBody = absent()
    numbering_owner: bool = absent()
    outgoing_held: bool = absent()
    owner_user_id: Annotated[
        UUID, Field(description="Who looks after it, and is alerted: an active user.")
    ] = absent()


class ConnectionView(RecordView):
    """A connection; `secrets` names those that are set."""

    name: str
    connector: str
    kind: str
    state: ConnectionState
    state_since: AwareDatetime
    message: MessageView | None
    settings: dict[str, Any]
    secrets: list[str]
    filter: dict[str, Any]
    numbering_owner: bool
    outgoing_held: bool
    owner_user_id: UUID | None
    account: dict[str, Any] | None
    choices: dict[str, Any] | None
    waiting_changes: int | None = Field(
        description="How many changes, or customers to be filled, wait for it; for those who may"
        " read all customers."
    )
    failures: int
    last_success_at: AwareDatetime | None
    last_failure_at: AwareDatetime | None


class HookSecretView(View):
    """The address a shop is to call; shown once."""

    path: str
    secret: str


class ConnectorView(View):
    """A connector that is installed here, with the settings it asks for."""

    name: str
    kind: str
    title: str
    declaration: dict[str, Any]


class PairBody(Body):
    """One field here and one there."""

    local: Annotated[str, OneLine(50)]
    remote: Annotated[str, OneLine(50)]
    direction: Literal["both", "out", "in"] = "both"
    on_conflict: Literal["ask", "local", "remote", "newest"] = "ask"
    transform: dict[str, Any] | None = None


class MappingBody(Body):
    """All pairs of a connection."""

    pairs: Annotated[list[PairBody], Field(max_length=100)]


class MappingView(View):
    """A connection's mapping; `number` counts its versions, 0 is the default."""

    number: int
    pairs: list[dict[str, Any]]


class ConflictView(RecordView):
    """A field that both sides changed."""

    connection_id: UUID
    customer_id: UUID
    field: str
    base: str | None
    local: str | None
    remote: str | None
    state: str
    chosen: str | None
    resolved_by: UUID | None
    resolved_at: AwareDatetime | None


class ResolutionBody(Body):
    """Whose value holds on both sides from now on."""

    choice: Literal["local", "remote"]


class LinkView(RecordView):
    """What a customer is in another system."""

    connection_id: UUID
    customer_id: UUID
    remote_id: str | None
    state: LinkState
    base: dict[str, Any]
    remote_updated_at: AwareDatetime | None
    last_in_at: AwareDatetime | None
    last_out_at: AwareDatetime | None


class LinkCreate(Body):
    """Joins a customer with one that stands in the other system already, or has one made there.

    `as_new` has a new one made there although one with the same registration number stands there,
    for a reason; then there is no `remote_id`.
    """

    connection_id: UUID
    remote_id: Annotated[str, OneLine(50)] | None = Field(
        None, description="Its number there, of one that stands there."
    )
    as_new: bool = Field(default=False, description="Have one made there; give a reason.")
    reason: Annotated[str, OneLine(500)] | None = Field(
        None, description="Why a second one is wanted; kept in the history."
    )


class PlanView(RecordView):
    """A plan: what will be done, or what was done."""

    kind: str
    state: PlanState
    scope: dict[str, Any]
    counters: dict[str, Any]
    expires_at: AwareDatetime | None
    applied_at: AwareDatetime | None
    undone_at: AwareDatetime | None


class PlanItemView(View):
    """One operation of a plan, with its outcome once it was applied."""

    id: UUID
    position: int
    action: str
    entity: str
    record_id: UUID | None
    record_version: int | None
    external_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    source: dict[str, Any] | None
    outcome: str | None
    errors: list[dict[str, Any]] | None


class RunView(RecordView):
    """One synchronisation; its counters add up, its plan's items are its log."""

    kind: str
    connection_id: UUID | None
    plan_id: UUID | None
    state: str
    counters: dict[str, Any]
    cursor_before: dict[str, Any] | None
    cursor_after: dict[str, Any] | None
    job_id: UUID | None
    started_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    error: dict[str, Any] | None


class CallView(View):
    """One outbound call, redacted."""

    id: UUID
    job_id: UUID | None
    at: AwareDatetime
    method: str
    url: str
    status: int | None
    duration_ms: int
    outcome: str
    request: dict[str, Any] | None
    response: dict[str, Any] | None
