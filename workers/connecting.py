"""Opening connections for a task, and learning from how their calls went.

    with connecting.opened(job, connection_id) as accounting:
        accounting.get("7")

Calls go through the connection's shared budget and breaker. Refused credentials revoke the
connection and put the work off until they are mended; repeated failures warn, then pause.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.orm import Session

from connectors.addresses import PublicAddresses, private_allowed
from connectors.opening import open_connector
from hub import outside
from hub.clock import utcnow
from hub.connections import credentials, declarations, gate, health, holding, services
from hub.connections.models import USABLE, CallLog, Connection
from hub.db import Base, transaction
from hub.errors import (
    AuthenticationError,
    ConnectorError,
    NotFoundError,
    PostponedError,
    TransientError,
)
from hub.i18n import N_
from hub.ports import AddressPolicy, CallRecord
from hub.settings import get_settings

_LOG = insert(Base.metadata.tables[CallLog.__tablename__])  # past the unit of work
HELD_FOR = timedelta(hours=1)  # held work looks again by itself; a release is sooner


@dataclass(slots=True)
class SharedControl:
    """Budget, breaker and call log of one connection, as its HTTP client needs them."""

    connection_id: UUID
    calls: int
    period: timedelta
    job_id: UUID | None = None
    made: int = field(default=0)

    def admit(self) -> None:
        """See `hub.ports.CallControl.admit`."""
        with transaction() as session:
            refusal = gate.admit(session, self.connection_id, calls=self.calls, period=self.period)
        if refusal is not None:
            error = PostponedError(refusal.reason, refusal.wait, **refusal.params)
            error.connection_id = self.connection_id
            raise error

    def observe(
        self,
        record: CallRecord,
        *,
        retry_after: timedelta | None = None,
        reason: Mapping[str, object] | None = None,
    ) -> None:
        """See `hub.ports.CallControl.observe`."""
        self.made += 1
        failed = record.outcome in {"transient", "unknown"}
        with transaction() as session:
            if retry_after is not None:
                gate.block(session, self.connection_id, retry_after, reason)
            elif failed:
                gate.note_failure(session, self.connection_id)
            else:
                gate.note_success(session, self.connection_id)
            session.execute(_LOG, _logged(self.connection_id, self.job_id, record))


def address_policy() -> AddressPolicy:
    """Return which addresses this installation may call."""
    return private_allowed() if get_settings().allow_private_addresses else PublicAddresses()


@dataclass(frozen=True, slots=True)
class Opening:
    """A connection that may be opened, with what its connector says of itself."""

    connection: Connection
    declared: Mapping[str, Any]


def opening(session: Session, connection_id: UUID, *, testing: bool = False) -> Opening:
    """Read what it takes to open a connection.

    Raises:
        PostponedError: the connection is not at work, or everything is held; with `testing` never.
        NotFoundError: it was taken away.
    """
    connection = services.get(session, connection_id)
    if not testing:
        require_usable(connection)
        outside.require_released(session)
    return Opening(connection, declarations.get(session, connection.connector))


@contextmanager
def opened(
    which: UUID | Opening, job_id: UUID | None = None, *, testing: bool = False
) -> Iterator[Any]:
    """Open a connection's port for the block.

    Args:
        which: the connection's id, or what was just read of it.
        job_id: whose calls these are, for the call log.
        testing: True opens it in any state.

    Raises:
        PostponedError: the connection is not at work, or its credentials were just refused.
        ConnectorError: whatever the block's calls raise.
    """
    if isinstance(which, UUID):
        with transaction() as session:
            which = opening(session, which, testing=testing)
    connection, declared = which.connection, which.declared
    connection_id = connection.id
    control = SharedControl(
        connection_id,
        declared["calls_per_period"],
        timedelta(seconds=declared["period"]),
        job_id,
    )
    try:
        secrets = credentials.open_secrets(connection)
        settings = declarations.with_stand_ins(declared, connection.settings)
        yield open_connector(connection.connector, settings, secrets, control, address_policy())
    except AuthenticationError as error:
        error.connection_id = connection_id
        with transaction() as session:
            health.record_refused_credentials(
                session,
                services.get(session, connection_id, lock=True),
                error.words,
                now=utcnow(),
            )
        if testing:
            raise
        raise held(connection_id, health.REFUSED, reason=error.words) from error
    except TransientError as error:
        error.connection_id = connection_id
        with transaction() as session:
            health.record_failure(
                services.get(session, connection_id, lock=True), error.words, now=utcnow()
            )
        raise
    except ConnectorError as error:
        error.connection_id = connection_id
        raise
    if control.made and (connection.failures or connection.message):
        with transaction() as session:
            health.record_success(services.get(session, connection_id, lock=True), now=utcnow())


def require_usable(connection: Connection) -> None:
    """Pass where a connection is at work.

    Raises:
        PostponedError: it is not; the work waits for it.
        NotFoundError: it was taken away.
    """
    if connection.deleted_at is not None:
        raise NotFoundError("connection", connection.id)
    if connection.state in USABLE:
        return
    named = {"name": connection.name, "state": connection.state.value}
    if connection.message is None:
        raise held(connection.id, N_("The connection {name} is {state}."), **named)
    raise held(
        connection.id,
        N_("The connection {name} is {state}: {reason}"),
        **named,
        reason={name: connection.message[name] for name in ("text", "params")},
    )


def held(connection_id: UUID, message: str, **params: object) -> PostponedError:
    """Return what puts work off until a connection is released."""
    return PostponedError(message, HELD_FOR, holding.waits_for(connection_id), **params)


def _logged(connection_id: UUID, job_id: UUID | None, record: CallRecord) -> dict[str, Any]:
    return {
        "connection_id": connection_id,
        "job_id": job_id,
        "method": record.method,
        "url": record.url,
        "status": record.status,
        "duration_ms": round(record.duration.total_seconds() * 1000),
        "outcome": record.outcome,
        "request": {"headers": dict(record.request_headers), "body": record.request_body},
        "response": {"headers": dict(record.response_headers), "body": record.response_body},
    }
