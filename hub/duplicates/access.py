"""Who may see and decide over a pair: whoever may do so to both of its customers."""

from typing import Any

from sqlalchemy import ColumnElement, and_, select

from hub.access.predicates import PartRule, visible
from hub.access.principals import Principal
from hub.access.roles import Reach, Verb
from hub.customers.models import Customer


class PairRule(PartRule):
    """The rule of customers, twice."""

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        del reach
        mine = select(Customer.id).where(visible(principal, verb, Customer)).correlate(None)
        return and_(model.a_id.in_(mine), model.b_id.in_(mine))
