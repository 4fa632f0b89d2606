"""How a connection stands: tested, put to work, degraded, paused, revoked, and back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.connections import credentials, declarations, gate, holding, services
from hub.connections.models import ENTITY, LIVE, USABLE, Connection, ConnectionState
from hub.errors import ConflictError, ValidationError
from hub.history.recording import record
from hub.i18n import N_
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.models import Schedule
from hub.ledger.tasks import TaskName

DEGRADED_AFTER = 5  # failures in a row until people are warned …
PAUSED_AFTER = 100  # … and until the connection is paused (peers warn at 20, pause at 30)
PULL_EVERY_S = 60
ONE_FAILED = N_("The last call failed: {reason}")
MANY_FAILED = N_("The last {count} calls failed: {reason}")
REFUSED = N_("The other side refuses our credentials: {reason}")
TASKS_THAT_PULL = {"accounting": TaskName.PULL_CUSTOMERS, "mailbox": TaskName.READ_MAILBOX}


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
    connection.message = None
    connection.last_success_at = now
    if connection.state is ConnectionState.NEW:
        _move(connection, ConnectionState.TESTED, now)
    elif connection.state is not ConnectionState.TESTED:
        _move(connection, ConnectionState.ACTIVE, now)
        record(session, "connection.recovered", subject_type=ENTITY, subject_id=connection.id)
        holding.release(session, connection)
    holding.try_again(session, connection.id)


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
    holding.try_again(session, connection.id)
    holding.release(session, connection)


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
    session: Session, connection: Connection, reason: Mapping[str, object], *, now: datetime
) -> None:
    """Note that the other side refuses our credentials: all work is held until they are mended.

    `reason` is {text, params} and is translated when it is read.
    """
    connection.last_failure_at = now
    if connection.state in LIVE:
        _move(connection, ConnectionState.REVOKED, now)
    connection.message = {
        "code": "credentials_refused",
        "text": REFUSED,
        "params": {"reason": dict(reason)},
    }
    session.flush()


def record_failure(connection: Connection, reason: Mapping[str, object], *, now: datetime) -> None:
    """Count a failure in a row: people are warned first, then the connection is paused.

    `reason` is {text, params} and is translated when it is read.
    """
    connection.failures += 1
    connection.last_failure_at = now
    connection.message = {
        "code": "failing",
        "text": ONE_FAILED if connection.failures == 1 else MANY_FAILED,
        "params": {"count": connection.failures, "reason": dict(reason)},
    }
    if connection.failures >= PAUSED_AFTER and connection.state in USABLE:
        _move(connection, ConnectionState.PAUSED, now, keep_message=True)
    elif connection.failures >= DEGRADED_AFTER and connection.state is ConnectionState.ACTIVE:
        _move(connection, ConnectionState.DEGRADED, now, keep_message=True)


def record_success(connection: Connection, *, now: datetime) -> None:
    """Note that a call succeeded: the failures before it are over, which none tells of any more.

    One that was paused or revoked meanwhile stays so, and keeps saying why.
    """
    connection.last_success_at = now
    connection.failures = 0
    if connection.state is ConnectionState.DEGRADED:
        _move(connection, ConnectionState.ACTIVE, now)
    elif connection.state not in {ConnectionState.PAUSED, ConnectionState.REVOKED}:
        connection.message = None


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


def request_test(session: Session, connection: Connection) -> Enqueued:
    """Ask for a test of the credentials; it is made at once, whatever the last calls said.

    Raises:
        ValidationError: names the required settings that are missing.
    """
    declared = declarations.get(session, connection.connector)
    missing = declarations.missing_settings(
        declared, connection.settings, credentials.usable_secrets(connection)
    )
    if missing:
        raise ValidationError.of(
            f"/settings/{missing[0]}", "required", N_("This setting is needed before a test.")
        )
    gate.reopen(session, connection.id)
    return enqueue(
        session,
        TaskName.TEST_CONNECTION,
        key=str(connection.id),
        subject=(ENTITY, connection.id),
        connection_id=connection.id,
    )


def request_pull(session: Session, connection: Connection) -> list[Enqueued]:
    """Ask for what changed there now, and of an accounting system who is gone; returns the jobs.

    Raises:
        ConflictError: nothing can be pulled from this kind of connection.
    """
    task = TASKS_THAT_PULL.get(connection.kind)
    if task is None:
        raise ConflictError("no_pull", N_("Nothing is pulled from a connection of this kind."))
    wanted = [task, TaskName.CALL_ROLL] if task is TaskName.PULL_CUSTOMERS else [task]
    return [_request(session, connection, each) for each in wanted]


def request_rolls(session: Session) -> list[Enqueued]:
    """Ask of each accounting system that works who is gone there; returns the jobs."""
    return [
        _request(session, connection, TaskName.CALL_ROLL)
        for connection in services.active_of_kind(session, "accounting")
    ]


def _request(session: Session, connection: Connection, task: TaskName) -> Enqueued:
    return enqueue(
        session,
        task,
        key=str(connection.id),
        subject=(ENTITY, connection.id),
        connection_id=connection.id,
    )
