from threading import Thread
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import NoResultFound

from hub.customers.models import Contact, Customer
from hub.db import find_locked, locked, transaction
from tests.people import make_customer


@pytest.fixture
def identifier(database: Engine) -> UUID:
    with transaction() as session:
        return make_customer(session, city="Ribe").id


def test_a_row_that_is_locked_is_as_it_is_now(identifier: UUID) -> None:
    with transaction() as session:
        seen = session.get_one(Customer, identifier)
        with transaction() as other:
            other.get_one(Customer, identifier).city = "Varde"

        again = locked(session, Customer, identifier)

        assert again is seen
        assert (again.city, again.version) == ("Varde", 2)


def test_what_was_set_before_the_lock_is_kept(identifier: UUID) -> None:
    with transaction() as session, session.no_autoflush:
        session.get_one(Customer, identifier).city = "Varde"

        locked(session, Customer, identifier)

    with transaction() as session:
        assert session.get_one(Customer, identifier).city == "Varde"


def test_a_second_writer_waits_and_one_who_refers_to_the_row_does_not(identifier: UUID) -> None:
    def write() -> None:
        with transaction() as session:
            customer = locked(session, Customer, identifier)
            customer.city = f"{customer.city} og omegn"

    def refer() -> None:
        with transaction() as session:
            session.add(Contact(customer_id=identifier, last_name="Prøve"))

    with transaction() as session:
        customer = locked(session, Customer, identifier)
        writer, referrer = Thread(target=write), Thread(target=refer)
        writer.start()
        referrer.start()
        referrer.join(5)
        assert not referrer.is_alive()
        assert writer.is_alive()
        customer.city = "Varde"
    writer.join(5)

    with transaction() as session:
        assert session.get_one(Customer, identifier).city == "Varde og omegn"


def test_what_is_not_there_is_found_as_none_and_had_as_an_error(database: Engine) -> None:
    with transaction() as session:
        assert find_locked(session, Customer, uuid4()) is None
        assert find_locked(session, Customer, None) is None
        with pytest.raises(NoResultFound):
            locked(session, Customer, uuid4())
