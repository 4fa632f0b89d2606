from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from hub.customers.models import Customer
from hub.db import transaction
from hub.errors import ValidationError
from hub.history.models import Event
from hub.notes import services as notes
from hub.notes.models import Note
from tests.people import NOW, acting, make_customer, make_user

HOUR = timedelta(hours=1)


def newest(customer_id: UUID) -> object:
    with transaction() as session:
        return session.get_one(Customer, customer_id).last_note_at


def test_a_note_moves_the_newest_note_of_its_customer_and_nothing_else_of_him(
    session: Session,
) -> None:
    customer = make_customer(session)
    session.commit()
    version = customer.version

    note = notes.create(session, customer, body="Vil have prisen", now=NOW)
    session.commit()

    assert customer.last_note_at == NOW
    assert customer.version == version
    assert (note.type, note.at, note.customer_id) == ("note", NOW, customer.id)


def test_the_author_is_who_writes(session: Session) -> None:
    user, customer = make_user(session), make_customer(session)
    session.info["origin"] = acting(user)

    note = notes.create(session, customer, body="Ringede", now=NOW)

    assert note.author_user_id == user.id


def test_an_older_note_written_later_does_not_move_it_back(session: Session) -> None:
    customer = make_customer(session)
    notes.create(session, customer, body="i dag", now=NOW)
    notes.create(session, customer, body="i går", now=NOW, at=NOW - 24 * HOUR)
    session.commit()

    assert newest(customer.id) == NOW


def test_a_note_that_goes_or_moves_leaves_the_next_newest(session: Session) -> None:
    customer = make_customer(session)
    notes.create(session, customer, body="først", now=NOW - 2 * HOUR)
    second = notes.create(session, customer, body="så", now=NOW - HOUR)
    third = notes.create(session, customer, body="til sidst", now=NOW)

    notes.delete(session, third, now=NOW)
    session.commit()
    assert newest(customer.id) == NOW - HOUR

    notes.change(session, second, {"at": NOW - 3 * HOUR}, now=NOW)
    session.commit()
    assert newest(customer.id) == NOW - 2 * HOUR


def test_the_last_note_gone_leaves_none(session: Session) -> None:
    customer = make_customer(session)
    note = notes.create(session, customer, body="kun denne", now=NOW)

    notes.delete(session, note, now=NOW)
    session.commit()

    assert newest(customer.id) is None
    assert notes.newest_of(session, customer) is None


def test_what_a_note_said_before_stays_in_its_history(session: Session) -> None:
    customer = make_customer(session)
    note = notes.create(session, customer, body="ringer tirsdag", now=NOW)
    session.commit()

    notes.change(session, note, {"body": "ringer onsdag", "type": "call"}, now=NOW)
    session.commit()

    changed = session.scalars(select(Event).where(Event.type == "note.updated")).one()
    assert changed.changes == {
        "body": ["ringer tirsdag", "ringer onsdag"],
        "type": ["note", "call"],
    }
    assert note.version == 2


@pytest.mark.parametrize("when", ["create", "change"])
def test_a_note_of_the_future_is_refused(session: Session, when: str) -> None:
    customer = make_customer(session)
    note = notes.create(session, customer, body="nu", now=NOW)
    session.commit()

    with pytest.raises(ValidationError) as refused:
        if when == "create":
            notes.create(session, customer, body="senere", now=NOW, at=NOW + HOUR)
        else:
            notes.change(session, note, {"at": NOW + HOUR}, now=NOW)

    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/at", "future")]
    session.rollback()
    assert session.scalars(select(Note.body)).all() == ["nu"]
    assert newest(customer.id) == NOW


def test_notes_written_at_once_leave_the_newest_of_all(database: Engine) -> None:
    with transaction() as session:
        customer_id = make_customer(session).id

    def write(minutes: int) -> None:
        with transaction() as session:
            at = NOW - timedelta(minutes=minutes)
            customer = session.get_one(Customer, customer_id)
            notes.create(session, customer, body=str(minutes), now=NOW, at=at)

    with ThreadPoolExecutor(5) as threads:
        list(threads.map(write, range(20)))

    assert newest(customer_id) == NOW
