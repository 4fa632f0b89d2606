"""What is kept of pulls, and for how long."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub import retention
from hub.connections.models import Connection, Run
from hub.customers.models import Customer
from hub.db import Base
from hub.history.models import Event
from hub.hooks.models import DeliveryState, HookDelivery
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem
from hub.ports import RemoteCustomer
from hub.sync import mapping, pulling, runs

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=91)


@pytest.fixture
def connection(session: Session) -> Connection:
    made = Connection(name="e-conomic", connector="economic", kind="accounting")
    session.add(made)
    session.flush()
    return made


def remote(number: int, city: str) -> RemoteCustomer:
    return RemoteCustomer(str(number), {"name": f"Havn {number} ApS", "city": city}, NOW)


def pull(
    session: Session,
    connection: Connection,
    *pages: list[RemoteCustomer],
    job_id: UUID | None = None,
) -> Run | None:
    """Take pages in, each in a transaction of its own, as a worker does."""
    began = runs.Pull(connection, job_id or uuid4(), connection.cursor, NOW)
    seen = 0
    for page in pages:
        runs.take_in(session, began, page, seen_before=seen, now=NOW)
        seen += len(page)
        session.commit()
    runs.end(session, began, error=None, now=NOW)
    session.commit()
    return session.scalars(select(Run).where(Run.job_id == began.job_id)).one_or_none()


def count(session: Session, model: type[Base]) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_pull_that_takes_nothing_in_leaves_no_trace(
    session: Session, connection: Connection
) -> None:
    pull(session, connection, [remote(1, "Ribe")])
    before = [count(session, model) for model in (Run, Plan, PlanItem, Event)]

    again = pull(session, connection, [remote(1, "Ribe")], [])

    assert again is None
    assert [count(session, model) for model in (Run, Plan, PlanItem, Event)] == before


def test_a_run_begins_with_the_first_customer_that_is_not_as_it_is_there(
    session: Session, connection: Connection
) -> None:
    pull(session, connection, [remote(1, "Ribe"), remote(2, "Ribe")])

    run = pull(
        session, connection, [remote(1, "Ribe")], [remote(2, "Varde"), remote(3, "Ribe")],
        [remote(1, "Ribe")],
    )  # fmt: skip

    assert run is not None
    assert (run.state, run.started_at, run.ended_at) == ("succeeded", NOW, NOW)
    assert run.counters == {
        "seen": 4, "created": 1, "updated": 1, "linked": 0, "conflicted": 0, "failed": 0,
        "unchanged": 2,
    }  # fmt: skip


def test_a_pull_that_fails_before_it_took_anything_in_says_so_and_its_repeat_goes_on(
    session: Session, connection: Connection
) -> None:
    job_id = uuid4()
    began = runs.Pull(connection, job_id, None, NOW)

    runs.end(session, began, error={"text": "It is down.", "params": {}}, now=NOW)
    session.commit()
    failed = session.scalars(select(Run)).one()
    told = (failed.state, failed.error, failed.plan_id, failed.counters["seen"])
    pull(session, connection, [remote(1, "Ribe")], job_id=job_id)

    assert told == ("failed", {"words": {"text": "It is down.", "params": {}}}, None, 0)
    [run] = session.scalars(select(Run)).all()
    assert (run.state, run.error, run.counters["created"]) == ("succeeded", None, 1)


def test_what_pulls_updated_is_pruned_and_what_can_be_undone_is_kept(
    session: Session, connection: Connection
) -> None:
    made = pull(session, connection, [remote(1, "Ribe")])
    updated = pull(session, connection, [remote(1, "Varde")])
    assert made is not None
    assert updated is not None

    early = retention.PRUNED["runs"](session, NOW + timedelta(days=89), 100)
    late = retention.PRUNED["runs"](session, LATER, 100)
    again = retention.PRUNED["runs"](session, LATER, 100)
    session.commit()

    assert (early, late, again) == (0, 1, 0)
    assert session.scalars(select(Run.id)).all() == [made.id]
    assert session.scalars(select(Plan.id)).all() == [made.plan_id]
    assert session.scalars(select(PlanItem.action)).all() == ["create"]


def test_a_run_whose_customers_were_taken_back_is_pruned_too(
    session: Session, connection: Connection
) -> None:
    made = pull(session, connection, [remote(1, "Ribe")])
    assert made is not None
    assert made.plan_id is not None
    handler = pulling.CustomerSync(connection, mapping.pairs_of(session, connection))
    plans.undo_batch(session, plans.get(session, made.plan_id), handler, now=NOW)
    session.commit()

    assert retention.PRUNED["runs"](session, LATER, 100) == 1
    assert [count(session, model) for model in (Run, Plan, PlanItem)] == [0, 0, 0]
    assert session.scalars(select(Customer.deleted_at)).all() == [NOW]


def test_deliveries_of_shops_are_pruned_once_they_are_imported(
    session: Session, connection: Connection
) -> None:
    for state in DeliveryState:
        session.add(
            HookDelivery(
                connection_id=connection.id, deduplication_id=state.value, headers={}, body=b"{}",
                body_sha256=b"", state=state, received_at=NOW,
            )
        )  # fmt: skip
    session.commit()
    prune: Callable[[Session, datetime, int], int] = retention.PRUNED["hook_deliveries"]

    early, late = prune(session, NOW + timedelta(days=89), 100), prune(session, LATER, 100)

    assert (early, late) == (0, len(DeliveryState) - 2)
    assert set(session.scalars(select(HookDelivery.state))) == {
        DeliveryState.STORED, DeliveryState.FAILED,
    }  # fmt: skip
