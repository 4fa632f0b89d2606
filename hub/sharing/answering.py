"""Who answers for a record to somebody who may not see it."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.absences.presence import away
from hub.access.callers import principal_of
from hub.access.models import Team, User
from hub.access.people import administrators, find_active_user
from hub.access.predicates import allowed
from hub.access.roles import Verb
from hub.access.standing import leaders_of
from hub.clock import utcnow
from hub.configuration import current
from hub.sharing.policy import Answerer, SharingPolicy


def whom_to_ask(session: Session, subject: Any) -> User | None:
    """Return the person to ask about a record, as the policy says: the nearest who may share it.

    Whoever is away is asked only where nobody else is there, administrators included. None only
    where there is no active administrator.
    """
    near = leaders(session, subject)
    owner_id: UUID | None = subject.owner_user_id
    if owner_id is not None:
        is_first = current(session, SharingPolicy).answerer is Answerer.OWNER
        near = [owner_id, *near] if is_first else [*near, owner_id]
    absent = away(session, now=utcnow())
    last = administrators(session)
    there = [each for each in near if each not in absent]
    return (
        next(_able(session, subject, there), None)
        or next((each for each in last if each.id not in absent), None)
        or next(_able(session, subject, near), None)
        or next(iter(last), None)
    )


def leaders(session: Session, subject: Any) -> list[UUID]:
    """Return who leads a record's owner, the nearest first; of nobody's record, its team."""
    if subject.owner_user_id is not None:
        return leaders_of(session, subject.owner_user_id)
    team = session.get(Team, subject.team_id) if subject.team_id is not None else None
    return [team.manager_user_id] if team is not None and team.manager_user_id is not None else []


def _able(session: Session, subject: Any, user_ids: list[UUID]) -> Iterator[User]:
    for user_id in user_ids:
        user = find_active_user(session, user_id)
        if user is not None and allowed(principal_of(session, user), Verb.SHARE, subject):
            yield user
