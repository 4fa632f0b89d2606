from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hub import custom_fields, external_refs
from hub.clock import utcnow
from hub.custom_fields import FieldType
from hub.customers import contacts, facts
from hub.customers import services as customer_services
from hub.customers.models import Customer
from hub.db import transaction
from hub.history import sealing
from hub.imports.models import ImportState
from hub.origin import CauseKind
from tests.databases import Cleaner
from tests.hub.imports.uploads import (
    apply,
    customers,
    import_file,
    import_job,
    lines,
    outcomes,
    reasons,
    rows,
    undo,
    upload,
)

pytestmark = pytest.mark.usefixtures("database")


def make_customer(**fields: Any) -> Customer:
    with transaction() as session:
        return customer_services.create(session, fields, now=utcnow(), check_duplicates=False)


def test_customers_that_an_import_made_are_taken_away_and_their_references_are_free() -> None:
    file = lines("id;Navn", "1;Nordlys", "2;Bølgebryder")
    job = import_file(file)

    undone = undo(job.id)
    left = customers()
    again = import_file(file)

    assert (undone.state, outcomes(rows(job.id))) == (ImportState.UNDONE, ["undone", "undone"])
    assert left == []
    assert again.counters == {"items": 2, "create": 2, "done": 2}
    assert [c.external_ref for c in customers()] == ["1", "2"]


def test_values_that_an_import_changed_are_what_they_were() -> None:
    made = make_customer(name="Nordlys", city="Aarhus", external_ref="1", credit_limit="500.25")
    job = import_file(
        lines("id;Navn;By;Kreditmaksimum;Tlf", "1;Andet;Odense;1.000,00;70000001"), overwrite=True
    )
    between = customers()[0]

    undo(job.id)

    [customer] = customers()
    assert (between.name, between.city, str(between.credit_limit)) == (
        "Andet", "Odense", "1000.0000",
    )  # fmt: skip
    assert (customer.id, customer.name, customer.city, customer.phone) == (
        made.id, "Nordlys", "Aarhus", None,
    )  # fmt: skip
    assert str(customer.credit_limit) == "500.2500"


def test_what_was_changed_since_is_kept_and_listed() -> None:
    job = import_file(lines("id;Navn", "1;Nordlys", "2;Bølgebryder"))
    nordlys, _ = customers()
    with transaction() as session:
        customer_services.update(
            session, session.get_one(Customer, nordlys.id), {"city": "Aarhus"}, now=utcnow()
        )

    undo(job.id)

    assert [(i.outcome, reasons(i)) for i in rows(job.id)] == [
        ("kept", ["stale_version"]),
        ("undone", []),
    ]
    assert [c.name for c in customers()] == ["Nordlys"]


def test_a_customer_that_has_a_contact_by_now_is_kept() -> None:
    job = import_file(lines("Navn", "Nordlys"))
    [customer] = customers()
    with transaction() as session:
        contacts.create(session, session.get_one(Customer, customer.id), {"last_name": "Prøve"})

    undo(job.id)

    [item] = rows(job.id)
    assert (item.outcome, reasons(item)) == ("kept", ["in_use"])
    assert [c.id for c in customers()] == [customer.id]


def test_what_an_import_filled_before_another_is_known_as_its_own_again() -> None:
    import_file(lines("id;Navn;By", "1;Nordlys;Aarhus"))
    second = import_file(lines("id;Navn;By", "1;Nordlys;Odense"))
    undo(second.id)

    third = import_file(lines("id;Navn;By", "1;Nordlys;Viborg"))

    assert [i.action for i in rows(third.id)] == ["update"]
    assert customers()[0].city == "Viborg"


FIELDS = {
    "name": ("Navn", st.sampled_from(["Nordlys", "Bølgebryder ApS", "Kajgade 3"])),
    "city": ("By", st.sampled_from([None, "Aarhus", "Ærøskøbing"])),
    "phone": ("Tlf", st.sampled_from([None, "+4570000001", "+4570000002"])),
    "note": ("Note", st.sampled_from([None, "Linje", "Ring først"])),
    "roles": ("Roller", st.sampled_from([["prospect"], ["customer"], ["customer", "supplier"]])),
    "credit_limit": ("Kreditmax", st.sampled_from([None, "10.5000", "99.0000"])),
}
RECORD = st.fixed_dictionaries({name: values for name, (_, values) in FIELDS.items()})


