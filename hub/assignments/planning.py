"""Making the preview of a mass assignment: an item for each record that may be assigned.

What the caller may see but not assign is counted, and named nowhere.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.orm import Session

from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.readers import reader_of
from hub.access.roles import Verb
from hub.assignments.entities import OWNER, Assignable, assigned_by
from hub.customers.ownership import NEEDS_OWNER
from hub.db import among
from hub.history.recording import plain
from hub.i18n import N_
from hub.listing import parse_stored
from hub.listing.counting import count_to
from hub.listing.predicates import found_rows
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem

BATCH = 2_000
LEFT_OUT = "left_out"
"""How many records were chosen that are not the caller's to assign: a part of the plan's scope."""

Reason = Mapping[str, Any]

_UNCHANGED: Reason = {
    "pointer": "", "code": "unchanged", "params": {}, "message": N_("It is so already."),
}  # fmt: skip
_PROTECTED: Reason = {
    "pointer": f"/{OWNER}", "code": "protected", "params": {}, "message": NEEDS_OWNER,
}  # fmt: skip


def changes_of(plan: Plan) -> dict[str, UUID | None]:
    """Return whose the records of a plan are to be."""
    return {
        name: None if value is None else UUID(value) for name, value in plan.scope["set"].items()
    }


def plan_named(
    session: Session, plan: Plan, principal: Principal, ids: Collection[UUID], *, now: datetime
) -> None:
    """Make the items of records named by their ids, in one go, and complete the draft."""
    assignable = assigned_by(plan)
    chosen = among(assignable.model.id, list(ids))
    rows = _rows(session, assignable, principal, chosen, limit=len(ids))
    mine = [row for row in rows if row.permitted]
    _add(session, plan, mine, left_out=len(ids) - len(mine))
    complete(session, plan, now=now)


def is_short(
    session: Session, plan: Plan, principal: Principal, bound: int, *, now: datetime
) -> bool:
    """Say whether a plan's query has no more rows than the bound."""
    query, found = _found(session, plan, principal, now)
    return count_to(session, query, found, bound).exact


def plan_found(
    session: Session,
    plan: Plan,
    principal: Principal,
    *,
    now: datetime,
    after: UUID | None = None,
    limit: int = BATCH,
) -> UUID | None:
    """Make the items of the next records of a plan's query, by their ids.

    Returns the last record looked at, None where it has no more.
    """
    assignable = assigned_by(plan)
    _, found = _found(session, plan, principal, now)
    if after is not None:
        found = and_(found, assignable.model.id > after)
    rows = _rows(session, assignable, principal, found, limit=limit)
    mine = [row for row in rows if row.permitted]
    _add(session, plan, mine, left_out=len(rows) - len(mine))
    return rows[-1].id if rows else None


def begin_again(session: Session, plan: Plan) -> None:
    """Throw away what an earlier try of the preview left."""
    session.execute(delete(PlanItem).where(PlanItem.plan_id == plan.id))
    plan.counters = {}


def complete(session: Session, plan: Plan, *, now: datetime) -> None:
    """Note that a preview is complete, and how long it may be applied."""
    plan.scope = {**plan.scope, LEFT_OUT: plan.counters.get(LEFT_OUT, 0)}
    plan.counters = plans.counters(session, plan.id)
    plan.expires_at = now + plans.DRAFTS_LAST
    session.flush()


def _found(
    session: Session, plan: Plan, principal: Principal, now: datetime
) -> tuple[Any, ColumnElement[bool]]:
    assignable = assigned_by(plan)
    query = parse_stored(assignable.listing, plan.scope["query"], reader_of(principal, now=now))
    return query, found_rows(session, query, visible(principal, Verb.READ, assignable.model))


def _rows(
    session: Session,
    assignable: Assignable,
    principal: Principal,
    chosen: ColumnElement[bool],
    *,
    limit: int,
) -> Sequence[Any]:
    model = assignable.model
    return session.execute(
        select(
            model.id,
            model.version,
            *assignable.guards,
            visible(principal, Verb.ASSIGN, model).label("permitted"),
            *(getattr(model, name) for name in sorted(assignable.fields)),
        )
        .where(chosen, assignable.living, visible(principal, Verb.READ, model))
        .order_by(model.id)
        .limit(limit)
    ).all()


def _add(session: Session, plan: Plan, rows: Sequence[Any], *, left_out: int) -> None:
    first = plan.counters.get("items", 0)
    wanted = changes_of(plan)
    entity = assigned_by(plan).entity
    plans.add_items(
        session,
        plan,
        (
            {"position": first + number, "entity": entity, **_item(row, wanted)}
            for number, row in enumerate(rows)
        ),
    )
    plan.counters = {
        "items": first + len(rows), LEFT_OUT: plan.counters.get(LEFT_OUT, 0) + left_out
    }  # fmt: skip


def _item(row: Any, wanted: Mapping[str, UUID | None]) -> dict[str, Any]:
    before = {name: getattr(row, name) for name in wanted}
    item = {
        "record_id": row.id, "record_version": row.version,
        "before": plain(before), "after": plain(wanted),
    }  # fmt: skip
    if before == wanted:
        return {**item, "action": "skip", "errors": [_UNCHANGED]}
    if row.is_protected and wanted.get(OWNER, row.owner_user_id) is None:
        return {**item, "action": "refuse", "errors": [_PROTECTED]}
    return {**item, "action": "assign"}
