from contextlib import nullcontext, suppress
from threading import Thread
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import NoResultFound, OperationalError

from hub.customers.models import Address, Customer
from hub.db import connect, find_locked, locked, transaction
from tests.patience import PATIENCE_S
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
            session.add(Address(customer_id=identifier, kind="billing", city="Ribe", country="DK"))

    with transaction() as session:
        customer = locked(session, Customer, identifier)
        writer, referrer = Thread(target=write), Thread(target=refer)
        writer.start()
        referrer.start()
        referrer.join(PATIENCE_S)
        assert not referrer.is_alive()
        assert writer.is_alive()
        customer.city = "Varde"
    writer.join(PATIENCE_S)

    with transaction() as session:
        assert session.get_one(Customer, identifier).city == "Varde og omegn"


def test_what_is_not_there_is_found_as_none_and_had_as_an_error(database: Engine) -> None:
    with transaction() as session:
        assert find_locked(session, Customer, uuid4()) is None
        assert find_locked(session, Customer, None) is None
        with pytest.raises(NoResultFound):
            locked(session, Customer, uuid4())


@pytest.mark.parametrize(("rested_s", "is_made_anew"), [(0.4, False), (1.6, True)])
def test_a_connection_that_has_rested_is_asked_whether_it_is_one(
    database: Engine, database_url: str, rested_s: float, is_made_anew: bool
) -> None:
    now = [1000.0]
    engine = connect(database_url, pool_size=1)
    with patch("hub.db.time.monotonic", lambda: now[0]):
        with transaction() as session:
            server = session.execute(text("select pg_backend_pid()")).scalar_one()
        with database.connect() as other:
            ended = text("select pg_terminate_backend(:pid, 5000)")
            assert other.execute(ended, {"pid": server}).scalar_one()
        now[0] += rested_s

        found = suppress(OperationalError) if not is_made_anew else nullcontext()
        answers = []
        with found, transaction() as session:
            answers.append(session.execute(text("select pg_backend_pid()")).scalar_one())

        assert [answer != server for answer in answers] == [True] * is_made_anew
        with transaction() as session:  # the next one finds the database, whatever the first did
            assert session.execute(text("select 1")).scalar_one() == 1
    engine.dispose()
