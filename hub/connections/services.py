"""What may be done with connections."""

import hashlib
import json
import secrets as random_secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub import sealing
from hub.connections import declarations
from hub.connections.models import LIVE, USABLE, Connection, ConnectionState
from hub.errors import ConflictError, NotFoundError, StaleVersionError, ValidationError
from hub.history.recording import origin_of, record
from hub.i18n import N_
from hub.ledger import claims
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.models import Job, JobState, Schedule
from hub.ledger.tasks import TaskName

ENTITY = "connection"
DEGRADED_AFTER = 5  # failures in a row until people are warned …
PAUSED_AFTER = 100  # … and until the connection is paused (peers warn at 20, pause at 30)
PULL_EVERY_S = 60
TASKS_THAT_PULL = {"accounting": TaskName.PULL_CUSTOMERS}


def create(
    session: Session,
    *,
    name: str,
    connector: str,
    settings: Mapping[str, Any],
    filter: Mapping[str, Any] | None = None,  # noqa: A002 - the field's own name
    numbering_owner: bool = False,
    outgoing_held: bool | None = None,
) -> Connection:
    """Set a connection up; it is new until a test succeeds.

    A first connection to an accounting system starts with outgoing changes held, until its first
    plan was looked at, unless `outgoing_held` says otherwise.

    Raises:
        NotFoundError: no such connector.
        ValidationError: a setting is unknown or of a wrong type.
        ConflictError: the name is taken, or another connection owns the numbers.
    """
    declared = declarations.get(session, connector)
    values, secrets = declarations.split_settings(declared, settings)
    _refuse_taken_name(session, name, None)
    if numbering_owner:
        _refuse_second_numbering_owner(session, None)
    connection = Connection(
        name=name,
        connector=connector,
        kind=declared["kind"],
        settings=values,
        filter=dict(filter or {}),
        numbering_owner=numbering_owner,
        outgoing_held=declared["kind"] == "accounting" if outgoing_held is None else outgoing_held,
        owner_user_id=origin_of(session).user_id,
    )
    session.add(connection)
    session.flush()
    if secrets:
        _store_secrets(connection, secrets)
    return connection


def update(session: Session, connection: Connection, changes: Mapping[str, Any]) -> Connection:
    """Change name, filter, settings (merged by name; a secret left out stays) and flags.

    Raises:
        ValidationError: a setting is unknown or of a wrong type.
        ConflictError: the name is taken, or another connection owns the numbers.
    """
    changes = dict(changes)
    given = changes.pop("settings", None)
    if given is not None:
        declared = declarations.get(session, connection.connector)
        values, secrets = declarations.split_settings(declared, given)
        connection.settings = {**connection.settings, **values}
        if secrets:
            _store_secrets(connection, {**open_secrets(connection), **secrets})
    if "name" in changes:
        _refuse_taken_name(session, changes["name"], connection.id)
    if changes.get("numbering_owner"):
        _refuse_second_numbering_owner(session, connection.id)
    released = connection.outgoing_held and changes.get("outgoing_held") is False
    for field, value in changes.items():
        setattr(connection, field, value)
    session.flush()
    if released:
        release(session, connection)
    return connection


def get(session: Session, connection_id: UUID, *, lock: bool = False) -> Connection:
    """Return a connection.

    Raises:
        NotFoundError: there is none.
    """
    statement = select(Connection).where(
        Connection.id == connection_id, Connection.deleted_at.is_(None)
    )
    if lock:
        statement = statement.with_for_update(key_share=True)
    found = session.scalars(statement.execution_options(populate_existing=lock)).one_or_none()
    if found is None:
        raise NotFoundError(ENTITY, connection_id)
    return found


def get_for_change(session: Session, connection_id: UUID, expected_version: int) -> Connection:
    """Return a connection, locked, if it still is as the caller saw it.

    Raises:
        NotFoundError: there is none.
        StaleVersionError: it was changed meanwhile.
    """
    connection = get(session, connection_id, lock=True)
    if connection.version != expected_version:
        raise StaleVersionError(ENTITY, connection.id, connection.version)
    return connection


def active_of_kind(session: Session, kind: str, *, live: bool = False) -> list[Connection]:
    """Return the connections of a kind that are in use, oldest first.

    Args:
        session: the caller's.
        kind: registry, accounting, mail or shop.
        live: True also returns the paused and revoked ones, whose changes are collected.
    """
    return list(
        session.scalars(
            select(Connection)
            .where(
                Connection.kind == kind,
                Connection.state.in_(LIVE if live else USABLE),
                Connection.deleted_at.is_(None),
            )
            .order_by(Connection.id)
        )
    )


