"""The machine of domain.md §2, every act tried from every state."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from hub.clock import utcnow
from hub.customers.models import Customer, PoolState
from hub.customers.pool_states import ALLOWED
from hub.errors import ConflictError
from hub.pools import holding
from hub.pools.models import ClaimMode, PoolClaim
from tests.people import make_customer
from tests.pools import Scene, make_pool, make_scene, put_in

DAY = timedelta(days=1)
Act = Callable[[Session, Scene, Customer], None]


def enter(session: Session, scene: Scene, customer: Customer) -> None:
    put_in(session, make_pool(session, [scene.bo], name="Syd"), customer)


def give(session: Session, scene: Scene, customer: Customer) -> None:
    holding.give(
        session, scene.pool, customer, scene.carl.id, mode=ClaimMode.SELF, reason=None,
        now=utcnow(),
    )  # fmt: skip


def apply(session: Session, scene: Scene, customer: Customer) -> None:
    holding.apply_for(session, scene.pool, customer, scene.carl.id, reason=None, now=utcnow())


def grant(session: Session, scene: Scene, customer: Customer) -> None:
    claim = holding.live_claim(session, customer.id) or PoolClaim()
    holding.grant(session, scene.pool, customer, claim, by=None, now=utcnow())


REACHED: dict[tuple[PoolState | None, Act], PoolState] = {
    (None, enter): PoolState.IN_POOL,
    (PoolState.OWNED, enter): PoolState.IN_POOL,
    (PoolState.IN_POOL, give): PoolState.OWNED,
    (PoolState.IN_POOL, apply): PoolState.APPLIED,
    (PoolState.APPLIED, grant): PoolState.OWNED,
}


def in_state(session: Session, scene: Scene, state: PoolState | None) -> Customer:
    customer = make_customer(session, owner_user_id=scene.bo.id)
    if state is not None:
        put_in(session, scene.pool, customer)
    if state is PoolState.APPLIED:
        apply(session, scene, customer)
    if state in {PoolState.OWNED, PoolState.LOCKED}:
        give(session, scene, customer)
    if state is PoolState.LOCKED:
        customer.protected_at, customer.protected_until = utcnow(), utcnow() + DAY
        session.flush()
    assert customer.pool_place is state
    return customer


@pytest.mark.parametrize("act", [enter, give, apply, grant])
@pytest.mark.parametrize("state", [None, *PoolState])
def test_a_state_takes_its_acts_and_refuses_the_others(
    session: Session, state: PoolState | None, act: Act
) -> None:
    scene = make_scene(session)
    customer = in_state(session, scene, state)
    reached = REACHED.get((state, act))

    if reached is not None:
        act(session, scene, customer)
        assert customer.pool_place is reached
        assert reached in ALLOWED[state]
        return

    with pytest.raises(ConflictError) as refused:
        act(session, scene, customer)
    assert refused.value.code == "pool_state"
    assert refused.value.details == {
        "state": state.value if state else None,
        "allowed": [each.value for each in ALLOWED[state]],
    }
    assert customer.pool_place is state
