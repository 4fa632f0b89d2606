"""What may be done with customers."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError

from hub.clock import utcnow
from hub.connections.models import Connection
from hub.customers import bulk, facts, services
from hub.customers.models import Customer
from hub.customers.refusing import DuplicateLeave
from hub.db import transaction
from hub.errors import ConflictError, NotFoundError, StaleVersionError, ValidationError
from hub.history.models import Event
from hub.origin import CauseKind

NORDLYS = {"name": "Nordlys Testværk ApS", "cvr": "99000007", "city": "Aarhus C"}


def create(**fields: Any) -> UUID:
    leave = fields.pop("leave", None)
    with transaction() as session:
        made = services.create(session, fields, now=utcnow(), allow_duplicate=leave)
    return made.id


def get(identifier: UUID) -> Customer:
    with transaction() as session:
        return services.get(session, identifier)


def refused(**fields: Any) -> ConflictError:
    with pytest.raises(ConflictError) as error:
        create(**fields)
    return error.value


def test_a_name_is_enough_and_the_rest_has_defaults(database: Engine) -> None:
    made = get(create(name="Bare Et Navn"))

    assert (made.currency, made.country, made.roles) == ("DKK", "DK", ["prospect"])
    assert (made.kind, made.lifecycle, made.channel) == ("organisation", "active", "manual")
    assert not made.name_provisional


def test_no_statement_gives_a_customer_another_currency(database: Engine) -> None:
    customer_id = create(name="Nordlys", currency="EUR")
    changed = update(Customer).where(Customer.id == customer_id)

    with (
        pytest.raises(IntegrityError, match="settled with its first save"),
        transaction() as session,
    ):
        session.execute(changed.values(currency="DKK"))
    with transaction() as session:
        session.execute(changed.values(currency="EUR", city="Ry"))

    assert (get(customer_id).currency, get(customer_id).city) == ("EUR", "Ry")


def connect_books(settings: dict[str, Any], base_currency: str, *, owns_numbers: bool) -> None:
    with transaction() as session:
        session.add(
            Connection(
                name="books",
                connector="economic",
                kind="accounting",
                settings=settings,
                account={"base_currency": base_currency},
                numbering_owner=owns_numbers,
            )
        )


@pytest.mark.parametrize(
    ("settings", "given", "currency"),
    [
        ({"default_currency": "EUR"}, {}, "EUR"),
        ({"default_currency": " eur "}, {}, "EUR"),
        ({"default_currency": "EUR"}, {"currency": "NOK"}, "NOK"),
        ({"default_currency": "EUR"}, {"currency": None}, "EUR"),
        ({"default_currency": ""}, {}, "SEK"),
        ({"default_currency": "none"}, {}, "SEK"),
        ({}, {}, "SEK"),
    ],
)
def test_the_currency_is_the_given_one_or_that_of_the_connection_that_owns_the_numbers(
    database: Engine, settings: dict[str, Any], given: dict[str, Any], currency: str
) -> None:
    connect_books(settings, "SEK", owns_numbers=True)

    assert get(create(name="Bare Et Navn", **given)).currency == currency


def test_customers_made_in_sets_get_that_currency_too(database: Engine) -> None:
    connect_books({"default_currency": "EUR"}, "SEK", owns_numbers=True)

    with transaction() as session:
        made = bulk.create_many(
            session,
            [{"name": "Et ApS"}, {"name": "To ApS", "currency": "NOK"}],
            prepared=[None, None],
            channel="import",
            origin=CauseKind.IMPORT,
            source="file",
            now=utcnow(),
        )

    assert [get(identifier).currency for identifier in made] == ["EUR", "NOK"]


def test_a_connection_that_does_not_own_the_numbers_has_no_say_in_the_currency(
    database: Engine,
) -> None:
    connect_books({"default_currency": "EUR"}, "SEK", owns_numbers=False)

    assert get(create(name="Bare Et Navn")).currency == "DKK"


def test_a_number_without_a_name_is_called_by_it(database: Engine) -> None:
    made = get(create(cvr="99000007"))

    assert (made.name, made.name_provisional) == ("CVR 99000007", True)


def test_neither_name_nor_number_is_refused(database: Engine) -> None:
    with pytest.raises(ValidationError) as error:
        create(city="Ribe")

    assert [(e.pointer, e.code) for e in error.value.errors] == [("/name", "required")]


def test_the_same_company_is_refused_with_who_it_is_and_why(database: Engine) -> None:
    first = create(**NORDLYS)

    error = refused(**NORDLYS)

    assert error.code == "duplicate"
    assert error.details["existing_id"] == str(first)
    candidates: Any = error.details["candidates"]
    [candidate] = candidates
    assert candidate["score"] >= 0.9
    assert {evidence["field"] for evidence in candidate["evidence"]} >= {"cvr"}


def test_an_only_number_tells_who_it_is_whichever_it_is(database: Engine) -> None:
    first = create(name="Nordlys Testværk ApS", city="Aarhus C", mobile="20 00 00 01")

    error = refused(name="Nordlys Testværk", city="Aarhus C", phone="+45 20000001")

    assert error.details["existing_id"] == str(first)
    with transaction() as session:
        known = services.get(session, first)
        services.update(session, known, {"mobile": "20 00 00 02"}, now=utcnow())
    assert get(first).mobile == "+4520000002"
    create(name="Nordlys Testhus", city="Aarhus C", phone="+45 20000001")


def test_leave_needs_a_reason_and_is_kept_in_the_history(database: Engine) -> None:
    first = create(**NORDLYS)
    with pytest.raises(ValidationError) as error:
        create(**NORDLYS, ean="5790000000005", leave=DuplicateLeave(" "))
    assert [e.pointer for e in error.value.errors] == ["/reason"]

    second = create(**NORDLYS, ean="5790000000005", leave=DuplicateLeave("Another unit"))

    with transaction() as session:
        told = session.scalars(
            select(Event).where(Event.type == "customer.duplicate_allowed")
        ).one()
    assert told.subject_id == second
    assert told.data == {"other_id": str(first), "reason": "Another unit"}


def test_two_customers_never_share_an_ean(database: Engine) -> None:
    first = create(**NORDLYS, ean="5790000000005")

    error = refused(**NORDLYS, ean="5790000000005", leave=DuplicateLeave("Because"))

    assert (error.code, error.details["pointer"]) == ("taken", "/ean")
    assert error.details["existing_id"] == str(first)


@pytest.mark.parametrize("field", ["external_ref", "ref_no"])
def test_a_reference_is_taken_once(database: Engine, field: str) -> None:
    first = create(name="Den Første", **{field: "A-1"})

    error = refused(name="Noget Ganske Andet", **{field: "A-1"})

    assert (error.code, error.details["existing_id"]) == ("taken", str(first))


def test_the_currency_is_locked_after_the_first_save(database: Engine) -> None:
    identifier = create(name="Euro GmbH", currency="EUR")
    with transaction() as session:
        services.update(
            session, services.get(session, identifier), {"currency": "EUR"}, now=utcnow()
        )

    with pytest.raises(ConflictError) as error, transaction() as session:
        services.update(
            session, services.get(session, identifier), {"currency": "DKK"}, now=utcnow()
        )

    assert error.value.code == "currency_locked"
    assert get(identifier).currency == "EUR"


def test_a_deleted_customer_is_not_found_and_may_be_made_again(database: Engine) -> None:
    identifier = create(**NORDLYS)
    with transaction() as session:
        services.delete(session, services.get(session, identifier, lock=True), now=utcnow())

    with pytest.raises(NotFoundError):
        get(identifier)
    assert create(**NORDLYS) != identifier


def test_a_stale_version_changes_nothing(database: Engine) -> None:
    identifier = create(name="Version ApS")

    with pytest.raises(StaleVersionError), transaction() as session:
        services.get_for_change(session, identifier, 7)
    with pytest.raises(NotFoundError), transaction() as session:
        services.get_for_change(session, uuid4(), 1)


def observe(identifier: UUID, origin: CauseKind, **values: Any) -> list[str]:
    with transaction() as session:
        customer = services.get(session, identifier, lock=True)
        return facts.observe(session, customer, origin, "test", values, at=utcnow())


def test_a_registry_fills_what_is_empty_and_never_what_was_typed(database: Engine) -> None:
    identifier = create(name="Nordlys", phone="70000001", cvr="99000007")

    taken = observe(identifier, CauseKind.REGISTRY, phone="+4570000099", city="Aarhus C")

    assert taken == ["city"]
    made = get(identifier)
    assert (made.phone, made.city) == ("+4570000001", "Aarhus C")
    with transaction() as session:
        known = facts.provenance(session, made)
    assert (known["city"].origin, known["city"].source) == ("registry", "test")
    assert "phone" not in known


def test_an_origin_renews_what_it_filled_and_not_what_another_did(database: Engine) -> None:
    identifier = create(name="Nordlys", cvr="99000007")
    observe(identifier, CauseKind.REGISTRY, city="Aarhus C")

    assert observe(identifier, CauseKind.SHOP, city="Odense") == []
    assert observe(identifier, CauseKind.REGISTRY, city="Aarhus N") == ["city"]
    assert get(identifier).city == "Aarhus N"

    with transaction() as session:
        customer = services.get(session, identifier, lock=True)
        services.update(session, customer, {"city": "Ribe"}, now=utcnow())
    assert observe(identifier, CauseKind.REGISTRY, city="Aarhus C") == []
    assert get(identifier).city == "Ribe"


def test_a_provisional_name_gives_way(database: Engine) -> None:
    identifier = create(cvr="99000007")

    assert observe(identifier, CauseKind.REGISTRY, name="Nordlys Testværk ApS") == ["name"]


def test_a_number_from_elsewhere_is_taken_once_and_by_one_alone(database: Engine) -> None:
    first, second = create(name="Den Første"), create(name="Noget Ganske Andet")

    with transaction() as session:
        taken = [
            services.take_number(session, services.get(session, identifier), number)
            for identifier, number in ((first, "70042"), (first, "70043"), (second, "70042"))
        ]

    assert taken == [True, False, False]
    assert (get(first).ref_no, get(second).ref_no) == ("70042", None)
