"""Who may do what to a note: whoever sees the customer reads it, its author changes it."""

from typing import Any

from sqlalchemy import ColumnElement, and_, select

from hub.access.predicates import PartRule, visible
from hub.access.principals import Principal
from hub.access.roles import WITHOUT_OWNING, Reach, Verb
from hub.customers.models import Customer


class OnCustomerRule(PartRule):
    """What hangs on a customer is seen with it; only the people in `own` change it."""

    def __init__(self, *own: str) -> None:
        self.own = own

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        seen = select(Customer.id).where(visible(principal, Verb.READ, Customer)).correlate(None)
        on_seen: ColumnElement[bool] = model.customer_id.in_(seen)
        if verb in WITHOUT_OWNING or reach is Reach.ALL:
            return on_seen
        first, *others = (getattr(model, column) == principal.user_id for column in self.own)
        mine: ColumnElement[bool] = first
        for other in others:
            mine |= other
        return and_(on_seen, mine)
