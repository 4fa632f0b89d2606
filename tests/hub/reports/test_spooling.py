import io
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import true
from sqlalchemy.orm import Session

from hub.access.callers import principal_of
from hub.access.models import User
from hub.access.predicates import visible
from hub.access.roles import Verb
from hub.customers.models import Customer
from hub.db import transaction
from hub.listing import page
from hub.reports.datasets import DATASETS
from hub.reports.file_orders import FileOrder
from hub.reports.models import FileFormat
from hub.reports.spooling import Spool, spool
from tests.hub.reports.office import NOW, make_customer, make_user, reader_of


def order_of(user: User, stored: dict[str, Any], *, title: str = "Mine") -> FileOrder:
    with transaction() as session:
        principal = principal_of(session, user)
    return FileOrder(
        query=DATASETS["customers"].query(stored, reader_of(user)),
        visible=visible(principal, Verb.EXPORT, Customer),
        format=FileFormat.XLSX,
        title=title,
        made_at=NOW,
        principal=principal,
    )


def read(order: FileOrder, **options: Any) -> Spool:
    with transaction() as session:
        return spool(session, order, io.BytesIO(), **options)


def test_rows_come_back_typed_in_the_readers_words(session: Session) -> None:
    anna = make_user(session, "Anna", locale="da")
    at = datetime(2026, 11, 30, 9, 15, 0, 123456, tzinfo=UTC)
    make_customer(
        session, 'Ærø "Færge" A/S', anna, address="Havnen 1\n5970 Ærøskøbing",
        roles=["customer", "supplier"],
        credit_limit=Decimal("1234.5000"), created_at=at,
    )  # fmt: skip
    session.commit()
    fields = ["name", "owner", "kind", "roles", "credit_limit", "marketing_protected",
              "created_at", "last_note_at", "address", "id"]  # fmt: skip

    found = read(order_of(anna, {"fields": fields}))

    [row] = list(found.rows())
    [customer] = session.query(Customer).all()
    assert row == [
        customer.name, "Anna", "Virksomhed", "Kunde, Leverandør", Decimal("1234.5000"),
        False, at, None, "Havnen 1\n5970 Ærøskøbing", str(customer.id),
    ]  # fmt: skip
    assert [field.name for field in found.columns] == fields
    assert list(found.rows()) == [row]  # it can be read again


def test_words_of_catalogues_are_told_in_the_readers_language_and_names_as_they_are(
    session: Session,
) -> None:
    reader = make_user(session, "Website", locale="da")
    make_customer(session, "Website", reader, source="website")
    session.commit()

    found = read(order_of(reader, {"fields": ["name", "owner", "source"]}))

    assert list(found.rows()) == [["Website", "Website", "Hjemmeside"]]


def test_the_rows_are_those_of_the_readers_own_list_in_its_order(session: Session) -> None:
    anna, bo = make_user(session, "Anna"), make_user(session, "Bo")
    for name, owner in (("Åse", anna), ("Abel", anna), ("Berg", bo)):
        make_customer(session, name, owner)
    session.commit()
    order = order_of(anna, {"filter": {"owner": {"eq": "me"}}, "fields": ["name"]})

    found = read(order)

    listed = page(session, order.query, order.visible)
    assert list(found.rows()) == [["Abel"], ["Åse"]]
    assert (found.row_count, found.total, listed.total.count) == (2, 2, 2)


def test_beyond_the_most_rows_a_file_holds_only_the_first(session: Session) -> None:
    anna = make_user(session, "Anna")
    for name in ("A", "B", "C"):
        make_customer(session, name)
    session.commit()

    found = read(order_of(anna, {"fields": ["name"]}), most=2)

    assert list(found.rows()) == [["A"], ["B"]]
    assert (found.row_count, found.total) == (2, 3)


def test_a_count_that_does_not_hold_is_told_and_not_hidden(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = make_user(session, "Anna")
    make_customer(session, "A")
    session.commit()
    monkeypatch.setattr("hub.listing.streams.count_all", lambda *_: 5)  # only a fault could do it

    found = read(order_of(anna, {"fields": ["name"]}))

    assert (found.row_count, found.total) == (1, 5)


def test_the_snapshot_has_its_time_and_needs_no_transaction_of_the_caller(
    session: Session,
) -> None:
    anna = make_user(session, "Anna")
    session.commit()
    before = datetime.now(UTC)

    found = read(order_of(anna, {}))

    assert before <= found.as_of <= datetime.now(UTC)
    assert found.total == 0


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Customers", "Customers 2026-12-07.xlsx"),
        ("../../etc/passwd\r\nX: y", "etc passwd X y 2026-12-07.xlsx"),
        ('Kunder: "åbne" / <nye>?', "Kunder åbne nye 2026-12-07.xlsx"),
        ("   ", "Hub 2026-12-07.xlsx"),
        ("x" * 300, "x" * 100 + " 2026-12-07.xlsx"),
    ],
)
def test_a_title_becomes_a_name_that_every_file_system_takes(
    session: Session, title: str, name: str
) -> None:
    anna = make_user(session, "Anna")

    assert order_of(anna, {}, title=title).file_name == name


def test_nobody_but_an_unlimited_reader_gets_all(session: Session) -> None:
    anna = make_user(session, "Anna")
    make_customer(session, "A")
    session.commit()
    order = order_of(anna, {"fields": ["name"]})

    everything = FileOrder(order.query, true(), FileFormat.CSV, "All", NOW, order.principal)
    nothing = FileOrder(order.query, ~true(), FileFormat.CSV, "None", NOW, order.principal)

    assert [read(each).total for each in (everything, nothing)] == [1, 0]
