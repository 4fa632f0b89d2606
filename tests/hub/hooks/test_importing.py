from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select

from connectors.sandbox.woocommerce import repeated
from hub.clock import utcnow
from hub.connections import health
from hub.connections import services as connections
from hub.customers import contacts, facts
from hub.customers import services as customer_services
from hub.customers.models import Contact, Customer, ShopIdentity
from hub.db import transaction
from hub.documents.models import DocMirror, DocumentState
from hub.hooks.models import DeliveryState
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from tests.hub.hooks.shops import (
    ConnectedShop,
    customers,
    deliveries,
    delivery,
    events,
    make_shop,
)
from workers.chain import drain

MAIL = "signe@proeve.example"


@pytest.fixture
def shop(database: Engine) -> ConnectedShop:
    return make_shop()


def make_customer(**fields: Any) -> Customer:
    with transaction() as session:
        return customer_services.create(session, fields, now=utcnow(), check_duplicates=False)


def jobs(state: JobState) -> list[Job]:
    with transaction() as session:
        return list(session.scalars(select(Job).where(Job.state == state)))


def test_an_unknown_guest_becomes_a_prospect_with_the_order_on_his_timeline(
    shop: ConnectedShop,
) -> None:
    order = shop.guest_order(
        paid=False, first_name="Signe", last_name="Prøve", email=MAIL, phone="70000123"
    )

    state = shop.tell("order.created", order)

    assert state is DeliveryState.IMPORTED
    [customer] = customers()
    assert (customer.name, customer.kind, customer.roles) == ("Signe Prøve", "person", ["prospect"])
    assert (customer.email, customer.phone, customer.channel) == (MAIL, "+4570000123", "shop")
    assert customer.imported_at is not None
    [made] = events("customer.created")
    assert (made.cause_kind, made.cause_id) == (CauseKind.SHOP, str(shop.connection_id))
    [received] = events("customer.order_received")
    assert received.subject_id == customer.id
    assert received.data is not None
    assert (received.data["number"], received.data["total"], received.data["currency"]) == (
        order["number"],
        order["total"],
        "DKK",
    )


def test_an_unknown_company_becomes_a_prospect_and_its_person_a_contact(
    shop: ConnectedShop,
) -> None:
    order = shop.guest_order(
        company="Nordlys Testværk ApS", first_name="Signe", last_name="Prøve", email=MAIL
    )

    shop.tell("order.created", order)

    [customer] = customers()
    assert (customer.name, customer.kind, customer.cvr) == (
        "Nordlys Testværk ApS",
        "organisation",
        "99000007",
    )
    with transaction() as session:
        [person] = session.scalars(select(Contact))
    assert (person.customer_id, person.first_name, person.last_name, person.email) == (
        customer.id,
        "Signe",
        "Prøve",
        MAIL,
    )


def test_four_copies_of_a_guest_order_are_one_import(shop: ConnectedShop) -> None:
    sent = shop.hook.delivery("order.created", shop.guest_order(email=MAIL))

    received = [shop.deliver(sent) for _ in range(4)]
    drain(TaskName.IMPORT_HOOK)

    assert [one.is_new for one in received] == [True, False, False, False]
    assert len({one.delivery_id for one in received}) == 1
    assert (len(deliveries()), len(customers()), len(events("customer.order_received"))) == (
        1,
        1,
        1,
    )


def test_the_same_order_in_two_deliveries_is_one_import(shop: ConnectedShop) -> None:
    sent = shop.hook.delivery("order.created", shop.guest_order(email=MAIL))

    shop.deliver(sent)
    shop.deliver(repeated(sent))
    drain(TaskName.IMPORT_HOOK)

    assert [one.state for one in deliveries()] == [DeliveryState.IMPORTED, DeliveryState.REPEATED]
    assert len(events("customer.order_received")) == 1


@pytest.mark.parametrize("written", [MAIL, "Signe@Proeve.example"])
def test_a_known_mail_address_attaches_the_order_to_that_customer(
    shop: ConnectedShop, written: str
) -> None:
    known = make_customer(name="Prøve Handel A/S", email=MAIL, roles=["customer"])

    shop.tell("order.created", shop.guest_order(email=written, phone="70000123"))

    [customer] = customers()
    assert (customer.id, customer.name, customer.roles) == (
        known.id,
        "Prøve Handel A/S",
        ["customer"],
    )
    assert customer.phone == "+4570000123"  # was empty
    assert [event.subject_id for event in events("customer.order_received")] == [known.id]


