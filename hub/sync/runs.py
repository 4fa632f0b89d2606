"""Runs: what a pull took in, with its outcomes; one that took nothing in has no run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.clock import utcnow
from hub.connections import services as connections
from hub.connections.models import Connection, Run
from hub.ledger.setbacks import Setback
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem, PlanState
from hub.ports import RemoteCustomer
from hub.sync import mapping, pulling
from hub.sync.loading import KIND


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull as it began; a repeat of its job goes on with its run."""

    connection: Connection
    job_id: UUID
    cursor: Mapping[str, Any] | None
    started_at: datetime


def take_in(
    session: Session,
    pull: Pull,
    remotes: Sequence[RemoteCustomer],
    *,
    seen_before: int,
    now: datetime,
) -> None:
    """Apply one page of a pull: an item for each customer that is not already as it is there.

    The first such item begins the run. `seen_before` is how many the pull has seen before.
    """
    pairs = mapping.pairs_of(session, pull.connection)
    decided = [
        pulling.decide(session, pull.connection, pairs, remote, position=0) for remote in remotes
    ]
    kept = [item for item in decided if item["action"] != "skip"]
    pulling.note_seen(session, pull.connection.id, [r.remote_id for r in remotes], now=now)
    run = _find(session, pull)
    if kept:
        run = run or _begin(session, pull, seen=seen_before)
        plan = _plan_of(session, run, pull)
        start = plans.counters(session, plan.id)["items"]
        plans.add_items(
            session, plan, [item | {"position": start + n} for n, item in enumerate(kept)]
        )
        handler = pulling.CustomerSync(pull.connection, pairs, is_pull=True)
        plans.apply_batch(session, plan, handler, now=now, limit=len(kept))
    if run is not None:
        run.state = "running"
        run.counters = {**run.counters, "seen": run.counters["seen"] + len(remotes)}


def end(session: Session, pull: Pull, *, error: Mapping[str, object] | None, now: datetime) -> None:
    """End the record of a pull with counters that add up; a failed one has one in any case.

    `error` is why it failed, as {text, params}.
    """
    run = _find(session, pull)
    if run is None:
        if error is None:
            return
        run = _begin(session, pull, seen=0)
    counted: dict[str, int] = {"items": 0}
    if run.plan_id is not None:
        plan = plans.get(session, run.plan_id)
        plans.finish(session, plan, now=now)
        counted = plan.counters
    seen, failed = run.counters["seen"], counted.get("failed", 0)
    run.counters = {
        "seen": seen,
        "created": counted.get("create", 0),
        "updated": counted.get("update", 0),
        "linked": counted.get("link", 0),
        "conflicted": counted.get("conflict", 0),
        "failed": failed,
        "unchanged": max(0, seen - counted["items"]),
    }
    run.cursor_after = connections.get(session, pull.connection.id).cursor
    run.ended_at = now
    run.error = {"words": dict(error)} if error else None
    run.state = "failed" if error else ("partial" if failed else "succeeded")


def note_setback(session: Session, setback: Setback) -> None:
    """End the record of a pull whose job did not succeed; another try goes on with it."""
    connection = connections.get(session, UUID(str(setback.args["connection_id"])))
    now = utcnow()
    pull = Pull(connection, setback.job_id, connection.cursor, now)
    end(session, pull, error=setback.reason, now=now)


def prune(session: Session, before: datetime, limit: int) -> int:
    """Remove runs that ended before an instant, with plans and items; returns how many.

    What can still be undone is kept: a pull that made customers or joined them.
    """
    undoable = select(PlanItem.id).where(
        PlanItem.plan_id == Run.plan_id,
        PlanItem.action.in_(("create", "link")),
        PlanItem.outcome == "done",
    )
    over = session.execute(
        select(Run.id, Run.plan_id)
        .where(Run.kind == KIND, Run.ended_at < before, ~undoable.exists())
        .order_by(Run.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    plan_ids = [row.plan_id for row in over if row.plan_id is not None]
    for statement in (
        delete(Run).where(Run.id.in_([row.id for row in over])),
        delete(PlanItem).where(PlanItem.plan_id.in_(plan_ids)),
        delete(Plan).where(Plan.id.in_(plan_ids)),
    ):
        session.execute(statement.execution_options(synchronize_session=False))
    return len(over)


def _find(session: Session, pull: Pull) -> Run | None:
    return session.scalars(select(Run).where(Run.job_id == pull.job_id)).one_or_none()


def _begin(session: Session, pull: Pull, *, seen: int) -> Run:
    run = Run(
        kind=KIND,
        connection_id=pull.connection.id,
        state="running",
        job_id=pull.job_id,
        started_at=pull.started_at,
        cursor_before=dict(pull.cursor) if pull.cursor is not None else None,
        counters={"seen": seen},
    )
    session.add(run)
    session.flush()
    return run


def _plan_of(session: Session, run: Run, pull: Pull) -> Plan:
    if run.plan_id is not None:
        return plans.get(session, run.plan_id)
    plan = plans.create(session, KIND, scope={"connection_id": str(pull.connection.id)})
    plan.state = PlanState.APPLYING
    run.plan_id = plan.id
    session.flush()
    return plan
