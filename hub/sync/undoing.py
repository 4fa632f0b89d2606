"""Giving a customer back what it had before it was joined with its other half."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.customers import facts
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.history.recording import plain
from hub.i18n import N_
from hub.origin import CauseKind
from hub.plans.models import PlanItem
from hub.sync import mapping
from hub.sync.mapping import Pair

CHANGED_SINCE = N_("It was changed since, and stays as it is.")


def values_of(customer: Customer, names: Sequence[str]) -> dict[str, Any]:
    """Return values as a plan's item keeps them."""
    return {name: plain(getattr(customer, name)) for name in names}


def give_back(
    session: Session,
    customer: Customer,
    item: PlanItem,
    taken: Mapping[str, Any],
    *,
    now: datetime,
) -> None:
    """Give a customer the values back that an item took from it.

    What was changed since is left as it is, and listed on the item. `taken` is what it was given
    then.
    """
    before = item.before or {}
    back = {
        name: old
        for name, old in before.items()
        if mapping.text_of(getattr(customer, name)) == mapping.text_of(taken.get(name))
    }
    customers.update(session, customer, back, now=now, given_back=True)
    for name in back:
        facts.forget(session, customer.id, name, CauseKind.ACCOUNTING)
    kept = sorted(set(before) - set(back))
    if kept:
        item.errors = [
            {"pointer": f"/{name}", "code": "changed_since", "message": CHANGED_SINCE, "params": {}}
            for name in kept
        ]


def taken_by(pairs: Sequence[Pair], item: PlanItem) -> dict[str, Any]:
    """Return what an item gave a customer: the remote values, and the number over there."""
    fields = (item.source or {}).get("fields", {})
    return {
        **mapping.to_take(pairs, mapping.there(pairs, fields).values),
        "ref_no": item.external_id,
    }
