"""Boards of objectives: who has which on a day, and how far he is, ready for charts (A9).

They are read from the progress that workers keep, so that a board costs the same however many
records there are.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from hub.access.models import Team, User
from hub.objectives.models import Measure, Objective, ObjectiveProgress

MOST = 500


class Subject(StrEnum):
    """By whom a board is arranged."""

    USER = "user"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class Line:
    """One measure of an objective: its newest periods, the earliest first."""

    objective: Objective
    measure: Measure
    series: list[ObjectiveProgress] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Group:
    """The objectives of one person or team."""

    subject_id: UUID
    name: str
    lines: list[Line] = field(default_factory=list)


def board(
    session: Session,
    by: Subject,
    visible: ColumnElement[bool],
    *,
    on: date,
    periods: int,
    subject_id: UUID | None = None,
) -> tuple[list[Group], bool]:
    """Return the objectives that run on a day, by their subjects in the order of their names.

    Returns too whether these are all: a board has so many objectives at most (`MOST`).

    Args:
        session: where to read.
        by: whose are shown: those of people, or those of teams.
        visible: the access predicate of the reader, over objectives.
        on: the day.
        periods: how many of each, the newest of those begun by that day.
        subject_id: only those of this person or team.
    """
    whose = Objective.user_id if by is Subject.USER else Objective.team_id
    model = User if by is Subject.USER else Team
    query = (
        select(Objective, model.id, model.name)
        .join(model, model.id == whose)
        .where(
            visible, Objective.deleted_at.is_(None), Objective.starts_on <= on,
            or_(Objective.ends_on.is_(None), Objective.ends_on >= on),
        )
        .order_by(model.name, model.id, Objective.name, Objective.id)
        .limit(MOST + 1)
    )  # fmt: skip
    if subject_id is not None:
        query = query.where(whose == subject_id)
    rows = session.execute(query).all()
    shown = rows[:MOST]
    series = _series(session, [row.Objective.id for row in shown], on, periods)
    groups: dict[UUID, Group] = {}
    for objective, identifier, name in shown:
        group = groups.setdefault(identifier, Group(identifier, name))
        group.lines.extend(
            Line(objective, measure, series[objective.id, measure])
            for measure in Measure
            if measure in objective.targets
        )
    return list(groups.values()), len(rows) <= MOST


def _series(
    session: Session, objective_ids: Sequence[UUID], on: date, periods: int
) -> dict[tuple[UUID, Measure], list[ObjectiveProgress]]:
    row = ObjectiveProgress
    age = func.row_number().over(
        partition_by=(row.objective_id, row.measure), order_by=row.starts_on.desc()
    )
    aged = (
        select(row.id, age.label("age"))
        .where(row.objective_id.in_(objective_ids), row.starts_on <= on)
        .subquery()
    )
    found = session.scalars(
        select(row)
        .join(aged, aged.c.id == row.id)
        .where(aged.c.age <= periods)
        .order_by(row.starts_on)
    )
    series = defaultdict[tuple[UUID, Measure], list[ObjectiveProgress]](list)
    for each in found:
        series[each.objective_id, each.measure].append(each)
    return series
