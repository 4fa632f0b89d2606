"""What a shop tells, and what of it goes on to the accounting system."""

import pytest

from hub.customers import facts
from hub.customers import services as customers
from hub.db import transaction
from hub.hooks.models import DeliveryState
from tests.hub.hooks.shops import ConnectedShop, make_shop
from tests.workers.bookkeeping import Office, customer, push

SIGNE = {
    "first_name": "Signe", "last_name": "Prøve", "email": "signe@proeve.example",
    "phone": "70000123", "address_1": "Prøvevej 12", "address_2": "", "postcode": "8000",
    "city": "Aarhus C", "country": "DK", "company": "",
}  # fmt: skip
TYPED = {
    "name": "Signe Prøve", "kind": "person", "email": SIGNE["email"], "phone": "70000123",
    "address": SIGNE["address_1"], "postcode": "8000", "city": "Aarhus C",
}  # fmt: skip


@pytest.fixture
def shop(office: Office) -> ConnectedShop:
    del office
    return make_shop()


def test_what_was_typed_stays_here_and_in_accounting_though_a_guest_order_agreed_with_it(
    office: Office, shop: ConnectedShop
) -> None:
    typed = office.create(**TYPED)
    before = customer(typed)
    sent = office.writes("PUT")

    agreed = shop.tell("order.created", shop.composer.order(billing=SIGNE))
    with transaction() as session:
        known = facts.provenance(session, customers.get(session, typed))
    again = shop.tell(
        "order.created",
        shop.composer.order(billing=SIGNE | {"phone": "70000999", "city": "Odense"}),
    )
    push()

    assert (agreed, again) == (DeliveryState.IMPORTED, DeliveryState.IMPORTED)
    assert known == {}
    kept = customer(typed)
    assert (kept.version, kept.phone, kept.city) == (before.version, "+4570000123", "Aarhus C")
    assert office.writes("PUT") == sent
    assert office.there(kept.ref_no)["telephoneAndFaxNumber"] == "+4570000123"


def test_a_guest_with_another_mail_address_changes_nothing_of_who_is_like_him_nor_in_accounting(
    office: Office, shop: ConnectedShop
) -> None:
    typed = office.create(**TYPED)
    shop.tell("order.created", shop.composer.order(billing=SIGNE))
    sent = len(office.writes("PUT")), len(office.writes("POST"))

    other = {"email": "anden@proeve.example", "phone": "70000456"}
    shop.tell("order.created", shop.composer.order(billing=SIGNE | other, paid=False))
    push()

    kept = customer(typed)
    assert (kept.email, kept.phone) == (SIGNE["email"], "+4570000123")
    assert (len(office.writes("PUT")), len(office.writes("POST"))) == sent
    assert office.there(kept.ref_no)["email"] == SIGNE["email"]
