from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from hub import retention
from hub.clock import utcnow
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.db import transaction
from hub.errors import ConflictError
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem, PlanState
from hub.plans.services import Applied
from tests.people import make_customer


class Renaming:
    """Gives customers external references, and takes them away again."""

    def apply(self, session: Session, item: PlanItem, *, now: datetime) -> Applied:
        customer = session.get_one(Customer, item.record_id)
        customers.update(session, customer, item.after or {}, now=now)
        return Applied(customer.id, customer.version)

    def undo(self, session: Session, item: PlanItem, *, now: datetime) -> None:
        del now
        customer = session.get_one(Customer, item.record_id)
        customer.external_ref = (item.before or {})["external_ref"]
        session.flush()


def make_plan(session: Session, *items: dict[str, Any], **fields: Any) -> Plan:
    plan = plans.create(session, "test", scope={})
    for name, value in fields.items():
        setattr(plan, name, value)
    plans.add_items(
        session, plan,
        [{"position": n, "action": "update", "entity": "customer", **item}
         for n, item in enumerate(items)],
    )  # fmt: skip
    session.flush()
    return plan


def test_a_draft_that_has_expired_is_refused_and_noted_by_the_tidying(database: Engine) -> None:
    now = utcnow()
    with transaction() as session:
        old = make_plan(session, expires_at=now - timedelta(seconds=1)).id
        fresh = make_plan(session, expires_at=now + timedelta(days=1)).id
        applied = make_plan(session, expires_at=now - timedelta(days=1), state=PlanState.APPLIED).id

    with transaction() as session, pytest.raises(ConflictError) as caught:
        plans.start(plans.get(session, old, lock=True), now=now)
    with transaction() as session:
        noted = retention.PRUNED["plans"](session, now, 10)
        again = retention.PRUNED["plans"](session, now, 10)

    assert caught.value.code == "expired"
    assert (noted, again) == (1, 0)
    with transaction() as session:
        states = {each: session.get_one(Plan, each).state for each in (old, fresh, applied)}
    assert states == {old: PlanState.STALE, fresh: PlanState.DRAFT, applied: PlanState.APPLIED}


def test_what_an_undo_cannot_write_is_kept_and_the_others_go_on(session: Session) -> None:
    a, b = make_customer(session, "A", external_ref="one"), make_customer(session, "B")
    plan = make_plan(
        session,
        {"record_id": a.id, "before": {"external_ref": "one"}, "after": {"external_ref": "a"}},
        {"record_id": b.id, "before": {"external_ref": None}, "after": {"external_ref": "b"}},
    )
    plans.apply_batch(session, plan, Renaming(), now=utcnow())
    make_customer(session, "C", external_ref="one")  # somebody else has it by now

    count = plans.undo_batch(session, plan, Renaming(), now=utcnow())

    items = session.scalars(select(PlanItem).order_by(PlanItem.position)).all()
    assert count == 2
    assert [(item.outcome, [e["code"] for e in item.errors or ()]) for item in items] == [
        ("kept", ["taken"]), ("undone", []),
    ]  # fmt: skip
    assert [a.external_ref, b.external_ref] == ["a", None]
