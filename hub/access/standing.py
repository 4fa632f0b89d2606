"""Reads where a person stands: teams, the line he leads, what is shared with him."""

from uuid import UUID

from sqlalchemy import func, literal, or_, select
from sqlalchemy.orm import Session

from hub.access.models import AccessGrant, Team, TeamMember
from hub.access.principals import Grant, Standing
from hub.access.roles import Level


def standing_of(session: Session, user_id: UUID) -> Standing:
    """Return a person's standing as it is now; a grant that has expired is none."""
    own = tuple(
        session.scalars(
            select(TeamMember.team_id)
            .join(Team, Team.id == TeamMember.team_id)
            .where(TeamMember.user_id == user_id, Team.deleted_at.is_(None))
        )
    )
    line = _line(session, user_id)
    return Standing(
        team_ids=tuple({*own, *line}),
        colleague_ids=_members(session, own),
        line_team_ids=line,
        line_user_ids=tuple(each for each in _members(session, line) if each != user_id),
        grants=_grants(session, user_id, own),
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


def _line(session: Session, user_id: UUID) -> tuple[UUID, ...]:
    led = (
        select(Team.id)
        .where(Team.manager_user_id == user_id, Team.deleted_at.is_(None))
        .cte("led", recursive=True)
    )
    led = led.union(
        select(Team.id).join(led, Team.parent_id == led.c.id).where(Team.deleted_at.is_(None))
    )
    return tuple(session.scalars(select(led.c.id)))


def _members(session: Session, team_ids: tuple[UUID, ...]) -> tuple[UUID, ...]:
    if not team_ids:
        return ()
    return tuple(
        session.scalars(
            select(TeamMember.user_id).where(TeamMember.team_id.in_(team_ids)).distinct()
        )
    )


def _grants(
    session: Session, user_id: UUID, team_ids: tuple[UUID, ...]
) -> dict[str, tuple[Grant, ...]]:
    rows = session.execute(
        select(
            AccessGrant.subject_type,
            AccessGrant.subject_id,
            AccessGrant.level,
            AccessGrant.may_share,
        ).where(
            or_(AccessGrant.user_id == user_id, AccessGrant.team_id.in_(team_ids)),
            AccessGrant.deleted_at.is_(None),
            or_(AccessGrant.expires_at.is_(None), AccessGrant.expires_at > func.now()),
        )
    )
    found: dict[str, list[Grant]] = {}
    for entity, record_id, level, may_share in rows:
        found.setdefault(entity, []).append(Grant(record_id, Level[level.upper()], may_share))
    return {entity: tuple(grants) for entity, grants in found.items()}
