"""What a customer is to us, and how it becomes more: by a conversion, or by its first order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.customers import services as customers
from hub.customers.models import Customer, CustomerRole
from hub.history.models import Event
from hub.history.recording import explain_change

BECAME = "customer.became_customer"
FIRST_ORDER = "first_order"
"""What the history calls the order by which a prospect turned into a customer."""


def roles_after(customer: Customer, role: CustomerRole | None) -> list[str]:
    """Return the roles of a customer that turns into one, or is at least a prospect."""
    kept = list(customer.roles)
    if role is CustomerRole.CUSTOMER and CustomerRole.CUSTOMER not in kept:
        return [CustomerRole.CUSTOMER.value, *(r for r in kept if r != CustomerRole.PROSPECT)]
    if role is not None and not {role, CustomerRole.CUSTOMER} & set(kept):
        return [*kept, role.value]
    return kept


def by_order(
    session: Session, customer: Customer, order: Mapping[str, Any], *, now: datetime
) -> bool:
    """Turn a prospect, which is locked, into a customer as an order of it is confirmed (A20).

    Once in its life: of whoever says afterwards that it is a prospect all the same, the word holds.
    `order` is what its history tells of the order. Returns whether it turned into one.
    """
    roles = set(customer.roles)
    if CustomerRole.PROSPECT not in roles or CustomerRole.CUSTOMER in roles:
        return False
    if _became_one_before(session, customer):
        return False
    wanted = {"roles": roles_after(customer, CustomerRole.CUSTOMER)}
    customers.update(session, customer, wanted, now=now)
    explain_change(
        session, BECAME, subject_type=Customer.entity(), subject_id=customer.id,
        data={FIRST_ORDER: dict(order)},
    )  # fmt: skip
    return True


def _became_one_before(session: Session, customer: Customer) -> bool:
    told = (
        select(Event.id)
        .where(
            Event.subject_type == Customer.entity(), Event.subject_id == customer.id,
            Event.data.has_key(FIRST_ORDER),
        )
        .limit(1)
    )  # fmt: skip
    return session.scalar(told) is not None
