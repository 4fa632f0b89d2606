"""Whoever refuses mail gets none, whatever asks for it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from hub import reactions
from hub.clock import utcnow
from hub.customers import contacts
from hub.customers import services as customers
from hub.customers.models import Contact
from hub.customers.refusals import refuses_mail
from hub.db import new_id, transaction
from hub.leads import services as leads
from hub.leads.models import Lead
from hub.mail import services as mail
from hub.mail import trying
from hub.mail.models import Delivery, DeliveryKind, DeliveryState
from hub.mail.services import Recipient
from hub.ports import OutgoingMail
from tests.people import make_customer, make_user

pytestmark = pytest.mark.usefixtures("database")
ADDRESS = "Ida@havn.example"
FIELDS: dict[str, Any] = {"email": ADDRESS.lower(), "refuses_email": True}


def _contact(session: Session) -> Any:
    return contacts.create(session, make_customer(session), FIELDS)


def _customer(session: Session) -> Any:
    return make_customer(session, kind="person", **FIELDS)


def _lead(session: Session) -> Any:
    return leads.create(session, {"person": "Ida", **FIELDS}, now=utcnow())


REFUSERS = pytest.mark.parametrize("make", [_contact, _customer, _lead])


@pytest.fixture(autouse=True)
def connected() -> None:
    reactions.install()


def ask(recipient: Recipient) -> Delivery:
    with transaction() as session:
        asked, _ = mail.request(
            session, DeliveryKind.TEST, recipient, source=("test_mail", new_id())
        )
    with transaction() as session:
        found = mail.get(session, asked.id, lock=True)
        composed = OutgoingMail("hub@hub.example", found.recipient, found.message_id, b"x")
        trying.begin(session, found, composed, now=utcnow())
    with transaction() as session:
        return mail.get(session, asked.id)


@REFUSERS
def test_no_mail_goes_to_an_address_that_refuses_it(make: Callable[[Session], Any]) -> None:
    with transaction() as session:
        refuser = make(session)
        assert refuses_mail(session, ADDRESS)

    stopped = ask(Recipient(ADDRESS))
    assert (stopped.state, stopped.tries) == (DeliveryState.WITHDRAWN, 0)
    assert stopped.message is not None
    assert stopped.message["code"] == "refuses_email"

    with transaction() as session:
        session.get_one(type(refuser), refuser.id).refuses_email = False
    assert ask(Recipient(ADDRESS)).state is DeliveryState.SENDING


def test_a_user_gets_his_mail_whatever_a_contact_of_his_address_refuses() -> None:
    with transaction() as session:
        _contact(session)
        user = make_user(session, ADDRESS)
    assert ask(Recipient.of(user)).state is DeliveryState.SENDING


def test_what_was_taken_away_refuses_nothing(database: Engine) -> None:
    with transaction() as session:
        contact = _contact(session)
        customers.delete(session, customers.get(session, contact.customer_id), now=utcnow())
        lead = _lead(session)
        leads.delete(session, session.get_one(Lead, lead.id), now=utcnow())

    with transaction() as session:
        assert session.get_one(Contact, contact.id).deleted_at is not None
        assert not refuses_mail(session, ADDRESS)
