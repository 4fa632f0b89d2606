"""How many customers of a pool somebody may still get: reckoned under a lock of his own.

Whoever gives a person something takes his lock first; of several people, in the order of their ids,
and before any row of a customer. So no two transactions reckon with the same room, and none waits
for another in a circle.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text, true, union_all
from sqlalchemy.orm import Session

from hub.customers.models import Customer
from hub.errors import ConflictError
from hub.i18n import N_
from hub.pools.models import NEVER_OWNED, ClaimState, Pool, PoolClaim

_LOCK = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
_TRY_LOCK = text("select pg_try_advisory_xact_lock(hashtextextended(:name, 0))")


@dataclass(slots=True)
class Room:
    """What one person holds of a pool, and took of it on a day; applications count as held."""

    user_id: UUID
    held: int
    taken: int
    held_quota: int | None
    daily_quota: int | None

    @property
    def left(self) -> int | None:
        """How many more he may get today; None without a limit."""
        limits = [
            quota - count
            for quota, count in ((self.held_quota, self.held), (self.daily_quota, self.taken))
            if quota is not None
        ]
        return max(0, min(limits)) if limits else None

    def take(self) -> None:
        """Count one more that he got."""
        self.held += 1
        self.taken += 1

    def require(self) -> None:
        """Pass where he may get one more.

        Raises:
            ConflictError: ``held_quota`` or ``daily_quota``: there is no room.
        """
        for code, quota, count, message in (
            ("held_quota", self.held_quota, self.held, _HELD),
            ("daily_quota", self.daily_quota, self.taken, _TAKEN),
        ):
            if quota is not None and count >= quota:
                raise ConflictError(
                    code, message, details={"quota": quota, "count": count}, quota=quota
                )


_HELD = N_("Nobody may hold more than {quota} customers of this pool, applications included.")
_TAKEN = N_("Nobody may get more than {quota} customers of this pool in one day.")


def lock_people(session: Session, pool: Pool, user_ids: Iterable[UUID]) -> None:
    """Keep others from giving these people anything of the pool until the transaction ends."""
    for user_id in sorted(set(user_ids)):
        session.execute(_LOCK, {"name": _name(pool, user_id)})


def try_lock(session: Session, pool: Pool, user_id: UUID) -> bool:
    """Do the same for one of them, if nobody gives him anything just now; returns whether it is so.

    For whoever holds the row of a customer already, and so must not wait.
    """
    return bool(session.scalar(_TRY_LOCK, {"name": _name(pool, user_id)}))


def _name(pool: Pool, user_id: UUID) -> str:
    return f"pool:{pool.id}:{user_id}"


def rooms(
    session: Session,
    pool: Pool,
    user_ids: Iterable[UUID],
    *,
    on: date,
    among: ColumnElement[bool] | None = None,
) -> dict[UUID, Room]:
    """Return what room people have on a business day; only under their locks is it theirs.

    `among` are the customers that are counted; None counts all.
    """
    wanted = set(user_ids)
    counted = true() if among is None else among
    held = _held(session, pool, wanted, counted)
    taken = _taken(session, pool, wanted, on, counted)
    return {
        user_id: Room(
            user_id, held.get(user_id, 0), taken.get(user_id, 0), pool.held_quota, pool.daily_quota
        )
        for user_id in wanted
    }


def _held(
    session: Session, pool: Pool, user_ids: set[UUID], among: ColumnElement[bool]
) -> Mapping[UUID, int]:
    owned = select(Customer.owner_user_id.label("user_id")).where(
        Customer.pool_id == pool.id,
        Customer.owner_user_id.in_(user_ids),
        Customer.deleted_at.is_(None),
        among,
    )
    applied = (
        select(PoolClaim.user_id)
        .join(Customer, Customer.id == PoolClaim.customer_id)
        .where(
            PoolClaim.pool_id == pool.id,
            PoolClaim.user_id.in_(user_ids),
            PoolClaim.state == ClaimState.APPLIED,
            among,
        )
    )
    both = union_all(owned, applied).subquery()
    counted = select(both.c.user_id, func.count().label("number")).group_by(both.c.user_id)
    return {row.user_id: row.number for row in session.execute(counted)}


def _taken(
    session: Session, pool: Pool, user_ids: set[UUID], on: date, among: ColumnElement[bool]
) -> Mapping[UUID, int]:
    counted = (
        select(PoolClaim.user_id, func.count().label("number"))
        .join(Customer, Customer.id == PoolClaim.customer_id)
        .where(
            among,
            PoolClaim.pool_id == pool.id,
            PoolClaim.user_id.in_(user_ids),
            PoolClaim.taken_on == on,
            PoolClaim.mode.is_not(None),
            PoolClaim.state.not_in(NEVER_OWNED),
        )
        .group_by(PoolClaim.user_id)
    )
    return {row.user_id: row.number for row in session.execute(counted)}
