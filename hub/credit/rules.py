"""Which rule wins: the strictest. Plain values, so that every combination can be tried."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hub.credit.models import Effect
from hub.credit.policy import HoldAllows
from hub.customers.models import HoldState, Lifecycle
from hub.i18n import N_

Message = Mapping[str, Any]
"""{code, text, params}: translated when somebody reads it."""


class Transaction(StrEnum):
    """What a customer may ask to do."""

    ORDER = "order"
    CASH_SALE = "cash_sale"
    INVOICE = "invoice"


class Answer(StrEnum):
    """Whether a customer may do it."""

    YES = "yes"
    WITH_APPROVAL = "with_approval"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A rule that has something to say about a transaction.

    `makes_pending` lets an order be taken, and not be carried out until the hold is over.
    """

    code: str
    effect: Effect
    message: Message
    makes_pending: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer with every rule that spoke, the strictest first."""

    answer: Answer
    rules: tuple[Spoken, ...]
    makes_pending: bool

    @property
    def warnings(self) -> tuple[Spoken, ...]:
        """The rules that only warn."""
        return tuple(rule for rule in self.rules if rule.effect is Effect.WARN)


_ANSWERS = {
    Effect.NONE: Answer.YES,
    Effect.WARN: Answer.YES,
    Effect.REQUIRE_APPROVAL: Answer.WITH_APPROVAL,
    Effect.BLOCK: Answer.NO,
}
_PENDING_ORDERS = (HoldAllows.PENDING_ORDERS, HoldAllows.PENDING_ORDERS_AND_CASH_SALES)
_CASH_SALES = (HoldAllows.CASH_SALES, HoldAllows.PENDING_ORDERS_AND_CASH_SALES)


def judge(rules: Iterable[Spoken]) -> Verdict:
    """Return what follows from the rules that spoke: the strictest wins."""
    ordered = sorted(rules, key=lambda rule: -rule.effect.strictness)
    answer = _ANSWERS[ordered[0].effect] if ordered else Answer.YES
    pending = answer is not Answer.NO and any(rule.makes_pending for rule in ordered)
    return Verdict(answer, tuple(ordered), makes_pending=pending)


def code_says(code: str, label: str, effect: Effect, *, is_approved: bool) -> Spoken | None:
    """Return what a credit code says; None where it has no effect.

    Args:
        code: of the catalogue.
        label: its name, which is translated where there is a translation.
        effect: what it does.
        is_approved: whether this very transaction was approved.
    """
    if effect is Effect.NONE:
        return None
    params = {"label": {"text": label, "params": {}}}
    if effect is Effect.REQUIRE_APPROVAL and is_approved:
        return Spoken(code, Effect.NONE, {"code": code, "text": _APPROVED, "params": params})
    return Spoken(code, effect, {"code": code, "text": _OF_CODES[effect], "params": params})


def hold_says(
    hold: HoldState, message: Message, allows: HoldAllows, wanted: Transaction
) -> Spoken | None:
    """Return what a hold says; None where there is none.

    An invoice is a sale on credit, which no policy allows to a customer on hold.
    """
    if hold is HoldState.CLEAR:
        return None
    if wanted is Transaction.ORDER and allows in _PENDING_ORDERS:
        return Spoken(hold.value, Effect.WARN, message, makes_pending=True)
    if wanted is Transaction.CASH_SALE and allows in _CASH_SALES:
        return Spoken(hold.value, Effect.WARN, message)
    return Spoken(hold.value, Effect.BLOCK, message)


def lifecycle_says(lifecycle: Lifecycle) -> Spoken | None:
    """Return what is in the way of a customer that one has nothing to do with any more."""
    if lifecycle is not Lifecycle.ARCHIVED:
        return None
    message = {"code": "archived", "text": _ARCHIVED, "params": {}}
    return Spoken("archived", Effect.BLOCK, message)


def portal_says(wanted: Transaction, *, may_sign_in: bool, has_cart: bool) -> Spoken | None:
    """Return what is in the way of a transaction over a portal; None where nothing is.

    Args:
        wanted: what; invoices are made by us, and only paid there.
        may_sign_in: whether the customer gets into the portal at all.
        has_cart: whether customers may order there.
    """
    if not may_sign_in:
        return _portal("portal_login", N_("The customer may not sign in to the portal."))
    if wanted is not Transaction.INVOICE and not has_cart:
        return _portal("portal_cart", N_("Customers may not order over the portal."))
    return None


def _portal(code: str, text: str) -> Spoken:
    return Spoken(code, Effect.BLOCK, {"code": code, "text": text, "params": {}})


_ARCHIVED = N_("The customer is archived: take it up again first.")
_APPROVED = N_("The credit code “{label}” asks for an approval, and this transaction has it.")
_OF_CODES = {
    Effect.WARN: N_("The customer has the credit code “{label}”."),
    Effect.REQUIRE_APPROVAL: N_("The credit code “{label}” asks for an approval of this very"
                                " transaction."),
    Effect.BLOCK: N_("The credit code “{label}” allows no transactions."),
}  # fmt: skip
