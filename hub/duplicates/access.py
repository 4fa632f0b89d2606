"""Who may see and decide over a pair: whoever may do so to both of its customers."""

from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import object_session

from hub.access.predicates import allowed, declare_rule, visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.customers.models import Customer
from hub.duplicates.models import DupCandidate


class PairRule:
    """The rule of customers, twice."""

    def predicate(self, principal: Principal, verb: Verb, model: type[Any]) -> ColumnElement[bool]:
        """See `hub.access.predicates.Rule.predicate`."""
        mine = select(Customer.id).where(visible(principal, verb, Customer)).correlate(None)
        return and_(model.a_id.in_(mine), model.b_id.in_(mine))

    def holds(self, principal: Principal, verb: Verb, entity: object) -> bool:
        """See `hub.access.predicates.Rule.holds`."""
        session = object_session(entity)
        if not isinstance(entity, DupCandidate) or session is None:
            return False
        customers = [session.get(Customer, entity.a_id), session.get(Customer, entity.b_id)]
        return all(c is not None and allowed(principal, verb, c) for c in customers)


declare_rule(DupCandidate, PairRule())
