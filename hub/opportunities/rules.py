"""What an opportunity's fields must be, whoever gives them."""

from collections.abc import Iterator, Mapping
from typing import Any

from hub.customers.likeness import clean_alike, refuse_finer
from hub.errors import FieldError, ValidationError
from hub.i18n import N_
from hub.opportunities.models import Opportunity

AS_CUSTOMERS = {
    "name": "name", "next_step": "legal_name", "description": "note",
    "customer_description": "note", "lost_text": "note", "currency": "currency",
    "external_ref": "external_ref",
}  # fmt: skip
"""The fields that keep the rule of a customer's field, and of which one."""

AMOUNTS = ("amount", "best_case", "worst_case", "recurring_amount")
_RECURRING = ("recurring_amount", "recurring_period", "recurring_from")
_ORDERS = 100  # references of orders of one opportunity


def clean(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields in their stored form; only those given are looked at.

    Raises:
        ValidationError: names every broken rule.
    """
    cleaned = clean_alike(fields, AS_CUSTOMERS, AMOUNTS)
    references = cleaned.get("order_refs")
    if references is not None:
        cleaned["order_refs"] = list(dict.fromkeys(each.strip() for each in references))
        if "" in cleaned["order_refs"] or len(references) > _ORDERS:
            raise ValidationError.of(
                "/order_refs", "format", N_("At most {most} references, none of them empty."),
                most=_ORDERS,
            )  # fmt: skip
    return cleaned


def refuse_unpayable(fields: Mapping[str, Any], currency: str) -> None:
    """Pass amounts that can be paid in the opportunity's currency.

    Raises:
        ValidationError: ``precision``: names each that is finer than the currency's minor unit.
    """
    refuse_finer(fields, AMOUNTS, currency)


def refuse_contradictions(opportunity: Opportunity) -> None:
    """Pass an opportunity whose values agree with each other.

    Raises:
        ValidationError: names every broken rule.
    """
    errors = list(_contradictions(opportunity))
    if errors:
        raise ValidationError(*errors)


def _contradictions(opportunity: Opportunity) -> Iterator[FieldError]:
    worst, best = opportunity.worst_case, opportunity.best_case
    if worst is not None and best is not None and worst > best:
        yield FieldError("/worst_case", "above_best", N_("It is more than the best case."))
    missing = [name for name in _RECURRING if getattr(opportunity, name) is None]
    if missing and (len(missing) < len(_RECURRING) or opportunity.recurring_until is not None):
        for name in missing:
            yield FieldError(
                f"/{name}", "required", N_("Recurring business has an amount, a period, a start.")
            )
    begins, ends = opportunity.recurring_from, opportunity.recurring_until
    if begins is not None and ends is not None and ends < begins:
        yield FieldError("/recurring_until", "before_start", N_("It ends before it begins."))
