"""An id in a body that names a hidden record is answered like one that names nothing (R-50).

The fields are found in the models of all bodies, so that a new one is tried without anyone
remembering: one whose name is not known here makes the test say so.
"""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine

from hub.access.roles import Role
from hub.db import new_id
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.security.bodies import Place, body_of, put
from tests.security.callers import is_for_colleagues, make_colleague
from tests.security.possessions import Possessions, make_possessions
from tests.security.routes import Route, documented_routes, fields_in
from tests.security.undoing import undone

pytestmark = pytest.mark.slow
WORD, OWN_WORD = "Zanzibarfalk", "Egernsund"
OF_EVERYBODY = frozenset(
    {
        "owner_user_id", "team_id", "inside_rep_id", "outside_rep_id", "recipient_user_id",
        "user_id", "user_ids", "done_by_user_id", "assignee_ids", "manager_user_id", "parent_id",
        "member_ids", "teams", "claim_team_ids", "manager_user_ids", "manager_team_ids", "owner",
        "template_id", "reference",
    }
)  # fmt: skip
"""Ids of people, teams and templates, from which nobody is kept, and what a refusal gave one."""

NAMED = {
    "customer_id": "customer_id", "customer_ids": "customer_id", "contact_id": "contact_id",
    "contact_ids": "contact_id", "lead_id": "lead_id", "connection_id": "unlinked_connection_id",
    "id": "customer_id",
    "POST /registry-lookups connection_id": "registry_connection_id",
    "POST /assignments ids": "customer_id", "POST /ownership-requests ids": "opportunity_id",
}  # fmt: skip
"""Which of a person's possessions a field names; one of several kinds, by its route too."""

OF_OTHERS = {
    "POST /access-requests", "POST /ownership-requests", "POST /pools/<uuid:pool_id>/decisions",
}  # fmt: skip
"""What nobody asks for, or decides, of what is his own: there, his own is refused as well."""
PASSING = re.compile(r'"request_id": ?"\w+"|\d{4}-\d\d-\d\dT[\d:.]+Z')
OF_POOLS = {
    "claims": "waiting_customer_id", "applications": "waiting_customer_id",
    "assignments": "waiting_customer_id", "decisions": "sought_customer_id",
    "recalls": "drawn_customer_id",
}  # fmt: skip
"""Of which of his customers a pool's act can be."""


@pytest.fixture
def caller(private: None) -> Caller:
    return make_colleague("caller@example.com")


@pytest.fixture
def own(caller: Caller) -> Possessions:
    return make_possessions(caller, OWN_WORD)


@pytest.fixture
def hidden(client: ApiClient) -> Possessions:
    return make_possessions(make_caller(Role.REPRESENTATIVE, "other@example.com"), WORD)


def ids_in(route: Route, routes: list[Route]) -> Iterator[tuple[Place, str]]:
    """Yield where a route's body names a record by its id, with its name among possessions."""
    for place, schema in fields_in(route, routes):
        name = next(each for each in reversed(place) if isinstance(each, str))
        if schema.get("format") != "uuid" or name in OF_EVERYBODY:
            continue
        act = route.path.rpartition("/")[2]
        if route.permission.collection == "pools" and act in OF_POOLS:
            yield place, OF_POOLS[act]
        else:
            yield place, NAMED.get(f"{route} {name}") or NAMED[name]


def without(answer: Reply, said: str) -> tuple[int, str]:
    """Return an answer without the id that it was asked with, that of what it made, and times."""
    text = PASSING.sub("", answer.text)
    for each in (said, (answer.json or {}).get("id")):
        text = text.replace(str(each), "?")
    return answer.status_code, text


def is_taken(answer: tuple[int, str]) -> bool:
    """Say whether a body was good, and every item of a batch."""
    return answer[0] < 400 and not re.search(r'"(refused|failed)":[1-9]', answer[1])


def test_an_id_of_a_hidden_record_is_answered_like_one_of_nothing(
    app: Flask,
    client: ApiClient,
    database: Engine,
    caller: Caller,
    *,
    own: Possessions,
    hidden: Possessions,
) -> None:
    routes = documented_routes(app)
    wrong, vain, asked = [], [], 0

    for route in filter(is_for_colleagues, routes):
        for place, name in ids_in(route, routes):
            assert route.model is not None
            body = body_of(str(route), route.model, own.paths)
            if place[-1] == "id":
                body = put(body, (*place[:-1], "type"), "customer")
            answers = []
            for value in (own.paths[name], hidden.paths[name], str(new_id())):
                with undone(database):
                    answer = route.call(client, caller.headers, own, more=put(body, place, value))
                answers.append(without(answer, value))
            taken, of_hidden, of_nothing = answers
            asked += 1
            if of_hidden != of_nothing:
                wrong.append((str(route), place, of_hidden, of_nothing))
            if str(route) not in OF_OTHERS and (not is_taken(taken) or taken == of_nothing):
                vain.append((str(route), place, taken, of_nothing))

    assert wrong == [], "\n".join(map(str, wrong))
    assert vain == [], "\n".join(map(str, vain))
    assert asked > 40
