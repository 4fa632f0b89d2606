from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.access.roles import Verb
from hub.clock import utcnow
from hub.customers import ownership
from hub.customers import services as customers
from hub.customers.models import Customer, Lifecycle, PoolState
from hub.errors import ConflictError, ForbiddenError, NotFoundError, ValidationError
from hub.history.models import Event
from hub.history.recording import when_changed
from hub.pools import claiming, handing_over, returning
from hub.pools.finding import get_pool
from hub.pools.models import ClaimMode, ClaimState, PoolClaim
from tests.people import make_customer
from tests.pools import (
    Scene,
    assign,
    claim_of,
    codes,
    make_scene,
    make_waiting,
    put_in,
    release,
    speaking,
    states,
    take,
)

DAY = timedelta(days=1)


@pytest.fixture
def scene(session: Session) -> Scene:
    when_changed("customer", handing_over.react, many=handing_over.react_many)
    return make_scene(session)


def events(session: Session, customer: Customer) -> list[tuple[str, object]]:
    session.commit()
    found = session.scalars(
        select(Event)
        .where(Event.subject_id == customer.id, Event.type.like("customer.pool%"))
        .order_by(Event.id)
    )
    return [(each.type, (each.data or {}).get("reason")) for each in found]


def place(customer: Customer) -> PoolState | None:
    """Return where it stands; mypy does not remember this as it does an attribute."""
    return customer.pool_place


def take_back(session: Session, scene: Scene, *taken: Customer) -> list[str | None]:
    return codes(
        returning.take_back(
            session,
            speaking(session, scene.manager),
            scene.pool,
            [customer.id for customer in taken],
            reason="for mange",
            now=utcnow(),
        )
    )


def test_a_released_customer_is_nobodys_and_remembers_who_had_it(
    session: Session, scene: Scene
) -> None:
    customer = make_customer(session, owner_user_id=scene.bo.id)
    customer.inside_rep_id, customer.outside_rep_id = scene.bo.id, scene.carl.id
    customer.team_id = scene.pool.claim_team_ids[0]
    session.commit()

    assert codes(release(session, scene, scene.bo, customer)) == [None]

    assert states(session, customer.id) == [("in_pool", None)]
    names = ("owner_user_id", "team_id", "inside_rep_id", "outside_rep_id")
    assert [getattr(customer, name) for name in names] == [None] * 4
    assert customer.pool_id == scene.pool.id
    claim = session.scalars(select(PoolClaim)).one()
    assert (claim.user_id, claim.mode, claim.state) == (scene.bo.id, None, ClaimState.RELEASED)
    assert claim.ended_reason == "ingen tid"
    session.commit()
    assert events(session, customer) == [("customer.pool_released", "ingen tid")]


def test_only_whose_it_is_or_who_leads_him_releases_a_customer(
    session: Session, scene: Scene
) -> None:
    customer = make_customer(session, owner_user_id=scene.bo.id)

    refused = release(session, scene, scene.carl, customer)

    assert codes(refused) == ["forbidden"]
    assert states(session, customer.id) == [(None, scene.bo.id)]


def test_only_active_customers_wait_in_a_pool(session: Session, scene: Scene) -> None:
    customer = make_customer(session, owner_user_id=scene.bo.id)
    customer.lifecycle = Lifecycle.ARCHIVED
    session.flush()

    assert codes(release(session, scene, scene.bo, customer)) == ["lifecycle"]
    assert customer.pool_id is None


def test_a_protected_customer_is_locked_until_its_protection_is_over(
    session: Session, scene: Scene
) -> None:
    (customer,) = make_waiting(session, scene.pool)
    assign(session, scene, customer, scene.bo)
    customer.protected_at, customer.protected_until = utcnow(), utcnow() + DAY
    session.flush()

    assert place(customer) is PoolState.LOCKED
    (refused,) = release(session, scene, scene.bo, customer)
    assert isinstance(refused.error, ConflictError)
    assert refused.error.details == {"state": "locked", "allowed": ["owned"]}

    customer.protected_until = utcnow() - DAY
    session.flush()
    assert place(customer) is PoolState.OWNED
    assert codes(release(session, scene, scene.bo, customer)) == [None]
    assert [getattr(customer, f"protected_{name}") for name in ("at", "until")] == [None, None]


def test_who_decides_assigns_and_takes_back_and_both_are_told_in_the_history(
    session: Session, scene: Scene
) -> None:
    customer = make_customer(session)
    session.commit()
    put_in(session, scene.pool, customer)
    session.commit()

    claim = assign(session, scene, customer, scene.bo)
    assert (claim.mode, claim.state, claim.user_id) == ("assign", "owned", scene.bo.id)
    assert states(session, customer.id) == [("owned", scene.bo.id)]
    session.commit()

    assert take_back(session, scene, customer) == [None]

    assert states(session, customer.id) == [("in_pool", None)]
    assert (claim.state, claim.ended_reason) == (ClaimState.TAKEN_BACK, "for mange")
    assert events(session, customer) == [
        ("customer.pool_released", "lukket"),
        ("customer.pool_claimed", "hans egn"),
        ("customer.pool_taken_back", "for mange"),
    ]


