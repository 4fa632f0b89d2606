"""Callers, and a client that speaks for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine

from api import dispatch
from api.app import create_app
from api.authentication import forget_tokens
from hub.access.models import ApiToken, User
from hub.access.roles import Role
from hub.access.tokens import generate
from hub.db import transaction
from hub.settings import get_settings
from tests.api.client import ApiClient
from tests.api.probe import blueprint


@dataclass(frozen=True)
class Caller:
    """A user with a token in his hand."""

    user_id: UUID
    token_id: UUID
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def make_caller(role: Role, email: str, scopes: tuple[str, ...] = ("*",)) -> Caller:
    made = generate()
    with transaction() as session:
        user = User(email=email, name=email.partition("@")[0], roles=[role])
        session.add(user)
        session.flush()
        token = ApiToken(
            prefix=made.prefix, hash=made.hash, user_id=user.id, name="test", scopes=list(scopes)
        )
        session.add(token)
        session.flush()
        return Caller(user.id, token.id, made.text)


def narrow(caller: Caller, customers: dict[str, Any]) -> Caller:
    """Give a person a further token, which reaches the customers of a filter only."""
    made = generate()
    with transaction() as session:
        token = ApiToken(
            prefix=made.prefix, hash=made.hash, user_id=caller.user_id, name="narrowed",
            scopes=["*"], row_filters={"customers": customers},
        )  # fmt: skip
        session.add(token)
        session.flush()
        return Caller(caller.user_id, token.id, made.text)


@pytest.fixture(scope="session")
def app() -> Flask:
    app = create_app()
    app.register_blueprint(blueprint, url_prefix="/probe")
    return app


@pytest.fixture(scope="session")
def served() -> Flask:
    """Hub as it is served, without the tests' own routes."""
    return create_app()


@pytest.fixture(scope="session")
def document(served: Flask) -> str:
    """Return the document as it is published, which takes a second to make."""
    return served.test_client().get("/api/v1/openapi.json").text


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs: whoever prefers to wait would wait for nothing."""
    monkeypatch.setattr(dispatch, "wait_for", lambda _jobs, _seconds: True)


@pytest.fixture
def client(app: Flask, database: Engine) -> Iterator[ApiClient]:
    forget_tokens()
    yield ApiClient(app.test_client())
    forget_tokens()


@pytest.fixture
def private(client: ApiClient, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Representatives see what is theirs, and nothing else."""
    monkeypatch.setenv("HUB_VISIBILITY", "private")
    get_settings.cache_clear()
    forget_tokens()
    yield
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def administrator(client: ApiClient) -> Caller:
    return make_caller(Role.ADMINISTRATOR, "anna@example.com")


@pytest.fixture
def representative(client: ApiClient) -> Caller:
    return make_caller(Role.REPRESENTATIVE, "bo@example.com")
