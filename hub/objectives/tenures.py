"""Whose deeds count for an objective, and from when until when.

What a person does counts for a team if he was in it, or in a team below it, at that moment: who
leaves takes nothing along, and who comes brings nothing. Who was in it is what the history of teams
tells. Of before a team was made it tells nothing, so the people it was made with count from ever.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from hub.access.models import Team
from hub.db import among
from hub.history.models import Event
from hub.listing.declaration import Expression
from hub.objectives.models import Objective


@dataclass(frozen=True, slots=True)
class Tenure:
    """A time in which a person's deeds count; None where it has no beginning, or no end."""

    user_id: UUID
    begins_at: datetime | None = None
    ends_at: datetime | None = None


def tenures_of(session: Session, objective: Objective) -> list[Tenure]:
    """Return whose deeds count for an objective, and when."""
    if objective.team_id is None:
        assert objective.user_id is not None  # noqa: S101 - a constraint says so
        return [Tenure(objective.user_id)]
    events = session.execute(
        select(Event.subject_id, Event.type, Event.changes, Event.at)
        .where(Event.subject_type == Team.entity())
        .order_by(Event.at, Event.id)
    )
    replay = _Replay(objective.team_id)
    for event in events:
        replay.hear(event.subject_id, event.type, event.changes or {}, event.at)
    return replay.tenures()


def in_tenure(tenures: Sequence[Tenure], who: Expression, at: Expression) -> ColumnElement[bool]:
    """Return the condition that somebody's deed of a moment counts."""
    always = {each.user_id for each in tenures if each.begins_at is each.ends_at is None}
    ways = [among(who, always)]
    for each in tenures:
        if each.user_id in always:
            continue
        bounds = [who == each.user_id]
        if each.begins_at is not None:
            bounds.append(at >= each.begins_at)
        if each.ends_at is not None:
            bounds.append(at < each.ends_at)
        ways.append(and_(*bounds))
    # All of them once more, as an index finds them.
    return and_(among(who, {each.user_id for each in tenures}), or_(*ways))


class _Replay:
    """Hears what happened to all teams, one after another, and follows who is in one of them."""

    def __init__(self, team_id: UUID) -> None:
        self._root = team_id
        self._members: dict[UUID, frozenset[UUID]] = {}
        self._above: dict[UUID, UUID | None] = {}
        self._since: dict[UUID, datetime | None] = {}
        self._over: list[Tenure] = []

    def hear(
        self, team_id: UUID, event_type: str, changes: Mapping[str, Any], at: datetime
    ) -> None:
        """Take in one event of a team."""
        if "member_ids" in changes:
            self._members[team_id] = frozenset(map(UUID, changes["member_ids"][1]))
        if "parent_id" in changes:
            above = changes["parent_id"][1]
            self._above[team_id] = UUID(above) if above else None
        is_first = team_id == self._root and event_type == f"{Team.entity()}.created"
        self._follow(self._people(), None if is_first else at, at)

    def tenures(self) -> list[Tenure]:
        """Return all tenures, those that are over first."""
        return [*self._over, *(Tenure(each, since) for each, since in self._since.items())]

    def _follow(self, people: Collection[UUID], begins_at: datetime | None, at: datetime) -> None:
        for user_id in [each for each in self._since if each not in people]:
            self._over.append(Tenure(user_id, self._since.pop(user_id), at))
        for user_id in people:
            self._since.setdefault(user_id, begins_at)

    def _people(self) -> set[UUID]:
        found, waiting = set[UUID](), {self._root}
        known = set[UUID]()
        while waiting:
            team_id = waiting.pop()
            known.add(team_id)
            found |= self._members.get(team_id, frozenset())
            waiting |= {each for each, above in self._above.items() if above == team_id} - known
        return found
