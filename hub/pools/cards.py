"""Cards: what people of a pool are shown of a customer that waits, and how many of them a day."""

import re
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.access.principals import Principal
from hub.customers.models import Customer
from hub.db import new_id
from hub.errors import ConflictError
from hub.i18n import N_
from hub.pools.access import cards_seen
from hub.pools.models import Pool, SeenCard
from hub.pools.quotas import lock_people

_DIGIT = re.compile(r"\d")
_SHOWN_DIGITS = 2
_HIDDEN = "•"


def masked_phone(phone: str | None) -> str | None:
    """Return a phone number with all but its last two digits hidden; its length is kept."""
    if phone is None:
        return None
    hidden = max(0, len(_DIGIT.findall(phone)) - _SHOWN_DIGITS)
    return _DIGIT.sub(_HIDDEN, phone, count=hidden) if hidden else _HIDDEN * len(phone)


def masked_email(email: str | None) -> str | None:
    """Return a mail address of which only the first letter, and the country or the like, show."""
    if email is None:
        return None
    local, _, domain = email.partition("@")
    return f"{local[:1]}{_HIDDEN * 3}@{_HIDDEN * 3}.{domain.rpartition('.')[2]}"


def note_seen(
    session: Session, pool: Pool, user_id: UUID, customers: Sequence[Customer], *, on: date
) -> None:
    """Count the cards that somebody is about to be shown; one seen twice on a day counts once.

    Raises:
        ConflictError: ``daily_views``: these would be more than the pool shows in a day; `details`
            says how many are left.
    """
    if pool.daily_views is None or not customers:
        return
    lock_people(session, pool, [user_id])
    today = (SeenCard.pool_id == pool.id, SeenCard.user_id == user_id, SeenCard.seen_on == on)
    seen = set(session.scalars(select(SeenCard.customer_id).where(*today)))
    fresh = [customer.id for customer in customers if customer.id not in seen]
    left = max(0, pool.daily_views - len(seen))
    if len(fresh) > left:
        raise ConflictError(
            "daily_views",
            N_("This pool shows nobody more than {limit} customers a day; {left} are left today."),
            details={"limit": pool.daily_views, "left": left},
            limit=pool.daily_views,
            left=left,
        )
    if fresh:
        session.execute(
            insert(SeenCard)
            .values(
                [
                    {
                        "id": new_id(), "pool_id": pool.id, "user_id": user_id,
                        "customer_id": customer_id, "seen_on": on,
                    }
                    for customer_id in fresh
                ]
            )
            .on_conflict_do_nothing()
        )  # fmt: skip


def count_waiting(session: Session, principal: Principal, pool: Pool) -> int:
    """Return how many customers wait in a pool, applied for or not, of those a caller is shown."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Customer)
            .where(Customer.pool_id == pool.id, cards_seen(principal))
        )
        or 0
    )
