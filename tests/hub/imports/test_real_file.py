"""A real file: many of its rows are the same organisation, spelt another way."""

from collections import Counter
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from tests.hub.imports.uploads import apply, customers, import_job, reasons, rows, upload

ROWS = 3337


def test_the_same_file_again_changes_nothing(database: Engine, organisations: bytes) -> None:
    options: dict[str, Any] = {"country": "US", "currency": "USD", "mapping": {"id": None}}
    first = upload(organisations, **options)
    planned = Counter(item.action for item in rows(first))
    before_application = customers()

    applied = apply(first)
    made = states()
    again = upload(organisations, **options)
    applied_again = apply(again)

    assert before_application == []
    assert sum(planned.values()) == applied.counters["items"] == ROWS
    assert len(made) == planned["create"] == applied.counters["done"]
    assert 1000 < len(made) < 2000  # every second row is an organisation that another row has
    assert planned["refuse"] == 0
    left_out = [item for item in rows(first) if "left_out" in reasons(item)]
    assert len(left_out) == 2  # what stands where their phones should is no number anywhere
    assert applied_again.counters == {"items": ROWS, "skip": ROWS, "skipped": ROWS}
    assert states() == made


def test_as_somebody_new_sends_it_every_row_comes_in_and_unknown_columns_are_listed(
    database: Engine, organisations: bytes
) -> None:
    sent = upload(organisations)

    job, items = import_job(sent), rows(sent)
    left_out = [item for item in items if "left_out" in reasons(item)]
    assert {item.action for item in items} == {"create"}  # each row has a reference of its own
    assert len(left_out) == 3191  # the installation is Danish, the phone numbers are not
    assert job.columns == [
        {"header": "id", "field": "external_ref"},
        {"header": "source", "field": None},
        {"header": "name", "field": "name"},
        {"header": "address", "field": "address"},
        {"header": "zip", "field": "postcode"},
        {"header": "phone", "field": "phone"},
    ]
    assert job.row_count == ROWS


def states() -> dict[UUID, tuple[Any, ...]]:
    return {
        c.id: (c.version, c.name, c.phone, c.address, c.postcode, c.external_ref, c.updated_at)
        for c in customers()
    }
