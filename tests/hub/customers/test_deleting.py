from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Thread
from uuid import UUID

import pytest
from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from hub import held
from hub.activities import services as activities
from hub.connections.models import Connection, ExternalLink, LinkState
from hub.customers import addresses, contacts, references, services
from hub.customers.models import Contact, Customer, Lifecycle, ShopIdentity
from hub.db import transaction
from hub.documents.models import DocMirror, DocumentKind, DocumentState
from hub.errors import ConflictError, NotFoundError
from hub.history.models import Event
from hub.leads import services as leads
from hub.migrations.schema import complete_metadata
from hub.notes import services as notes
from hub.notes.models import Note
from hub.reminders.models import Reminder, ReminderState
from tests.databases import SOMEBODY_WAITS
from tests.patience import PATIENCE_S, wait_until
from tests.people import NOW, make_customer, make_user


def make_note(session: Session, customer: Customer) -> UUID:
    return notes.create(session, customer, body="Ringede", now=NOW).id


def make_reminder(session: Session, customer: Customer) -> UUID:
    reminder = Reminder(
        subject_type="customer", subject_id=customer.id, customer_id=customer.id, title="Ring",
        recipient_user_id=make_user(session).id, fire_at_local="2026-12-01T09:00:00",
        zone="Europe/Copenhagen", all_day=False, fire_at=NOW + timedelta(days=11), uid="1@hub",
    )  # fmt: skip
    session.add(reminder)
    session.flush()
    return reminder.id


def make_link(session: Session, customer: Customer) -> UUID:
    connection = Connection(name="e-conomic", connector="economic", kind="accounting")
    session.add(connection)
    session.flush()
    link = ExternalLink(
        connection_id=connection.id, customer_id=customer.id, remote_id="7", state=LinkState.LINKED
    )
    session.add(link)
    session.flush()
    return link.id


def make_document(session: Session, customer: Customer) -> UUID:
    connection = Connection(name="Bøger", connector="fake", kind="accounting")
    session.add(connection)
    session.flush()
    document = DocMirror(
        connection_id=connection.id, kind=DocumentKind.INVOICE, remote_id="1", number="1",
        customer_id=customer.id, issued_on=NOW.date(), currency="DKK", amount=1, remaining=0,
        state=DocumentState.SETTLED,
    )  # fmt: skip
    session.add(document)
    session.flush()
    return document.id


def make_merged(session: Session, customer: Customer) -> UUID:
    other = make_customer(session, "Havn Gammel ApS")
    other.lifecycle, other.merged_into_id = Lifecycle.MERGED, customer.id
    session.flush()
    return other.id


def release(session: Session) -> None:
    session.execute(delete(DocMirror))
    for note in session.scalars(select(Note)):
        notes.delete(session, note, now=NOW)
    for reminder in session.scalars(select(Reminder)):
        reminder.state, reminder.closed_at = ReminderState.DONE, NOW
    for link in session.scalars(select(ExternalLink)):
        link.state = LinkState.SEVERED
    for merged in session.scalars(select(Customer).where(Customer.merged_into_id.is_not(None))):
        merged.deleted_at = NOW


@pytest.mark.parametrize(
    ("entity", "make"),
    [
        ("note", make_note),
        ("reminder", make_reminder),
        ("external_link", make_link),
        ("customer", make_merged),
        ("doc_mirror", make_document),
    ],
)
def test_what_refers_to_a_customer_holds_it_until_it_is_gone(
    session: Session, entity: str, make: Callable[[Session, Customer], UUID]
) -> None:
    customer = make_customer(session)
    holder = make(session, customer)

    with pytest.raises(ConflictError) as refused:
        services.delete(session, customer, now=NOW)

    assert (refused.value.code, refused.value.details) == (
        "in_use",
        {
            "count": 1,
            "kinds": {entity: 1},
            "others": False,
            "blockers": [{"entity": entity, "id": str(holder)}],
        },
    )
    assert refused.value.params == {"what": f"{entity} (1)"}
    assert customer.deleted_at is None
    release(session)
    services.delete(session, customer, now=NOW)
    assert customer.deleted_at == NOW


def test_a_refusal_counts_what_it_does_not_name_and_names_something_of_each_kind(
    session: Session,
) -> None:
    customer = make_customer(session)
    for _ in range(held.NAMED):
        make_note(session, customer)
    make_reminder(session, customer)

    with pytest.raises(ConflictError) as refused:
        services.delete(session, customer, now=NOW)

    assert refused.value.details["count"] == 101
    blockers = refused.value.details["blockers"]
    assert isinstance(blockers, list)
    assert len(blockers) == 100
    assert {blocker["entity"] for blocker in blockers} == {"note", "reminder"}
    assert refused.value.params == {"what": "note (100), reminder (1)"}


def test_contacts_go_with_their_customer_and_are_told_of(session: Session) -> None:
    customer = make_customer(session)
    contact = contacts.create(session, customer, {"last_name": "Prøve"})
    session.commit()

    services.delete(session, customer, now=NOW)
    session.commit()

    assert session.get_one(Contact, contact.id).deleted_at == NOW
    told = session.scalars(select(Event.type).where(Event.type.endswith(".deleted"))).all()
    assert sorted(told) == ["contact.deleted", "customer.deleted"]


