"""May this customer do that? Every rule that has something to say is asked; the strictest wins."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from hub.clock import business_date
from hub.configuration import current
from hub.credit import codes, transactions
from hub.credit.figures import Owed, overdue_before, owed_by
from hub.credit.policy import CreditPolicy
from hub.credit.rules import (
    Message,
    Spoken,
    Transaction,
    Verdict,
    code_says,
    hold_says,
    judge,
    lifecycle_says,
    portal_says,
)
from hub.customers.models import Customer
from hub.customers.policy import PortalPolicy
from hub.i18n import N_
from hub.settings import get_settings


@dataclass(frozen=True, slots=True)
class Standing:
    """How a customer stands: what is owed, and what administrators have set."""

    owed: Owed
    policy: CreditPolicy


def standing_of(session: Session, customer: Customer, *, now: datetime) -> Standing:
    """Return how a customer stands today."""
    policy = current(session, CreditPolicy)
    today = business_date(now, get_settings().zone)
    return Standing(
        owed_by(session, customer, overdue_before=overdue_before(policy, today)), policy
    )


def ask(
    session: Session,
    customer: Customer,
    wanted: Transaction,
    *,
    reference: str | None = None,
    amount: Decimal | None = None,
    over_portal: bool = False,
) -> Verdict:
    """Say whether a customer may do something.

    Args:
        session: where to look.
        customer: who.
        wanted: what.
        reference: which transaction, for example an order's number; without it no approval counts.
        amount: how much, in the customer's currency: an approval of less does not count.
        over_portal: whether the customer does it himself, signed in to a portal.
    """
    code = codes.code_of(session, customer)
    is_approved = reference is not None and transactions.is_approved(
        session, customer, wanted, reference, amount
    )
    rules = (
        lifecycle_says(customer.lifecycle),
        code_says(code.code, code.label, code.effect, is_approved=is_approved),
        hold_says(
            customer.hold,
            customer.hold_message or {},
            current(session, CreditPolicy).hold_allows,
            wanted,
        ),
        _portal_says(session, customer, wanted) if over_portal else None,
    )
    return judge(rule for rule in rules if rule is not None)


def _portal_says(session: Session, customer: Customer, wanted: Transaction) -> Spoken | None:
    has_cart = current(session, PortalPolicy).cart
    return portal_says(wanted, may_sign_in=customer.portal_login, has_cart=has_cart)


def notes_on(customer: Customer, owed: Owed) -> list[Message]:
    """Return what a reader should know of how the answer was reckoned."""
    if not owed.other_currencies:
        return []
    return [
        {
            "code": "other_currencies",
            "text": _OTHER_CURRENCIES,
            "params": {
                "currencies": ", ".join(owed.other_currencies),
                "currency": customer.currency,
            },
        }
    ]


_OTHER_CURRENCIES = N_(
    "There are open documents in {currencies} too; only those in {currency} count against the"
    " credit limit."
)