@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.lists(RECORD, min_size=1, max_size=4),
    file=st.lists(RECORD, min_size=1, max_size=6),
    overwrite=st.booleans(),
    touched=st.sets(st.integers(0, 3)),
)
def test_undoing_restores_every_untouched_customer_byte_by_byte(
    cleaner: Cleaner,
    before: list[dict[str, Any]],
    file: list[dict[str, Any]],
    overwrite: bool,
    touched: set[int],
) -> None:
    cleaner.clean()
    for number, fields in enumerate(before):
        make_customer(**fields, external_ref=str(number))
    import_file(_as_file([before[0]]))  # so that some values are an import's own
    former = _states()

    job = upload(_as_file(file), overwrite=overwrite)
    apply(job)
    touched_ids = {_touch(str(number)) for number in touched if number < len(before)}
    touched_states = _states()
    undo(job)

    after = _states()
    taken_back = rows(job)
    kept = {item.record_id for item in taken_back if item.outcome == "kept"}
    changed = {i.record_id for i in taken_back if i.outcome in {"undone", "kept"}}
    assert set(after) == set(former)
    assert kept == changed & touched_ids
    for reference in former:
        expected = touched_states if int(reference) in touched else former
        assert after[reference] == expected[reference]
    assert import_job(job).state is ImportState.UNDONE
    with transaction() as session:
        while sealing.seal(session):
            pass
        assert sealing.verify(session) is None


def test_what_an_import_wrote_over_is_the_registrys_again_when_it_is_taken_back() -> None:
    made = make_customer(name="Nordlys", external_ref="1")
    registry_says(made.id, "Aarhus")
    job = import_file(lines("id;Navn;By", "1;Nordlys;Odense"), overwrite=True)
    registry_says(made.id, "Ribe")
    assert customers()[0].city == "Odense"

    undo(job.id)
    between = customers()[0].city
    registry_says(made.id, "Ribe")

    assert (between, customers()[0].city) == ("Aarhus", "Ribe")


def registry_says(customer_id: UUID, city: str) -> None:
    with transaction() as session:
        customer = customer_services.get(session, customer_id, lock=True)
        said = {"city": city}
        facts.observe(session, customer, CauseKind.REGISTRY, "virk", said, at=utcnow())


def _as_file(records: list[dict[str, Any]]) -> str:
    header = ";".join(["id", *(header for header, _ in FIELDS.values())])
    body = []
    for number, record in enumerate(records):
        cells = [
            ",".join(value) if isinstance(value, list) else str(value or "").replace(".", ",")
            for value in record.values()
        ]
        body.append(";".join([str(number), *cells]))
    return lines(header, *body)


def _touch(reference: str) -> UUID:
    with transaction() as session:
        customer = external_refs.find(session, Customer, reference)
        assert customer is not None
        customer_services.update(
            session, customer, {"industry": f"Handel {utcnow()}"}, now=utcnow()
        )
        return customer.id


def _states() -> dict[str, tuple[Any, ...]]:
    """Return all columns and facts of the living customers but for what every change moves."""
    moving = {"version", "updated_at", "updated_by"}
    with transaction() as session:
        found = {
            row["external_ref"]: (
                tuple((name, _bytes(v)) for name, v in row.items() if name not in moving),
                tuple(
                    session.execute(
                        text(
                            "select field, value, origin, origin_ref, observed_at from field_fact"
                            " where customer_id = :id order by field, origin"
                        ),
                        {"id": row["id"]},
                    ).all()
                ),
            )
            for row in session.execute(
                text("select * from customer where deleted_at is null")
            ).mappings()
        }
    return {str(reference): state for reference, state in found.items()}


def _bytes(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def test_custom_values_come_with_a_file_and_go_with_its_undo() -> None:
    with transaction() as session:
        for key, kind in (("berths", FieldType.NUMBER), ("built", FieldType.DATE)):
            custom_fields.services.create(
                session,
                {"entity_name": "customer", "key": key, "type": kind, "label": key.title()},
            )
    import_file(lines("id;Navn;Berths", "1;Alken;4"))
    job = import_file(lines("id;Navn;Berths;Built", "1;Alken;5;31-12-2001"), overwrite=True)
    [changed] = customers()
    assert changed.custom == {"berths": 5, "built": "2001-12-31"}

    undo(job.id)
    [restored] = customers()
    assert restored.custom == {"berths": 4}
