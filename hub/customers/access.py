"""Who may do what to the parts of a customer: whoever may do it to the customer itself."""

from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import object_session

from hub.access.predicates import allowed, declare_rule, visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.connections.models import Conflict, ExternalLink
from hub.customers.models import Contact, Customer


class PartOfCustomerRule:
    """A contact, a link, a conflict: seen and changed with its customer."""

    def predicate(self, principal: Principal, verb: Verb, model: type[Any]) -> ColumnElement[bool]:
        """See `hub.access.predicates.Rule.predicate`."""
        whole = select(Customer.id).where(visible(principal, verb, Customer)).correlate(None)
        part_of: ColumnElement[bool] = model.customer_id.in_(whole)
        return part_of

    def holds(self, principal: Principal, verb: Verb, entity: object) -> bool:
        """See `hub.access.predicates.Rule.holds`."""
        session = object_session(entity)
        customer_id = getattr(entity, "customer_id", None)
        customer = session.get(Customer, customer_id) if session and customer_id else None
        return customer is not None and allowed(principal, verb, customer)


for _model in (Contact, ExternalLink, Conflict):
    declare_rule(_model, PartOfCustomerRule())
