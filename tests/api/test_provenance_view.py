"""Where the values of a customer come from, by name: which shop it was, which accounting system."""

from typing import Any
from uuid import UUID

from hub.clock import utcnow
from hub.connections.models import Connection
from hub.customers import facts
from hub.customers import services as customers
from hub.db import new_id, transaction
from hub.origin import CauseKind
from tests.api.asking import get
from tests.api.client import ApiClient
from tests.api.conftest import Caller


def connect(name: str, kind: str) -> UUID:
    with transaction() as session:
        made = Connection(id=new_id(), name=name, connector="any", kind=kind)
        session.add(made)
        return made.id


def make_customer(**said: tuple[CauseKind, str, str]) -> UUID:
    """Make a customer whose fields were set by origins and their sources."""
    with transaction() as session:
        values = {field: value for field, (_, _, value) in said.items()}
        made = customers.create(session, {"name": "Nordlys", **values}, now=utcnow())
        for field, (origin, source, value) in said.items():
            facts.keep_written(session, made, origin, source, {field: value}, at=utcnow())
        return made.id


def named(found: dict[str, Any]) -> dict[str, tuple[str, str | None, str | None]]:
    return {
        field: (each["origin"], each["source"], each["source_name"])
        for field, each in found.items()
    }


def test_each_value_names_the_connection_that_set_it(
    client: ApiClient, administrator: Caller
) -> None:
    first, second = connect("Webshop", "shop"), connect("Outlet", "shop")
    books = connect("e-conomic", "accounting")
    made = make_customer(
        city=(CauseKind.SHOP, str(first), "Ribe"),
        postcode=(CauseKind.SHOP, str(second), "6760"),
        address=(CauseKind.ACCOUNTING, str(books), "Kaj 1"),
        legal_name=(CauseKind.REGISTRY, "cvrapi", "Nordlys ApS"),
        industry=(CauseKind.ACCOUNTING, "economic", "Sejl"),  # as earlier versions kept it
    )
    expected = {
        "city": ("shop", str(first), "Webshop"),
        "postcode": ("shop", str(second), "Outlet"),
        "address": ("accounting", str(books), "e-conomic"),
        "legal_name": ("registry", "cvrapi", None),
        "industry": ("accounting", "economic", None),
    }

    read = get(client, administrator, f"/customers/{made}")
    past = get(client, administrator, f"/customers/{made}/as-of")

    assert named(read["provenance"]) == expected
    origins = {each["field"]: each["source"] for each in past["origins"] if each["source"]}
    assert named(origins) == expected
