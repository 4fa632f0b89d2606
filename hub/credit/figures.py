"""What a customer owes, by the mirrored documents; two currencies are never added."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, select
from sqlalchemy.orm import Session

from hub.credit.policy import AutomaticHold, CreditPolicy
from hub.customers.models import Customer
from hub.documents.models import OWED, DocMirror, DocumentKind, DocumentState


@dataclass(frozen=True, slots=True)
class Owed:
    """What a customer owes in his own currency, and in which others there is something open.

    `overdue` counts invoices of any currency that are not paid in time; `oldest_due_on` is the
    first of their due days.
    """

    balance: Decimal
    other_currencies: tuple[str, ...]
    overdue: int
    oldest_due_on: date | None


def owed_by(session: Session, customer: Customer, *, overdue_before: date) -> Owed:
    """Return what a customer owes."""
    balances = {
        row.currency: row.balance
        for row in session.execute(
            select(DocMirror.currency, func.sum(DocMirror.remaining).label("balance"))
            .where(DocMirror.customer_id == customer.id, _counts())
            .group_by(DocMirror.currency)
        )
    }
    late = session.execute(
        select(func.count(), func.min(DocMirror.due_on)).where(
            DocMirror.customer_id == customer.id, _is_overdue(overdue_before)
        )
    ).one()
    return Owed(
        balance=balances.get(customer.currency, Decimal(0)),
        other_currencies=tuple(sorted(set(balances) - {customer.currency})),
        overdue=late[0],
        oldest_due_on=late[1],
    )


def overdue_before(policy: CreditPolicy, today: date) -> date:
    """Return the day before which an invoice was due that is past due today."""
    return today - timedelta(days=policy.grace_days)


def to_be_held(policy: CreditPolicy, today: date) -> Select[Any]:
    """Return the ids of the customers that are to be on hold by themselves, from the documents."""
    if policy.automatic is AutomaticHold.PAST_DUE:
        return select(DocMirror.customer_id).where(_is_overdue(overdue_before(policy, today)))
    if policy.automatic is AutomaticHold.CREDIT_LIMIT:
        balance = func.sum(DocMirror.remaining)
        return (
            select(DocMirror.customer_id)
            .join(
                debtor := Customer.__table__.alias(),
                and_(
                    debtor.c.id == DocMirror.customer_id,
                    debtor.c.currency == DocMirror.currency,
                ),
            )
            .where(_counts(), debtor.c.credit_limit.is_not(None))
            .group_by(DocMirror.customer_id, debtor.c.credit_limit)
            .having(balance > debtor.c.credit_limit)
        )
    return select(DocMirror.customer_id).where(false())


def _counts() -> ColumnElement[bool]:
    return and_(DocMirror.state == DocumentState.OPEN, DocMirror.kind.in_(OWED))


def _is_overdue(before: date) -> ColumnElement[bool]:
    return and_(
        DocMirror.state == DocumentState.OPEN,
        DocMirror.kind == DocumentKind.INVOICE,
        DocMirror.remaining > 0,
        DocMirror.due_on < before,
    )
