"""Who may do what to a note: whoever sees the customer reads it, its author changes it."""

from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import object_session

from hub.access.predicates import allowed, declare_rule, visible
from hub.access.principals import Principal
from hub.access.roles import WITHOUT_OWNING, Verb
from hub.customers.models import Customer
from hub.notes.models import Note


class OnCustomerRule:
    """What hangs on a customer is seen with it; only the people in `own` change it."""

    def __init__(self, *own: str) -> None:
        self.own = own

    def predicate(self, principal: Principal, verb: Verb, model: type[Any]) -> ColumnElement[bool]:
        """See `hub.access.predicates.Rule.predicate`."""
        seen = select(Customer.id).where(visible(principal, Verb.READ, Customer)).correlate(None)
        on_seen: ColumnElement[bool] = model.customer_id.in_(seen)
        if verb in WITHOUT_OWNING:
            return on_seen
        first, *others = (getattr(model, column) == principal.user_id for column in self.own)
        mine: ColumnElement[bool] = first
        for other in others:
            mine |= other
        return and_(on_seen, mine)

    def holds(self, principal: Principal, verb: Verb, entity: object) -> bool:
        """See `hub.access.predicates.Rule.holds`."""
        session = object_session(entity)
        customer_id = getattr(entity, "customer_id", None)
        customer = session.get(Customer, customer_id) if session and customer_id else None
        if customer is None or not allowed(principal, Verb.READ, customer):
            return False
        return verb in WITHOUT_OWNING or any(
            getattr(entity, column) == principal.user_id for column in self.own
        )


declare_rule(Note, OnCustomerRule("author_user_id"))
