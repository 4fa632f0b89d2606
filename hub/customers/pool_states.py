"""Where customers stand in their pools, and what may follow (domain.md §2).

The acts are those of `hub.pools`; here is what nobody may do past them.
"""

from collections.abc import Mapping
from uuid import UUID

from hub.customers.models import Customer, PoolState
from hub.errors import ConflictError
from hub.i18n import N_

ALLOWED: Mapping[PoolState | None, tuple[PoolState, ...]] = {
    None: (PoolState.IN_POOL,),
    PoolState.IN_POOL: (PoolState.APPLIED, PoolState.OWNED),
    PoolState.APPLIED: (PoolState.OWNED, PoolState.IN_POOL),
    PoolState.OWNED: (PoolState.IN_POOL, PoolState.LOCKED),
    PoolState.LOCKED: (PoolState.OWNED,),
}
"""What may follow a state; None is that of a customer which has to do with no pool."""


def require_state(customer: Customer, *needed: PoolState | None) -> None:
    """Pass where a customer is in one of the states that an act begins with.

    Raises:
        ConflictError: ``pool_state``; `details` says where it is and what may follow that.
    """
    state = customer.pool_place
    if state in needed:
        return
    if state is None:
        raise _refused(state, N_("The customer is in no pool."))
    raise _refused(
        state,
        N_("In its pool the customer is {found}, not {needed}."),
        found=state.value,
        needed=", ".join(each.value for each in needed if each is not None),
    )


def refuse_owner_past_the_pool(customer: Customer, owner_user_id: UUID | None) -> None:
    """Pass where a customer may be given to somebody, or taken from everybody, without its pool.

    One that waits in a pool gets its owner there, and one that came from a pool goes back to it.

    Raises:
        ConflictError: ``pool_state``; `details` says where it is and what is allowed.
    """
    if customer.is_pooled:
        message = N_("The customer waits in a pool: it is claimed or assigned there.")
    elif customer.pool_id is not None and owner_user_id is None:
        message = N_("The customer came from a pool: release it to a pool.")
    else:
        return
    raise _refused(customer.pool_place, message)


def _refused(state: PoolState | None, message: str, **params: object) -> ConflictError:
    return ConflictError(
        "pool_state",
        message,
        details={
            "state": state.value if state else None,
            "allowed": [each.value for each in ALLOWED[state]],
        },
        **params,
    )
