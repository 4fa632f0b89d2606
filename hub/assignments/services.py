"""Asking for mass assignments; its `request_…` functions are those of a plan's process."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.absences.presence import away
from hub.access.assignable import refuse_unassignable
from hub.access.principals import Principal
from hub.access.readers import reader_of
from hub.assignments import planning
from hub.assignments.entities import ENTITIES
from hub.errors import ConflictError, under
from hub.history.recording import plain
from hub.i18n import N_
from hub.ledger.enqueueing import Enqueued
from hub.ledger.tasks import TaskName
from hub.listing import parse_stored
from hub.plans import services as plans
from hub.plans.asking import ask_for
from hub.plans.models import Plan

KIND = "assign"
PLANNED_AT_ONCE = 1_000
"""So many records of a query are looked at in the request; more are for a worker."""
UNDONE_WITHIN = timedelta(days=30)
"""Later, what was given has become others' own: who leads them takes it back by a plan of his."""


def request(
    session: Session,
    principal: Principal,
    *,
    entity: str,
    chosen: Collection[UUID] | Mapping[str, Any],
    changes: Mapping[str, UUID | None],
    reason: str,
    now: datetime,
) -> tuple[Plan, Enqueued | None]:
    """Begin a plan for records named by their ids, or by a stored query of their list.

    Of these it has an item for each that the caller may assign. Who is named though he is away is
    told (``absent`` of its scope, by person until when). A query of many is looked through
    by a worker, whose job is returned; None where the draft is complete already.

    Raises:
        ValidationError: somebody is named who may not be assigned, or the query asks for what the
            list does not have, or not for the caller.
    """
    assignable = ENTITIES[entity]
    _refuse_unassignable(session, entity, changes)
    absent = away(session, [each for each in changes.values() if each is not None], now=now)
    scope: dict[str, Any] = {
        "entity": entity, "set": plain(changes), "reason": reason,
        "absent": {str(user_id): until.isoformat() for user_id, until in absent.items()},
    }  # fmt: skip
    if not isinstance(chosen, Mapping):
        plan = plans.create(session, KIND, scope={**scope, "named": len(set(chosen))})
        planning.plan_named(session, plan, principal, set(chosen), now=now)
        return plan, None
    query = _query(session, assignable.listing, chosen, principal, now)
    plan = plans.create(session, KIND, scope={**scope, "query": query})
    if planning.is_short(session, plan, principal, PLANNED_AT_ONCE, now=now):
        planning.plan_found(session, plan, principal, limit=PLANNED_AT_ONCE, now=now)
        planning.complete(session, plan, now=now)
        return plan, None
    return plan, ask_for(session, plan, TaskName.PLAN_ASSIGNMENT)


def request_application(session: Session, plan: Plan, *, now: datetime) -> Enqueued:
    """See `hub.planning.request_application`.

    Raises:
        ConflictError: the preview is not complete, has expired, or was applied already.
        ValidationError: somebody that it names may not be assigned any more.
    """
    if plan.expires_at is None:
        raise ConflictError("not_ready", N_("The preview is not complete yet."))
    plans.start(plan, now=now)
    _refuse_unassignable(session, plan.scope["entity"], planning.changes_of(plan))
    session.flush()
    return ask_for(session, plan, TaskName.APPLY_ASSIGNMENT)


def request_undo(session: Session, plan: Plan, *, now: datetime) -> Enqueued:
    """See `hub.planning.request_undo`.

    Raises:
        ConflictError: it was not applied, or too long ago.
    """
    plans.start_undo(plan)
    if plan.applied_at is not None and plan.applied_at < now - UNDONE_WITHIN:
        raise ConflictError(
            "too_late",
            N_("It was applied more than {days} days ago: assign them by a new plan."),
            days=UNDONE_WITHIN.days,
        )
    return ask_for(session, plan, TaskName.UNDO_ASSIGNMENT)


def _query(
    session: Session,
    listing: Any,
    stored: Mapping[str, Any],
    principal: Principal,
    now: datetime,
) -> dict[str, Any]:
    reader = reader_of(principal, now=now, session=session)
    with under("/query"):
        return parse_stored(listing, stored, reader).stored()


def _refuse_unassignable(session: Session, entity: str, changes: Mapping[str, UUID | None]) -> None:
    with under("/set"):
        refuse_unassignable(session, entity, changes)
