"""Applying a mass assignment and taking it back, some hundreds of records at a time.

Each record is assigned exactly as it was previewed, or not at all: one that moved since is skipped
and listed. What is done in one transaction is all or nothing, and its items say so.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, select, text, true
from sqlalchemy.orm import Session

from hub.access.assignable import refuse_unassignable
from hub.access.predicates import visible
from hub.access.roles import Verb
from hub.assignments import records
from hub.assignments.entities import OWNER, Assignable, assigned_by
from hub.assignments.records import Owners
from hub.customers import protecting
from hub.customers.ownership import NEEDS_OWNER
from hub.customers.pool_states import refuse_owner_past_the_pool
from hub.errors import (
    ConflictError,
    DomainError,
    FieldError,
    ForbiddenError,
    NotFoundError,
    StaleVersionError,
    ValidationError,
)
from hub.i18n import N_
from hub.plans import services as plans
from hub.plans.asking import acting_for
from hub.plans.models import Plan, PlanItem
from hub.pools import passing_on

BATCH = 500
START = -1  # before the first position

_READ_ONLY = text("update plan_item set outcome = 'skipped' where id = any(:items)")
_DONE = text("""
    update plan_item i set outcome = :outcome, applied_version = r.version, errors = null
    from unnest(cast(:items as uuid[]), cast(:versions as int[])) as r (item_id, version)
    where i.id = r.item_id
""")
_NOT_DONE = text("""
    update plan_item i set outcome = r.outcome, errors = cast(r.errors as jsonb)
    from unnest(cast(:items as uuid[]), cast(:outcomes as text[]), cast(:errors as text[]))
        as r (item_id, outcome, errors)
    where i.id = r.item_id
