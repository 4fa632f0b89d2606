"""Whose a shop's event is: the same customer, or one that is like it and a pair for people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, Protocol
from uuid import UUID

import pytest
from sqlalchemy import Engine, select

from connectors import declarations as installed
from hub import reactions
from hub.clock import utcnow
from hub.connections import credentials, declarations, health
from hub.connections import services as connections
from hub.customers import services as customer_services
from hub.customers.models import Customer, ShopIdentity
from hub.db import transaction
from hub.duplicates.models import DupCandidate, DupState
from hub.hooks import receiving
from hub.ledger.tasks import TaskName
from hub.signatures import checking
from tests.hub.hooks.shops import ConnectedShop, customers, make_shop
from workers.chain import drain

SIGNE: Mapping[str, str] = {
    "first_name": "Signe", "last_name": "Prøvestein", "company": "",
    "email": "signe@gmail.example", "phone": "70000123",
    "address": "Prøvevej 12", "postcode": "8000", "city": "Aarhus C", "country": "DK",
}  # fmt: skip
OTHER = {"email": "anden@gmail.example", "phone": "70000456"}
COMPANY = {"company": "Nordlys Testværk ApS"}
NUMBERLESS = {"company": "Prøvesteins Vogne ApS"}
COMPANY_TYPED = {"name": NUMBERLESS["company"], "kind": "organisation"}
NUMBER = {"registration_number": "99000007"}
TYPED = {
    "name": "Signe Prøvestein", "kind": "person", "email": SIGNE["email"], "phone": SIGNE["phone"],
    "address": SIGNE["address"], "postcode": "8000", "city": "Aarhus C",
}  # fmt: skip


class Shop(Protocol):
    """Tells of customers and orders, each connector in its own words."""

    def customer(self, verb: str, shop_id: str, **changes: str) -> None: ...

    def order(self, shop_id: str | None, **changes: str) -> None: ...


@dataclass
class Woo:
    shop: ConnectedShop
    numbers: Any = field(default_factory=lambda: count(1))

    def customer(self, verb: str, shop_id: str, **changes: str) -> None:
        self.shop.tell(f"customer.{verb}", self._registered(shop_id, changes))

    def order(self, shop_id: str | None, **changes: str) -> None:
        composer, billing = self.shop.composer, self._billing(changes)
        who = None if shop_id is None else self._registered(shop_id, changes)
        self.shop.tell("order.created", composer.order(customer=who, billing=billing))

    def _registered(self, shop_id: str, changes: Mapping[str, str]) -> dict[str, Any]:
        told = self.shop.composer.customer(self._billing(changes))
        at = utcnow() + timedelta(seconds=next(self.numbers))
        return told | {"id": int(shop_id), "date_modified_gmt": f"{at:%Y-%m-%dT%H:%M:%S}"}

    def _billing(self, changes: Mapping[str, str]) -> dict[str, str]:
        said = {**SIGNE, **changes}
        said["address_1"], said["address_2"] = said.pop("address"), ""
        said["cvr"] = said.pop("registration_number", "")
        return said


@dataclass
class Standard:
    connection_id: UUID
    path: str
    secret: str
    numbers: Any = field(default_factory=lambda: count(1))

    def customer(self, verb: str, shop_id: str, **changes: str) -> None:
        self._tell(f"customer.{verb}", {"id": shop_id, **self._party(changes)})

    def order(self, shop_id: str | None, **changes: str) -> None:
        party = self._party(changes) | ({} if shop_id is None else {"id": shop_id})
        order_id = f"o{next(self.numbers)}"
        self._tell("order.created", {"id": order_id, "total": "9.50", "customer": party})

    def _party(self, changes: Mapping[str, str]) -> dict[str, Any]:
        said = {**SIGNE, **changes}
        where = {name: said.pop(name) for name in ("postcode", "city", "country")}
        return said | {"address": {"lines": [said.pop("address")], **where}}

    def _tell(self, topic: str, data: dict[str, Any]) -> None:
        number = next(self.numbers)
        content = {"type": topic, "timestamp": f"2026-05-04T10:{number:02}:00Z", "data": data}
        body = json.dumps(content).encode()
        headers = checking.sign([self.secret], delivery_id=f"d{number}", body=body, now=utcnow())
        with transaction() as session:
            receiving.receive(
                session, self.connection_id, self.path, headers, body, now=utcnow()
            )  # fmt: skip
        drain(TaskName.IMPORT_HOOK)


def make_standard() -> Standard:
    reactions.install()
    secret = checking.new_secret()
    with transaction() as session:
        declarations.publish(session, installed())
        connection = connections.create(
            session, name="Shop", connector="standard_webhooks", settings={"webhook_secret": secret}
        )
        path = credentials.new_hook_secret(connection)
        health.record_test(session, connection, account=None, choices=None, now=utcnow())
        health.activate(session, connection, now=utcnow())
        return Standard(connection.id, path, secret)


@pytest.fixture(params=["woocommerce", "standard_webhooks"])
def shop(request: pytest.FixtureRequest, database: Engine) -> Shop:
    return Woo(make_shop()) if request.param == "woocommerce" else make_standard()


def make_customer(**fields: Any) -> Customer:
    with transaction() as session:
        return customer_services.create(session, fields, now=utcnow(), check_duplicates=False)


def reached() -> list[tuple[str | None, str | None]]:
    """Return by which mail address and telephone number each customer is reached."""
    return [(customer.email, customer.phone) for customer in customers()]


def ids() -> dict[str, UUID]:
    with transaction() as session:
        return {
            row.shop_customer_id: row.customer_id for row in session.scalars(select(ShopIdentity))
        }


def open_pairs() -> list[set[UUID]]:
    with transaction() as session:
        rows = session.scalars(select(DupCandidate).where(DupCandidate.state == DupState.OPEN))
        return [{row.a_id, row.b_id} for row in rows]


FIRST = (SIGNE["email"], "+4570000123")
SECOND = (OTHER["email"], "+4570000456")


def test_two_ids_of_a_shop_with_one_name_and_address_are_two_customers_and_a_pair(
    shop: Shop,
) -> None:
    shop.customer("created", "1")

    shop.customer("created", "2", **OTHER)
    shop.order("2", **OTHER)
    shop.order("1")

    assert reached() == [FIRST, SECOND]
    one, two = (customer.id for customer in customers())
    assert ids() == {"1": one, "2": two}
    assert open_pairs() == [{one, two}]


@pytest.mark.parametrize("changed", [OTHER, {"email": OTHER["email"]}, {"email": ""}])
def test_another_id_of_a_shop_is_never_taken_for_the_same_by_name_and_address(
    shop: Shop, changed: dict[str, str]
) -> None:
    shop.customer("created", "1")

    shop.order("2", **changed)

    assert len(customers()) == 2
    assert reached()[0] == FIRST
    assert open_pairs() == [{customer.id for customer in customers()}]


def test_a_change_that_comes_before_its_creation_leaves_the_customer_of_another_id_alone(
    shop: Shop,
) -> None:
    shop.customer("created", "1")

    shop.customer("updated", "2", **OTHER)

    assert reached() == [FIRST, SECOND]


@pytest.mark.parametrize("first", ["typed", "guest", "id"])
def test_a_guest_with_another_mail_address_is_another_customer_and_a_pair(
    shop: Shop, first: str
) -> None:
    if first == "typed":
        make_customer(**TYPED)
    else:
        shop.order("1" if first == "id" else None)

    shop.order(None, **OTHER)

    assert reached() == [FIRST, SECOND]
    assert open_pairs() == [{customer.id for customer in customers()}]


def test_who_is_registered_with_another_mail_address_is_not_the_one_who_was_typed(
    shop: Shop,
) -> None:
    make_customer(**TYPED)

    shop.customer("created", "1", **OTHER)

    assert reached() == [FIRST, SECOND]


def test_a_guest_of_the_same_name_and_address_whose_mail_says_nothing_against_it_is_known(
    shop: Shop,
) -> None:
    make_customer(**TYPED | {"email": None})

    shop.order(None)

    assert reached() == [FIRST]
    assert open_pairs() == []


def test_a_guest_with_another_mail_address_is_known_by_name_address_and_phone(shop: Shop) -> None:
    make_customer(**TYPED)

    shop.order(None, email=OTHER["email"])

    assert reached() == [FIRST]


def test_a_guest_with_another_phone_is_another_one_where_no_mail_address_says_otherwise(
    shop: Shop,
) -> None:
    make_customer(**TYPED | {"email": None})

    shop.order(None, phone=OTHER["phone"])

    assert reached() == [(None, FIRST[1]), (SIGNE["email"], SECOND[1])]
    assert open_pairs() == [{customer.id for customer in customers()}]


def test_a_company_has_many_phones(shop: Shop) -> None:
    make_customer(**TYPED | COMPANY_TYPED | {"email": None})

    shop.order(None, **NUMBERLESS, phone=OTHER["phone"])

    assert reached() == [FIRST]


def test_a_known_mail_address_attaches_another_id_which_writes_over_nothing(shop: Shop) -> None:
    shop.customer("created", "1", city="")

    shop.customer("created", "2", phone=OTHER["phone"])
    shop.customer("updated", "2", phone=OTHER["phone"], postcode="5000")

    [customer] = customers()
    assert ids() == {"1": customer.id, "2": customer.id}
    assert (customer.phone, customer.city, customer.postcode) == (FIRST[1], "Aarhus C", "8000")
    shop.customer("updated", "1", phone="70000789", city="Odense")
    [customer] = customers()
    assert (customer.phone, customer.city) == ("+4570000789", "Odense")


def test_of_two_shops_each_renews_what_it_filled_itself_and_fills_what_the_other_left_empty(
    shop: Shop,
) -> None:
    other = Woo(make_shop(name="Another"))
    shop.customer("created", "1", city="")

    other.customer("created", "7", phone=OTHER["phone"], postcode="5000", city="Odense")
    [customer] = customers()
    assert (customer.phone, customer.postcode, customer.city) == (FIRST[1], "8000", "Odense")
    shop.customer("updated", "1", phone="70000789", city="Ribe")
    other.customer("updated", "7", phone=OTHER["phone"], city="Viborg")

    [customer] = customers()
    assert (customer.phone, customer.city) == ("+4570000789", "Viborg")
    assert ids() == {"1": customer.id, "7": customer.id}


def test_a_company_is_known_by_its_number_and_the_first_of_its_ids_says_how_to_reach_it(
    shop: Shop,
) -> None:
    shop.order("1", **COMPANY, **NUMBER)

    shop.order("2", **COMPANY, **NUMBER, **OTHER)
    shop.customer("updated", "2", **COMPANY, **NUMBER, **OTHER)

    assert reached() == [FIRST]
    assert ids() == dict.fromkeys("12", customers()[0].id)
    shop.customer("updated", "1", **COMPANY, **NUMBER, **OTHER)
    assert reached() == [SECOND]


def test_a_guest_of_a_company_is_known_by_its_number_whatever_his_mail_address(
    shop: Shop,
) -> None:
    shop.order(None, **COMPANY, **NUMBER)

    shop.order(None, **COMPANY, **NUMBER, **OTHER)

    assert len(customers()) == 1


def test_of_a_company_without_a_number_the_domain_says_whether_a_guest_is_of_it(
    shop: Shop,
) -> None:
    shop.order(None, **NUMBERLESS | {"email": "a@nordlys.example"})

    shop.order(None, **NUMBERLESS | {"email": "b@nordlys.example", "phone": "70000456"})
    assert len(customers()) == 1
    shop.order(None, **NUMBERLESS | {"email": "c@andet.example", "phone": "70000789"})

    assert len(customers()) == 2
    assert open_pairs() == [{customer.id for customer in customers()}]


def test_two_ids_of_a_company_without_a_number_are_a_pair(shop: Shop) -> None:
    shop.order("1", **NUMBERLESS)

    shop.order("2", **NUMBERLESS, **OTHER)

    assert reached() == [FIRST, SECOND]
    assert open_pairs() == [{customer.id for customer in customers()}]
