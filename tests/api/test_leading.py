"""What a manager may do with what is a manager's below him, who is in none of his teams."""

from uuid import UUID

import pytest

from hub.access.models import Team
from hub.access.roles import Role
from hub.db import transaction
from tests.api.asking import get, post
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer
from tests.petitions import LED, petition


@pytest.fixture
def top(client: ApiClient) -> Caller:
    return make_caller(Role.MANAGER, "top@example.com")


@pytest.fixture
def below(top: Caller) -> Caller:
    made = make_caller(Role.MANAGER, "sub@example.com")
    with transaction() as session:
        above = Team(name="country", manager_user_id=top.user_id)
        session.add(above)
        session.flush()
        session.add(Team(name="north", manager_user_id=made.user_id, parent_id=above.id))
    return made


def make(owner: Caller) -> UUID:
    with transaction() as session:
        return make_customer(session, owner_user_id=owner.user_id).id


def test_he_sees_what_the_manager_below_protects(
    client: ApiClient, top: Caller, below: Caller
) -> None:
    hidden = make(below)
    post(client, below, f"/customers/{hidden}/protection", {"days": 3}, status=200)

    assert get(client, top, f"/customers/{hidden}")["id"] == str(hidden)
    assert get(client, top, "/customers?q=Havn")["items"][0]["id"] == str(hidden)


def test_he_takes_what_is_the_managers_below_and_not_the_other_way_round(
    client: ApiClient, top: Caller, below: Caller
) -> None:
    theirs, his = make(below), make(top)

    post(client, below, f"/customers/{his}/taking", {"reason": "mine"}, status=403)
    taken = post(client, top, f"/customers/{theirs}/taking", {"reason": "he left"}, status=200)

    assert taken["owner_user_id"] == str(top.user_id)


def test_he_decides_what_the_manager_below_asks_for(
    client: ApiClient, top: Caller, below: Caller
) -> None:
    with transaction() as session:
        customer = make_customer(session, owner_user_id=below.user_id)
        asked = petition(session, customer, below.user_id, action=LED).id

    decided = post(client, top, f"/approvals/{asked}/approval", {}, status=200)

    assert (decided["state"], decided["decided_by"]) == ("approved", str(top.user_id))
