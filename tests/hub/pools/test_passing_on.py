"""What people have from a pool and give to each other: its quotas and its cooldown hold for it."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

import workers.tasks  # noqa: F401 - registers the bodies
from hub.access.callers import principal_of
from hub.access.models import User
from hub.access.roles import Role
from hub.assignments import services as assignments
from hub.assignments.services import request_application, request_undo
from hub.clock import utcnow
from hub.customers.models import Customer
from hub.db import transaction
from hub.errors import ConflictError
from hub.history.recording import when_changed
from hub.ledger.tasks import TaskName
from hub.plans import services as plans
from hub.plans.models import PlanItem
from hub.pools import handing_over, passing_on, quotas
from hub.pools.models import Pool
from tests.people import acting, make_customer, make_user
from tests.pools import Scene, assign, make_scene, make_waiting, release
from workers.chain import drain

NOW = utcnow()


@pytest.fixture(autouse=True)
def _heard() -> None:
    when_changed("customer", handing_over.react, many=handing_over.react_many)


def held_by_bo(session: Session, count: int = 1, **rules: object) -> tuple[Scene, list[Customer]]:
    scene = make_scene(session, **rules)
    held = make_waiting(session, scene.pool, count)
    for customer in held:
        assign(session, scene, customer, scene.bo)
    session.flush()
    return scene, held


def give(session: Session, customer: Customer, user: User) -> str | None:
    try:
        passing_on.assign(session, customer, {"owner_user_id": user.id}, reason="hans egn", now=NOW)
    except ConflictError as error:
        return error.code
    session.commit()
    return None


@pytest.mark.parametrize("quota", ["held_quota", "daily_quota"])
def test_nobody_is_given_more_than_the_pool_lets_him_have(session: Session, quota: str) -> None:
    scene, (first, second, third) = held_by_bo(session, 3)
    setattr(scene.pool, quota, 2)
    session.commit()

    given = [give(session, each, scene.carl) for each in (first, second, third)]

    assert given == [None, None, quota]
    assert [each.owner_user_id for each in (first, second, third)] == [
        scene.carl.id, scene.carl.id, scene.bo.id,
    ]  # fmt: skip


def test_nobody_is_given_back_what_cools_down_for_him(session: Session) -> None:
    scene, (customer,) = held_by_bo(session, cooldown_days=3)
    session.commit()

    assert give(session, customer, scene.carl) is None
    assert give(session, customer, scene.bo) == "cooldown"


def test_of_no_pool_no_rule_is_asked_and_the_same_owner_is_no_receiver(session: Session) -> None:
    scene, (customer,) = held_by_bo(session, held_quota=1)
    assign(session, scene, make_waiting(session, scene.pool)[0], scene.carl)
    free = make_customer(session, owner_user_id=scene.bo.id)

    assert give(session, free, scene.carl) is None
    assert give(session, customer, scene.bo) is None
    passing_on.assign(session, customer, {"inside_rep_id": scene.carl.id}, reason="x", now=NOW)
    assert customer.inside_rep_id == scene.carl.id


def test_while_somebody_is_given_something_nobody_waits_for_him(session: Session) -> None:
    scene, (customer,) = held_by_bo(session, held_quota=5)
    session.commit()
    with transaction() as other:
        quotas.lock_people(other, other.get_one(Pool, scene.pool.id), [scene.carl.id])
        assert give(session, customer, scene.carl) == "busy"
        session.rollback()
    assert give(session, customer, scene.carl) is None


def test_of_many_who_give_to_one_at_once_he_gets_what_his_quota_leaves(session: Session) -> None:
    scene, held = held_by_bo(session, 6)
    scene.pool.held_quota = 2
    session.commit()
    carl, ids = scene.carl.id, [each.id for each in held]

    def attempt(customer_id: UUID) -> None:
        with transaction() as own:
            customer = own.get_one(Customer, customer_id, with_for_update=True)
            give(own, customer, own.get_one(User, carl))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(attempt, ids))
    for customer_id in ids:  # who was told to try again does
        attempt(customer_id)

    session.rollback()
    owned = select(Customer.id).where(Customer.owner_user_id == carl)
    assert len(session.scalars(owned).all()) == 2


def test_a_plan_gives_as_many_as_there_is_room_for_and_takes_them_back_all_the_same(
    database: Engine,
) -> None:
    with transaction() as session:
        scene, held = held_by_bo(session, 3, cooldown_days=9)
        anna = make_user(session, "anna@nordlys.example", role=Role.ADMINISTRATOR)
        cool = make_waiting(session, scene.pool)[0]
        assign(session, scene, cool, scene.carl)
        release(session, scene, scene.carl, cool)
        assign(session, scene, cool, scene.bo)
        scene.pool.held_quota = 2
        carl, bo, ids = scene.carl.id, scene.bo.id, [each.id for each in (cool, *held)]
    with transaction(acting(anna)) as session:
        plan, _ = assignments.request(
            session, principal_of(session, anna), entity="customers", chosen=ids,
            changes={"owner_user_id": carl}, reason="ny egn", now=utcnow(),
        )  # fmt: skip
        plan_id = plan.id
    with transaction(acting(anna)) as session:
        request_application(session, plans.get(session, plan_id, lock=True), now=utcnow())
    drain(TaskName.APPLY_ASSIGNMENT)

    with transaction(acting(anna)) as session:
        items = session.scalars(select(PlanItem).where(PlanItem.plan_id == plan_id)).all()
        told = {
            item.record_id: [each["code"] for each in item.errors or []] or item.outcome
            for item in items
        }
        assert told.pop(ids[0]) == ["cooldown"]
        assert sorted(map(str, told.values())) == ["['held_quota']", "done", "done"]
        request_undo(session, plans.get(session, plan_id, lock=True), now=utcnow())
    drain(TaskName.UNDO_ASSIGNMENT)

    with transaction() as session:
        owners = session.scalars(select(Customer.owner_user_id).where(Customer.id.in_(ids)))
        assert set(owners) == {bo}
