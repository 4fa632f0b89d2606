"""Where customers stand in their pools, and what may follow.

The acts are those of `hub.pools`; here is what nobody may do past them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
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


_APPLIED_FOR = N_("applied for")


def require_state(customer: Customer, *needed: PoolState | None) -> None:
    """Pass where a customer is in one of the states that an act begins with.

    Raises:
        ConflictError: ``pool_state``; `details` says where it is and what may follow that.
    """
    place = customer.pool_place
    if place in needed:
        return
    if place is None:
        raise _refused(place, N_("The customer is in no pool."))
    wanted = next(each for each in reversed(needed) if each is not None)
    raise _refused(
        place,
        N_("In its pool the customer is {state}, not {wanted}."),
        state=_word(place),
        wanted=_word(wanted),
    )


class Pooled(Protocol):
    """A customer, or as much of one as says where it stands."""

    pool_id: UUID | None
    pool_state: PoolState | None
    pooled_at: datetime | None

    @property
    def is_protected(self) -> bool:
        """Whether its existence is hidden from most, now."""
        ...


def refuse_owner_past_the_pool(customer: Pooled, owner_user_id: UUID | None) -> None:
    """Pass where a customer may be given to somebody, or taken from everybody, without its pool.

    One that waits in a pool gets its owner there, and one that came from a pool goes back to it.

    Raises:
        ConflictError: ``pool_state``; `details` says where it is and what is allowed.
    """
    if customer.pooled_at is not None:
        message = N_("The customer waits in a pool: it is claimed or assigned there.")
    elif customer.pool_id is not None and owner_user_id is None:
        message = N_("The customer came from a pool: release it to a pool.")
    else:
        return
    is_locked = customer.pool_id is not None and customer.is_protected
    raise _refused(PoolState.LOCKED if is_locked else customer.pool_state, message)


def _word(state: PoolState) -> str:
    # What a plan is when it is applied is another thing, with another word in other languages.
    return _APPLIED_FOR if state is PoolState.APPLIED else state.value


def _refused(place: PoolState | None, message: str, **params: object) -> ConflictError:
    return ConflictError(
        "pool_state",
        message,
        details={
            "state": place.value if place else None,
            "allowed": [each.value for each in ALLOWED[place]],
        },
        **params,
    )
