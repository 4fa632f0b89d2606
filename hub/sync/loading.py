"""Runs and first loads: pages of remote customers, previewed or applied, and counted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.clock import utcnow
from hub.connections import holding
from hub.connections import services as connections
from hub.connections.models import Connection, ExternalLink, LinkState, Run
from hub.customers.models import AccountingState, Customer
from hub.errors import ConflictError
from hub.i18n import N_
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.setbacks import Setback
from hub.ledger.tasks import TaskName
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem, PlanState
from hub.ports import RemoteCustomer
from hub.sync import links, mapping, pulling, pushing

KIND = "sync"


def request_first_load(session: Session, connection: Connection) -> tuple[Plan, Enqueued]:
    """Ask for a preview of all customers of an accounting system, matched against those here.

    Raises:
        ConflictError: the connection is no accounting system, or is not at work.
    """
    if connection.kind != "accounting":
        raise ConflictError("not_accounting", N_("This connection is no accounting system."))
    plan = plans.create(session, KIND, scope={"connection_id": str(connection.id)})
    job = enqueue(
        session,
        TaskName.PLAN_FIRST_LOAD,
        key=str(plan.id),
        subject=("plan", plan.id),
        connection_id=connection.id,
        plan_id=plan.id,
    )
    return plan, job


def request_application(session: Session, plan: Plan, *, now: datetime) -> Enqueued:
    """Ask for a previewed first load to be applied.

    Raises:
        ConflictError: the plan is no draft, or its preview is not complete yet.
    """
    if "cursor" not in plan.scope:
        raise ConflictError("not_ready", N_("The preview is not complete yet."))
    plans.start(plan, now=now)
    return _ask(session, plan, undo=False)


def request_undo(session: Session, plan: Plan, *, now: datetime) -> Enqueued:
    """Ask for an applied first load to be taken back.

    Raises:
        ConflictError: the plan was not applied.
    """
    del now
    plans.start_undo(plan)
    return _ask(session, plan, undo=True)


def empty(session: Session, plan_id: UUID) -> None:
    """Throw away what an earlier try of the preview left."""
    session.execute(delete(PlanItem).where(PlanItem.plan_id == plan_id))


def add_page(
    session: Session,
    plan_id: UUID,
    connection: Connection,
    remotes: Sequence[RemoteCustomer],
    position: int,
) -> None:
    """Decide about a page of remote customers and add the items to a preview."""
    plan = plans.get(session, plan_id)
    pairs = mapping.pairs_of(session, connection)
    plans.add_items(
        session,
        plan,
        [
            pulling.decide(session, connection, pairs, remote, position=position + offset)
            for offset, remote in enumerate(remotes)
        ],
    )


def complete_plan(session: Session, plan_id: UUID, cursor: Mapping[str, Any] | None) -> None:
    """Note that a preview is complete, and from where the pulls will go on."""
    plan = plans.get(session, plan_id, lock=True)
    plan.scope = {**plan.scope, "cursor": dict(cursor or {})}
    plan.counters = plans.counters(session, plan_id)


def start_from(session: Session, connection_id: UUID, plan: Plan) -> None:
    """Let the pulls go on from where an applied first load ended, and held changes go."""
    connection = connections.get(session, connection_id, lock=True)
    connection.cursor = plan.scope["cursor"]
    connection.outgoing_held = False
    session.flush()
    holding.release(session, connection)


def begin_run(session: Session, connection: Connection, *, job_id: UUID, now: datetime) -> Run:
    """Begin the record of a pull; a repeat of the same job goes on with its run."""
    found = session.scalars(select(Run).where(Run.job_id == job_id)).one_or_none()
    if found is not None:
        found.state = "running"
        return found
    plan = plans.create(session, KIND, scope={"connection_id": str(connection.id)})
    plan.state = PlanState.APPLYING
    run = Run(
        kind=KIND,
        connection_id=connection.id,
        plan_id=plan.id,
        state="running",
        job_id=job_id,
        started_at=now,
        cursor_before=connection.cursor,
    )
    session.add(run)
    session.flush()
    return run


def take_in(
    session: Session,
    run_id: UUID,
    connection: Connection,
    remotes: Sequence[RemoteCustomer],
    position: int,
    *,
    now: datetime,
) -> None:
    """Apply one page of a pull: an item for each customer that is not already as it is there."""
    run = session.get_one(Run, run_id)
    assert run.plan_id is not None  # noqa: S101 - a sync's run has its plan
    plan = plans.get(session, run.plan_id)
    pairs = mapping.pairs_of(session, connection)
    decided = [pulling.decide(session, connection, pairs, remote, position=0) for remote in remotes]
    kept = [item for item in decided if item["action"] != "skip"]
    start = plans.counters(session, plan.id)["items"]
    plans.add_items(session, plan, [item | {"position": start + n} for n, item in enumerate(kept)])
    pulling.note_seen(session, connection.id, [r.remote_id for r in remotes], now=now)
    plans.apply_batch(
        session, plan, pulling.CustomerSync(connection, pairs), now=now, limit=len(kept) or 1
    )
    seen = run.counters.get("seen", 0) if position or run.counters else 0
    run.counters = {**run.counters, "seen": seen + len(remotes)}


def end_run(
    session: Session, run_id: UUID, *, error: Mapping[str, Any] | None, now: datetime
) -> None:
    """End the record of a pull with counters that add up; `error` is {text, params}."""
    run = session.get_one(Run, run_id)
    assert run.plan_id is not None  # noqa: S101 - as above
    assert run.connection_id is not None  # noqa: S101 - likewise
    plan = plans.get(session, run.plan_id)
    plans.finish(session, plan, now=now)
    counted = plan.counters
    seen = run.counters.get("seen", 0)
    failed = counted.get("failed", 0)
    run.counters = {
        "seen": seen,
        "created": counted.get("create", 0),
        "updated": counted.get("update", 0),
        "linked": counted.get("link", 0),
        "conflicted": counted.get("conflict", 0),
        "failed": failed,
        "unchanged": max(0, seen - counted["items"]),
    }
    run.cursor_after = connections.get(session, run.connection_id).cursor
    run.ended_at = now
    run.error = {"words": dict(error)} if error else None
    run.state = "failed" if error else ("partial" if failed else "succeeded")


def note_setback(session: Session, setback: Setback) -> None:
    """End the record of a pull whose job did not succeed; another try goes on with it."""
    run = session.scalars(select(Run).where(Run.job_id == setback.job_id)).one_or_none()
    if run is not None:
        end_run(session, run.id, error=setback.reason, now=utcnow())


def note_orphans(session: Session, connection: Connection, *, before: datetime) -> None:
    """After a complete sweep: what it has not shown is gone there."""
    for link in links.orphan_unseen(session, connection.id, before=before):
        orphan(session, connection, link)


def orphan(session: Session, connection: Connection, link: ExternalLink) -> None:
    """Note that the other half of a customer is gone."""
    link.state = LinkState.ORPHANED
    customer = session.get_one(Customer, link.customer_id)
    customer.accounting_state = AccountingState.FAILED
    customer.accounting_message = {
        "code": "gone_there",
        "text": pushing.GONE_THERE,
        "params": {"system": connection.name},
        "link": f"/api/v1/customers/{customer.id}/links",
    }


def _ask(session: Session, plan: Plan, *, undo: bool) -> Enqueued:
    return enqueue(
        session,
        TaskName.APPLY_FIRST_LOAD,
        key=f"{plan.id}:{'undo' if undo else 'apply'}",
        serial_key=f"load:{plan.scope['connection_id']}",
        subject=("plan", plan.id),
        plan_id=plan.id,
        undo=undo,
    )
