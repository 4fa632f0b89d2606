"""Whose a value is: whoever set it, and nobody who merely agrees with it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine

from hub.clock import utcnow
from hub.custom_fields import services as custom_fields
from hub.custom_fields.models import FieldType
from hub.customers import facts, services
from hub.customers.models import Customer
from hub.db import transaction
from hub.origin import CauseKind

pytestmark = pytest.mark.usefixtures("database")

REGISTRY, SHOP, ACCOUNTING = CauseKind.REGISTRY, CauseKind.SHOP, CauseKind.ACCOUNTING
AARHUS, ODENSE = "Aarhus C", "Odense"


def create(**fields: Any) -> UUID:
    with transaction() as session:
        return services.create(session, {"name": "Nordlys", **fields}, now=utcnow()).id


def edit(customer_id: UUID, *, given_back: bool = False, **fields: Any) -> None:
    with transaction() as session:
        customer = services.get(session, customer_id, lock=True)
        services.update(session, customer, fields, now=utcnow(), given_back=given_back)


def observe(
    customer_id: UUID, origin: CauseKind, *, source: str = "test", days_ago: int = 0, **said: Any
) -> list[str]:
    with transaction() as session:
        customer = services.get(session, customer_id, lock=True)
        at = utcnow() - timedelta(days=days_ago)
        return facts.observe(session, customer, origin, source, said, at=at)


def write(customer_id: UUID, origin: CauseKind, **values: Any) -> None:
    """Write with an origin's own authority, as a synchronisation does."""
    edit(customer_id, **values)
    with transaction() as session:
        customer = services.get(session, customer_id, lock=True)
        facts.keep_written(session, customer, origin, "test", values, at=utcnow())


def read(customer_id: UUID) -> Customer:
    with transaction() as session:
        return services.get(session, customer_id)


def owners(customer_id: UUID) -> Mapping[str, str]:
    with transaction() as session:
        known = facts.provenance(session, services.get(session, customer_id))
    return {field: found.origin for field, found in known.items()}


@pytest.mark.parametrize("origin", [REGISTRY, SHOP])
def test_who_repeats_what_was_typed_does_not_own_it(origin: CauseKind) -> None:
    typed = create(city=AARHUS, email="a@nordlys.example", phone="70000001")

    agreed = observe(typed, origin, city=AARHUS, email="a@nordlys.example", phone="+4570000001")
    changed = observe(typed, origin, city=ODENSE, email="b@nordlys.example", phone="+4570000002")

    kept = read(typed)
    assert (agreed, changed, owners(typed)) == ([], [], {})
    assert (kept.city, kept.email, kept.phone) == (AARHUS, "a@nordlys.example", "+4570000001")


def test_who_repeats_what_another_set_does_not_own_it_and_the_other_renews_it() -> None:
    customer_id = create()
    observe(customer_id, REGISTRY, days_ago=2, city=AARHUS)

    assert observe(customer_id, SHOP, days_ago=1, city=AARHUS) == []
    assert observe(customer_id, SHOP, city=ODENSE) == []
    assert owners(customer_id) == {"city": "registry"}
    assert observe(customer_id, REGISTRY, city="Ribe") == ["city"]

    assert (read(customer_id).city, owners(customer_id)) == ("Ribe", {"city": "registry"})


def test_who_repeats_what_it_set_itself_says_so_anew() -> None:
    customer_id = create()
    observe(customer_id, REGISTRY, days_ago=2, city=AARHUS)

    assert observe(customer_id, REGISTRY, city=AARHUS) == ["city"]

    with transaction() as session:
        known = facts.provenance(session, services.get(session, customer_id))
    at = known["city"].at
    assert at is not None
    assert utcnow() - at < timedelta(hours=1)


def test_what_one_shop_filled_another_leaves_alone_and_fills_what_is_empty() -> None:
    customer_id = create()
    observe(customer_id, SHOP, source="a", days_ago=2, city=AARHUS)

    assert observe(customer_id, SHOP, source="b", days_ago=1, city=ODENSE, postcode="5000") == [
        "postcode"
    ]
    assert observe(customer_id, SHOP, source="b", days_ago=1, city=AARHUS) == []

    assert observe(customer_id, SHOP, source="a", city="Ribe", postcode="6760") == ["city"]
    found = read(customer_id)
    assert (found.city, found.postcode) == ("Ribe", "5000")
    with transaction() as session:
        known = facts.provenance(session, services.get(session, customer_id))
    assert {name: each.source for name, each in known.items()} == {"city": "a", "postcode": "b"}


