"""Who may do what to the parts of a customer: whoever may do it to the customer itself."""

from typing import Any

from sqlalchemy import ColumnElement, select

from hub.access.predicates import PartRule, visible
from hub.access.principals import Principal
from hub.access.roles import Reach, Verb
from hub.customers.models import Customer


class PartOfCustomerRule(PartRule):
    """A contact, a link, a conflict: seen and changed with its customer."""

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        del reach
        whole = select(Customer.id).where(visible(principal, verb, Customer)).correlate(None)
        part_of: ColumnElement[bool] = model.customer_id.in_(whole)
        return part_of
