"""Tables of connections."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, EnumText
from hub.history.records import Record

ENTITY = "connection"


class ConnectorDeclaration(Base):
    """What a connector says of itself; workers publish it, so that the API need not import it."""

    __tablename__ = "connector_declaration"

    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    title: Mapped[str]
    declaration: Mapped[dict[str, Any]]
    published_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ConnectionState(StrEnum):
    """How a connection stands."""

    NEW = "new"
    TESTED = "tested"
    ACTIVE = "active"
    DEGRADED = "degraded"
    PAUSED = "paused"
    REVOKED = "revoked"


USABLE = frozenset({ConnectionState.ACTIVE, ConnectionState.DEGRADED})
"""States in which work flows; in all others it is held, never dropped."""

LIVE = frozenset(
    {
        ConnectionState.ACTIVE,
        ConnectionState.DEGRADED,
        ConnectionState.PAUSED,
        ConnectionState.REVOKED,
    }
)
"""States in which changes are collected, to be sent now or later."""


class Connection(Record):
    """Our account with one outside system.

    `settings` are checked against the connector's declaration. `outgoing_held` keeps changes back
    until somebody has looked at the first plan. `numbering_owner` says that customers get their
    reference number there. `message` says what is wrong: {code, text, params}.
    """

    __tablename__ = "connection"
    __secret__: ClassVar = frozenset({"secrets", "hook_secret_hash"})
    __derived__: ClassVar = frozenset(
        {
            "failures",
            "last_success_at",
            "last_failure_at",
            "cursor",
            "number_high",
            "message",
            "state_since",
        }
    )

    name: Mapped[str]
    connector: Mapped[str]
    kind: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[ConnectionState] = mapped_column(
        EnumText(ConnectionState), default=ConnectionState.NEW
    )
    state_since: Mapped[datetime] = mapped_column(server_default=func.now())
    message: Mapped[dict[str, Any] | None]
    owner_user_id: Mapped[UUID | None]
    numbering_owner: Mapped[bool] = mapped_column(default=False)
    outgoing_held: Mapped[bool] = mapped_column(default=False)
    filter: Mapped[dict[str, Any]] = mapped_column(default=dict)
    hook_secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    account: Mapped[dict[str, Any] | None]
    choices: Mapped[dict[str, Any] | None]
    cursor: Mapped[dict[str, Any] | None]
    number_high: Mapped[int | None]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    last_success_at: Mapped[datetime | None]
    last_failure_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            f"state in ({', '.join(repr(s.value) for s in ConnectionState)})", name="state"
        ),
        Index(
            "uq_connection_name", "name", unique=True, postgresql_where=text("deleted_at is null")
        ),
    )


class ConnectionGate(Base):
    """Rate budget and breaker of the connection of the same id, shared by all workers.

    `blocked_reason` is {text, params}: why no call is made from `blocked_at` until `blocked_until`.
    """

    __tablename__ = "connection_gate"

    id: Mapped[UUID] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    tokens: Mapped[float]
    refilled_at: Mapped[datetime] = mapped_column(server_default=func.now())
    blocked_until: Mapped[datetime | None]
    blocked_at: Mapped[datetime | None]
    blocked_reason: Mapped[dict[str, Any] | None]
    recent_failures: Mapped[int] = mapped_column(default=0, server_default="0")
    failing_since: Mapped[datetime | None]
    open_until: Mapped[datetime | None]
    probing_until: Mapped[datetime | None]


class CallLog(Base):
    """One outbound call, redacted and bounded, kept for the run log."""

    __tablename__ = "call_log"

    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connection.id"))
    job_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    method: Mapped[str]
    url: Mapped[str]
    status: Mapped[int | None]
    duration_ms: Mapped[int]
    outcome: Mapped[str]
    request: Mapped[dict[str, Any] | None]
    response: Mapped[dict[str, Any] | None]

    __table_args__ = (Index("ix_call_log_connection", "connection_id", "at"),)


class Mapping(Record):
    """A version of a connection's field pairs; the newest active one counts.

    `pairs`: [{local, remote, direction, transform, on_conflict}]; directions are in, out and both,
    a conflict goes to local, remote, newest or ask.
    """

    __tablename__ = "mapping"

    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connection.id"))
    number: Mapped[int]
    pairs: Mapped[list[Any]]
    active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        Index("uq_mapping_active", "connection_id", unique=True, postgresql_where=text("active")),
    )


class LinkState(StrEnum):
    """The life of an external link."""

    INTENDED = "intended"
    LINKED = "linked"
    DIVERGED = "diverged"
    ORPHANED = "orphaned"
    SEVERED = "severed"


class ExternalLink(Record):
    """One customer here and one there are the same; unique on both sides while it lives.

    `base` is what both sides last agreed on; of a field that differs though nobody changed it, it
    is {here, there}. The `intent` of an intended link is the body of the create, so that a repeat
    sends the same one under the same key; that of a live one holds the values sent whose arrival is
    not noted, so that they are not taken for edits of the other side.
    """

    __tablename__ = "external_link"
    __derived__: ClassVar = frozenset(
        {"base", "remote_version", "remote_updated_at", "last_in_at", "last_out_at", "intent"}
    )

    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connection.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    remote_id: Mapped[str | None]
    state: Mapped[LinkState] = mapped_column(EnumText(LinkState))
    base: Mapped[dict[str, Any]] = mapped_column(default=dict)
    intent: Mapped[dict[str, Any] | None]
    remote_version: Mapped[str | None]
    remote_updated_at: Mapped[datetime | None]
    last_in_at: Mapped[datetime | None]
    last_out_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(f"state in ({', '.join(repr(s.value) for s in LinkState)})", name="state"),
        Index(
            "uq_external_link_remote",
            "connection_id",
            "remote_id",
            unique=True,
            postgresql_where=text("state <> 'severed' and remote_id is not null"),
        ),
        Index(
            "uq_external_link_customer",
            "connection_id",
            "customer_id",
            unique=True,
            postgresql_where=text("state <> 'severed'"),
        ),
        Index("ix_external_link_customer_id", "customer_id"),
        Index(
            "ix_external_link_orphaned",
            "connection_id",
            postgresql_where=text("state = 'orphaned'"),
        ),
    )

    @classmethod
    def collection(cls) -> str:
        """See `Record.collection`: it is reached by those."""
        return "customers"


class Conflict(Record):
    """A field that both sides changed, each in its own way; a person chooses.

    Who is not shown the customer's field is not shown that it is in conflict.
    """

    __tablename__ = "conflict"
    __field_of__: ClassVar = "customer"

    link_id: Mapped[UUID] = mapped_column(ForeignKey("external_link.id"))
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connection.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    field: Mapped[str]
    base: Mapped[str | None]
    local: Mapped[str | None]
    remote: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="open")
    chosen: Mapped[str | None]
    resolved_by: Mapped[UUID | None]
    resolved_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('open', 'resolved', 'obsolete')", name="state"),
        Index(
            "uq_conflict_open",
            "link_id",
            "field",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
    )


class Run(Record):
    """One synchronisation, import or load: its counters add up, its plan's items are its log."""

    __tablename__ = "run"
    __derived__: ClassVar = frozenset({"counters", "cursor_after", "state", "ended_at", "error"})

    kind: Mapped[str]
    connection_id: Mapped[UUID | None] = mapped_column(ForeignKey("connection.id"))
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("plan.id"))
    state: Mapped[str] = mapped_column(default="queued")
    counters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cursor_before: Mapped[dict[str, Any] | None]
    cursor_after: Mapped[dict[str, Any] | None]
    parent_run_id: Mapped[UUID | None]
    job_id: Mapped[UUID | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    error: Mapped[dict[str, Any] | None]

    __table_args__ = (
        CheckConstraint(
            "state in ('queued', 'running', 'waiting', 'succeeded', 'partial', 'failed',"
            " 'cancelled')",
            name="state",
        ),
        Index("ix_run_connection", "connection_id", "started_at"),
    )
