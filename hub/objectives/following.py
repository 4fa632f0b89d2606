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


def follow(session: Session, *, limit: int = BATCH) -> int | None:
    """Ask for the objectives that the next events may have moved; None where there were none.

    Every objective of a team is asked for, since it counts people who have left it too.
    """
    events = read_on(session, READER, _MOVES, limit=limit)
    moved = [each for each in events if _MOVES[each.subject_type] & (each.changes or {}).keys()]
    if moved:
        people = _people(session, moved)
        wanted = select(Objective.id).where(
            or_(among(Objective.user_id, people), Objective.team_id.is_not(None)),
            Objective.deleted_at.is_(None),
        )
        for objective_id in session.scalars(wanted):
            progress.request(session, objective_id)
    return len(events) or None


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
