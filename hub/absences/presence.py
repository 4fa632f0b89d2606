"""Who is away: asked by whatever picks people by itself.

Who names somebody himself may name one who is away; who is picked by a draw, by a rule, or as the
nearest to be told, is there (domain.md §4).
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.absences.models import Absence
from hub.access.models import User
from hub.clock import business_date
from hub.settings import get_settings

_A_DAY = timedelta(days=1)


def away(
    session: Session, user_ids: Collection[UUID] | None = None, *, now: datetime
) -> dict[UUID, date]:
    """Return who of some people is away now, each with the last day of it; None asks of everybody.

    Whose day it is says his own zone, the business's where he has none.
    """
    today = now.date()  # of UTC: anybody's day is this one, the one before, or the one after
    query = (
        select(Absence.user_id, Absence.starts_on, Absence.ends_on, User.zone)
        .join(User, User.id == Absence.user_id)
        .where(
            Absence.starts_on <= today + _A_DAY,
            Absence.ends_on >= today - _A_DAY,
            Absence.deleted_at.is_(None),
        )
    )
    if user_ids is not None:
        query = query.where(Absence.user_id.in_(set(user_ids)))
    found: dict[UUID, date] = {}
    for row in session.execute(query):
        his_day = business_date(now, row.zone or get_settings().zone)
        if row.starts_on <= his_day <= row.ends_on:
            found[row.user_id] = max(row.ends_on, found.get(row.user_id, row.ends_on))
    return found


def is_away_on(session: Session, user_id: UUID, day: date) -> bool:
    """Say whether somebody is away on a day of his calendar."""
    return (
        session.scalar(
            select(Absence.id)
            .where(
                Absence.user_id == user_id,
                Absence.starts_on <= day,
                Absence.ends_on >= day,
                Absence.deleted_at.is_(None),
            )
            .limit(1)
        )
        is not None
    )