def request_test(session: Session, connection: Connection) -> Enqueued:
    """Ask for a test of the credentials.

    Raises:
        ValidationError: names the required settings that are missing.
    """
    declared = declarations.get(session, connection.connector)
    missing = declarations.missing_settings(declared, connection.settings, open_secrets(connection))
    if missing:
        raise ValidationError.of(
            f"/settings/{missing[0]}", "required", N_("This setting is needed before a test.")
        )
    return enqueue(
        session,
        TaskName.TEST_CONNECTION,
        key=str(connection.id),
        subject=(ENTITY, connection.id),
        connection_id=connection.id,
    )


def request_pull(session: Session, connection: Connection) -> Enqueued:
    """Ask for what changed there now.

    Raises:
        ConflictError: nothing can be pulled from this kind of connection.
    """
    task = TASKS_THAT_PULL.get(connection.kind)
    if task is None:
        raise ConflictError("no_pull", N_("Nothing is pulled from a connection of this kind."))
    return enqueue(
        session,
        task,
        key=str(connection.id),
        serial_key=f"pull:{connection.id}",
        subject=(ENTITY, connection.id),
        connection_id=connection.id,
    )


def record_test(
    session: Session,
    connection: Connection,
    *,
    account: Mapping[str, Any] | None,
    choices: Mapping[str, Any] | None,
    now: datetime,
) -> None:
    """Note that a test succeeded: a new connection is tested, a broken one works again."""
    connection.account = dict(account) if account else connection.account
    connection.choices = dict(choices) if choices else connection.choices
    connection.failures = 0
    connection.last_success_at = now
    if connection.state is ConnectionState.NEW:
        _move(connection, ConnectionState.TESTED, now)
    elif connection.state is not ConnectionState.TESTED:
        _move(connection, ConnectionState.ACTIVE, now)
        record(session, "connection.recovered", subject_type=ENTITY, subject_id=connection.id)
        release(session, connection)


def activate(session: Session, connection: Connection, *, now: datetime) -> None:
    """Put a tested (or paused) connection to work, and let held changes go.

    Raises:
        ConflictError: it was not tested, or its credentials are refused.
    """
    if connection.state not in {ConnectionState.TESTED, ConnectionState.PAUSED} | USABLE:
        raise ConflictError(
            "not_tested",
            N_("The connection is {state}: a successful test comes first."),
            details={"allowed": ["test"]},
            state=connection.state.value,
        )
    _move(connection, ConnectionState.ACTIVE, now)
    _ensure_schedule(session, connection, now)
    release(session, connection)


def pause(connection: Connection, *, now: datetime) -> None:
    """Stop a connection's work; changes are collected and nothing is dropped.

    Raises:
        ConflictError: it is not at work.
    """
    if connection.state not in USABLE:
        raise ConflictError(
            "not_active",
            N_("The connection is {state} and cannot be paused."),
            state=connection.state.value,
        )
    _move(connection, ConnectionState.PAUSED, now)


def record_refused_credentials(
    session: Session, connection: Connection, message: str, *, now: datetime
) -> None:
    """Note that the other side refuses our credentials: all work is held until they are mended."""
    connection.last_failure_at = now
    if connection.state in LIVE:
        _move(connection, ConnectionState.REVOKED, now)
    connection.message = {
        "code": "credentials_refused",
        "text": N_("The other side refuses our credentials: {reason}"),
        "params": {"reason": message},
    }
    session.flush()


def record_failure(connection: Connection, message: str, *, now: datetime) -> None:
    """Count a failure in a row: people are warned first, then the connection is paused."""
    connection.failures += 1
    connection.last_failure_at = now
    connection.message = {
        "code": "failing",
        "text": N_("The last {count} calls failed: {reason}"),
        "params": {"count": connection.failures, "reason": message},
    }
    if connection.failures >= PAUSED_AFTER and connection.state in USABLE:
        _move(connection, ConnectionState.PAUSED, now, keep_message=True)
    elif connection.failures >= DEGRADED_AFTER and connection.state is ConnectionState.ACTIVE:
        _move(connection, ConnectionState.DEGRADED, now, keep_message=True)