def make_contact(session: Session, customer: Customer) -> None:
    contacts.create(session, customer, {"last_name": "Prøve"})


def make_shop_identity(session: Session, customer: Customer) -> None:
    shop = Connection(name="Butik", connector="woocommerce", kind="shop")
    session.add(shop)
    session.flush()
    session.add(ShopIdentity(connection_id=shop.id, shop_customer_id="5", customer_id=customer.id))


@pytest.mark.parametrize(
    ("entity", "attach"), [("contact", make_contact), ("shop_identity", make_shop_identity)]
)
def test_what_a_process_made_is_not_taken_back_with_what_was_attached_to_it_since(
    session: Session, entity: str, attach: Callable[[Session, Customer], None]
) -> None:
    customer = make_customer(session)
    attach(session, customer)

    with pytest.raises(ConflictError) as refused:
        services.take_back(session, customer, now=NOW)

    assert (refused.value.code, refused.value.params) == ("in_use", {"what": f"{entity} (1)"})
    assert customer.deleted_at is None


def test_a_note_that_is_being_written_holds_a_customer_already(database: Engine) -> None:
    with transaction() as session:
        customer_id = make_customer(session).id
    outcome: list[str] = []

    def take_back() -> None:
        try:
            with transaction() as session:
                services.take_back(
                    session, session.get_one(Customer, customer_id), now=datetime.now(UTC)
                )
                outcome.append("gone")
        except (ConflictError, NotFoundError) as error:
            outcome.append(error.code)

    with transaction() as session:
        session.add(
            Note(subject_type="customer", subject_id=customer_id, customer_id=customer_id,
                 type="note", body="Ringede", at=NOW, search_text="")
        )  # fmt: skip
        session.flush()
        other = Thread(target=take_back)
        other.start()
        wait_until(lambda: outcome or session.scalar(SOMEBODY_WAITS))
        assert outcome == []
    other.join(PATIENCE_S)

    assert outcome == ["in_use"]


def test_every_column_that_refers_to_customers_was_decided_over() -> None:
    tables = complete_metadata().tables

    there = {
        f"{key.parent.table.name}.{key.parent.name}"
        for table in tables.values()
        for key in table.foreign_keys
        if key.column.table.name == Customer.__tablename__
    }

    assert there == references.known_references()


def test_every_column_that_refers_to_contacts_was_decided_over() -> None:
    there = {
        f"{key.parent.table.name}.{key.parent.name}"
        for table in complete_metadata().tables.values()
        for key in table.foreign_keys
        if key.column.table.name == Contact.__tablename__
    }

    assert there == set(references.CONTACT_REFERENCES)


def test_a_contact_is_held_by_whom_it_is_worked_with_and_by_documents_that_go_to_it(
    session: Session,
) -> None:
    customer = make_customer(session)
    contact = contacts.create(session, customer, {"last_name": "Prøve", "email": "p@example.com"})
    lead = leads.create(
        session, {"customer_id": customer.id, "contact_id": contact.id}, now=NOW
    )  # fmt: skip
    calls = [
        activities.create(
            session, [customer], {"kind": "call", "title": "Ring", **people},
            zone="Europe/Copenhagen", now=NOW,
        )
        for people in (
            {"contact_ids": [contact.id]}, {"attendees": [{"contact_id": str(contact.id)}]}, {},
        )
    ]  # fmt: skip
    customer.mail_routes = [f"invoice:contact:{contact.id}"]
    session.flush()

    with pytest.raises(ConflictError) as refused:
        contacts.delete(session, customer, contact, now=NOW)

    assert refused.value.params == {"what": "activity (2), customer (1), lead (1)"}
    assert refused.value.details["blockers"] == [
        {"entity": entity, "id": str(identifier)}
        for entity, identifier in (
            ("activity", calls[0].id), ("customer", customer.id), ("lead", lead.id),
            ("activity", calls[1].id),
        )
    ]  # fmt: skip
    lead.contact_id, customer.mail_routes = None, []
    for call in calls:
        activities.delete(session, call, now=NOW)
    contacts.delete(session, customer, contact, now=NOW)
    assert contact.deleted_at == NOW


def test_an_address_is_held_by_documents_that_go_to_it(session: Session) -> None:
    customer = make_customer(session)
    address = addresses.create(
        session, customer, {"kind": "billing", "email": "faktura@example.com"}
    )  # fmt: skip
    customer.mail_routes = [f"invoice:address:{address.id}"]
    session.flush()

    with pytest.raises(ConflictError) as refused:
        addresses.delete(session, customer, address, now=NOW)

    assert refused.value.params == {"what": "customer (1)"}
    customer.mail_routes = ["invoice:billing"]
    session.flush()
    addresses.delete(session, customer, address, now=NOW)
    assert address.deleted_at == NOW
