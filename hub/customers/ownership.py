"""Whose a customer is: as of every record, and what pools and protection add to that."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.orm import Session

from hub.access import owning
from hub.access.principals import Permission
from hub.access.roles import Verb
from hub.customers.models import Customer
from hub.customers.pool_states import refuse_owner_past_the_pool
from hub.customers.protecting import rooms
from hub.errors import ConflictError
from hub.i18n import N_

ASSIGNING = Permission(Verb.ASSIGN, Customer.collection())
NEEDS_OWNER = N_("It is protected, and needs an owner: end its protection first.")
PROTECTION = ("protected_at", "protected_by", "protected_until")


def assign(
    session: Session, customer: Customer, changes: Mapping[str, UUID | None], *, reason: str
) -> Customer:
    """Change whose a customer is, by `owning.FIELDS`; None leaves one empty.

    That the caller may is his to check, by `get_record` with `Verb.ASSIGN`. What came from a pool
    is given on by `hub.pools.passing_on`, which asks for its quotas first. A protection passes to
    the new owner, who counts it among his, as far as he has room. Giving away keeps nothing for the
    giver: what he shall go on seeing is shared with him.

    Raises:
        ValidationError: somebody is named who may not be assigned.
        ConflictError: ``protected``: it would be nobody's; ``too_many_protected``: the new owner
            has as many as the policy allows; ``pool_state``: its pool decides.
    """
    changed = {name: each for name, each in changes.items() if getattr(customer, name) != each}
    owning.refuse_unassignable(session, Customer, changed)
    if "owner_user_id" in changed:
        refuse_owner_past_the_pool(customer, changed["owner_user_id"])
    owner_id = changed.get("owner_user_id", customer.owner_user_id)
    if owner_id is None:
        _end_protection(customer)
    elif owner_id != customer.owner_user_id and customer.is_protected:
        rooms(session, [owner_id])[owner_id].take()
    owning.assign(session, customer, changed, reason=reason)
    return customer


def _end_protection(customer: Customer) -> None:
    if customer.is_protected:
        raise ConflictError("protected", NEEDS_OWNER)
    for name in PROTECTION:
        setattr(customer, name, None)
