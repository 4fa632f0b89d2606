"""Reads where a person stands: his teams, the line he leads, what is shared with him."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Uuid,
    bindparam,
    func,
    literal,
    or_,
    select,
    union,
)
from sqlalchemy.orm import Session

from hub.access.models import AccessGrant, Team, TeamMember
from hub.access.principals import Shared, Standing
from hub.access.roles import GRANTED_LEVELS
from hub.db import Ids, among

FindPools = Callable[[Session, UUID, Ids], Iterable[UUID]]
"""Returns over which pools a person decides, himself or by one of some teams."""

_find_pools: list[FindPools] = []


def declare_pools(find: FindPools) -> None:
    """Have `find` asked for the pools of a person; they are a process, and so say it themselves."""
    _find_pools[:] = [find]


def standing_of(session: Session, user_id: UUID) -> Standing:
    """Return a person's standing as it is now."""
    own, line, colleagues, led = map(
        Ids.of_wire, session.execute(_PEOPLE, {"user_id": user_id}).one()
    )
    teams = Ids({*own, *line}) if line else own
    return Standing(
        team_ids=teams,
        colleague_ids=colleagues,
        line_team_ids=line,
        line_user_ids=led,
        pool_ids=Ids(each for find in _find_pools for each in find(session, user_id, teams)),
        shared=_shared(session, user_id, teams),
    )


def leaders_of(session: Session, user_id: UUID) -> list[UUID]:
    """Return who leads a person, nearest first, and never himself.

    They are the managers of the teams he is in, of those he leads, and of all above these: whom
    `Standing.line_user_ids` of each of them names.
    """
    his = or_(
        Team.manager_user_id == user_id,
        Team.id.in_(select(TeamMember.team_id).where(TeamMember.user_id == user_id)),
    )
    above = (
        select(Team.id, Team.parent_id, Team.manager_user_id, literal(0).label("up"))
        .where(his, Team.deleted_at.is_(None))
        .cte("above", recursive=True)
    )
    above = above.union(
        select(Team.id, Team.parent_id, Team.manager_user_id, above.c.up + 1)
        .join(above, above.c.parent_id == Team.id)
        .where(Team.deleted_at.is_(None))
    )
    rows = session.execute(select(above.c.manager_user_id).order_by(above.c.up))
    found = dict.fromkeys(row[0] for row in rows)
    return [each for each in found if each is not None and each != user_id]


def _shared(session: Session, user_id: UUID, team_ids: Ids) -> dict[str, Shared]:
    """Return what is shared with a person or some teams; a grant that has expired is none."""
    rows = session.execute(
        select(AccessGrant.subject_type, *_OF_LEVELS, _TO_SHARE_ON)
        .where(
            or_(AccessGrant.user_id == user_id, among(AccessGrant.team_id, team_ids)),
            AccessGrant.is_live,
        )
        .group_by(AccessGrant.subject_type)
    )
    return {
        entity: Shared(
            dict(zip(GRANTED_LEVELS, map(Ids.of_wire, of_levels), strict=True)),
            Ids.of_wire(to_share_on),
        )
        for entity, *of_levels, to_share_on in rows
    }


def _subjects(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.array_send(func.array_agg(AccessGrant.subject_id).filter(condition))


_OF_LEVELS = [
    _subjects(
        AccessGrant.level.in_([each.name.lower() for each in GRANTED_LEVELS if each >= level])
    )
    for level in GRANTED_LEVELS
]
_TO_SHARE_ON = _subjects(AccessGrant.may_share.is_(True))


def _in_teams(teams: CTE) -> Select[Any]:
    return select(TeamMember.user_id).where(TeamMember.team_id.in_(select(teams.c.id))).distinct()


def _sent(ids: Select[Any]) -> ColumnElement[Any]:
    """Return ids as `Ids` keeps them."""
    return func.array_send(func.array(ids.scalar_subquery()))


def _people() -> Select[Any]:
    """Return the question for a person's own teams, his line, and the people in both."""
    person: ColumnElement[UUID] = bindparam("user_id", type_=Uuid())
    living = Team.deleted_at.is_(None)
    own = (
        select(TeamMember.team_id.label("id"))
        .join(Team, Team.id == TeamMember.team_id)
        .where(TeamMember.user_id == person, living)
        .cte("own")
    )
    led = select(Team.id).where(Team.manager_user_id == person, living).cte("led", recursive=True)
    led = led.union(select(Team.id).join(led, Team.parent_id == led.c.id).where(living))
    managing = select(Team.manager_user_id).where(Team.id.in_(select(led.c.id)))
    below = union(_in_teams(led), managing.where(Team.manager_user_id.is_not(None))).subquery()
    return select(
        _sent(select(own.c.id)),
        _sent(select(led.c.id)),
        _sent(_in_teams(own)),
        _sent(select(below.c.user_id).where(below.c.user_id != person)),
    )


_PEOPLE = _people()