""")
_NO_RIGHT = N_("Whoever asked may not assign it any more.")
_LEFT = frozenset({"inactive_user", "unknown_user", "unknown_team"})
"""Why somebody gets nothing back; that other groups are set by now is no reason."""


@dataclass(frozen=True, slots=True, eq=False)
class _Wanted:
    """What an item wants of its record: to be whose, and of which version it was decided."""

    item_id: UUID
    record_id: UUID
    version: int
    owners: Owners


def apply_batch(
    session: Session, plan: Plan, *, now: datetime, after: int = START, limit: int = BATCH
) -> int | None:
    """Assign the records of the next items behind a position; returns the last one's, None at last.

    What whoever asked for the plan may not assign any more is refused.
    """
    waiting = (PlanItem.outcome.is_(None), PlanItem.position > after)
    items = _items(session, plan, *waiting, limit=limit)
    if not items:
        return None
    session.execute(
        _READ_ONLY, {"items": [each.id for each in items if each.action not in plans.EFFECTIVE]}
    )
    wanted = [
        _Wanted(each.id, each.record_id, each.record_version, _owners(each.after))
        for each in items
        if each.action in plans.EFFECTIVE
    ]
    asking, model = acting_for(session, plan), assigned_by(plan).model
    permitted = visible(asking, Verb.ASSIGN, model) if asking is not None else false()
    _carry_out(session, plan, wanted, permitted=permitted, undone=False, now=now)
    return int(items[-1].position)


def undo_batch(session: Session, plan: Plan, *, now: datetime, limit: int = BATCH) -> int:
    """Give the last records back that are as the plan left them; returns how many were looked at.

    What was changed since is kept, and what would go back to somebody who has left.
    """
    done = _items(session, plan, PlanItem.outcome == "done", limit=limit, backwards=True)
    left: dict[frozenset[Any], list[FieldError]] = {}
    wanted, kept = [], {}
    for item in done:
        owners = _owners(item.before)
        key = frozenset(owners.items())
        if key not in left:
            left[key] = _who_left(session, assigned_by(plan), owners)
        if left[key]:
            kept[item.id] = ValidationError(*left[key])
        else:
            wanted.append(_Wanted(item.id, item.record_id, item.applied_version, owners))
    _note(session, kept, undone=True)
    _carry_out(session, plan, wanted, permitted=true(), undone=True, now=now)
    return len(done)


def _items(
    session: Session, plan: Plan, *conditions: Any, limit: int, backwards: bool = False
) -> Sequence[Any]:
    return session.execute(
        select(
            PlanItem.id, PlanItem.position, PlanItem.action, PlanItem.record_id,
            PlanItem.record_version, PlanItem.applied_version,
            PlanItem.before, PlanItem.after,
        )
        .where(PlanItem.plan_id == plan.id, *conditions)
        .order_by(PlanItem.position.desc() if backwards else PlanItem.position)
        .limit(limit)
    ).all()  # fmt: skip


def _owners(values: Mapping[str, Any]) -> Owners:
    return {name: None if value is None else UUID(value) for name, value in values.items()}


def _carry_out(
    session: Session,
    plan: Plan,
    wanted: Sequence[_Wanted],
    *,
    permitted: ColumnElement[bool],
    undone: bool,
    now: datetime,
) -> None:
    """Assign what is as it was when it was decided, and note of each item what became of it."""
    assignable = assigned_by(plan)
    if assignable.guarded and not undone:
        passing_on.lock_receivers(session, _receivers(wanted))
    rows = records.lock(session, assignable, [each.record_id for each in wanted], permitted)
    found = {each: _error_of(assignable, each, rows.get(each.record_id)) for each in wanted}
    if assignable.guarded and not undone:  # what is taken back was theirs, and no gift
        _refuse_beyond_quotas(session, found, rows, now=now)
        _refuse_beyond_protection(session, found, rows)
    _note(session, {each.item_id: error for each, error in found.items() if error}, undone=undone)
    good = [each for each, error in found.items() if error is None]
    if not good:
        return
    told = {"reason": plan.scope["reason"], "plan_id": str(plan.id)}
    records.assign(
        session,
        assignable,
        {each.record_id: each.owners for each in good},
        rows,
        told={**told, "undone": True} if undone else told,
        now=now,
    )
    session.execute(
        _DONE,
        {
            "outcome": "undone" if undone else "done",
            "items": [each.item_id for each in good],
            "versions": [each.version + 1 for each in good],
        },
    )


def _error_of(assignable: Assignable, wanted: _Wanted, row: Any) -> DomainError | None:
    if row is None:
        return NotFoundError(assignable.entity, wanted.record_id)
    if row.version != wanted.version:
        return StaleVersionError(assignable.entity, wanted.record_id, row.version)
    if not row.permitted:
        return ForbiddenError(_NO_RIGHT)
    if row.is_protected and wanted.owners.get(OWNER, row.owner_user_id) is None:
        return ConflictError("protected", NEEDS_OWNER)
    if assignable.guarded and OWNER in wanted.owners:
        try:
            refuse_owner_past_the_pool(row, wanted.owners[OWNER])
        except ConflictError as error:
            return error
    return None


def _receivers(wanted: Sequence[_Wanted]) -> dict[UUID, UUID]:
    return {
        each.record_id: owner for each in wanted if (owner := each.owners.get(OWNER)) is not None
    }


def _refuse_beyond_quotas(
    session: Session,
    found: dict[_Wanted, DomainError | None],
    rows: Mapping[UUID, Any],
    *,
    now: datetime,
) -> None:
    """Refuse what came from a pool and whose new owner its quotas or his cooldown bar."""
    receivers = _receivers([each for each, error in found.items() if error is None])
    handed = [
        passing_on.Handed(record_id, rows[record_id].pool_id, receiver)
        for record_id, receiver in receivers.items()
        if rows[record_id].pool_id is not None and rows[record_id].owner_user_id != receiver
    ]
    refused = passing_on.refusals(session, handed, now=now) if handed else {}
    for each, error in found.items():
        found[each] = error or refused.get(each.record_id)


def _refuse_beyond_protection(
    session: Session, found: dict[_Wanted, DomainError | None], rows: Mapping[UUID, Any]
) -> None:
    """Refuse what is protected where its new owner has as many of these as the policy allows."""
    receivers = _receivers([each for each, error in found.items() if error is None])
    given = {
        record_id: receiver
        for record_id, receiver in receivers.items()
        if rows[record_id].is_protected and rows[record_id].owner_user_id != receiver
    }
    if not given:
        return
    room_of = protecting.rooms(session, set(given.values()))
    for each, error in found.items():
        if error is None and each.record_id in given:
            try:
                room_of[given[each.record_id]].take()
            except ConflictError as full:
                found[each] = full


def _who_left(session: Session, assignable: Assignable, owners: Owners) -> list[FieldError]:
    try:
        refuse_unassignable(session, assignable.listing.name, owners)
    except ValidationError as error:
        return [each for each in error.errors if each.code in _LEFT]
    return []


def _note(session: Session, errors: Mapping[UUID, DomainError], *, undone: bool) -> None:
    if not errors:
        return
    session.execute(
        _NOT_DONE,
        {
            "items": list(errors),
            "outcomes": [_outcome(error, undone=undone) for error in errors.values()],
            "errors": [
                json.dumps(plans.all_shown(error), ensure_ascii=False) for error in errors.values()
            ],
        },
    )


def _outcome(error: DomainError, *, undone: bool) -> str:
    if undone:
        return "kept"
    return "skipped" if isinstance(error, StaleVersionError) else "failed"
