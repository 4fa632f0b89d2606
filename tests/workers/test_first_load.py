"""The first load of an accounting system: previewed, applied as previewed, taken back."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from hub.clock import utcnow
from hub.connections import services
from hub.connections.models import Connection, LinkState
from hub.customers import facts
from hub.customers import services as customers
from hub.customers.models import AccountingState, Customer
from hub.db import transaction
from hub.ledger.tasks import TaskName
from hub.plans import services as plans
from hub.plans.models import PlanItem, PlanState
from hub.sync import loading
from tests.workers.bookkeeping import Office, customer, link_of, push
from workers.chain import drain

CVR = "99000007"


def known(office: Office, **fields: Any) -> UUID:
    """A customer of ours that nothing was sent of."""
    with transaction() as session:
        session.execute(update(Connection).values(outgoing_held=True))
        made = customers.create(
            session,
            {"roles": ["prospect"], "country": "DK", **fields},
            now=utcnow(),
            check_duplicates=False,
        )
    return made.id


def preview(office: Office) -> UUID:
    with transaction() as session:
        plan, _ = loading.request_first_load(session, services.get(session, office.connection_id))
    drain(TaskName.PLAN_FIRST_LOAD)
    return plan.id


def apply(plan_id: UUID) -> None:
    with transaction() as session:
        loading.request_application(session, plans.get(session, plan_id), now=utcnow())
    drain(TaskName.APPLY_FIRST_LOAD)


def undo(plan_id: UUID) -> None:
    with transaction() as session:
        loading.request_undo(session, plans.get(session, plan_id), now=utcnow())
    drain(TaskName.APPLY_FIRST_LOAD)


def items(plan_id: UUID) -> list[PlanItem]:
    with transaction() as session:
        return list(
            session.scalars(
                select(PlanItem).where(PlanItem.plan_id == plan_id).order_by(PlanItem.position)
            )
        )


def edit(identifier: UUID, **changes: Any) -> None:
    with transaction() as session:
        customers.update(
            session, customers.get(session, identifier, lock=True), changes, now=utcnow()
        )


def test_taking_a_join_back_gives_the_customer_what_it_had(office: Office) -> None:
    identifier = known(office, name="Nordlys Testværk ApS", cvr=CVR, city="Ribe")
    office.enter(
        7, name="Nordlys Testværk ApS", corporateIdentificationNumber=CVR, city="Ribe",
        zip="8000", telephoneAndFaxNumber="70000001", creditLimit=2500.5,
    )  # fmt: skip
    plan_id = preview(office)
    before = customer(identifier)
    assert [item.action for item in items(plan_id)] == ["link"]
    assert (before.postcode, before.ref_no) == (None, None)

    apply(plan_id)

    joined = customer(identifier)
    assert (joined.ref_no, joined.postcode, joined.phone) == ("7", "8000", "+4570000001")
    assert joined.credit_limit is not None
    [item] = items(plan_id)
    assert item.outcome == "done"
    assert item.before == {"ref_no": None, "postcode": None, "phone": None, "credit_limit": None}
    undo(plan_id)

    [item] = items(plan_id)
    parted = customer(identifier)
    assert (item.outcome, item.errors) == ("undone", None)
    assert (parted.ref_no, parted.postcode, parted.phone, parted.credit_limit) == (None,) * 4
    assert (parted.city, parted.accounting_state) == ("Ribe", AccountingState.NONE)
    assert link_of(identifier).state is LinkState.SEVERED
    with transaction() as session:
        assert facts.provenance(session, session.get_one(Customer, identifier)) == {}
    push()
    assert (office.writes("POST"), office.writes("PUT")) == ([], [])


def test_what_was_changed_since_the_join_is_kept_and_listed(office: Office) -> None:
    identifier = known(office, name="Nordlys Testværk ApS", cvr=CVR)
    office.enter(
        7, name="Nordlys Testværk ApS", corporateIdentificationNumber=CVR, city="Ribe", zip="8000"
    )
    plan_id = preview(office)
    apply(plan_id)
    edit(identifier, city="Varde")
    push()

    undo(plan_id)

    parted = customer(identifier)
    assert (parted.city, parted.postcode, parted.ref_no) == ("Varde", None, None)
    [item] = items(plan_id)
    assert item.outcome == "undone"
    assert [(e["pointer"], e["code"]) for e in item.errors or ()] == [("/city", "changed_since")]
    assert link_of(identifier).state is LinkState.SEVERED


def test_a_field_both_sides_fill_differently_stays_ours_and_the_question_ends_with_the_join(
    office: Office,
) -> None:
    identifier = known(office, name="Nordlys Testværk ApS", cvr=CVR, city="Ribe")
    office.enter(7, name="Nordlys Testværk ApS", corporateIdentificationNumber=CVR, city="Varde")
    plan_id = preview(office)
    apply(plan_id)
    assert link_of(identifier).state is LinkState.DIVERGED

    undo(plan_id)

    assert customer(identifier).city == "Ribe"
    assert link_of(identifier).state is LinkState.SEVERED


def test_a_customer_changed_since_the_preview_is_not_joined_and_is_listed(office: Office) -> None:
    identifier = known(office, name="Nordlys Testværk ApS", cvr=CVR)
    office.enter(7, name="Nordlys Testværk ApS", corporateIdentificationNumber=CVR, zip="8000")
    plan_id = preview(office)
    edit(identifier, city="Varde")

    apply(plan_id)

    [item] = items(plan_id)
    assert item.outcome == "skipped"
    assert [e["code"] for e in item.errors or ()] == ["stale_version"]
    assert customer(identifier).postcode is None
    with transaction() as session:
        plan = plans.get(session, plan_id)
        assert plan.state is PlanState.APPLIED
        assert plan.counters == {"items": 1, "link": 1, "skipped": 1}


def test_a_preview_names_conflicts_and_what_it_skips_and_applying_leaves_them_alone(
    office: Office,
) -> None:
    linked = office.create(name="Kendt Begge Steder ApS")
    number = int(customer(linked).ref_no or 0)
    pair = [known(office, name="Prøvekøbing Kommune", cvr="99000015") for _ in range(2)]
    office.enter(80, name="Prøvekøbing Kommune", corporateIdentificationNumber="99000015")
    office.enter(81, name="Kun Derovre ApS")

    plan_id = preview(office)

    found = {item.external_id: item for item in items(plan_id)}
    assert {key: item.action for key, item in found.items()} == {
        str(number): "skip",
        "80": "conflict",
        "81": "create",
    }
    assert found["80"].errors is not None
    [several] = found["80"].errors
    assert several["code"] == "several_matches"
    assert set(several["params"]["ids"].split(", ")) == {str(each) for each in pair}
    with transaction() as session:
        plan = plans.get(session, plan_id)
        assert plan.counters == {"items": 3, "skip": 1, "conflict": 1, "create": 1}
    apply(plan_id)
    outcomes = {item.external_id: item.outcome for item in items(plan_id)}
    assert outcomes == {str(number): "skipped", "80": "skipped", "81": "done"}
    assert [customer(each).accounting_state for each in pair] == [AccountingState.NONE] * 2
    assert customer(linked).accounting_state is AccountingState.LINKED


def test_a_customer_taken_away_since_is_only_parted(office: Office) -> None:
    identifier = known(office, name="Nordlys Testværk ApS", cvr=CVR)
    office.enter(7, name="Nordlys Testværk ApS", corporateIdentificationNumber=CVR, zip="8000")
    plan_id = preview(office)
    apply(plan_id)
    with transaction() as session:
        session.execute(
            update(Customer).where(Customer.id == identifier).values(deleted_at=utcnow())
        )

    undo(plan_id)

    [item] = items(plan_id)
    assert (item.outcome, item.errors) == ("undone", None)
    assert customer(identifier).postcode == "8000"
    assert link_of(identifier).state is LinkState.SEVERED
