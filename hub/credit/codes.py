"""The catalogue of credit codes, and which code a customer has."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.credit.models import CreditCode, Effect
from hub.customers.models import DEFAULT_CREDIT_CODE, Customer
from hub.db import savepoint
from hub.errors import ConflictError, ValidationError
from hub.history.recording import record
from hub.i18n import N_

FIRST = {
    DEFAULT_CREDIT_CODE: (N_("Current account"), Effect.NONE),
    "past_due": (N_("Past due"), Effect.WARN),
    "new_account": (N_("New account"), Effect.REQUIRE_APPROVAL),
    "credit_hold": (N_("Credit hold"), Effect.BLOCK),
}
"""The codes that the migration puts in, with their labels; the first is everybody's own."""


def create(
    session: Session, *, code: str, label: str, effect: Effect, active: bool, sort: int
) -> CreditCode:
    """Add a code to the catalogue.

    Raises:
        ConflictError: ``taken``: there is one of this code, perhaps a retired one.
    """
    row = CreditCode(code=code, label=label, effect=effect, active=active, sort=sort)
    try:
        with savepoint(session):
            session.add(row)
            session.flush()
    except IntegrityError as error:
        raise ConflictError(
            "taken", N_("There is a credit code {name} already."),
            details={"pointer": "/code"}, name=code,
        ) from error  # fmt: skip
    return row


def change(session: Session, row: CreditCode, changes: Mapping[str, Any]) -> CreditCode:
    """Change a code's label, effect, place or whether it is active; it holds for all who have it.

    Raises:
        ConflictError: ``default_code``: the code of all others has no effect and is not retired.
    """
    effect, active = changes.get("effect", row.effect), changes.get("active", row.active)
    if row.code == DEFAULT_CREDIT_CODE and (effect is not Effect.NONE or not active):
        raise ConflictError(
            "default_code",
            N_("This code is that of all customers who have no other: it has no effect and is not"
               " retired."),
        )  # fmt: skip
    for field, value in changes.items():
        if getattr(row, field) != value:
            setattr(row, field, value)
    session.flush()
    return row


def list_all(session: Session) -> list[CreditCode]:
    """Return the catalogue in its order, retired codes too."""
    query = select(CreditCode).where(CreditCode.deleted_at.is_(None))
    return list(session.scalars(query.order_by(CreditCode.sort, CreditCode.code)))


def counts(session: Session, seen: ColumnElement[bool]) -> dict[str, int]:
    """Return how many customers have each code, of those that a caller may see."""
    rows = session.execute(
        select(Customer.credit_code, func.count())
        .where(seen, Customer.deleted_at.is_(None))
        .group_by(Customer.credit_code)
    )
    return {row[0]: row[1] for row in rows}


def code_of(session: Session, customer: Customer) -> CreditCode:
    """Return the catalogue's row for a customer's code."""
    return session.scalars(select(CreditCode).where(CreditCode.code == customer.credit_code)).one()


def give(
    session: Session, customer: Customer, code: str, *, reason: str | None, by: UUID | None
) -> Customer:
    """Give a customer another credit code.

    Raises:
        ValidationError: there is no such code, or it is retired.
    """
    found = session.scalar(select(CreditCode).where(CreditCode.code == code))
    if found is None:
        raise ValidationError.of("/code", "unknown", N_("There is no credit code {name}."),
                                 name=code)  # fmt: skip
    if not found.active and customer.credit_code != code:
        raise ValidationError.of(
            "/code", "retired", N_("The credit code {name} is retired: nobody gets it any more."),
            name=code,
        )  # fmt: skip
    if customer.credit_code == code:
        return customer
    customer.credit_code = code
    session.flush()
    record(
        session,
        "customer.credit_code_given",
        subject_type="customer",
        subject_id=customer.id,
        data={"credit_code": code, "reason": reason, "by": by},
    )
    return customer
