"""How far somebody may share a record: at will, or as far as it is shared with himself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub.access.models import AccessGrant
from hub.access.predicates import allowed
from hub.access.principals import Principal
from hub.access.roles import Level, Verb
from hub.db import among
from hub.errors import ForbiddenError
from hub.i18n import N_


@dataclass(frozen=True, slots=True)
class Bound:
    """A grant that may be handed on: up to its level, and no longer than it lasts itself."""

    level: Level
    expires_at: datetime | None

    def covers(self, level: Level, expires_at: datetime | None) -> bool:
        """Say whether a share keeps within it."""
        if level > self.level:
            return False
        return self.expires_at is None or (expires_at is not None and expires_at <= self.expires_at)


def shares_at_will(principal: Principal, subject: Any) -> bool:
    """Say whether a caller may share a record whatever is shared with himself."""
    return allowed(principal.without_shares(), Verb.SHARE, subject)


def require_within_bounds(
    session: Session,
    principal: Principal,
    subject: Any,
    *,
    level: Level,
    expires_at: datetime | None,
) -> None:
    """Pass where a caller, who may share a record, may share it so far.

    Raises:
        ForbiddenError: it is shared with himself less far, or for a shorter time.
    """
    if shares_at_will(principal, subject):
        return
    bounds = _bounds(session, principal, subject)
    if not any(bound.covers(level, expires_at) for bound in bounds):
        raise ForbiddenError(
            N_("You may share this on no further than it is shared with you: {bounds}."),
            bounds="; ".join(_shown(bound) for bound in bounds),
        )


def _bounds(session: Session, principal: Principal, subject: Any) -> list[Bound]:
    rows = session.execute(
        select(AccessGrant.level, AccessGrant.expires_at).where(
            AccessGrant.subject_type == subject.entity(),
            AccessGrant.subject_id == subject.id,
            AccessGrant.may_share,
            AccessGrant.is_live,
            or_(
                AccessGrant.user_id == principal.user_id,
                among(AccessGrant.team_id, principal.standing.team_ids),
            ),
        )
    )
    return [Bound(Level[row.level.upper()], row.expires_at) for row in rows]


def _shown(bound: Bound) -> str:
    level = bound.level.name.lower()
    return level if bound.expires_at is None else f"{level}, {bound.expires_at.isoformat()}"
