"""What a customer is in another system, said by a person."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.connections.models import Connection, ConnectionState
from hub.db import transaction
from hub.history.models import Event
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller


@pytest.fixture
def connection_id(client: ApiClient) -> str:
    with transaction() as session:
        made = Connection(
            name="e-conomic", connector="economic", kind="accounting", state=ConnectionState.ACTIVE
        )
        session.add(made)
    return str(made.id)


@pytest.fixture
def customer(client: ApiClient, administrator: Caller, connection_id: str) -> Any:
    body = {"name": "Nordlys ApS", "roles": ["customer"]}
    return client.post("/api/v1/customers", json=body, headers=administrator.headers).json


@pytest.fixture
def link(client: ApiClient, administrator: Caller, connection_id: str, customer: Any) -> Any:
    def post(**body: Any) -> Reply:
        return client.post(
            f"/api/v1/customers/{customer['id']}/links",
            json={"connection_id": connection_id, **body},
            headers=administrator.headers,
        )

    return post


def test_somebody_has_a_second_one_made_and_says_why(
    connection_id: str, customer: Any, link: Any
) -> None:
    answer = link(as_new=True, reason="En afdeling for sig")

    assert (answer.status_code, answer.json["state"], answer.json["remote_id"]) == (
        201, "intended", None,
    )  # fmt: skip
    with transaction() as session:
        asked = select(Job).where(
            Job.task == TaskName.PUSH_CUSTOMER, Job.subject_id == UUID(customer["id"])
        )
        assert len(session.scalars(asked).all()) == 1
        said = session.scalars(select(Event.data).where(Event.type == "customer.second_wanted"))
        assert said.all() == [{"connection_id": connection_id, "reason": "En afdeling for sig"}]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/remote_id", "one_of_two"),
        ({"remote_id": "7", "as_new": True, "reason": "Begge dele"}, "/remote_id", "one_of_two"),
        ({"as_new": True}, "/reason", "required"),
        ({"as_new": True, "reason": " "}, "/reason", "too_short"),
    ],
)
def test_what_is_neither_one_nor_the_other_is_refused(
    link: Any, body: dict[str, Any], pointer: str, code: str
) -> None:
    answer = link(**body)

    assert answer.status_code == 422
    assert [(each["pointer"], each["code"]) for each in answer.json["errors"]] == [(pointer, code)]


def test_who_is_linked_there_is_linked_no_second_time(link: Any) -> None:
    assert link(remote_id="7").status_code == 201

    again = link(as_new=True, reason="En til")

    assert (again.status_code, again.json["code"]) == (409, "linked")
