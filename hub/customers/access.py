"""Who may do what to what belongs to customers.

The parts of a customer are for whoever may do it to the customer itself; records that stand by
themselves have owners of their own.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true

from hub.access.grounds import Grounds
from hub.access.predicates import PartRule, RecordRule, visible
from hub.access.principals import Principal
from hub.access.roles import Reach, Verb
from hub.access.row_filters import narrowed
from hub.customers.models import Customer
from hub.db import NO_IDS


def concealed(principal: Principal) -> ColumnElement[bool]:
    """Return the condition for the customers whose protection hides them from a caller."""
    if principal.sees_all(Customer.collection()):
        return false()
    return and_(
        Customer.protected_until > func.now(),
        visible(principal, Verb.READ, Customer).is_not(true()),
    )


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


class BesideCustomerRule(RecordRule):
    """A lead, an opportunity: with an owner of its own, and with or without a customer.

    That of a customer which is protected, or waits in a pool, is known to its owner, whom it is
    shared with, and who leads: to all others it would tell that the customer exists. None is in a
    pool itself. A token that is narrowed to some customers reaches those of no others.
    """

    is_part = True

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `RecordRule.predicate`."""
        known = true() if reach is Reach.ALL else super().predicate(principal, verb, model, reach)
        narrowing = narrowed(principal, Customer)
        if not narrowing:
            return known
        reached = model.customer_id.in_(select(Customer.id).where(*narrowing).correlate(None))
        return and_(known, or_(model.customer_id.is_(None), reached))

    def is_open(self, model: type[Any]) -> ColumnElement[bool]:
        """See `RecordRule.is_open`."""
        return or_(model.customer_id.is_(None), model.customer_id.not_in(self._closed()))

    def stands_open(self, row: Any) -> bool | None:
        """See `RecordRule.stands_open`."""
        return True if row.customer_id is None else None

    def is_closed(self, model: type[Any]) -> ColumnElement[bool]:
        """See `RecordRule.is_closed`."""
        of_closed: ColumnElement[bool] = model.customer_id.in_(self._closed())
        return of_closed

    def _closed(self) -> Select[Any]:
        return select(Customer.id).where(super().is_closed(Customer))

    def grounds(self, principal: Principal, verb: Verb, model: type[Any], reach: Reach) -> Grounds:
        """See `RecordRule.grounds`."""
        return replace(super().grounds(principal, verb, model, reach), pools=NO_IDS)
