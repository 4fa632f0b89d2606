"""Who may do what to customers, and to their parts: whoever may do it to the customer itself."""

from typing import Any

from sqlalchemy import ColumnElement, select

from hub.access.predicates import PartRule, RecordRule, declare_rule, visible
from hub.access.principals import Principal
from hub.access.roles import Reach, Verb
from hub.access.row_filters import declare_filterable
from hub.connections.models import Conflict, ExternalLink
from hub.customers.listing import CUSTOMERS
from hub.customers.models import Contact, Customer


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


declare_rule(Customer, RecordRule("inside_rep_id", "outside_rep_id"))
declare_filterable(CUSTOMERS)
for _model in (Contact, ExternalLink, Conflict):
    declare_rule(_model, PartOfCustomerRule())
