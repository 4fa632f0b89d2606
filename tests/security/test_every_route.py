"""Authorisation, route by route, out of the list of routes itself."""

import pytest
from flask import Flask

from api.authentication import forget_tokens
from hub.access.models import ApiToken
from hub.access.roles import BASE_ROLES, Role, Verb
from hub.clock import utcnow
from hub.db import transaction
from hub.settings import get_settings
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller
from tests.security.bodies import ONES_BODIES
from tests.security.possessions import Possessions, make_possessions
from tests.security.routes import OF_A_SESSION, Route, counted, documented_routes

WORD, OWN_WORD = "Zanzibarfalk", "Egernsund"
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


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_VISIBILITY", "private")
    get_settings.cache_clear()
    forget_tokens()


@pytest.fixture(autouse=True)
def _settings_as_before() -> object:
    yield
    get_settings.cache_clear()


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


def test_an_administrator_reads_every_record(
    client: ApiClient, routes: list[Route], administrator: Caller, hidden: Possessions
) -> None:
    wrong = []
    for route in routes:
        if reads_by_token(route):
            answer = route.call(client, administrator.headers, hidden)
            if answer.status_code != 200:
                wrong.append((str(route), answer.status_code, answer.text))

    assert wrong == []


def test_with_private_visibility_everybody_reads_his_own(
    client: ApiClient, routes: list[Route], other: Caller, hidden: Possessions, private: None
) -> None:
    wrong = []
    for route in routes:
        if reads_by_token(route) and route.permission.verb not in ADMINISTRATORS:
            answer = route.call(client, other.headers, hidden)
            if answer.status_code != 200:
                wrong.append((str(route), answer.status_code, answer.text))

    assert wrong == []


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


def test_with_private_visibility_nothing_of_anothers_is_found_by_its_id(
    client: ApiClient,
    routes: list[Route],
    representative: Caller,
    hidden: Possessions,
    private: None,
) -> None:
    wrong, bodies = [], set()
    for route in filter(works_on_a_record, routes):
        if route.permission.verb in ADMINISTRATORS:
            continue
        if route.operation.body is not None:
            bodies.add(getattr(route.operation.body, "__name__", ""))
        answer = route.call(client, representative.headers, hidden)
        expected = 409 if "external_ref" in route.parameters else 404
        named = {each for each in hidden.ids if each in answer.text.replace(route.path, "")}
        asked = set(hidden.paths.values())
        if answer.status_code != expected or WORD in _told(answer.text, hidden) or named - asked:
            wrong.append((str(route), answer.status_code, answer.text))

    assert wrong == []
    assert bodies <= ONES_BODIES.keys()


def _told(text: str, hidden: Possessions) -> str:
    """Return what an answer says beyond what the caller has said himself."""
    for name in (name for name in hidden.paths if name.endswith("_ref")):
        text = text.replace(hidden.paths[name], "")
    return text


def test_with_private_visibility_no_list_shows_anothers(
    client: ApiClient,
    routes: list[Route],
    administrator: Caller,
    representative: Caller,
    *,
    hidden: Possessions,
    private: None,
) -> None:
    own = make_possessions(representative, OWN_WORD)
    lists = [
        route
        for route in routes
        if reads_by_token(route)
        and not works_on_a_record(route)
        and route.permission.verb not in ADMINISTRATORS
    ]
    shown: dict[str, set[str]] = {}
    wrong = []
    for route in lists:
        for query in _queries(route):
            answer = route.call(client, representative.headers, own, query=query)
            control = route.call(client, administrator.headers, own, query=query)
            assert (answer.status_code, control.status_code) == (200, 200), (str(route), query)
            if WORD in answer.text or any(each in answer.text for each in hidden.ids):
                wrong.append((str(route), query, answer.text))
            if query and "q=" in query:
                assert counted(answer) == 0, (str(route), query)
            for word, possessions in (("hidden", hidden), ("own", own)):
                found = {each for each in possessions.ids if each in control.text}
                shown.setdefault(word, set()).update(found)

    assert wrong == []
    no_list_of_their_own = {
        "lookup_id", "hook_delivery_id", "link_id", "schedule_id", "job_id", "draw_id",
    }  # fmt: skip
    for word, possessions in (("hidden", hidden), ("own", own)):
        listed = {
            each
            for name, each in possessions.paths.items()
            if each in possessions.ids and name not in no_list_of_their_own
        }
        assert listed - shown[word] == set()


def _queries(route: Route) -> list[str]:
    listing = route.operation.listing
    if listing is None:
        return [""]
    facets = ",".join(field.name for field in listing.fields if field.facet)
    queries = ["", f"?facets={facets}"] if facets else [""]
    return [*queries, f"?q={WORD}"] if listing.search is not None else queries