def record_success(connection: Connection, *, now: datetime) -> None:
    """Note that a call succeeded: a degraded connection is active again."""
    connection.last_success_at = now
    connection.failures = 0
    if connection.state is ConnectionState.DEGRADED:
        _move(connection, ConnectionState.ACTIVE, now)


def release(session: Session, connection: Connection) -> int:
    """Let the work that waits for this connection go, in the order it was asked for."""
    if connection.outgoing_held or connection.state not in USABLE:
        return 0
    return claims.release_waiting(session, waits_for(connection.id))


def release_stragglers(session: Session) -> int:
    """Let work go that still waits for a connection at work; returns how much.

    A job may be put back at the very moment its connection is released. The relay looks for such.
    """
    usable = session.scalars(
        select(Connection.id).where(
            Connection.state.in_(USABLE),
            Connection.deleted_at.is_(None),
            Connection.outgoing_held.is_(False),
        )
    )
    return sum(claims.release_waiting(session, waits_for(each)) for each in usable)


def waiting_changes(session: Session, connection_id: UUID) -> int:
    """Return how many changes are held back for a connection."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Job)
            .where(
                Job.state == JobState.QUEUED,
                Job.task == TaskName.PUSH_CUSTOMER.value,
                Job.args["connection_id"].astext == str(connection_id),
            )
        )
        or 0
    )


def waits_for(connection_id: UUID) -> str:
    """Return what a job that waits for a connection carries in `waits_for`."""
    return f"connection:{connection_id}"


def open_secrets(connection: Connection) -> dict[str, str]:
    """Return a connection's secrets in the clear, for the call that needs them.

    Raises:
        SealError: they do not open with this installation's master key.
    """
    if connection.secrets is None:
        return {}
    opened: dict[str, str] = json.loads(sealing.unseal(connection.secrets, _place(connection.id)))
    return opened


def new_hook_secret(connection: Connection) -> str:
    """Make the secret path segment of a connection's hook address; shown once, kept as a hash."""
    secret = random_secrets.token_urlsafe(24)
    connection.hook_secret_hash = hashlib.sha256(secret.encode()).digest()
    return secret


def hook_secret_fits(connection: Connection, secret: str) -> bool:
    """Say whether a path segment is the connection's hook secret, in constant time."""
    if connection.hook_secret_hash is None:
        return False
    given = hashlib.sha256(secret.encode()).digest()
    return random_secrets.compare_digest(given, connection.hook_secret_hash)


def _store_secrets(connection: Connection, secrets: Mapping[str, str]) -> None:
    connection.secrets = sealing.seal(json.dumps(dict(secrets)).encode(), _place(connection.id))


def _place(connection_id: UUID) -> str:
    return f"connection.secrets:{connection_id}"


def _move(
    connection: Connection, state: ConnectionState, now: datetime, *, keep_message: bool = False
) -> None:
    if connection.state is not state:
        connection.state = state
        connection.state_since = now
    if not keep_message:
        connection.message = None


def _ensure_schedule(session: Session, connection: Connection, now: datetime) -> None:
    task = TASKS_THAT_PULL.get(connection.kind)
    if task is None:
        return
    args = {"connection_id": str(connection.id)}
    known = session.scalar(
        select(Schedule.id).where(Schedule.task == task.value, Schedule.args == args)
    )
    if known is None:
        session.add(
            Schedule(
                name=f"{connection.name}: {task.value}",
                task=task.value,
                args=args,
                zone="UTC",
                every_s=PULL_EVERY_S,
                next_at=now + timedelta(seconds=PULL_EVERY_S),
                owner_user_id=connection.owner_user_id,
            )
        )


def _refuse_taken_name(session: Session, name: str, own_id: UUID | None) -> None:
    other = session.scalar(
        select(Connection.id).where(Connection.name == name, Connection.deleted_at.is_(None))
    )
    if other is not None and other != own_id:
        raise ConflictError(
            "taken",
            N_("Another connection is called {name} already."),
            details={"existing_id": str(other), "pointer": "/name"},
            name=name,
        )


def _refuse_second_numbering_owner(session: Session, own_id: UUID | None) -> None:
    other = session.scalar(
        select(Connection.id).where(Connection.numbering_owner, Connection.deleted_at.is_(None))
    )
    if other is not None and other != own_id:
        raise ConflictError(
            "numbering_owned",
            N_("Another connection gives the customers their numbers already."),
            details={"existing_id": str(other), "pointer": "/numbering_owner"},
        )
