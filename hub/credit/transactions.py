"""The approval of one very transaction, which a credit code may ask for."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.approvals import services as approvals
from hub.approvals.actions import Action, declare_action
from hub.approvals.deciders import Leaders
from hub.approvals.models import Approval, ApprovalState
from hub.credit.rules import Answer, Transaction, Verdict
from hub.customers.models import Customer
from hub.errors import ConflictError
from hub.i18n import N_

LABELS: Mapping[Transaction, str] = {
    Transaction.ORDER: N_("Take an order in spite of the credit code"),
    Transaction.CASH_SALE: N_("Make a cash sale in spite of the credit code"),
    Transaction.INVOICE: N_("Write an invoice in spite of the credit code"),
}


def declare_actions() -> None:
    """Make each transaction something that can be approved, by whoever leads."""
    for wanted, label in LABELS.items():
        declare_action(Action(action_name(wanted), label, Customer, Leaders()))


def action_name(wanted: Transaction) -> str:
    """Return the name of the action that approves a transaction."""
    return f"credit.{wanted.value}"


def request(
    session: Session,
    customer: Customer,
    wanted: Transaction,
    verdict: Verdict,
    *,
    reference: str,
    amount: Decimal | None,
    reason: str,
    requested_by: UUID,
    now: datetime,
) -> Approval:
    """Ask for the approval of a transaction; `verdict` is what is said of it without one.

    Raises:
        ConflictError: ``not_needed``, ``blocked`` (no approval would help), or
            ``already_requested``.
    """
    if verdict.answer is Answer.YES:
        raise ConflictError("not_needed", N_("This needs no approval."))
    if verdict.answer is Answer.NO:
        raise ConflictError(
            "blocked",
            N_("An approval would not help: a stricter rule forbids it."),
            details={
                "rules": [
                    {"code": rule.code, "effect": rule.effect.value, "message": dict(rule.message)}
                    for rule in verdict.rules
                ]
            },
        )
    return approvals.request(
        session,
        action=action_name(wanted),
        subject=customer,
        requested_by=requested_by,
        reason=reason,
        reference=reference,
        data={
            "amount": None if amount is None else str(amount),
            "currency": customer.currency,
        },
        now=now,
    )


def is_approved(
    session: Session,
    customer: Customer,
    wanted: Transaction,
    reference: str,
    amount: Decimal | None,
) -> bool:
    """Say whether a very transaction was approved, for no less than an amount if one is named."""
    found = session.scalars(
        select(Approval).where(
            Approval.subject_id == customer.id,
            Approval.action == action_name(wanted),
            Approval.reference == reference,
            Approval.state == ApprovalState.APPROVED,
            Approval.deleted_at.is_(None),
        )
    )
    return any(_covers(approval, amount) for approval in found)


def _covers(approval: Approval, amount: Decimal | None) -> bool:
    limit = approval.data.get("amount")
    return amount is None or limit is None or amount <= Decimal(limit)
