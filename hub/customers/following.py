"""Records that show the name of their customer: they follow when that changes.

A job has them follow, since a writer of customers shall not lock what hangs on them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.customers.models import Customer
from hub.history.recording import PendingEvent
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName


@dataclass(frozen=True, slots=True, eq=False)
class Follower:
    """Records with a `customer_id` whose column `shown` is the customer's name.

    `refresh` gives one record its customer's name, and what follows from it.
    """

    model: type[Any]
    shown: InstrumentedAttribute[Any]
    refresh: Callable[[Any, Customer], None]


_FOLLOWERS: dict[type[Any], Follower] = {}


def declare_follower(follower: Follower) -> None:
    """Have the records of a model follow the names of their customers."""
    _FOLLOWERS[follower.model] = follower


def react(session: Session, made: PendingEvent) -> None:
    """Have the records of a customer follow its new name."""
    if made.type == "customer.created" or "name" not in made.changes:
        return
    held = (exists().where(model.customer_id == made.subject_id) for model in _FOLLOWERS)
    if any(session.execute(select(*held)).one()):
        enqueue(
            session, TaskName.FOLLOW_CUSTOMER, key=str(made.subject_id),
            customer_id=made.subject_id,
        )  # fmt: skip


def follow(session: Session, customer_id: UUID, *, limit: int) -> int:
    """Give some records of a customer its name; returns how many, 0 when all have it."""
    customer = session.get(Customer, customer_id)
    if customer is None:
        return 0
    for follower in _FOLLOWERS.values():
        model = follower.model
        found = session.scalars(
            select(model)
            .where(model.customer_id == customer_id, follower.shown.is_distinct_from(customer.name))
            .order_by(model.id)
            .limit(limit)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        ).all()
        for record in found:
            follower.refresh(record, customer)
        session.flush()
        if found:
            return len(found)
    return 0
