"""Archiving: a customer one has nothing to do with any more is out of the way, and stays."""

from sqlalchemy.orm import Session

from hub.customers.models import Customer, Lifecycle, PoolState
from hub.customers.pool_states import require_state
from hub.errors import ConflictError, MergedError
from hub.history.recording import explain_change
from hub.i18n import N_

ENTITY = Customer.entity()
_REFUSED = N_("The customer is {state} already.")


def archive(session: Session, customer: Customer, *, reason: str | None) -> None:
    """Put a customer out of the way: it is found and read, and buys nothing, until it is back.

    No connection makes it anew elsewhere, and it does not wait in a pool.

    Raises:
        ConflictError: ``lifecycle``: it is archived already; ``pool_state``: it waits in a pool.
        MergedError: it lives on under another id.
    """
    require_state(customer, None, PoolState.LOCKED, PoolState.OWNED)
    _move(session, customer, Lifecycle.ARCHIVED, "archived", reason)


def take_up(session: Session, customer: Customer, *, reason: str | None) -> None:
    """Have an archived customer back among those that one deals with.

    Raises:
        ConflictError: ``lifecycle``: it is not archived.
        MergedError: as `archive`.
    """
    _move(session, customer, Lifecycle.ACTIVE, "taken_up", reason)


def _move(
    session: Session, customer: Customer, to: Lifecycle, act: str, reason: str | None
) -> None:
    if customer.merged_into_id is not None:
        raise MergedError(ENTITY, customer.id, customer.merged_into_id)
    if customer.lifecycle is to:
        others = [each.value for each in (Lifecycle.ACTIVE, Lifecycle.ARCHIVED) if each is not to]
        raise ConflictError(
            "lifecycle", _REFUSED, details={"state": to.value, "allowed": others}, state=to.value
        )
    customer.lifecycle = to
    explain_change(
        session, f"{ENTITY}.{act}", subject_type=ENTITY, subject_id=customer.id,
        data={"reason": reason},
    )  # fmt: skip
