"""What a transaction does to records becomes events."""

from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from hub.connections.models import Connection
from hub.customers.models import Customer
from hub.db import savepoint, transaction
from hub.history.models import Event
from hub.history.recording import _REACTIONS, PendingEvent, react, record, when_changed
from hub.origin import ActorKind, CauseKind, Origin

WHO = Origin(ActorKind.TOKEN, uuid4(), uuid4(), CauseKind.REQUEST, "request-1")


def made(**values: object) -> Customer:
    return Customer(**{"name": "Prøve", "currency": "DKK", "sort_name": "prove", **values})


def stored(**values: object) -> UUID:
    with transaction(WHO) as session:
        customer = made(**values)
        session.add(customer)
        session.flush()
        return customer.id


def events() -> list[Event]:
    with transaction() as session:
        return list(session.scalars(select(Event).order_by(Event.at, Event.id)))


def test_a_new_record_is_one_event_with_who_and_why(database: Engine) -> None:
    identifier = stored(credit_limit=Decimal("1250.50"))

    [event] = events()
    assert (event.type, event.subject_type, event.subject_id) == (
        "customer.created",
        "customer",
        identifier,
    )
    assert (event.actor_kind, event.actor_id, event.user_id) == (
        ActorKind.TOKEN,
        WHO.actor_id,
        WHO.user_id,
    )
    assert (event.cause_kind, event.cause_id) == (CauseKind.REQUEST, "request-1")
    assert event.changes is not None
    assert event.changes["name"] == [None, "Prøve"]
    assert event.changes["credit_limit"] == [None, "1250.50"]
    assert "sort_name" not in event.changes
    assert event.salt is not None
    assert len(event.salt) == 16


def test_several_flushes_of_one_transaction_are_one_event_and_one_version(
    database: Engine,
) -> None:
    identifier = stored(city="Ribe")
    with transaction(WHO) as session:
        customer = session.get_one(Customer, identifier)
        customer.city = "Varde"
        session.flush()
        customer.city = "Esbjerg"
        customer.phone = "+4570000001"
        session.flush()

    assert [event.type for event in events()] == ["customer.created", "customer.updated"]
    assert events()[1].changes == {"city": ["Ribe", "Esbjerg"], "phone": [None, "+4570000001"]}
    with transaction() as session:
        customer = session.get_one(Customer, identifier)
        assert (customer.version, customer.updated_by) == (2, WHO.user_id)


def test_a_derived_column_moves_neither_version_nor_history(database: Engine) -> None:
    identifier = stored()
    with transaction(WHO) as session:
        session.get_one(Customer, identifier).registry_source = "cvrapi"

    assert len(events()) == 1
    with transaction() as session:
        assert session.get_one(Customer, identifier).version == 1


def test_an_edit_that_changes_nothing_leaves_no_event(database: Engine) -> None:
    identifier = stored(city="Ribe")
    with transaction(WHO) as session:
        session.get_one(Customer, identifier).city = "Ribe"

    assert len(events()) == 1


def test_a_failed_savepoint_takes_its_events_with_it(database: Engine) -> None:
    with transaction(WHO) as session:
        session.add(made(name="Bliver"))
        with pytest.raises(RuntimeError), savepoint(session):
            session.add(made(name="Forsvinder"))
            session.flush()
            record(session, "customer.x", subject_type="customer", subject_id=uuid4())
            raise RuntimeError

    [event] = events()
    assert event.changes is not None
    assert event.changes["name"] == [None, "Bliver"]


def test_a_secret_shows_that_it_changed_and_not_what(database: Engine) -> None:
    with transaction(WHO) as session:
        connection = Connection(name="C", connector="economic", kind="accounting", secrets=b"one")
        session.add(connection)
    with transaction(WHO) as session:
        session.get_one(Connection, connection.id).secrets = b"two"

    assert events()[1].changes == {"secrets": ["•", "•"]}


def test_taking_a_record_away_is_an_event_and_removing_its_row_is_refused(
    database: Engine,
) -> None:
    identifier = stored()
    with pytest.raises(TypeError, match="deleted_at"), transaction(WHO) as session:
        session.delete(session.get_one(Customer, identifier))

    with transaction(WHO) as session:
        customer = session.get_one(Customer, identifier)
        customer.deleted_at = customer.created_at

    assert [event.type for event in events()] == ["customer.created", "customer.deleted"]


def test_a_reaction_hears_of_each_change_once_whoever_makes_it(database: Engine) -> None:
    heard: list[str] = []

    def note(session: Session, event: object) -> None:
        heard.append(getattr(event, "type", ""))

    when_changed("shelf", note)
    with transaction(WHO) as session:
        record(session, "shelf.filled", subject_type="shelf", subject_id=uuid4())
        record(session, "shelf.emptied", subject_type="shelf", subject_id=uuid4())
        record(session, "other.filled", subject_type="other", subject_id=uuid4())

    assert heard == ["shelf.filled", "shelf.emptied"]


Heard = list[dict[str, tuple[object, object]]]


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    """What a reaction to customers is told of; the region follows from the city."""
    told: Heard = []

    def follow(session: Session, happened: PendingEvent) -> None:
        if "city" in happened.changes:
            session.get_one(Customer, happened.subject_id).region = "Sydvest"

    def note(session: Session, happened: PendingEvent) -> None:
        told.append(dict(happened.changes))

    monkeypatch.setitem(_REACTIONS, "customer", [follow, note])
    return told


def test_what_a_reaction_changes_is_heard_of_as_well(database: Engine, heard: Heard) -> None:
    identifier = stored()
    heard.clear()

    with transaction(WHO) as session:
        session.get_one(Customer, identifier).city = "Ribe"

    assert heard == [{"city": (None, "Ribe")}, {"region": (None, "Sydvest")}]
    assert events()[1].changes == {"city": [None, "Ribe"], "region": [None, "Sydvest"]}


def test_a_field_that_changes_once_more_is_heard_of_once_more(
    database: Engine, heard: Heard
) -> None:
    identifier = stored(city="Varde", region="Sydvest")
    heard.clear()

    with transaction(WHO) as session:
        session.get_one(Customer, identifier).city = "Ribe"
        react(session)
        session.get_one(Customer, identifier).city = "Tønder"
        react(session)

    assert heard == [{"city": ("Varde", "Ribe")}, {"city": ("Varde", "Tønder")}]


def test_reactions_that_never_come_to_rest_are_an_error_and_nothing_is_written(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swing(session: Session, happened: PendingEvent) -> None:
        customer = session.get_one(Customer, happened.subject_id)
        customer.city = "Ribe" if customer.city == "Varde" else "Varde"

    monkeypatch.setitem(_REACTIONS, "customer", [swing])

    with pytest.raises(RuntimeError, match="come to rest"):
        stored()

    assert events() == []