def test_what_one_shop_filled_and_somebody_emptied_is_that_ones_who_fills_it_again() -> None:
    customer_id = create()
    observe(customer_id, SHOP, source="a", days_ago=2, city=AARHUS)
    edit(customer_id, city=None)

    assert observe(customer_id, SHOP, source="b", days_ago=1, city=AARHUS) == ["city"]

    assert observe(customer_id, SHOP, source="a", city=ODENSE) == []
    assert observe(customer_id, SHOP, source="b", city="Ribe") == ["city"]


def test_what_one_registry_filled_another_renews_for_it_is_the_same_register() -> None:
    customer_id = create()
    observe(customer_id, REGISTRY, source="cvrapi", days_ago=2, city=AARHUS)

    assert observe(customer_id, REGISTRY, source="virk", city=ODENSE) == ["city"]

    assert read(customer_id).city == ODENSE


def test_what_somebody_types_is_his_though_an_origin_said_it_in_vain_before() -> None:
    customer_id = create(city=AARHUS)
    observe(customer_id, REGISTRY, city=ODENSE)

    edit(customer_id, city=ODENSE)

    assert owners(customer_id) == {}
    assert observe(customer_id, REGISTRY, city="Ribe") == []


def test_what_somebody_types_back_is_his() -> None:
    customer_id = create()
    observe(customer_id, REGISTRY, city=AARHUS, postcode="8000")

    edit(customer_id, city=ODENSE)
    assert owners(customer_id) == {"postcode": "registry"}
    edit(customer_id, city=AARHUS)

    assert owners(customer_id) == {"postcode": "registry"}
    assert observe(customer_id, REGISTRY, city="Ribe", postcode="8100") == ["postcode"]
    assert read(customer_id).city == AARHUS


def test_who_sends_what_stands_there_already_types_nothing() -> None:
    customer_id = create()
    observe(customer_id, REGISTRY, city=AARHUS)

    edit(customer_id, city=AARHUS, postcode="8000")

    assert owners(customer_id) == {"city": "registry"}


def test_what_was_emptied_is_filled_by_the_next_and_is_his_whatever_the_clocks_say() -> None:
    customer_id = create()
    observe(customer_id, REGISTRY, city=AARHUS)
    edit(customer_id, city=None)

    assert observe(customer_id, SHOP, days_ago=3, city=AARHUS) == ["city"]

    assert owners(customer_id) == {"city": "shop"}
    assert observe(customer_id, REGISTRY, city=ODENSE) == []


def test_what_is_taken_back_is_whose_it_was() -> None:
    customer_id = create(postcode="8000")
    observe(customer_id, REGISTRY, city=AARHUS, postcode="8000")
    write(customer_id, ACCOUNTING, city=ODENSE, postcode="5000")
    assert owners(customer_id) == {"city": "accounting", "postcode": "accounting"}

    edit(customer_id, given_back=True, city=AARHUS, postcode="8000")

    assert owners(customer_id) == {"city": "registry"}
    assert observe(customer_id, REGISTRY, city="Ribe", postcode="6760") == ["city"]


def test_a_custom_value_is_whose_it_is_by_itself(database: Engine) -> None:
    with transaction() as session:
        for key in ("berths", "harbour"):
            custom_fields.create(
                session,
                {"entity_name": "customer", "key": key, "type": FieldType.TEXT, "label": key},
            )
    customer_id = create(custom={"berths": "4", "harbour": "Ebeltoft"})
    with transaction() as session:
        customer = services.get(session, customer_id, lock=True)
        said = {"custom.berths": "4", "custom.harbour": "Ebeltoft"}
        facts.keep_written(session, customer, CauseKind.IMPORT, "plan", said, at=utcnow())

    edit(customer_id, custom={"berths": "5"})
    edit(customer_id, custom={"berths": "4"})

    assert owners(customer_id) == {"custom.harbour": "import"}