def test_an_item_that_cannot_be_done_leaves_the_others_done(session: Session, scene: Scene) -> None:
    first, second, third = make_waiting(session, scene.pool, 3)
    assign(session, scene, second, scene.carl)
    elsewhere = make_customer(session, owner_user_id=scene.stranger.id)

    outcomes = take(session, scene, scene.bo, third, second, elsewhere, first)

    assert codes(outcomes) == [None, "pool_state", "not_found", None]
    assert [each.customer_id for each in outcomes] == [
        third.id, second.id, elsewhere.id, first.id,
    ]  # fmt: skip
    assert states(session, first.id, second.id, third.id) == [
        ("owned", scene.bo.id), ("owned", scene.carl.id), ("owned", scene.bo.id),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "code"), [({"held_quota": 2}, "held_quota"), ({"daily_quota": 2}, "daily_quota")]
)
def test_nobody_gets_more_than_his_quota(
    session: Session, rules: dict[str, int], code: str
) -> None:
    scene = make_scene(session, **rules)
    waiting = make_waiting(session, scene.pool, 4)

    outcomes = take(session, scene, scene.bo, *waiting[:3])
    assert sorted(codes(outcomes), key=str) == sorted([None, None, code], key=str)

    outcomes = claiming.assign(
        session, speaking(session, scene.manager), scene.pool, {waiting[3].id: scene.bo.id},
        reason="x", now=utcnow(),
    )  # fmt: skip
    assert codes(outcomes) == [code]
    assert codes(take(session, scene, scene.carl, waiting[3])) == [None]


def test_what_is_given_back_makes_room_to_hold_but_not_for_the_day(session: Session) -> None:
    scene = make_scene(session, held_quota=1, daily_quota=2)
    first, second, third = make_waiting(session, scene.pool, 3)
    now = utcnow()

    assert codes(take(session, scene, scene.bo, first, now=now)) == [None]
    assert codes(release(session, scene, scene.bo, first, now=now)) == [None]
    assert codes(take(session, scene, scene.bo, second, now=now)) == [None]
    assert codes(release(session, scene, scene.bo, second, now=now)) == [None]
    assert codes(take(session, scene, scene.bo, third, now=now)) == ["daily_quota"]

    assert codes(take(session, scene, scene.bo, third, now=now + DAY)) == [None]


def test_a_former_owner_waits_for_the_cooldown(session: Session) -> None:
    scene = make_scene(session, cooldown_days=3)
    (customer,) = make_waiting(session, scene.pool)
    now = utcnow()
    take(session, scene, scene.bo, customer, now=now)
    release(session, scene, scene.bo, customer, now=now)

    (refused,) = take(session, scene, scene.bo, customer, now=now + 2 * DAY)
    assert isinstance(refused.error, ConflictError)
    assert refused.error.code == "cooldown"
    assert refused.error.details["user_id"] == str(scene.bo.id)
    assigned = claiming.assign(
        session, speaking(session, scene.manager), scene.pool, {customer.id: scene.bo.id},
        reason="x", now=now,
    )  # fmt: skip
    assert codes(assigned) == ["cooldown"]
    assert states(session, customer.id) == [("in_pool", None)]

    assert codes(take(session, scene, scene.bo, customer, now=now + 3 * DAY)) == [None]


def test_a_cooldown_is_his_alone_and_holds_for_what_he_had_before_any_pool(
    session: Session,
) -> None:
    scene = make_scene(session, cooldown_days=3)
    customer = make_customer(session, owner_user_id=scene.bo.id)
    release(session, scene, scene.bo, customer)

    assert codes(take(session, scene, scene.bo, customer)) == ["cooldown"]
    assert codes(take(session, scene, scene.carl, customer)) == [None]


def test_neither_the_inactive_nor_strangers_are_given_anything(
    session: Session, scene: Scene
) -> None:
    (customer,) = make_waiting(session, scene.pool)
    scene.carl.active = False
    session.flush()
    manager = speaking(session, scene.manager)

    for user in (scene.carl, scene.stranger, scene.manager):
        outcomes = claiming.assign(
            session, manager, scene.pool, {customer.id: user.id}, reason="x", now=utcnow()
        )
        assert codes(outcomes) == ["not_assignable"]
    assert states(session, customer.id) == [("in_pool", None)]


def test_a_pool_gives_only_as_it_allows_and_nothing_while_it_is_inactive(
    session: Session,
) -> None:
    scene = make_scene(session, modes=["apply"])
    (customer,) = make_waiting(session, scene.pool)

    with pytest.raises(ConflictError) as by_self:
        take(session, scene, scene.bo, customer)
    assert (by_self.value.code, by_self.value.details) == ("mode", {"allowed": ["apply"]})

    scene.pool.active = False
    session.flush()
    for act in (
        lambda: assign(session, scene, customer, scene.bo),
        lambda: release(session, scene, scene.bo, customer),
    ):
        with pytest.raises(ConflictError) as inactive:
            act()
        assert inactive.value.code == "pool_inactive"


