"""Marketing mail goes to nobody who is protected against it or refuses it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from hub.autofill import services as autofill
from hub.clock import utcnow
from hub.customers import contacts, marketing
from hub.customers import services as customers
from hub.customers.marketing import MarketingMails
from hub.customers.models import Customer
from hub.db import transaction
from hub.errors import ConflictError
from hub.mail import services as mail
from hub.mail import sources, trying
from hub.mail.models import Delivery, DeliveryKind, DeliveryState
from hub.mail.services import Recipient
from hub.ports import CompanyRecord, OutgoingMail
from tests.people import make_customer

ADDRESS = "Anna@havn.example"
Change = Callable[[Any, Customer], object]


class Campaign:
    """Mails that advertise, of which none is ever unwanted for a reason of their own."""

    def wants(self, session: Any, delivery: Delivery) -> bool:
        del session, delivery
        return True

    def settled(self, session: Any, delivery: Delivery) -> None:
        del session, delivery


@pytest.fixture
def campaign(database: Engine, monkeypatch: pytest.MonkeyPatch) -> Campaign:
    monkeypatch.setattr(sources, "_SOURCES", {})
    made = Campaign()
    sources.declare_source("campaign", MarketingMails(made))
    return made


def customer_of(anna: dict[str, Any] | None = None, **fields: Any) -> UUID:
    with transaction() as session:
        made = make_customer(session, **fields)
        if anna is not None:
            contacts.create(session, made, {"first_name": "Anna", "email": ADDRESS, **anna})
        return made.id


def protect(_: Any, customer: Customer) -> None:
    customer.marketing_protected = True


def refuse(session: Any, customer: Customer) -> None:
    contacts.create(
        session, customer, {"first_name": "A", "email": ADDRESS.upper(), "refuses_email": True}
    )


def remove(session: Any, customer: Customer) -> None:
    customers.delete(session, customer, now=utcnow())


STANDING_IN_THE_WAY = pytest.mark.parametrize(
    ("change", "code"),
    [(protect, "marketing_protected"), (refuse, "refuses_email"), (remove, "customer_gone")],
)


def apply(customer_id: UUID, change: Change) -> None:
    with transaction() as session:
        change(session, session.get_one(Customer, customer_id))


def asked_for(customer_id: UUID) -> UUID:
    with transaction() as session:
        delivery, _ = mail.request(
            session,
            DeliveryKind.TEST,
            Recipient(ADDRESS),
            source=("campaign", uuid4()),
            facts={marketing.CUSTOMER: str(customer_id)},
        )
    return delivery.id


def begin(delivery_id: UUID) -> OutgoingMail | None:
    composed = OutgoingMail("hub@hub.example", ADDRESS, "<1@hub.example>", b"Subject: New\r\n")
    with transaction() as session:
        return trying.begin(
            session, mail.get(session, delivery_id, lock=True), composed, now=utcnow()
        )


def delivery_of(delivery_id: UUID) -> Delivery:
    with transaction() as session:
        return session.get_one(Delivery, delivery_id)


def test_a_customer_that_says_nothing_may_be_advertised_to(campaign: Campaign) -> None:
    customer_id = customer_of({"refuses_calls": True})

    with transaction() as session:
        assert marketing.refusal(session, customer_id, ADDRESS) is None
        marketing.require_allowed(session, customer_id, ADDRESS)

    assert begin(asked_for(customer_id)) is not None


@STANDING_IN_THE_WAY
def test_marketing_is_refused_when_it_is_asked_for(
    database: Engine, change: Change, code: str
) -> None:
    customer_id = customer_of()
    apply(customer_id, change)

    with pytest.raises(ConflictError) as refused, transaction() as session:
        marketing.require_allowed(session, customer_id, ADDRESS)

    assert refused.value.code == code


@STANDING_IN_THE_WAY
def test_marketing_is_withdrawn_when_its_turn_comes_and_says_why(
    campaign: Campaign, change: Change, code: str
) -> None:
    customer_id = customer_of()
    delivery_id = asked_for(customer_id)
    apply(customer_id, change)

    assert begin(delivery_id) is None

    withdrawn = delivery_of(delivery_id)
    assert (withdrawn.state, withdrawn.tries) == (DeliveryState.WITHDRAWN, 0)
    assert (withdrawn.message or {})["code"] == code


def test_whoever_refuses_mail_at_one_customer_refuses_it_at_all(campaign: Campaign) -> None:
    customer_of({"refuses_email": True}, name="Nord ApS")
    other = customer_of({}, name="Syd ApS")

    with transaction() as session:
        assert marketing.refusal(session, other, ADDRESS.lower()) is marketing.REFUSES


def test_a_contact_taken_away_refuses_nothing_any_more(database: Engine) -> None:
    customer_id = customer_of()
    with transaction() as session:
        customer = session.get_one(Customer, customer_id)
        anna = contacts.create(
            session, customer, {"first_name": "A", "email": ADDRESS, "refuses_email": True}
        )
        contacts.delete(session, customer, anna, now=utcnow())

    with transaction() as session:
        assert marketing.refusal(session, customer_id, ADDRESS) is None


def test_other_mails_are_not_asked(database: Engine) -> None:
    customer_id = customer_of()
    apply(customer_id, protect)
    with transaction() as session:
        delivery, _ = mail.request(
            session, DeliveryKind.TEST, Recipient(ADDRESS), source=("test_mail", uuid4())
        )

    assert begin(delivery.id) is not None


def company(*, protected: bool) -> CompanyRecord:
    return CompanyRecord("99000007", "DK", "Nordlys Testværk ApS", marketing_protected=protected)


def fill(customer_id: UUID, *, protected: bool) -> bool:
    with transaction() as session:
        autofill.fill(session, customer_id, "virk", company(protected=protected), now=utcnow())
    with transaction() as session:
        return session.get_one(Customer, customer_id).marketing_protected


def test_the_registry_protects_a_customer_and_no_later_fill_takes_that_away(
    database: Engine,
) -> None:
    customer_id = customer_of()

    assert fill(customer_id, protected=False) is False
    assert fill(customer_id, protected=True) is True
    assert fill(customer_id, protected=False) is True
