"""Which objectives are to be reckoned anew: those that what happened may have moved.

The history is followed by its positions (`hub.history.following`), in the background: whoever
writes an opportunity, a call, a lead waits for nothing, and nothing that was committed is missed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub.access.models import Team
from hub.activities.models import Activity
from hub.customers.protecting import PROTECTED, RELEASED
from hub.db import among
from hub.history.following import read_on
from hub.history.models import Event
from hub.leads.models import Lead
from hub.objectives import progress
from hub.objectives.models import Objective
from hub.opportunities.models import Opportunity

READER = "objectives"
BATCH = 2000

_WHO: Mapping[type[Any], str] = {
    Opportunity: "owner_user_id", Activity: "done_by_user_id", Lead: "owner_user_id",
}  # fmt: skip
"""Whom a record counts for."""

_MOVES: Mapping[str, frozenset[str]] = {
    Opportunity.entity(): frozenset(
        {"state", "workflow_id", "amount", "currency", "owner_user_id", "deleted_at"}
    ),
    Activity.entity(): frozenset({"state", "kind", "done_by_user_id", "deleted_at"}),
    Lead.entity(): frozenset({"converted_at", "owner_user_id", "deleted_at"}),
    Team.entity(): frozenset({"member_ids", "parent_id"}),
}
"""The fields by which a record comes to count, or counts otherwise."""

_HIDING = frozenset({PROTECTED, RELEASED})
"""Events by which records cease to count for teams, or count again."""


def follow(session: Session, *, limit: int = BATCH) -> int | None:
    """Ask for the objectives that the next events may have moved; None where there were none.

    Every objective of a team is asked for, since it counts people who have left it too, and leaves
    out what is protected.
    """
    wanted = or_(Event.subject_type.in_(_MOVES), Event.type.in_(_HIDING))
    events = read_on(session, READER, wanted, limit=limit)
    moved = [each for each in events if _is_move(each)]
    if moved:
        people = _people(session, moved)
        concerned = select(Objective.id).where(
            or_(among(Objective.user_id, people), Objective.team_id.is_not(None)),
            Objective.deleted_at.is_(None),
        )
        for objective_id in session.scalars(concerned):
            progress.request(session, objective_id)
    return len(events) or None


def _is_move(event: Event) -> bool:
    if event.type in _HIDING:
        return True
    return bool(_MOVES[event.subject_type] & (event.changes or {}).keys())


def _people(session: Session, events: Sequence[Event]) -> set[UUID]:
    found = set[UUID]()
    for model, field in _WHO.items():
        of_kind = [each for each in events if each.subject_type == model.entity()]
        ids = {each.subject_id for each in of_kind}
        if ids:
            now = session.scalars(select(getattr(model, field)).where(among(model.id, ids)))
            found.update(each for each in now if each is not None)
        found.update(_named(of_kind, field))
    return found


def _named(events: Iterable[Event], field: str) -> Iterator[UUID]:
    for each in events:
        for value in (each.changes or {}).get(field, ()):
            if value is not None:
                yield UUID(value)
