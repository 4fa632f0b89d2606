"""Customers that one has nothing to do with any more."""

from typing import Any

import pytest

from hub.connections.models import Connection, ConnectionState
from hub.db import transaction
from tests.api.asking import get, post
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from tests.people import make_customer
from tests.pools import make_pool, put_in


@pytest.fixture
def customer(client: ApiClient, representative: Caller) -> Any:
    return post(client, representative, "/customers", {"name": "Havn ApS"})


def test_an_archived_customer_is_found_and_buys_nothing_until_it_is_taken_up(
    client: ApiClient, representative: Caller, customer: Any
) -> None:
    at = f"/customers/{customer['id']}"

    away = post(client, representative, f"{at}/archiving", {"reason": "Lukket"}, 200)
    answer = get(client, representative, f"{at}/permissions?action=order")
    found = get(client, representative, "/customers?lifecycle=archived")
    back = post(client, representative, f"{at}/taking-up", {"reason": "Åbnet igen"}, 200)

    assert (customer["lifecycle"], away["lifecycle"], back["lifecycle"]) == (
        "active", "archived", "active",
    )  # fmt: skip
    assert answer["answer"] == "no"
    assert [rule["code"] for rule in answer["rules"]] == ["archived"]
    assert [each["id"] for each in found["items"]] == [customer["id"]]
    assert get(client, representative, f"{at}/permissions?action=order")["answer"] == "yes"
    told = get(client, representative, f"{at}/events?field=lifecycle")["items"]
    assert [(each["title"], each["reason"]) for each in told[:2]] == [
        ("Taken up again", "Åbnet igen"), ("Put out of the way", "Lukket"),
    ]  # fmt: skip


def test_what_is_so_already_is_refused_with_what_is_allowed(
    client: ApiClient, representative: Caller, customer: Any
) -> None:
    at = f"/customers/{customer['id']}"

    active = post(client, representative, f"{at}/taking-up", {}, 409)
    post(client, representative, f"{at}/archiving", {}, 200)
    archived = post(client, representative, f"{at}/archiving", {}, 409)

    assert (active["code"], active["details"]) == (
        "lifecycle", {"state": "active", "allowed": ["archived"]},
    )  # fmt: skip
    assert archived["details"] == {"state": "archived", "allowed": ["active"]}


def test_what_waits_in_a_pool_is_not_archived(client: ApiClient, administrator: Caller) -> None:
    with transaction() as session:
        customer = make_customer(session, name="Havn ApS")
        put_in(session, make_pool(session, [], name="Nord"), customer)
        customer_id = customer.id

    refused = post(client, administrator, f"/customers/{customer_id}/archiving", {}, 409)

    assert refused["code"] == "pool_state"


def test_one_that_is_taken_up_goes_to_the_books_which_it_was_kept_from(
    client: ApiClient, representative: Caller
) -> None:
    body = {"name": "Havn ApS", "roles": ["customer"]}
    at = f"/customers/{post(client, representative, '/customers', body)['id']}"
    post(client, representative, f"{at}/archiving", {}, 200)
    with transaction() as session:
        session.add(
            Connection(name="books", connector="any", kind="accounting",
                       state=ConnectionState.ACTIVE)
        )  # fmt: skip

    back = post(client, representative, f"{at}/taking-up", {}, 200)

    assert back["accounting"]["state"] == "waiting"
