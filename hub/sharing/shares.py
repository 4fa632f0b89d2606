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
        select(AccessGrant, User.name)
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
    best: dict[UUID, tuple[AccessGrant, str | None]] = {}
    for granted, name in found:
        known = best.get(granted.subject_id)
        if known is None or _rank(granted) > _rank(known[0]):
            best[granted.subject_id] = (granted, name)
    return {record_id: _shown(granted, name) for record_id, (granted, name) in best.items()}


def _rank(granted: AccessGrant) -> tuple[Level, bool, float]:
    lasts = granted.expires_at.timestamp() if granted.expires_at else float("inf")
    return Level[granted.level.upper()], granted.may_share, lasts


def _shown(granted: AccessGrant, name: str | None) -> ReceivedShare:
    return ReceivedShare(
        level=Level[granted.level.upper()],
        may_share=granted.may_share,
        expires_at=granted.expires_at,
        reason=granted.reason,
        by=granted.created_by,
        by_name=name,
    )
