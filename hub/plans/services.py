"""Making, applying and undoing plans, in bounded batches that may stop and go on.

What an item does is its kind's business: a `Handler` applies one and takes one back. Import, sync
and assign plans apply item by item: an item whose record moved since the preview is skipped.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.copying import copy_in
from hub.db import new_id, savepoint
from hub.errors import ConflictError, DomainError, NotFoundError, StaleVersionError, ValidationError
from hub.i18n import N_
from hub.plans.models import Plan, PlanItem, PlanState

ENTITY = "plan"
EFFECTIVE = frozenset({"create", "update", "link", "assign"})
"""Actions that change something; the others are there to be read."""

DRAFTS_LAST = timedelta(days=14)
"""How long a preview may be applied; what it was made of has changed by then."""

_PLAIN_COLUMNS = (
    "position", "action", "entity", "record_id", "record_version", "external_id",
)  # fmt: skip
_JSON_COLUMNS = ("before", "after", "source", "errors")


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying one item did: to which record, which version it has now, what was before."""

    record_id: UUID
    version: int
    before: Mapping[str, Any] | None = None


class Undoer(Protocol):
    """Undoes the items of one kind of plan."""

    def undo(self, session: Session, item: PlanItem, *, now: datetime) -> None:
        """Take back what the item did.

        Raises:
            StaleVersionError: the record was changed since; it is kept and listed.
            DomainError: it cannot be taken back; kept and listed likewise.
        """
        ...


class Handler(Undoer, Protocol):
    """Applies and undoes the items of one kind of plan."""

    def apply(self, session: Session, item: PlanItem, *, now: datetime) -> Applied:
        """Do what the item says.

        Raises:
            DomainError: it cannot be done; the item fails and the plan goes on.
        """
        ...


def create(
    session: Session, kind: str, *, scope: Mapping[str, Any], token_id: UUID | None = None
) -> Plan:
    """Begin a plan, empty; in a job, `token_id` is that of whoever asked for it."""
    plan = Plan(kind=kind, scope=dict(scope), token_id=token_id)
    session.add(plan)
    session.flush()
    return plan


def add_items(session: Session, plan: Plan, items: Iterable[Mapping[str, Any]]) -> int:
    """Add items, each a mapping of `PlanItem`'s columns with its position; returns how many."""
    return copy_in(
        session,
        PlanItem.__tablename__,
        ("id", "plan_id", *_PLAIN_COLUMNS, *_JSON_COLUMNS),
        (
            (
                new_id(), plan.id,
                *(item.get(name) for name in _PLAIN_COLUMNS),
                *(_json(item.get(name)) for name in _JSON_COLUMNS),
            )
            for item in items
        ),
    )  # fmt: skip


def get(session: Session, plan_id: UUID, *, lock: bool = False) -> Plan:
    """Return a plan.

    Raises:
        NotFoundError: there is none.
    """
    statement = select(Plan).where(Plan.id == plan_id)
    if lock:
        statement = statement.with_for_update(key_share=True)
    found = session.scalars(statement.execution_options(populate_existing=lock)).one_or_none()
    if found is None:
        raise NotFoundError(ENTITY, plan_id)
    return found


def start(plan: Plan, *, now: datetime) -> None:
    """Let a draft be applied.

    Raises:
        ConflictError: it is no draft, or it has expired.
    """
    if plan.state is not PlanState.DRAFT:
        raise ConflictError(
            "not_a_draft",
            N_("The plan is {state}; only a draft can be applied."),
            state=plan.state.value,
        )
    if plan.expires_at is not None and plan.expires_at < now:
        # That it is stale is noted by `expire`: what is written here is undone by the refusal.
        raise ConflictError("expired", N_("The plan has expired: make it anew."))
    plan.state = PlanState.APPLYING


