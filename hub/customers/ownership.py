"""Whose a customer is: its owner, its team, and its representatives.

None of these is an ordinary field: they decide who sees and changes the customer, so that they are
changed by acts of their own, each with a reason in the history.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import assignable
from hub.access.fields import NOT_YOURS
from hub.access.models import User
from hub.access.principals import Permission, Principal
from hub.access.roles import Verb
from hub.customers.models import Customer
from hub.customers.pool_states import refuse_owner_past_the_pool
from hub.errors import ConflictError, FieldError, ValidationError
from hub.history.recording import explain_change, origin_of
from hub.i18n import N_

FIELDS = frozenset({"owner_user_id", "team_id", "inside_rep_id", "outside_rep_id"})
"""The fields that say whose it is."""

ASSIGNED = "customer.assigned"
ASSIGNING = Permission(Verb.ASSIGN, Customer.collection())
NEEDS_ASSIGNING = N_("Naming another one here needs the right {permission}.")
NEEDS_OWNER = N_("It is protected, and needs an owner: end its protection first.")
PROTECTION = ("protected_at", "protected_by", "protected_until")


def refuse_unassignable(session: Session, values: Mapping[str, Any]) -> None:
    """Pass where customers may be assigned to everybody that the values name.

    Raises:
        ValidationError: names each field with its rule.
    """
    named = {field: values[field] for field in sorted(FIELDS & values.keys())}
    assignable.refuse_unassignable(session, Customer.collection(), named)


def refuse_to_name_others(principal: Principal, values: Mapping[str, Any]) -> None:
    """Pass where a caller may give a new customer to whom the values name: himself at any rate.

    Raises:
        ValidationError: names each field that he lacks the right for.
    """
    if principal.may(ASSIGNING):
        return
    own = {None, principal.user_id}
    errors = [
        FieldError(f"/{field}", NOT_YOURS, NEEDS_ASSIGNING, {"permission": str(ASSIGNING)})
        for field in sorted(FIELDS & values.keys())
        if values[field] not in (own if field != assignable.TEAM else {None})
    ]
    if errors:
        raise ValidationError(*errors)


def creator_if_assignable(session: Session) -> UUID | None:
    """Return who acts, if customers may be assigned to him; None for a program, for example."""
    return session.scalar(
        select(User.id).where(
            User.id == origin_of(session).user_id,
            assignable.assignable_people(Customer.collection()),
        )
    )


def assign(
    session: Session, customer: Customer, changes: Mapping[str, UUID | None], *, reason: str
) -> Customer:
    """Change whose a customer is, by `FIELDS`; None leaves one empty.

    That the caller may is his to check, by `get_record` with `Verb.ASSIGN`. A protection passes to
    the new owner, who counts it among his. Giving away keeps nothing for the giver: what he shall
    go on seeing is shared with him.

    Raises:
        ValidationError: somebody is named who may not be assigned.
        ConflictError: ``protected``: it would be nobody's; ``pool_state``: its pool decides.
    """
    changed = {name: each for name, each in changes.items() if getattr(customer, name) != each}
    if not changed:
        return customer
    refuse_unassignable(session, changed)
    if "owner_user_id" in changed:
        refuse_owner_past_the_pool(customer, changed["owner_user_id"])
    if changed.get("owner_user_id", customer.owner_user_id) is None:
        _end_protection(customer)
    for name, value in changed.items():
        setattr(customer, name, value)
    explain_change(
        session,
        ASSIGNED,
        subject_type=Customer.entity(),
        subject_id=customer.id,
        data={"reason": reason},
    )
    return customer


def take(session: Session, customer: Customer, *, by: UUID, reason: str) -> Customer:
    """Make somebody the owner; his own already is left as it is.

    That he may take it is the caller's to check, by `get_record` with `Verb.CLAIM`, which locks the
    row: of two who take at once one is told that it is another's.

    Raises:
        ValidationError: customers are not assigned to him.
    """
    return assign(session, customer, {"owner_user_id": by}, reason=reason)


def _end_protection(customer: Customer) -> None:
    if customer.is_protected:
        raise ConflictError("protected", NEEDS_OWNER)
    for name in PROTECTION:
        setattr(customer, name, None)
