"""Authorisation, route by route, out of the list of routes itself.

What each kind of caller sees of another's records, and of his own, `test_matrix` asks.
"""

import pytest
from flask import Flask

from api.authentication import forget_tokens
from hub.access.models import ApiToken
from hub.access.roles import BASE_ROLES, Role, Verb
from hub.clock import utcnow
from hub.db import transaction
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller
from tests.security.possessions import Possessions, make_possessions
from tests.security.routes import OF_A_SESSION, Route, documented_routes

WORD = "Zanzibarfalk"
ADMINISTRATORS = frozenset(
    verb for verb in Verb if not BASE_ROLES[Role.REPRESENTATIVE].grants(verb, "customers")
)
COMMON = {
    "user_id", "role_id", "team_id", "code_id", "name", "catalogue", "entry_id", "workflow_id",
    "template_id", "sequence_id", "field_id", "key", "objective_template_id",
    "board", "coming_id",
}  # fmt: skip
"""Path parameters of what everybody sees: colleagues, teams, roles, catalogues, lists."""


@pytest.fixture
def routes(app: Flask) -> list[Route]:
    return documented_routes(app)


@pytest.fixture
def other(client: ApiClient) -> Caller:
    return make_caller(Role.REPRESENTATIVE, "other@example.com")


@pytest.fixture
def hidden(other: Caller) -> Possessions:
    return make_possessions(other, WORD)


def works_on_a_record(route: Route) -> bool:
    return bool(set(route.parameters) - COMMON)


def reads_by_token(route: Route) -> bool:
    return route.operation.method == "GET" and str(route) not in OF_A_SESSION


def test_the_verbs_of_administrators_are_what_they_should_be() -> None:
    assert {
        Verb.CONNECT, Verb.CONFIGURE, Verb.REPLAY, Verb.AUDIT, Verb.IMPORT, Verb.UNDO_MERGE,
        Verb.APPROVE,
    } == ADMINISTRATORS  # fmt: skip


def test_nobody_gets_in_without_a_good_token(
    client: ApiClient, routes: list[Route], other: Caller, hidden: Possessions
) -> None:
    with transaction() as session:
        session.get_one(ApiToken, other.token_id).revoked_at = utcnow()
    forget_tokens()
    strange = {"Authorization": f"Bearer {other.token[:-1]}"}

    answers = {
        (str(route), route.call(client, headers, hidden).status_code)
        for route in routes
        for headers in ({}, other.headers, strange)
    }

    assert len(routes) > 90
    assert {answer for answer in answers if answer[1] != 401} == set()


def test_a_token_reaches_no_further_than_its_scopes(
    client: ApiClient, routes: list[Route], hidden: Possessions
) -> None:
    wrong = []
    callers: dict[str, Caller] = {}
    for route in routes:
        permission = route.permission
        other_verb = Verb.READ if permission.verb is not Verb.READ else Verb.CREATE
        scope = f"{permission.collection}:{other_verb}"
        caller = callers.get(scope) or make_caller(
            Role.ADMINISTRATOR, f"{len(callers)}@example.com", (scope, "elsewhere:*")
        )
        callers[scope] = caller
        answer = route.call(client, caller.headers, hidden)
        if (answer.status_code, answer.json["code"]) != (403, "forbidden"):
            wrong.append((str(route), scope, answer.status_code))

    assert wrong == []


def test_a_representative_is_refused_what_is_for_administrators(
    client: ApiClient, routes: list[Route], representative: Caller, hidden: Possessions
) -> None:
    theirs = [route for route in routes if route.permission.verb in ADMINISTRATORS]

    answers = {
        (str(route), route.call(client, representative.headers, hidden).status_code)
        for route in theirs
    }

    assert len(theirs) > 20
    assert {answer for answer in answers if answer[1] != 403} == set()


def test_an_answer_given_again_is_checked_against_what_may_be_seen_now(
    routes: list[Route],
) -> None:
    unchecked = {
        str(route)
        for route in routes
        if route.operation.method == "POST"
        and route.permission.verb not in ADMINISTRATORS
        and route.operation.keeps_answer
        and route.operation.reload is None
    }

    assert unchecked == {
        "POST /customers/batch",  # tells what became of what he sent
        "POST /addresses/batch",  # likewise
        "POST /contacts/batch",  # likewise
        "POST /leads/batch",  # likewise
        "POST /activities/batch",  # likewise
        "POST /opportunities/batch",  # likewise
        "POST /notes/batch",  # likewise
        "POST /reminders/batch",  # likewise
        "POST /ownership-requests",  # likewise
        "POST /pools/<uuid:pool_id>/applications",  # likewise
        "POST /pools/<uuid:pool_id>/assignments",  # likewise
        "POST /pools/<uuid:pool_id>/claims",  # likewise
        "POST /pools/<uuid:pool_id>/entries",  # likewise
        "POST /pools/<uuid:pool_id>/recalls",  # likewise
        "POST /mail/test",  # his own job
        "POST /schedules/<uuid:schedule_id>/run-now",  # his own job
        "POST /tokens/<uuid:token_id>/revocation",  # his own token
        "POST /sessions/<uuid:session_id>/revocation",  # his own session
        "POST /me/address-check",  # his own job
    }


def test_the_lists_of_an_administrator_show_every_record(
    client: ApiClient, routes: list[Route], administrator: Caller, hidden: Possessions
) -> None:
    shown: set[str] = set()
    for route in routes:
        if reads_by_token(route) and not works_on_a_record(route):
            answer = route.call(client, administrator.headers, hidden)
            assert answer.status_code == 200, (str(route), answer.text)
            shown |= {each for each in hidden.ids if each in answer.text}

    no_list_of_their_own = {
        "lookup_id", "hook_delivery_id", "link_id", "schedule_id", "job_id", "draw_id",
    }  # fmt: skip
    listed = {
        each
        for name, each in hidden.paths.items()
        if each in hidden.ids and name not in no_list_of_their_own
    }
    assert listed - shown == set()
