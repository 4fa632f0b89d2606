"""First loads: pages of remote customers, previewed, applied, and what is gone there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hub.connections import holding
from hub.connections import services as connections
from hub.connections.models import Connection, ExternalLink, LinkState
from hub.customers.models import AccountingState, Customer
from hub.errors import ConflictError
from hub.i18n import N_
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.tasks import TaskName
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem
from hub.ports import RemoteCustomer
from hub.sync import chronicling, links, mapping, pulling, pushing, standing

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


def note_orphans(session: Session, connection: Connection, *, before: datetime) -> None:
    """After a complete sweep: what it has not shown is gone there."""
    for link in links.orphan_unseen(session, connection.id, before=before):
        orphan(session, connection, link)


def orphan(session: Session, connection: Connection, link: ExternalLink) -> None:
    """Note that the other half of a customer is gone, or that there never was one."""
    link.state = LinkState.ORPHANED
    customer = session.get_one(Customer, link.customer_id)
    was_there = link.last_in_at is not None
    message = {
        "code": "gone_there" if was_there else "not_there",
        "text": pushing.GONE_THERE if was_there else pushing.NOT_THERE,
        "params": {"system": connection.name, "number": link.remote_id},
        "link": f"/api/v1/customers/{customer.id}/links",
    }
    standing.note(customer, connection.id, AccountingState.FAILED, message)
    if was_there:
        chronicling.tell_gone_there(session, link)


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
