"""Leads that a program tells of, by Standard Webhooks."""

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine, select

import workers.tasks  # noqa: F401 - registers the bodies
from connectors import declarations as installed
from hub import reactions
from hub.clock import utcnow
from hub.connections import credentials, declarations, health
from hub.connections import services as connections
from hub.customers import services as customer_services
from hub.customers.models import Customer
from hub.db import transaction
from hub.history.models import Event
from hub.hooks import receiving
from hub.hooks.models import HookDelivery
from hub.leads import services as leads
from hub.leads.models import Lead
from hub.ledger.tasks import TaskName
from hub.signatures import checking
from tests.hub.hooks.shops import customers, deliveries, delivery
from workers.chain import drain

INQUIRY: dict[str, Any] = {
    "id": "i-1", "company": "Vibens Vogne ApS", "first_name": "Ida", "last_name": "Prøve",
    "email": "ida@viben.example", "phone": "33 12 12 13",
    "address": {"lines": ["Kajen 1"], "postcode": "7600", "city": "Struer", "country": "DK"},
    "message": "Vil have tilbud\r\npå to kraner", "source": "Messe", "referrer": "Alken",
    "value": "45000.50", "currency": "DKK",
}  # fmt: skip

Tell = Callable[..., HookDelivery]


@pytest.fixture
def tell(database: Engine) -> Tell:
    """Delivers ``lead.<verb>`` and imports it; returns what became of the delivery."""
    del database
    reactions.install()
    secret = checking.new_secret()
    with transaction() as session:
        declarations.publish(session, installed())
        settings = {"webhook_secret": secret, "lead_source": "website"}
        connection = connections.create(
            session, name="Form", connector="standard_webhooks", settings=settings
        )
        path = credentials.new_hook_secret(connection)
        health.record_test(session, connection, account=None, choices=None, now=utcnow())
        health.activate(session, connection, now=utcnow())
        identifier = connection.id
    numbers = count(1)

    def deliver(verb: str = "created", **changes: Any) -> HookDelivery:
        number = next(numbers)
        content = {
            "type": f"lead.{verb}", "timestamp": f"2026-05-04T10:{number:02}:00Z",
            "data": {**INQUIRY, **changes},
        }  # fmt: skip
        body = json.dumps(content).encode()
        headers = checking.sign([secret], delivery_id=f"d{number}", body=body, now=utcnow())
        with transaction() as session:
            received = receiving.receive(session, identifier, path, headers, body, now=utcnow())
        drain(TaskName.IMPORT_HOOK)
        return delivery(received.delivery_id)

    return deliver


def living() -> list[Lead]:
    with transaction() as session:
        query = select(Lead).where(Lead.deleted_at.is_(None)).order_by(Lead.sort_number)
        return list(session.scalars(query))


def make_customer(**fields: Any) -> Customer:
    with transaction() as session:
        return customer_services.create(session, fields, now=utcnow(), check_duplicates=False)


def test_an_inquiry_becomes_a_lead_that_is_nobodys(tell: Tell) -> None:
    told = tell()

    [lead] = living()
    assert (told.state, told.lead_id, told.customer_id) == ("imported", lead.id, None)
    assert told.summary == "Inquiry of Vibens Vogne ApS"
    assert (lead.name, lead.person, lead.email, lead.phone, lead.city) == (
        "Vibens Vogne ApS", "Ida Prøve", "ida@viben.example", "+4533121213", "Struer",
    )  # fmt: skip
    assert (lead.description, lead.source, lead.referrer) == (
        "Vil have tilbud\npå to kraner", "trade_show", "Alken",
    )  # fmt: skip
    assert (lead.net_potential_value, lead.currency) == (Decimal("45000.5000"), "DKK")
    assert (lead.owner_user_id, lead.channel, lead.state) == (
        None, "hook", "pending_qualification",
    )  # fmt: skip
    assert customers() == []


def test_what_breaks_a_rule_or_is_in_no_catalogue_is_left_out(tell: Tell) -> None:
    tell(source="Ukendt", program="Intet", email="ingen mail", phone="12", company=None)
    tell(id="i-2", source=None)

    first, second = living()
    assert (first.name, first.source, first.program, first.email, first.phone) == (
        "Ida Prøve", None, None, None, None,
    )  # fmt: skip
    assert second.source == "website"


def test_what_is_left_out_is_told_in_the_history_of_the_lead(tell: Tell) -> None:
    tell(currency="JPY", email="ingen mail")
    tell(id="i-2", currency=None, value="45000.50")
    tell("updated", id="i-2", city="Lemvig", phone="33 12 12 13")

    yen, kroner = living()
    assert (yen.currency, yen.net_potential_value) == ("JPY", None)
    assert (kroner.currency, kroner.net_potential_value) == ("DKK", Decimal("45000.5000"))
    with transaction() as session:
        told = {
            each.subject_id: each.data
            for each in session.scalars(select(Event).where(Event.type == "lead.created"))
        }
    assert told == {
        yen.id: {
            "left_out": [
                {"pointer": "/email", "code": "format"},
                {"pointer": "/net_potential_value", "code": "precision"},
            ]
        },
        kroner.id: None,
    }


def test_later_news_of_an_inquiry_fill_its_lead_and_write_over_nothing(tell: Tell) -> None:
    tell(phone=None, company="Viben")
    with transaction() as session:
        [lead] = session.scalars(select(Lead))
        leads.update(session, lead, {"company": "Vibens Vogne", "city": None})

    tell("updated", phone="33 12 12 13")
    told = tell("deleted")

    [lead] = living()
    assert (lead.company, lead.phone, lead.city) == ("Vibens Vogne", "+4533121213", "Struer")
    assert told.state == "imported"


def test_one_whom_we_know_asks_as_a_customer(tell: Tell) -> None:
    known = make_customer(name="Viben A/S", email="ida@viben.example", currency="EUR")

    tell()

    [lead] = living()
    assert (lead.customer_id, lead.name) == (known.id, "Viben A/S")
    assert (lead.currency, lead.net_potential_value) == ("EUR", None)
    assert [each.name for each in customers()] == ["Viben A/S"]


def test_an_inquiry_of_nobody_is_no_lead(tell: Tell) -> None:
    nobody = dict.fromkeys(["company", "first_name", "last_name", "email"])

    told = tell(**nobody)

    assert (told.state, told.lead_id) == ("imported", None)
    assert living() == []


def test_the_same_inquiry_in_another_delivery_is_no_second_lead(tell: Tell) -> None:
    tell()
    tell()

    assert len(living()) == 1
    assert [each.lead_id for each in deliveries()] == [living()[0].id] * 2