def test_a_contacts_mail_address_attaches_the_order_to_his_customer(shop: ConnectedShop) -> None:
    known = make_customer(name="Prøve Handel A/S", email="kontor@proeve.example")
    with transaction() as session:
        contacts.create(session, session.get_one(Customer, known.id), {"email": MAIL})

    shop.tell("order.created", shop.guest_order(email=MAIL))

    assert [customer.id for customer in customers()] == [known.id]
    assert customers()[0].email == "kontor@proeve.example"


def test_what_somebody_typed_is_never_written_over_and_what_the_shop_filled_is_renewed(
    shop: ConnectedShop,
) -> None:
    typed = make_customer(name="Typed", email=MAIL, phone="+4511111111")
    registered = shop.composer.customer({"email": MAIL, "phone": "70000123", "city": "Odense"})

    shop.tell("customer.created", registered)
    moved = shop.composer.changed(registered, billing={"city": "Aarhus", "phone": "70000999"})
    shop.tell("customer.updated", moved)

    [customer] = customers()
    assert (customer.id, customer.name, customer.phone, customer.city) == (
        typed.id,
        "Typed",
        "+4511111111",
        "Aarhus",
    )
    with transaction() as session:
        kept = facts.provenance(session, session.get_one(Customer, typed.id))
    assert kept["city"].origin == "shop"
    assert "phone" not in kept


def test_a_shop_customer_is_known_by_his_id_though_his_mail_changed(shop: ConnectedShop) -> None:
    registered = shop.composer.customer({"email": MAIL})

    shop.tell("customer.created", registered)
    renamed = shop.composer.changed(registered, billing={"email": "ny@proeve.example"})
    shop.tell("customer.updated", renamed)
    shop.tell("order.created", shop.composer.order(customer=renamed))

    [customer] = customers()
    assert customer.email == "ny@proeve.example"
    assert len(events("customer.order_received")) == 1
    with transaction() as session:
        identity = session.scalars(select(ShopIdentity)).one()
    assert (identity.shop_customer_id, identity.customer_id) == (
        str(registered["id"]),
        customer.id,
    )


def test_news_that_arrive_late_change_nothing(shop: ConnectedShop) -> None:
    created = shop.composer.customer({"phone": "70000111", "email": MAIL})
    changed = shop.composer.changed(created, billing={"phone": "70000222"})

    first = shop.tell("customer.updated", changed)
    second = shop.tell("customer.created", created)

    assert (first, second) == (DeliveryState.IMPORTED, DeliveryState.LATE)
    assert [customer.phone for customer in customers()] == ["+4570000222"]


def test_a_deletion_in_the_shop_is_noted_and_deletes_nothing_here(shop: ConnectedShop) -> None:
    registered = shop.composer.customer({"email": MAIL})
    order = shop.composer.order(customer=registered)
    shop.tell("customer.created", registered)
    shop.tell("order.created", order)

    states = [
        shop.tell("order.deleted", {"id": order["id"]}),
        shop.tell("customer.deleted", {"id": registered["id"]}),
        shop.tell("customer.updated", shop.composer.changed(registered)),
    ]

    assert states == [DeliveryState.IMPORTED, DeliveryState.IMPORTED, DeliveryState.LATE]
    [customer] = customers()
    assert customer.deleted_at is None
    assert [e.subject_id for e in events("customer.order_deleted")] == [customer.id]
    assert [e.subject_id for e in events("customer.shop_customer_deleted")] == [customer.id]
    with transaction() as session:
        assert session.scalars(select(ShopIdentity)).all() == []


def test_a_value_that_breaks_a_rule_is_left_out_and_the_rest_comes_in(shop: ConnectedShop) -> None:
    order = shop.guest_order(email=MAIL, phone="ring to me", country="XX", city="Odense")

    shop.tell("order.created", order)

    [customer] = customers()
    assert (customer.email, customer.phone, customer.city) == (MAIL, None, "Odense")