def test_a_batch_has_its_limit_and_names_nobody_twice(session: Session) -> None:
    scene = make_scene(session, batch_limit=2)
    waiting = make_waiting(session, scene.pool, 3)

    with pytest.raises(ValidationError, match="at most 2"):
        take(session, scene, scene.bo, *waiting)
    with pytest.raises(ValidationError) as twice:
        take(session, scene, scene.bo, waiting[0], waiting[0])
    assert [each.pointer for each in twice.value.errors] == ["/customer_ids/1"]
    assert {state for state, _ in states(session, *(each.id for each in waiting))} == {"in_pool"}


def test_only_those_who_decide_assign(session: Session, scene: Scene) -> None:
    bo, stranger = speaking(session, scene.bo), speaking(session, scene.stranger)

    with pytest.raises(ForbiddenError):
        get_pool(session, bo, Verb.ASSIGN, scene.pool.id)
    with pytest.raises(NotFoundError):
        get_pool(session, stranger, Verb.READ, scene.pool.id)
    manager = speaking(session, scene.manager)
    with pytest.raises(ForbiddenError):
        get_pool(session, manager, Verb.CLAIM, scene.pool.id)
    assert get_pool(session, manager, Verb.ASSIGN, scene.pool.id) is scene.pool


def test_past_the_pool_nobody_gets_or_loses_a_customer(session: Session, scene: Scene) -> None:
    waiting, owned = make_waiting(session, scene.pool, 2)
    assign(session, scene, owned, scene.bo)

    with pytest.raises(ConflictError) as given:
        ownership.assign(session, waiting, {"owner_user_id": scene.carl.id}, reason="x")
    assert given.value.details == {"state": "in_pool", "allowed": ["applied", "owned"]}
    with pytest.raises(ConflictError) as taken:
        ownership.assign(session, owned, {"owner_user_id": None}, reason="x")
    assert taken.value.details == {"state": "owned", "allowed": ["in_pool", "locked"]}
    assert states(session, waiting.id, owned.id) == [("in_pool", None), ("owned", scene.bo.id)]


def test_a_customer_given_to_a_colleague_takes_its_claim_along(
    session: Session, scene: Scene
) -> None:
    (customer,) = make_waiting(session, scene.pool)
    first = assign(session, scene, customer, scene.bo)
    session.commit()

    ownership.assign(session, customer, {"owner_user_id": scene.carl.id}, reason="hans by")
    session.commit()

    claims = session.scalars(select(PoolClaim).order_by(PoolClaim.id)).all()
    assert [(each.user_id, each.state) for each in claims] == [
        (scene.bo.id, ClaimState.PASSED_ON), (scene.carl.id, ClaimState.OWNED),
    ]  # fmt: skip
    assert (claims[0].id, claims[0].ended_reason, claims[1].reason) == (
        first.id, "hans by", "hans by",
    )  # fmt: skip
    assert states(session, customer.id) == [("owned", scene.carl.id)]


def test_a_deleted_customer_ends_its_claim(session: Session, scene: Scene) -> None:
    (customer,) = make_waiting(session, scene.pool)
    claim = assign(session, scene, customer, scene.bo)
    session.commit()

    customers.delete(session, customer, now=utcnow())
    session.commit()

    session.refresh(claim)
    assert claim.state is ClaimState.PASSED_ON


def test_the_database_itself_holds_one_live_claim_and_no_owner_in_the_pool(
    session: Session, scene: Scene
) -> None:
    (customer,) = make_waiting(session, scene.pool)
    assign(session, scene, customer, scene.bo)
    session.commit()
    second = PoolClaim(
        customer_id=customer.id, pool_id=scene.pool.id, user_id=scene.carl.id,
        mode=ClaimMode.SELF, state=ClaimState.OWNED, owned_at=utcnow(), taken_on=utcnow().date(),
    )  # fmt: skip
    session.add(second)
    with pytest.raises(IntegrityError, match="uq_pool_claim_live"):
        session.flush()
    session.rollback()

    customer = session.get_one(Customer, customer.id)
    customer.pool_state, customer.pooled_at = PoolState.IN_POOL, utcnow()
    with pytest.raises(IntegrityError, match="pool_state"):
        session.flush()
    session.rollback()


def test_the_claim_of_an_assignment_tells_who_decided(session: Session, scene: Scene) -> None:
    (customer,) = make_waiting(session, scene.pool)
    session.info["origin"] = speaking(session, scene.manager).origin("r-1")

    claim = assign(session, scene, customer, scene.bo)

    assert (claim.decided_by, claim.created_by) == (scene.manager.id, scene.manager.id)
    (outcome,) = take(session, scene, scene.bo, *make_waiting(session, scene.pool))
    assert claim_of(outcome).mode == "self"
