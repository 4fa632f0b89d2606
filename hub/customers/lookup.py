"""Reads one customer for one caller; one that was merged names its survivor to who sees that."""

from uuid import UUID

from sqlalchemy.orm import Session

from hub.access.concealing import seen_among
from hub.access.lookup import get_record
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.customers.models import Customer
from hub.errors import MergedError, NotFoundError


def get_customer(
    session: Session,
    principal: Principal,
    verb: Verb,
    customer_id: UUID,
    *,
    expected_version: int | None = None,
) -> Customer:
    """Return a customer for an act of the caller.

    Raises:
        NotFoundError, ForbiddenError, StaleVersionError: as `get_record`.
        MergedError: it lives on under another id, which he may see.
    """
    customer = get_record(
        session, principal, verb, Customer, customer_id, expected_version=expected_version
    )
    if customer.merged_into_id is not None:
        survivor_id = customer.merged_into_id
        if not seen_among(session, principal, Customer, [survivor_id]):
            raise NotFoundError(Customer.entity(), customer.id)
        raise MergedError(Customer.entity(), customer.id, survivor_id)
    return customer
