"""Holds that come and go by themselves, for all customers at once."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from hub.configuration import current
from hub.credit.figures import to_be_held
from hub.credit.holds import evaluate
from hub.credit.policy import CreditPolicy
from hub.customers.models import Customer, HoldState

LOOK = 100_000
"""So many customers are found by one look, which reads all open documents."""

BATCH = 100
"""So many are changed by one commit."""


def differing(session: Session, *, today: date, after: UUID | None) -> Sequence[UUID]:
    """Return customers whose hold is not as the documents say, behind an id, at most `LOOK`."""
    held = to_be_held(current(session, CreditPolicy), today)
    query = select(Customer.id).where(
        Customer.deleted_at.is_(None),
        Customer.merged_into_id.is_(None),
        or_(
            and_(Customer.hold == HoldState.CLEAR, Customer.id.in_(held)),
            and_(Customer.hold == HoldState.HELD_AUTO, Customer.id.not_in(held)),
        ),
    )
    if after is not None:
        query = query.where(Customer.id > after)
    return session.scalars(query.order_by(Customer.id).limit(LOOK)).all()


def evaluate_batch(
    session: Session, customer_ids: Iterable[UUID], *, today: date, now: datetime
) -> dict[HoldState, int]:
    """Evaluate some customers anew; returns how many came to which state."""
    policy = current(session, CreditPolicy)
    counted: dict[HoldState, int] = {}
    for customer_id in customer_ids:
        state = evaluate(session, customer_id, policy, today=today, now=now)
        if state is not None:
            counted[state] = counted.get(state, 0) + 1
    return counted