def test_a_body_that_cannot_be_understood_is_kept_with_its_reason_and_may_be_tried_again(
    shop: ConnectedShop,
) -> None:
    received = shop.deliver(shop.hook.delivery("order.created", {"id": 7, "billing": []}))

    drain(TaskName.IMPORT_HOOK)

    kept = delivery(received.delivery_id)
    assert kept.state is DeliveryState.FAILED
    assert kept.body == b'{"id":7,"billing":[]}'
    assert kept.message == {
        "code": "malformed_reply",
        "text": "{field} is missing.",
        "params": {"field": "/customer_id"},
    }
    [dead] = jobs(JobState.DEAD)
    assert dead.error is not None
    assert dead.error["message"] == "woocommerce: /customer_id is missing."
    assert customers() == []


def test_an_event_about_something_else_is_ignored(shop: ConnectedShop) -> None:
    assert shop.tell("product.updated", {"id": 3}) is DeliveryState.IGNORED
    assert customers() == []


def test_a_paused_connection_holds_its_deliveries_until_it_works_again(database: Engine) -> None:
    shop = make_shop(active=False)
    received = shop.deliver(shop.hook.delivery("order.created", shop.guest_order(email=MAIL)))

    drain(TaskName.IMPORT_HOOK)
    waiting = delivery(received.delivery_id).state
    with transaction() as session:
        connection = connections.get(session, shop.connection_id)
        health.record_test(session, connection, account=None, choices=None, now=utcnow())
        health.activate(session, connection, now=utcnow())
    drain(TaskName.IMPORT_HOOK)

    assert waiting is DeliveryState.STORED
    assert delivery(received.delivery_id).state is DeliveryState.IMPORTED
    assert len(customers()) == 1


def test_a_job_that_runs_twice_imports_once(shop: ConnectedShop) -> None:
    from hub.hooks import receiving

    received = shop.deliver(shop.hook.delivery("order.created", shop.guest_order(email=MAIL)))
    assert received.delivery_id is not None
    drain(TaskName.IMPORT_HOOK)

    with transaction() as session:
        receiving.ask_for_import(session, received.delivery_id, shop.connection_id)
    drain(TaskName.IMPORT_HOOK)

    assert len(jobs(JobState.SUCCEEDED)) == 2
    assert len(events("customer.order_received")) == 1
    assert len(events("customer.order_updated")) == 0


def test_an_order_stands_among_the_documents_as_the_shop_has_it_now(shop: ConnectedShop) -> None:
    order = shop.guest_order(email=MAIL, first_name="Signe")
    shop.tell("order.created", order)
    [made] = orders()
    assert (made.number, made.amount, made.remaining, made.state) == (
        order["number"], Decimal(order["total"]), Decimal(order["total"]), "open",
    )  # fmt: skip
    [customer] = customers()

    done = order | {"status": "completed", "date_modified_gmt": "2999-01-01T00:00:00"}
    shop.tell("order.updated", done)

    [settled] = orders()
    assert (settled.id, settled.customer_id, settled.issued_on) == (
        made.id, customer.id, made.issued_on,
    )  # fmt: skip
    assert (settled.remaining, settled.state) == (Decimal(0), DocumentState.SETTLED)


def test_an_order_that_the_shop_deletes_is_settled_and_one_without_a_sum_is_none(
    shop: ConnectedShop,
) -> None:
    order = shop.guest_order(email=MAIL, first_name="Signe")
    shop.tell("order.created", order)
    shop.tell("order.updated", shop.guest_order(email=MAIL, first_name="Signe") | {"total": None})

    shop.tell("order.deleted", {"id": order["id"]})

    assert [(each.number, each.state) for each in orders()] == [(order["number"], "settled")]


