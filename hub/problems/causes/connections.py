"""Connections that do not work, may not be called, or hold changes back."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import ColumnElement, ScalarSelect, Text, cast, func, select
from sqlalchemy.orm import Session

from hub import links
from hub.connections import holding, mending
from hub.connections.gate import SLOW_DOWN
from hub.connections.models import (
    LIVE,
    USABLE,
    Connection,
    ConnectionGate,
    ConnectionState,
)
from hub.connections.troubles import OUTGOING_HELD, trouble_of
from hub.i18n import N_
from hub.ledger.models import Job
from hub.problems.cause import Cause, Words
from hub.problems.models import ProblemKind

LONG = timedelta(minutes=10)
"""How long a pause must be that the other side asks for: shorter ones are the rule with some."""

_ID = cast(Connection.id, Text)
_KINDS = {
    ConnectionState.REVOKED: ProblemKind.CONNECTION_REVOKED,
    ConnectionState.PAUSED: ProblemKind.CONNECTION_PAUSED,
    ConnectionState.DEGRADED: ProblemKind.CONNECTION_DEGRADED,
}
_CALLED = USABLE | {ConnectionState.NEW, ConnectionState.TESTED}


def find(session: Session) -> list[Cause]:
    """See `hub.problems.cause.Finder`."""
    waiting = _how_many(holding.is_held_back_for(_ID))
    rows = session.execute(
        select(Connection, waiting.label("waiting")).where(
            Connection.deleted_at.is_(None), Connection.state.in_(LIVE)
        )
    )
    causes = [cause for row in rows if (cause := _cause(row.Connection, row.waiting)) is not None]
    blocked = {cause.key: cause for cause in _blocked(session)}
    return [each for each in causes if each.key not in blocked] + list(blocked.values())


def _how_many(wanted: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(Job).where(wanted).scalar_subquery()


def _blocked(session: Session) -> Iterator[Cause]:
    put_off = _how_many(holding.is_put_off_by(_ID))
    rows = session.execute(
        select(Connection, ConnectionGate, put_off.label("waiting"))
        .join(ConnectionGate, ConnectionGate.id == Connection.id)
        .where(
            Connection.deleted_at.is_(None),
            Connection.state.in_(_CALLED),
            ConnectionGate.blocked_until > func.clock_timestamp(),
            ConnectionGate.blocked_until - ConnectionGate.blocked_at >= LONG,
        )
    )
    for row in rows:
        yield _blocked_cause(row.Connection, row.ConnectionGate, row.waiting)


def _blocked_cause(connection: Connection, gate: ConnectionGate, waiting: int) -> Cause:
    reason = gate.blocked_reason or {"text": SLOW_DOWN, "params": {}}
    return Cause(
        key=f"connection:{connection.id}",
        kind=ProblemKind.CONNECTION_BLOCKED,
        subject_name=connection.name,
        subject=("connection", connection.id),
        since=gate.blocked_at or connection.state_since,
        count=waiting,
        message=Words("blocked", N_("No call is made for now: {reason}"), {"reason": reason}),
        remedy=Words(
            "mend_or_wait",
            N_(
                "Mend what it says and test the connection: what waits is tried at once. Otherwise"
                " it is tried again by itself."
            ),
        ),
        link=mending.setting_path(connection.id, mending.setting_named(reason)),
        owner_user_id=connection.owner_user_id,
        detail={"connection_kind": connection.kind},
    )


def _cause(connection: Connection, waiting: int) -> Cause | None:
    kind, trouble = _KINDS.get(connection.state), trouble_of(connection)
    if kind is not None and trouble is not None:
        return Cause(
            key=f"connection:{connection.id}",
            kind=kind,
            subject_name=connection.name,
            subject=("connection", connection.id),
            since=connection.state_since,
            count=waiting,
            message=Words(trouble.code, trouble.text, trouble.params),
            remedy=Words(kind.value, trouble.remedy),
            link=links.record_path("connections", connection.id),
            owner_user_id=connection.owner_user_id,
            detail={"connection_kind": connection.kind},
            # Whoever paused it himself needs no mail about it.
            alerts=connection.state is not ConnectionState.PAUSED or bool(connection.message),
        )
    if connection.outgoing_held and waiting:
        return Cause(
            key=f"connection_held:{connection.id}",
            kind=ProblemKind.CONNECTION_HELD,
            subject_name=connection.name,
            subject=("connection", connection.id),
            since=connection.state_since,
            count=waiting,
            message=Words(OUTGOING_HELD.code, OUTGOING_HELD.text),
            remedy=Words("look_at_plan", OUTGOING_HELD.remedy),
            link=links.record_path("connections", connection.id),
            owner_user_id=connection.owner_user_id,
            alerts=False,
        )
    return None
