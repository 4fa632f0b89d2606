"""Who may do what to a lead: as to every record with an owner, but for protected customers."""

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from hub.access.grounds import Grounds
from hub.access.predicates import RecordRule
from hub.access.principals import Principal
from hub.access.roles import Reach, Verb
from hub.customers.models import Customer
from hub.db import NO_IDS


class LeadRule(RecordRule):
    """A lead of a protected customer is known to its owner, whom it is shared with, and who leads.

    To all others it would tell that the customer exists. Leads are in no pool.
    """

    def is_open(self, model: type[Any]) -> ColumnElement[bool]:
        """See `RecordRule.is_open`."""
        protected = select(Customer.id).where(Customer.protected_until > func.now())
        return or_(model.customer_id.is_(None), model.customer_id.not_in(protected))

    def grounds(self, principal: Principal, verb: Verb, model: type[Any], reach: Reach) -> Grounds:
        """See `RecordRule.grounds`."""
        return replace(super().grounds(principal, verb, model, reach), pools=NO_IDS)
