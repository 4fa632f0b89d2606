"""Looks at PostgreSQL: reachable, new enough, migrated, of the same time; and at connections."""

from datetime import datetime

from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hub import outside
from hub.clock import utcnow
from hub.connections.credentials import do_open
from hub.connections.models import Connection as OutsideConnection
from hub.connections.models import ConnectionState
from hub.history import sealing
from hub.ledger import pulses
from hub.ledger.tasks import Queue
from hub.master_keys import read_keys
from hub.migrations.schema import current_revision, head_revision
from ops.doctor.findings import Finding, fail, ok, warn
from ops.installation import Installation

_OLDEST_VERSION = 180_000
_TIMEOUT_S = 5
_SKEW_WARN_S = 2  # leases are a minute long and live by the database's clock
_SKEW_FAIL_S = 30
_LOOKED_THROUGH = 5_000  # newest positions of the history: half a second
_SICK = {ConnectionState.DEGRADED, ConnectionState.PAUSED}


def look_at_database(installation: Installation) -> list[Finding]:
    """Look at the database and, where it is migrated, at what it says of connections."""
    if installation.postgres and not installation.postgres.is_ready():
        return [fail("database", "the embedded PostgreSQL does not run", "start it with: hub up")]
    engine = create_engine(installation.database_url, connect_args={"connect_timeout": _TIMEOUT_S})
    try:
        with engine.connect() as connection:
            findings = [_version(connection), _clock(connection), _schema(connection)]
            if current_revision(connection) == head_revision():
                findings += _held(connection)
                findings += _outside_connections(connection)
                findings += _secrets(connection, installation)
                findings.append(_history(connection))
            return findings
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        return [fail("database", f"not reachable: {reason}", "check HUB_DATABASE_URL")]
    finally:
        engine.dispose()


def _version(connection: Connection) -> Finding:
    number = int(connection.scalar(select(func.current_setting("server_version_num"))) or 0)
    if number < _OLDEST_VERSION:
        return fail("database", f"PostgreSQL {number // 10_000}", "Hub needs 18 or newer")
    return ok("database", f"PostgreSQL {number // 10_000}.{number % 10_000}")


def _clock(connection: Connection) -> Finding:
    before = utcnow()
    theirs: datetime = connection.scalars(select(func.clock_timestamp())).one()
    ours = before + (utcnow() - before) / 2
    skew_s = abs((theirs - ours).total_seconds())
    message = f"{skew_s:.1f} s from the database's"
    remedy = "let NTP set the clocks of both machines"
    if skew_s > _SKEW_FAIL_S:
        return fail("clock", message, remedy)
    return warn("clock", message, remedy) if skew_s > _SKEW_WARN_S else ok("clock", message)


def _schema(connection: Connection) -> Finding:
    current, head = current_revision(connection), head_revision()
    if current != head:
        return fail(
            "schema", f"at {current or 'nothing'}, this version needs {head}", "hub migrate"
        )
    return ok("schema", f"at {head}")


def _held(connection: Connection) -> list[Finding]:
    with Session(connection) as session:
        found = outside.is_held(session)
    if not found:
        return []
    return [warn("outside", "calls and mails are held, as after a restore", "hub release")]


def _outside_connections(connection: Connection) -> list[Finding]:
    model = OutsideConnection
    rows = connection.execute(
        select(model.name, model.state).where(model.deleted_at.is_(None)).order_by(model.name)
    ).all()
    return [_outside(name, state) for name, state in rows]


def _secrets(connection: Connection, installation: Installation) -> list[Finding]:
    """Look whether the master key is the one that the secrets of connections were sealed with."""
    model = OutsideConnection
    rows = connection.execute(
        select(model.id, model.name, model.secrets)
        .where(model.deleted_at.is_(None), model.secrets.is_not(None))
        .order_by(model.name)
    ).all()
    if not rows:
        return []
    keys = read_keys(installation.environment()["HUB_MASTER_KEY"])
    shut = [row.name for row in rows if not do_open(row.secrets, row.id, keys)]
    if not shut:
        return [ok("secrets", "all open with the master key")]
    return [
        fail(
            "secrets",
            f"another master key sealed those of {', '.join(shut)}",
            "put that key back, or give these connections their credentials anew",
        )
    ]


def _history(connection: Connection) -> Finding:
    """Look whether the newest part of the history holds; all of it takes a command of its own."""
    with Session(connection) as session:
        last, _ = sealing.head(session)
        first = max(1, last - _LOOKED_THROUGH + 1)
        broken = sealing.verify(session, first)
    if broken is not None:
        return fail(
            "history",
            f"broken at position {broken.position}: {broken.reason}",
            "hub history verify; compare with a backup, and find out who wrote to the database",
        )
    return ok("history", f"holds from position {first} to {last}; all of it: hub history verify")


def look_at_processes(installation: Installation) -> list[Finding]:
    """Look whether a relay and workers of every queue were heard lately, on whatever host."""
    if installation.postgres and not installation.postgres.is_ready():
        return []  # said of the database
    engine = create_engine(installation.database_url, connect_args={"connect_timeout": _TIMEOUT_S})
    try:
        with Session(engine) as session:
            if current_revision(session.connection()) != head_revision():
                return []
            found = pulses.alive(session)
    except SQLAlchemyError:
        return []
    finally:
        engine.dispose()
    relay = (
        ok("relay", f"{found.relays} alive")
        if found.relays
        else fail("relay", "none was heard: no work is begun", "hub up, or hub relay")
    )
    return [relay, *(_workers(queue, count) for queue, count in found.workers.items())]


def _workers(queue: Queue, count: int) -> Finding:
    subject = f"workers of {queue.value}"
    if count:
        return ok(subject, f"{count} alive")
    return fail(
        subject, "none was heard: this work waits", f"hub up, or hub worker --queues {queue.value}"
    )


def _outside(name: str, state: ConnectionState) -> Finding:
    subject = f"connection {name}"
    if state is ConnectionState.REVOKED:
        return fail(subject, "its credentials are refused", "give it new ones, then test it")
    if state in _SICK:
        return warn(subject, state.value, "see its message: GET /api/v1/connections")
    return ok(subject, state.value)
