"""Every write, out of the list of routes itself, from a browser that is signed in (R-60)."""

from collections.abc import Iterator

import pytest
from flask import Flask

from hub.access.roles import Role
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from tests.api.signing_in import Browser, cheap_hashing, make_person
from tests.security.possessions import make_possessions
from tests.security.routes import Route, documented_routes

WORD = "Zanzibarfalk"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with cheap_hashing(monkeypatch):
        yield


@pytest.fixture
def browser(app: Flask, client: ApiClient) -> Browser:
    make_person("chief@example.com", role=Role.ADMINISTRATOR)
    browser = Browser.of(app)
    assert browser.sign_in("chief@example.com").status_code == 201
    return browser


def writes(app: Flask) -> list[Route]:
    return [route for route in documented_routes(app) if route.operation.method != "GET"]


def test_no_write_is_taken_without_the_csrf_token(
    app: Flask, browser: Browser, representative: Caller
) -> None:
    owner = make_possessions(representative, WORD)

    answers = {
        (str(route), answer.status_code, answer.json["code"])
        for route in writes(app)
        for headers in ({}, {"X-CSRF-Token": "guessed"})
        for answer in (route.call(browser.client, headers, owner),)
    }

    assert len(answers) > 60
    assert {each[1:] for each in answers} == {(403, "csrf_token")}
    assert browser.is_in()


def test_with_it_every_write_gets_past_the_door(
    app: Flask, browser: Browser, representative: Caller
) -> None:
    owner = make_possessions(representative, WORD)
    last = "POST /session/sign-out"
    order = sorted(writes(app), key=lambda route: str(route) == last)

    answers = {str(route): route.call(browser.client, browser.headers, owner) for route in order}

    codes = {answer.json["code"] for answer in answers.values() if answer.status_code >= 400}
    assert codes & {"csrf_token", "unauthenticated", "internal"} == set()
    assert answers[last].status_code == 204
    assert not browser.is_in()
