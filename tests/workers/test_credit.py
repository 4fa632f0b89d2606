"""Holds that come and go by themselves, in the hands of the workers."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update

from hub import reactions
from hub.configuration import replace, stored
from hub.credit import holds
from hub.credit.policy import AutomaticHold, CreditPolicy
from hub.customers.models import Customer
from hub.db import new_id, transaction
from hub.history.models import Event
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from tests.debts import LONG_AGO, Paper, owe
from tests.people import NOW, make_customer, make_user
from workers import tasks  # noqa: F401 - registers the bodies
from workers.chain import drain


@pytest.fixture(autouse=True)
def _reacting(database: Engine) -> None:
    reactions.install()


def set_policy(automatic: AutomaticHold) -> None:
    with transaction() as session:
        version = stored(session, CreditPolicy).version
        replace(session, CreditPolicy(automatic=automatic), expected_version=version)


def make_debtor(name: str = "Havn ApS", *papers: Paper) -> UUID:
    with transaction() as session:
        customer = make_customer(session, name)
        owe(session, customer, *(papers or (Paper(due_on=LONG_AGO),)))
        return customer.id


def states() -> list[str]:
    with transaction() as session:
        return [each.value for each in session.scalars(select(Customer.hold).order_by(Customer.id))]


def results(task: TaskName) -> list[object]:
    with transaction() as session:
        return list(session.scalars(select(Job.result).where(Job.task == task).order_by(Job.id)))


def test_a_document_that_comes_puts_its_customer_on_hold_and_its_payment_ends_that() -> None:
    set_policy(AutomaticHold.PAST_DUE)
    customer_id = make_debtor()

    drain(TaskName.EVALUATE_CUSTOMER)
    assert states() == ["held_auto"]

    with transaction() as session:
        owe(session, session.get_one(Customer, customer_id), Paper("0", due_on=LONG_AGO))
    drain(TaskName.EVALUATE_CUSTOMER)
    assert states() == ["clear"]
    with transaction() as session:
        told = session.scalars(
            select(Event).where(Event.type.in_(["customer.held", "customer.hold_released"]))
        ).all()
    assert [(event.actor_kind.value, event.cause_kind.value, event.cause_id) for event in told] == [
        ("job", "rule", "credit")
    ] * 2


def test_delivered_twice_it_does_nothing_the_second_time() -> None:
    set_policy(AutomaticHold.PAST_DUE)
    customer_id = make_debtor()
    for _ in range(2):
        with transaction() as session:
            enqueue(session, TaskName.EVALUATE_CUSTOMER, customer_id=customer_id)
        drain(TaskName.EVALUATE_CUSTOMER)

    with transaction() as session:
        assert len(session.scalars(select(Event).where(Event.type == "customer.held")).all()) == 1


def test_a_customer_that_is_gone_is_left() -> None:
    set_policy(AutomaticHold.PAST_DUE)
    customer_id = make_debtor()
    with transaction() as session:
        session.execute(update(Customer).values(deleted_at=NOW))

    assert drain(TaskName.EVALUATE_CUSTOMER) == 1

    with transaction() as session:
        assert session.get_one(Customer, customer_id).hold.value == "clear"
        assert session.scalars(select(Job.state).where(Job.task == "credit.evaluate_customer")
                               ).all() == ["succeeded"]  # fmt: skip


def test_what_is_set_is_carried_out_for_all_and_set_back_taken_back() -> None:
    for name in ("A", "B"):
        make_debtor(name)
    make_debtor("C", Paper())
    set_policy(AutomaticHold.PAST_DUE)

    assert drain(TaskName.EVALUATE_CUSTOMERS) == 1
    assert states() == ["held_auto", "held_auto", "clear"]

    with transaction() as session:
        user = make_user(session)
        first = session.scalars(select(Customer).order_by(Customer.id)).first()
        assert first is not None
        holds.put_on_hold(session, first, reason="fordi", by=user.id, now=NOW)
    set_policy(AutomaticHold.NONE)
    assert drain(TaskName.EVALUATE_CUSTOMERS) == 1

    assert states() == ["held_manual", "clear", "clear"]
    assert results(TaskName.EVALUATE_CUSTOMERS) == [
        {"held": 2, "released": 0}, {"held": 0, "released": 1},
    ]  # fmt: skip


def test_the_nightly_pass_reckons_with_the_day_it_was_planned_for() -> None:
    set_policy(AutomaticHold.PAST_DUE)
    with transaction() as session:
        session.execute(update(Job).values(state="cancelled", finished_at=NOW))
    make_debtor("A", Paper(due_on=LONG_AGO))
    early, late = datetime(2026, 1, 31, 23, 30, tzinfo=UTC), datetime(2026, 1, 31, 22, tzinfo=UTC)

    for planned_at in (late, early):  # in Copenhagen the second is the first of February
        with transaction() as session:
            enqueue(
                session, TaskName.EVALUATE_CUSTOMERS, key=str(planned_at), schedule_id=new_id(),
                planned_at=planned_at,
            )  # fmt: skip
        drain(TaskName.EVALUATE_CUSTOMERS)

    assert results(TaskName.EVALUATE_CUSTOMERS)[-2:] == [
        {"held": 0, "released": 0}, {"held": 1, "released": 0},
    ]  # fmt: skip
