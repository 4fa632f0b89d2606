"""The people of a pool: who may hold its customers, and who decides over it."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from hub.access.assignable import assignable_people
from hub.access.models import Team, TeamMember, User
from hub.access.people import are_active
from hub.customers.models import Customer
from hub.errors import ConflictError
from hub.i18n import N_
from hub.pools.models import Pool


def members(pool: Pool) -> Select[UUID]:
    """Return the query of the people who may claim: of its teams, and who lead these.

    They are active, and of those whom customers are assigned to at all.
    """
    return _active_of(pool.claim_team_ids).where(assignable_people(Customer.collection()))


def assignable(session: Session, pool: Pool, user_ids: Iterable[UUID]) -> set[UUID]:
    """Return which of some people may be given a customer of the pool."""
    return set(session.scalars(members(pool).where(User.id.in_(set(user_ids)))))


def require_assignable(session: Session, pool: Pool, user_id: UUID) -> None:
    """Pass where somebody may be given a customer of the pool.

    Raises:
        ConflictError: ``not_assignable``: he is not active, or of none of its teams.
    """
    if not assignable(session, pool, [user_id]):
        raise ConflictError(
            "not_assignable",
            N_("Only active people of the pool's teams can be given its customers."),
            details={"user_id": str(user_id)},
        )


def managers(session: Session, pool: Pool) -> list[User]:
    """Return the active people who decide over a pool, by name: those named first."""
    named = select(User).where(User.id.in_(pool.manager_user_ids), are_active())
    of_teams = select(User).where(User.id.in_(_active_of(pool.manager_team_ids)))
    found = [*session.scalars(named.order_by(User.name, User.id))]
    found += session.scalars(of_teams.order_by(User.name, User.id))
    return list(dict.fromkeys(found))


def _active_of(team_ids: Iterable[UUID]) -> Select[UUID]:
    teams = select(Team.id).where(Team.id.in_(list(team_ids)), Team.deleted_at.is_(None))
    led = select(Team.manager_user_id).where(Team.id.in_(teams))
    belonging = select(TeamMember.user_id).where(TeamMember.team_id.in_(teams))
    return select(User.id).where(or_(User.id.in_(belonging), User.id.in_(led)), are_active())
