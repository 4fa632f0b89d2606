"""Rate budget and circuit breaker of a connection: rows, so that all workers share them.

The budget is a token bucket refilled over the declared period. The breaker opens after five
failures within 30 s, stays open for 30 s, then lets one probe through (reliability.md R-11, R-12).
While either says no, work waits and no attempt is lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hub.connections.models import ConnectionGate
from hub.i18n import N_

FAILURES_TO_OPEN = 5
FAILURE_WINDOW = timedelta(seconds=30)
OPEN_FOR = timedelta(seconds=30)
PROBE_FOR = timedelta(seconds=30)  # longer than any call may take
SLOW_DOWN = N_("The other side asked us to slow down.")

_REFILLED = """(gate.tokens + :calls * greatest(
    0, extract(epoch from clock_timestamp() - gate.refilled_at) / :period))"""

# Each call passes here and mostly may: one statement then, which makes the row where there is none.
_TAKE = text(f"""
    insert into connection_gate as gate (id, tokens, refilled_at)
    values (:id, cast(:calls as float) - 1, clock_timestamp())
    on conflict (id) do update
    set tokens = least(:calls, {_REFILLED}) - 1, refilled_at = clock_timestamp()
    where gate.open_until is null
      and (gate.blocked_until is null or gate.blocked_until <= clock_timestamp())
      and {_REFILLED} >= 1
    returning id
""")  # noqa: S608 - made of the constant above

_UNBROKEN = "recent_failures = 0, failing_since = null, open_until = null, probing_until = null"
_CLOSE = text(f"""
    update connection_gate set {_UNBROKEN}
    where id = :id and (recent_failures > 0 or open_until is not null)
""")  # noqa: S608 - likewise
_REOPEN = text(f"""
    update connection_gate
    set {_UNBROKEN}, blocked_until = null, blocked_at = null, blocked_reason = null
    where id = :id
""")  # noqa: S608 - likewise


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no call may be made now, in words for people, and how long that lasts at least."""

    reason: str
    wait: timedelta
    params: Mapping[str, Any] = field(default_factory=dict)


def admit(
    session: Session, connection_id: UUID, *, calls: int, period: timedelta
) -> Refusal | None:
    """Take one call from the budget; None means that it may be made."""
    budget = {"id": connection_id, "calls": float(calls), "period": period.total_seconds()}
    if session.scalar(_TAKE, budget) is not None:
        return None
    gate, now = _locked(session, connection_id)
    if gate.blocked_until and gate.blocked_until > now:
        return _blocked(gate, gate.blocked_until - now)
    if gate.open_until:
        if gate.open_until > now:
            return Refusal(
                N_("The last calls failed; none is made for half a minute."), gate.open_until - now
            )
        if gate.probing_until and gate.probing_until > now:
            return Refusal(
                N_("One call is trying whether the other side works again."), timedelta(seconds=1)
            )
        gate.probing_until = now + PROBE_FOR
    refilled = (now - gate.refilled_at) / period * calls
    tokens = min(float(calls), gate.tokens + max(0.0, refilled))
    gate.refilled_at = now
    if tokens < 1:
        gate.tokens = tokens
        return Refusal(
            N_("As many calls are made as the other side allows."), period / calls * (1 - tokens)
        )
    gate.tokens = tokens - 1
    return None


def note_success(session: Session, connection_id: UUID) -> None:
    """Close the breaker; where nothing has failed there is nothing to wait for."""
    session.execute(_CLOSE, {"id": connection_id})


def note_failure(session: Session, connection_id: UUID) -> None:
    """Count a failure; the fifth within the window, or a failed probe, opens the breaker."""
    gate, now = _locked(session, connection_id)
    if gate.failing_since is None or now - gate.failing_since > FAILURE_WINDOW:
        gate.failing_since, gate.recent_failures = now, 0
    gate.recent_failures += 1
    if gate.recent_failures >= FAILURES_TO_OPEN or gate.probing_until is not None:
        gate.open_until = now + OPEN_FOR
        gate.probing_until = None
        gate.recent_failures = 0


def block(
    session: Session,
    connection_id: UUID,
    wait: timedelta,
    reason: Mapping[str, object] | None = None,
) -> None:
    """Make no call for a while, as the other side asked; `reason` is {text, params}."""
    gate, now = _locked(session, connection_id)
    if gate.blocked_until is not None and gate.blocked_until >= now + wait:
        return
    if gate.blocked_until is None or gate.blocked_until <= now:
        gate.blocked_at = now
    gate.blocked_until = now + wait
    gate.blocked_reason = dict(reason) if reason else None


def reopen(session: Session, connection_id: UUID) -> None:
    """Let calls be made again at once: somebody has mended something, or wants to see."""
    session.execute(_REOPEN, {"id": connection_id})


def _blocked(gate: ConnectionGate, wait: timedelta) -> Refusal:
    reason = gate.blocked_reason
    if reason is None:
        return Refusal(SLOW_DOWN, wait)
    return Refusal(reason["text"], wait, reason["params"])


def _locked(session: Session, connection_id: UUID) -> tuple[ConnectionGate, datetime]:
    row = session.execute(
        select(ConnectionGate, func.clock_timestamp())
        .where(ConnectionGate.id == connection_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    return row[0], row[1]