def expire(session: Session, now: datetime, limit: int) -> int:
    """Note of drafts whose time is over that they are stale; returns how many, `limit` at most."""
    due = session.scalars(
        select(Plan)
        .where(Plan.state == PlanState.DRAFT, Plan.expires_at < now)
        .order_by(Plan.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for plan in due:
        plan.state = PlanState.STALE
    session.flush()
    return len(due)


def apply_batch(
    session: Session, plan: Plan, handler: Handler, *, now: datetime, limit: int = 200
) -> int:
    """Apply the next items, each all or nothing; returns how many, 0 when all are done."""
    items = session.scalars(
        select(PlanItem)
        .where(PlanItem.plan_id == plan.id, PlanItem.outcome.is_(None))
        .order_by(PlanItem.position)
        .limit(limit)
    ).all()
    apply_items(session, items, handler, now=now)
    return len(items)


def apply_items(
    session: Session, items: Iterable[PlanItem], handler: Handler, *, now: datetime
) -> None:
    """Apply some items, each all or nothing, and note their outcomes."""
    for item in items:
        _apply_one(session, item, handler, now)
    session.flush()


def finish(session: Session, plan: Plan, *, now: datetime) -> None:
    """Note that all items have been applied, with the counters."""
    plan.state = PlanState.APPLIED
    plan.applied_at = now
    plan.counters = counters(session, plan.id)


def start_undo(plan: Plan) -> None:
    """Pass where a plan can be undone.

    Raises:
        ConflictError: it was not applied, or its time for undoing is over.
    """
    if plan.state is not PlanState.APPLIED:
        raise ConflictError(
            "not_applied",
            N_("The plan is {state}; only an applied plan can be undone."),
            state=plan.state.value,
        )


def undo_batch(
    session: Session, plan: Plan, undoer: Undoer, *, now: datetime, limit: int = 200
) -> int:
    """Take back the next items, the last one first; returns how many, 0 when all are done."""
    items = session.scalars(
        select(PlanItem)
        .where(PlanItem.plan_id == plan.id, PlanItem.outcome == "done")
        .order_by(PlanItem.position.desc())
        .limit(limit)
    ).all()
    undo_items(session, items, undoer, now=now)
    return len(items)


def undo_items(
    session: Session, items: Iterable[PlanItem], undoer: Undoer, *, now: datetime
) -> None:
    """Take back some items, each all or nothing, and note their outcomes."""
    for item in items:
        try:
            with savepoint(session):
                undoer.undo(session, item, now=now)
                item.outcome = "undone"
        except DomainError as error:
            item.outcome, item.errors = "kept", all_shown(error)
        except IntegrityError:
            item.outcome, item.errors = "kept", [_TAKEN]
    session.flush()


def finish_undo(session: Session, plan: Plan, *, now: datetime) -> None:
    """Note that everything that could be taken back has been, with the counters."""
    plan.state = PlanState.UNDONE
    plan.undone_at = now
    plan.counters = counters(session, plan.id)


def counters(session: Session, plan_id: UUID) -> dict[str, int]:
    """Return how many items have which action, and which outcome; both add up to `items`."""
    rows = session.execute(
        select(PlanItem.action, PlanItem.outcome, func.count())
        .where(PlanItem.plan_id == plan_id)
        .group_by(PlanItem.action, PlanItem.outcome)
    ).all()
    counted: dict[str, int] = {"items": 0}
    for action, outcome, count in rows:
        counted["items"] += count
        counted[action] = counted.get(action, 0) + count
        if outcome is not None:
            counted[outcome] = counted.get(outcome, 0) + count
    return counted


def _apply_one(session: Session, item: PlanItem, handler: Handler, now: datetime) -> None:
    if item.action not in EFFECTIVE:
        item.outcome = "skipped"
        return
    try:
        with savepoint(session):
            applied = handler.apply(session, item, now=now)
    except StaleVersionError as error:
        item.outcome, item.errors = "skipped", [_shown(error)]
    except DomainError as error:
        item.outcome, item.errors = "failed", all_shown(error)
    except IntegrityError:
        item.outcome, item.errors = "failed", [_TAKEN]
    else:
        item.outcome = "done"
        item.record_id = applied.record_id
        item.applied_version = applied.version
        if applied.before is not None:
            item.before = dict(applied.before)


def all_shown(error: DomainError) -> list[dict[str, Any]]:
    """Return why an item could not be done, as items keep it."""
    if isinstance(error, ValidationError):
        return [
            {"pointer": e.pointer, "code": e.code, "message": e.message, "params": dict(e.params)}
            for e in error.errors
        ]
    return [_shown(error)]


def _shown(error: DomainError) -> dict[str, Any]:
    return {
        "pointer": "",
        "code": error.code,
        "message": error.message,
        "params": {name: str(value) for name, value in error.params.items()},
    }


_TAKEN: Mapping[str, Any] = {
    "pointer": "", "code": "taken", "params": {},
    "message": N_("Another record holds one of these values."),
}  # fmt: skip


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
