"""/customers/{id}/permissions, /credit, /hold, /credit-code and /transaction-approvals"""

from collections.abc import Iterable
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.messages import message_view
from api.operations import Answer, Call, Permission, Verb, operation
from api.presenting_customers import customer_view, hold_view
from api.routes.approvals import approval_view, view_again
from api.routes.customers import get_customer_record
from api.schemas.approvals import ApprovalView
from api.schemas.credit import (
    CodeGiven,
    CreditView,
    HoldChange,
    PermissionQuery,
    PermissionView,
    RuleView,
    TransactionApproval,
)
from api.schemas.customers import CustomerView, MessageView
from hub.credit import codes, holds, permissions, transactions
from hub.credit.rules import Message, Spoken
from hub.i18n import translate

blueprint = Blueprint("credit", __name__)
READ = Permission(Verb.READ, "customers")
DECIDE = Permission(Verb.APPROVE, "customers")
_HOLD = {
    HTTPStatus.CONFLICT: "The hold is another one (`hold_state`); `details` says what you may."
}


def _customer_again(call: Call[Any, Any], customer_id: UUID) -> CustomerView:
    return customer_view(call, get_customer_record(call, Verb.READ, customer_id))


def _messages(call: Call[Any, Any], found: Iterable[Message]) -> list[MessageView]:
    shown = (message_view(call, message) for message in found)
    return [each for each in shown if each is not None]


def _rules(call: Call[Any, Any], spoken: Iterable[Spoken]) -> list[RuleView]:
    return [
        RuleView(code=rule.code, effect=rule.effect, message=message)
        for rule in spoken
        if (message := message_view(call, rule.message)) is not None
    ]


@operation(
    blueprint, "GET", "/customers/<uuid:customer_id>/permissions",
    permission=READ, query=PermissionQuery, answer=PermissionView,
)  # fmt: skip
def get_permission(call: Call[None, PermissionQuery], customer_id: UUID) -> PermissionView:
    """Say whether a customer may do something: yes, no, or with approval; and why.

    Every rule that has something to say is named; the strictest wins.
    """
    customer, wanted = get_customer_record(call, Verb.READ, customer_id), call.query
    verdict = permissions.ask(
        call.session,
        customer,
        wanted.action,
        reference=wanted.reference,
        amount=_amount(wanted.amount),
        over_portal=wanted.over_portal,
    )
    standing = permissions.standing_of(call.session, customer, now=call.now)
    return PermissionView(
        customer_id=customer.id,
        action=wanted.action,
        reference=wanted.reference,
        answer=verdict.answer,
        order_state="pending" if verdict.makes_pending else None,
        warnings=_messages(call, (rule.message for rule in verdict.warnings)),
        rules=_rules(call, verdict.rules),
        notes=_messages(call, permissions.notes_on(customer, standing.owed)),
    )


@operation(
    blueprint, "GET", "/customers/<uuid:customer_id>/credit", permission=READ, answer=CreditView,
)  # fmt: skip
def get_credit(call: Call, customer_id: UUID) -> CreditView:
    """Return how a customer stands: its code, its hold, what it owes and what is overdue."""
    customer = get_customer_record(call, Verb.READ, customer_id)
    code = codes.code_of(call.session, customer)
    standing = permissions.standing_of(call.session, customer, now=call.now)
    owed, policy = standing.owed, standing.policy
    return CreditView(
        customer_id=customer.id,
        credit_code=code.code,
        credit_code_label=translate(call.language, code.label),
        effect=code.effect,
        hold=hold_view(call, customer),
        automatic=policy.automatic,
        hold_allows=policy.hold_allows,
        currency=customer.currency,
        credit_limit=customer.credit_limit,
        balance=owed.balance,
        overdue_invoices=owed.overdue,
        oldest_due_on=owed.oldest_due_on,
        notes=_messages(call, permissions.notes_on(customer, owed)),
    )


@operation(
    blueprint, "POST", "/customers/<uuid:customer_id>/hold",
    permission=DECIDE, body=HoldChange, answer=CustomerView, reload=_customer_again,
    refusals=_HOLD,
)  # fmt: skip
def put_customer_on_hold(call: Call[HoldChange], customer_id: UUID) -> CustomerView:
    """Put a customer on hold by hand, and say why; no rule takes that back."""
    customer = get_customer_record(call, Verb.APPROVE, customer_id)
    holds.put_on_hold(
        call.session, customer, reason=call.body.reason, by=call.principal.user_id, now=call.now
    )
    return customer_view(call, customer)


@operation(
    blueprint, "POST", "/customers/<uuid:customer_id>/hold-release",
    permission=DECIDE, body=HoldChange, answer=CustomerView, reload=_customer_again,
    refusals=_HOLD,
)  # fmt: skip
def release_customer(call: Call[HoldChange], customer_id: UUID) -> CustomerView:
    """End a hold by hand, and say why.

    A hold that came by itself goes by itself. Where its reasons are there when you release, it
    takes the place of yours.
    """
    customer = get_customer_record(call, Verb.APPROVE, customer_id)
    holds.release(
        call.session, customer, reason=call.body.reason, by=call.principal.user_id, now=call.now
    )
    return customer_view(call, customer)


@operation(
    blueprint, "PUT", "/customers/<uuid:customer_id>/credit-code",
    permission=DECIDE, body=CodeGiven, answer=CustomerView, reload=_customer_again,
    versioned=True,
)  # fmt: skip
def give_credit_code(call: Call[CodeGiven], customer_id: UUID) -> CustomerView:
    """Give a customer another credit code."""
    customer = get_customer_record(
        call, Verb.APPROVE, customer_id, expected_version=call.expected_version
    )
    codes.give(
        call.session,
        customer,
        call.body.code,
        reason=call.body.reason,
        by=call.principal.user_id,
    )
    return customer_view(call, customer)


@operation(
    blueprint, "POST", "/customers/<uuid:customer_id>/transaction-approvals",
    permission=Permission(Verb.CREATE, "approvals"), body=TransactionApproval,
    answer=ApprovalView, status=HTTPStatus.CREATED, reload=view_again,
    refusals={
        HTTPStatus.CONFLICT: "It needs no approval (`not_needed`), none would help (`blocked`), or"
        " you have asked already (`already_requested`)."
    },
)  # fmt: skip
def request_transaction_approval(
    call: Call[TransactionApproval], customer_id: UUID
) -> Answer[ApprovalView]:
    """Ask for the approval of one very transaction, named by its reference.

    Once somebody who leads you, or the customer's owner, has approved it, `permissions` with this
    reference answers yes.
    """
    customer, body = get_customer_record(call, Verb.READ, customer_id), call.body
    amount = _amount(body.amount)
    verdict = permissions.ask(
        call.session, customer, body.action, reference=body.reference, amount=amount
    )
    approval = transactions.request(
        call.session,
        customer,
        body.action,
        verdict,
        reference=body.reference,
        amount=amount,
        reason=body.reason,
        requested_by=call.principal.user_id,
        now=call.now,
    )
    return Answer(approval_view(call, approval), location=f"/approvals/{approval.id}")


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
