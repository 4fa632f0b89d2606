"""Pools and plans of mass assignment: what is a pool's to give, a plan leaves alone."""

from sqlalchemy import Engine, select

import workers.tasks  # noqa: F401 - registers the bodies
from hub.access.callers import principal_of
from hub.access.roles import Role
from hub.assignments import services as assignments
from hub.clock import utcnow
from hub.customers.models import Customer
from hub.db import transaction
from hub.history.recording import when_changed
from hub.ledger.tasks import TaskName
from hub.planning import request_application, request_undo
from hub.plans import services as plans
from hub.plans.models import PlanItem
from hub.pools import handing_over
from hub.pools.models import ClaimState, PoolClaim
from tests.people import acting, make_user
from tests.pools import assign, make_scene, make_waiting
from workers.chain import drain

TASKS = (TaskName.PLAN_ASSIGNMENT, TaskName.APPLY_ASSIGNMENT, TaskName.UNDO_ASSIGNMENT)


def work() -> None:
    for name in TASKS:
        drain(name)


def test_a_plan_gives_what_people_have_from_a_pool_and_not_what_waits(database: Engine) -> None:
    when_changed("customer", handing_over.react, many=handing_over.react_many)
    with transaction() as session:
        scene = make_scene(session)
        anna = make_user(session, "anna@nordlys.example", role=Role.ADMINISTRATOR)
        waits, held = (each.id for each in make_waiting(session, scene.pool, 2))
        assign(session, scene, session.get_one(Customer, held), scene.bo)
        carl = scene.carl.id
    with transaction(acting(anna)) as session:
        plan, _ = assignments.request(
            session, principal_of(session, anna), entity="customers", chosen=[waits, held],
            changes={"owner_user_id": carl}, reason="ny egn", now=utcnow(),
        )  # fmt: skip
        plan_id = plan.id
    work()
    with transaction(acting(anna)) as session:
        request_application(session, plans.get(session, plan_id, lock=True), now=utcnow())
    work()

    with transaction() as session:
        items = session.scalars(select(PlanItem).where(PlanItem.plan_id == plan_id)).all()
        outcomes = {item.record_id: (item.outcome, item.errors) for item in items}
        assert outcomes[held] == ("done", None)
        assert outcomes[waits][0] == "failed"
        assert [each["code"] for each in outcomes[waits][1] or []] == ["pool_state"]
        claims = session.scalars(select(PoolClaim).order_by(PoolClaim.id)).all()
        assert [(claim.state, claim.user_id, claim.customer_id) for claim in claims] == [
            (ClaimState.PASSED_ON, scene.bo.id, held), (ClaimState.OWNED, carl, held),
        ]  # fmt: skip
        assert [claim.reason for claim in claims] == ["hans egn", "ny egn"]

    with transaction(acting(anna)) as session:
        request_undo(session, plans.get(session, plan_id, lock=True), now=utcnow())
    work()

    with transaction() as session:
        live = session.scalars(select(PoolClaim).where(PoolClaim.state == ClaimState.OWNED)).one()
        assert (live.user_id, live.customer_id) == (scene.bo.id, held)
        assert session.get_one(Customer, waits).owner_user_id is None
