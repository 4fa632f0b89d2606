"""What is shared with a caller, and by whom: for the records that he is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import any_, bindparam, select
from sqlalchemy.orm import Session

from hub.access.models import AccessGrant, User
from hub.access.principals import Principal
from hub.access.roles import Level
from hub.db import IDS


@dataclass(frozen=True, slots=True)
class ReceivedShare:
    """How far a record is shared with somebody, by whom, and why."""

    level: Level
    may_share: bool
    expires_at: datetime | None
    reason: str | None
    by: UUID | None
    by_name: str | None


_GRANTS = (
    select(
        AccessGrant.subject_id,
        AccessGrant.user_id,
        AccessGrant.team_id,
        AccessGrant.level,
        AccessGrant.may_share,
        AccessGrant.expires_at,
        AccessGrant.reason,
        AccessGrant.created_by,
        User.name,
    )
    .outerjoin(User, User.id == AccessGrant.created_by)
    .where(
        AccessGrant.subject_type == bindparam("subject_type"),
        AccessGrant.subject_id == any_(bindparam("ids", type_=IDS)),
        AccessGrant.is_live,
    )
)
"""With those of others: a record has few, and a person may be in hundreds of teams."""


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
    found = session.execute(_GRANTS, {"subject_type": rows[0].entity(), "ids": shared})
    best: dict[UUID, ReceivedShare] = {}
    for record_id, user_id, team_id, level, may_share, expires_at, reason, by, by_name in found:
        if user_id != principal.user_id and team_id not in principal.standing.team_ids:
            continue
        share = ReceivedShare(Level[level.upper()], may_share, expires_at, reason, by, by_name)
        known = best.get(record_id)
        if known is None or _rank(share) > _rank(known):
            best[record_id] = share
    return best


def _rank(share: ReceivedShare) -> tuple[Level, bool, float]:
    lasts = share.expires_at.timestamp() if share.expires_at else float("inf")
    return share.level, share.may_share, lasts
