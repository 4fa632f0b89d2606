"""Giving on what one has from a pool: under the receiver's quotas, and after his cooldown.

The pool has no part in it, and its rules of who holds how much hold all the same (domain.md §4).
Whoever gives holds the customer's row already, so that the receiver's lock is tried and not waited
for; a plan takes the locks of all its receivers before any row (`hub.pools.quotas`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.clock import business_date
from hub.customers import ownership
from hub.customers.models import Customer
from hub.db import among
from hub.errors import ConflictError
from hub.i18n import N_
from hub.pools.finding import refuse_cooling
from hub.pools.models import Pool
from hub.pools.quotas import Room, lock_people, rooms, try_lock
from hub.settings import get_settings

OWNER = "owner_user_id"


def assign(
    session: Session,
    customer: Customer,
    changes: Mapping[str, UUID | None],
    *,
    reason: str,
    now: datetime,
) -> Customer:
    """Change whose a customer is, as `hub.customers.ownership.assign` does.

    Raises:
        ValidationError, ConflictError: as there.
        ConflictError: ``held_quota``, ``daily_quota`` or ``cooldown`` of its pool; ``busy``: the
            receiver is given something else of it at this moment.
    """
    receiver = changes.get(OWNER)
    if (
        receiver is not None
        and customer.pool_id is not None
        and customer.owner_user_id not in {None, receiver}
    ):
        pool = session.get_one(Pool, customer.pool_id)
        _require_turn(session, pool, receiver)
        _Table.of(session, pool, [receiver], now).take(session, customer.id, receiver)
    return ownership.assign(session, customer, changes, reason=reason)


def take(session: Session, customer: Customer, *, by: UUID, reason: str, now: datetime) -> Customer:
    """Make somebody the owner; his own already is left as it is.

    That he may take it is the caller's to check, by `get_record` with `Verb.CLAIM`, which locks the
    row: of two who take at once one is told that it is another's.

    Raises:
        ValidationError: customers are not assigned to him.
        ConflictError: as `assign`.
    """
    return assign(session, customer, {OWNER: by}, reason=reason, now=now)


@dataclass(frozen=True, slots=True)
class Handed:
    """A customer that somebody has from a pool and that is to be another's."""

    customer_id: UUID
    pool_id: UUID
    receiver_id: UUID


def lock_receivers(session: Session, receivers: Mapping[UUID, UUID]) -> None:
    """Lock those who are to get some customers, for each pool that these belong to.

    `receivers` says who gets which customer. No row of these is locked yet.
    """
    rows = session.execute(
        select(Customer.id, Customer.pool_id).where(
            among(Customer.id, receivers), Customer.pool_id.is_not(None)
        )
    ).all()
    by_pool: dict[UUID, set[UUID]] = {}
    for row in rows:
        by_pool.setdefault(row.pool_id, set()).add(receivers[row.id])
    for pool_id in sorted(by_pool):
        lock_people(session, session.get_one(Pool, pool_id), by_pool[pool_id])


def refusals(
    session: Session, handed: Sequence[Handed], *, now: datetime
) -> dict[UUID, ConflictError]:
    """Return which of many customers are not given on and why, by their ids, under those locks.

    The first ones are given as long as there is room.
    """
    found: dict[UUID, ConflictError] = {}
    tables: dict[UUID, _Table] = {}
    for each in handed:
        if each.pool_id not in tables:
            pool = session.get_one(Pool, each.pool_id)
            people = {other.receiver_id for other in handed if other.pool_id == each.pool_id}
            tables[each.pool_id] = _Table.of(session, pool, people, now)
        try:
            tables[each.pool_id].take(session, each.customer_id, each.receiver_id)
        except ConflictError as error:
            found[each.customer_id] = error
    return found


@dataclass(frozen=True, slots=True)
class _Table:
    """What room people have in a pool on a day."""

    pool: Pool
    rooms: Mapping[UUID, Room]
    today: date

    @classmethod
    def of(cls, session: Session, pool: Pool, people: Collection[UUID], now: datetime) -> "_Table":
        """Reckon it; the people are locked."""
        today = business_date(now, get_settings().zone)
        return cls(pool, rooms(session, pool, people, on=today), today)

    def take(self, session: Session, customer_id: UUID, user_id: UUID) -> None:
        """Count one more that somebody gets.

        Raises:
            ConflictError: it cools down for him, or there is no room.
        """
        refuse_cooling(session, self.pool, customer_id, user_id, today=self.today)
        self.rooms[user_id].require()
        self.rooms[user_id].take()


def _require_turn(session: Session, pool: Pool, user_id: UUID) -> None:
    if not try_lock(session, pool, user_id):
        raise ConflictError(
            "busy", N_("He is given another customer of its pool at this moment: try again.")
        )
