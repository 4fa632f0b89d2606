"""Reads where a person stands: his teams, the line he leads, what is shared with him."""

from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from sqlalchemy import func, literal, or_, select
from sqlalchemy.orm import Session

from hub.access.models import AccessGrant, Team, TeamMember
from hub.access.principals import Shared, Standing
from hub.access.roles import GRANTED_LEVELS, Level
from hub.db import Ids, among

FindPools = Callable[[Session, UUID, Sequence[UUID]], Iterable[UUID]]
"""Returns over which pools a person decides, himself or by one of some teams."""

_find_pools: list[FindPools] = []


def declare_pools(find: FindPools) -> None:
    """Have `find` asked for the pools of a person; they are a process, and so say it themselves."""
    _find_pools[:] = [find]


def standing_of(session: Session, user_id: UUID) -> Standing:
    """Return a person's standing as it is now."""
    own = Ids(
        session.scalars(
            select(TeamMember.team_id)
            .join(Team, Team.id == TeamMember.team_id)
            .where(TeamMember.user_id == user_id, Team.deleted_at.is_(None))
        )
    )
    line = _line(session, user_id)
    teams = Ids({*own, *line})
    return Standing(
        team_ids=teams,
        colleague_ids=_members(session, own),
        line_team_ids=line,
        line_user_ids=Ids(each for each in _members(session, line) if each != user_id),
        pool_ids=Ids(each for find in _find_pools for each in find(session, user_id, teams)),
        shared=_shared(session, (user_id, *own, *line)),
    )


def leaders_of(session: Session, user_id: UUID) -> list[UUID]:
    """Return who leads a person: the managers of his teams and of the teams above, nearest first.

    He himself is not among them, however many teams he leads.
    """
    above = (
        select(Team.id, Team.parent_id, Team.manager_user_id, literal(0).label("up"))
        .join(TeamMember, TeamMember.team_id == Team.id)
        .where(TeamMember.user_id == user_id, Team.deleted_at.is_(None))
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


def _line(session: Session, user_id: UUID) -> Ids:
    led = (
        select(Team.id)
        .where(Team.manager_user_id == user_id, Team.deleted_at.is_(None))
        .cte("led", recursive=True)
    )
    led = led.union(
        select(Team.id).join(led, Team.parent_id == led.c.id).where(Team.deleted_at.is_(None))
    )
    return Ids(session.scalars(select(led.c.id)))


def _members(session: Session, team_ids: Ids) -> Ids:
    if not team_ids:
        return Ids()
    return Ids(
        session.scalars(
            select(TeamMember.user_id).where(among(TeamMember.team_id, team_ids)).distinct()
        )
    )


def _shared(session: Session, grantees: Sequence[UUID]) -> dict[str, Shared]:
    """Return what is shared with any of some people and teams; a grant that has expired is none."""
    rows = session.execute(
        select(
            AccessGrant.subject_type,
            AccessGrant.level,
            AccessGrant.may_share,
            func.array_agg(AccessGrant.subject_id),
        )
        .where(
            or_(among(AccessGrant.user_id, grantees), among(AccessGrant.team_id, grantees)),
            AccessGrant.deleted_at.is_(None),
            or_(AccessGrant.expires_at.is_(None), AccessGrant.expires_at > func.now()),
        )
        .group_by(AccessGrant.subject_type, AccessGrant.level, AccessGrant.may_share)
    )
    by_entity: dict[str, list[tuple[Level, bool, Sequence[UUID]]]] = {}
    for entity, level, may_share, ids in rows:
        by_entity.setdefault(entity, []).append((Level[level.upper()], may_share, ids))
    return {entity: _of_entity(found) for entity, found in by_entity.items()}


def _of_entity(found: Sequence[tuple[Level, bool, Sequence[UUID]]]) -> Shared:
    return Shared(
        at={
            level: Ids({each for granted, _, ids in found if granted >= level for each in ids})
            for level in GRANTED_LEVELS
        },
        to_share_on=Ids({each for _, may_share, ids in found if may_share for each in ids}),
    )
