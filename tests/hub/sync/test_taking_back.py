from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.connections.models import Connection, ExternalLink, LinkState
from hub.customers.models import AccountingState, Customer
from hub.notes import services as notes
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem
from hub.ports import RemoteCustomer
from hub.sync import loading, mapping, pulling

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.fixture
def connection(session: Session) -> Connection:
    made = Connection(name="e-conomic", connector="economic", kind="accounting")
    session.add(made)
    session.flush()
    return made


@pytest.fixture
def loaded(session: Session, connection: Connection) -> Plan:
    """A first load that made one customer."""
    plan = plans.create(session, loading.KIND, scope={"connection_id": str(connection.id)})
    remote = RemoteCustomer(remote_id="7", fields={"name": "Kun Derovre ApS"}, updated_at=NOW)
    loading.add_page(session, plan.id, connection, [remote], 0)
    plans.start(plan, now=NOW)
    plans.apply_batch(session, plan, handler(session, connection), now=NOW)
    plans.finish(session, plan, now=NOW)
    session.commit()
    return plan


def handler(session: Session, connection: Connection) -> pulling.CustomerSync:
    return pulling.CustomerSync(connection, mapping.pairs_of(session, connection))


def item_of(session: Session, plan: Plan) -> PlanItem:
    return session.scalars(select(PlanItem).where(PlanItem.plan_id == plan.id)).one()


def undo(session: Session, plan: Plan, connection: Connection) -> PlanItem:
    plans.undo_batch(session, plan, handler(session, connection), now=NOW)
    session.commit()
    return item_of(session, plan)


def the_customer(session: Session, identifier: UUID | None) -> Customer:
    return session.get_one(Customer, identifier)


def test_a_customer_that_a_load_made_is_parted_and_taken_away(
    session: Session, loaded: Plan, connection: Connection
) -> None:
    undone = undo(session, loaded, connection)

    assert undone.outcome == "undone"
    assert the_customer(session, undone.record_id).deleted_at == NOW
    assert session.scalars(select(ExternalLink.state)).all() == [LinkState.SEVERED]


def test_one_that_got_a_note_meanwhile_is_kept_with_its_link_and_says_why(
    session: Session, loaded: Plan, connection: Connection
) -> None:
    customer = the_customer(session, item_of(session, loaded).record_id)
    notes.create(session, customer, body="Ringede", now=NOW)
    session.commit()

    kept = undo(session, loaded, connection)

    assert kept.outcome == "kept"
    assert [(error["code"], error["params"]) for error in kept.errors or []] == [
        ("in_use", {"what": "note (1)"})
    ]
    customer = the_customer(session, kept.record_id)
    assert (customer.deleted_at, customer.accounting_state) == (None, AccountingState.LINKED)
    assert session.scalars(select(ExternalLink.state)).all() == [LinkState.LINKED]