@pytest.mark.parametrize(
    ("roles", "after"),
    [(["prospect"], ["customer"]), (["supplier", "prospect"], ["customer", "supplier"])],
)
def test_a_prospect_turns_into_a_customer_as_its_first_order_is_confirmed(
    shop: ConnectedShop, roles: list[str], after: list[str]
) -> None:
    known = make_customer(name="Prøve Handel A/S", email=MAIL, roles=roles)
    order = shop.guest_order(paid=False, email=MAIL)
    shop.tell("order.created", order)
    assert (customers()[0].roles, events("customer.became_customer")) == (sorted(roles), [])

    confirmed = shop.composer.changed(order, status="processing")
    shop.tell("order.updated", confirmed)
    shop.tell("order.updated", shop.composer.changed(confirmed, status="completed"))

    [customer] = customers()
    assert (customer.id, customer.roles, customer.version) == (known.id, after, 3)
    [became] = events("customer.became_customer")
    assert (became.cause_kind, became.cause_id) == (CauseKind.SHOP, str(shop.connection_id))
    assert became.changes == {"roles": [sorted(roles), after]}
    assert became.data is not None
    assert became.data["first_order"]["number"] == order["number"]
    assert became.data["first_order"]["connection_id"] == str(shop.connection_id)


@pytest.mark.parametrize(
    ("wanted", "sent"), [({}, 0), ({"not_channels": ["import"]}, 1)], ids=["default", "let through"]
)
def test_who_came_from_a_shop_is_no_debtor_unless_the_connection_lets_him_through(
    shop: ConnectedShop, wanted: dict[str, Any], sent: int
) -> None:
    with transaction() as session:
        books = connections.create(
            session, name="Books", connector="economic",
            settings={"app_secret_token": "a", "agreement_grant_token": "b"}, filter=wanted,
        )  # fmt: skip
        health.record_test(session, books, account=None, choices=None, now=utcnow())
        health.activate(session, books, now=utcnow())

    shop.tell("order.created", shop.guest_order(email=MAIL))

    [customer] = customers()
    assert (customer.roles, customer.channel) == (["customer"], "shop")
    with transaction() as session:
        pushes = select(Job).where(Job.task == TaskName.PUSH_CUSTOMER.value)
        assert len(list(session.scalars(pushes))) == sent


@pytest.mark.parametrize("status", ["pending", "on-hold", "failed", "cancelled", "refunded"])
def test_an_order_that_is_not_confirmed_turns_nobody_into_a_customer(
    shop: ConnectedShop, status: str
) -> None:
    make_customer(name="Prøve Handel A/S", email=MAIL)

    shop.tell("order.created", shop.guest_order(email=MAIL) | {"status": status})

    assert [customer.roles for customer in customers()] == [["prospect"]]


def test_a_supplier_who_orders_stays_one_and_a_customer_is_left_as_it_is(
    shop: ConnectedShop,
) -> None:
    make_customer(name="Prøve Handel A/S", email=MAIL, roles=["supplier"])
    make_customer(name="Anden Handel A/S", email="b@b.example", roles=["customer", "prospect"])

    shop.tell("order.created", shop.guest_order(email=MAIL))
    shop.tell("order.created", shop.guest_order(email="b@b.example"))

    assert [each.roles for each in customers()] == [["supplier"], ["customer", "prospect"]]
    assert events("customer.became_customer") == []


def test_a_stranger_who_has_paid_is_a_customer_at_once_with_the_order_in_its_history(
    shop: ConnectedShop,
) -> None:
    order = shop.guest_order(email=MAIL, company="Nordlys Testværk ApS")

    shop.tell("order.created", order)

    assert [customer.roles for customer in customers()] == [["customer"]]
    [made] = events("customer.created")
    assert made.data is not None
    assert made.data["first_order"]["number"] == order["number"]


def test_who_is_made_a_prospect_again_by_hand_stays_one(shop: ConnectedShop) -> None:
    order = shop.guest_order(email=MAIL, first_name="Signe")
    shop.tell("order.created", order)
    with transaction() as session:
        [customer] = session.scalars(select(Customer))
        customer_services.update(session, customer, {"roles": ["prospect"]}, now=utcnow())

    shop.tell("order.updated", shop.composer.changed(order, status="completed"))
    shop.tell("order.created", shop.guest_order(email=MAIL))

    assert [customer.roles for customer in customers()] == [["prospect"]]


def orders() -> list[DocMirror]:
    with transaction() as session:
        return list(session.scalars(select(DocMirror)))
