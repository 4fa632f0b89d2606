"""What is shared with a caller, and by whom: for the records that he is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub.access.models import AccessGrant, User
from hub.access.principals import Principal
from hub.access.roles import Level
from hub.db import among


@dataclass(frozen=True, slots=True)
class ReceivedShare:
    """How far a record is shared with somebody, by whom, and why."""

    level: Level
    may_share: bool
    expires_at: datetime | None
    reason: str | None
    by: UUID | None
    by_name: str | None


def received(
    session: Session, principal: Principal, rows: Sequence[Any]
) -> dict[UUID, ReceivedShare]:
    """Return what of some records of one model is shared with a caller, by their ids.

    Of several grants of a record the one that reaches furthest, then the one that lasts longest.
    """
    if not rows:
        return {}
    shared = principal.shared(rows[0].entity(), (row.id for row in rows))
    if not shared:
        return {}
    found = session.execute(
        select(
            AccessGrant.subject_id,
            AccessGrant.level,
            AccessGrant.may_share,
            AccessGrant.expires_at,
            AccessGrant.reason,
            AccessGrant.created_by,
            User.name,
        )
        .outerjoin(User, User.id == AccessGrant.created_by)
        .where(
            AccessGrant.subject_type == rows[0].entity(),
            among(AccessGrant.subject_id, shared),
            AccessGrant.is_live,
            or_(
                AccessGrant.user_id == principal.user_id,
                among(AccessGrant.team_id, principal.standing.team_ids),
            ),
        )
    )
    best: dict[UUID, ReceivedShare] = {}
    for record_id, level, may_share, expires_at, reason, by, by_name in found:
        share = ReceivedShare(Level[level.upper()], may_share, expires_at, reason, by, by_name)
        known = best.get(record_id)
        if known is None or _rank(share) > _rank(known):
            best[record_id] = share
    return best


def _rank(share: ReceivedShare) -> tuple[Level, bool, float]:
    lasts = share.expires_at.timestamp() if share.expires_at else float("inf")
    return share.level, share.may_share, lasts
