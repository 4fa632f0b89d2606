"""What several processes of the API must agree on, by two real ones (R-60, R-62)."""

import http.client
import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.clock import utcnow
from hub.signing_in import hashing
from hub.signing_in.models import UserPassword
from tests.patience import wait_until, wait_until_refused
from tests.stack import Stack

pytestmark = pytest.mark.stack
PASSWORD = "four words nobody would join"
ADDRESS = "admin@localhost"
CONNECTIONS = 12  # half of them with each process


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack({"HUB_API_PROCESSES": "2"}) as running:
        yield running


class Callers:
    """Connections that stay open, some with the one process and some with the other."""

    def __init__(self, stack: Stack, kept: ExitStack) -> None:
        self._stack = stack
        self.open: list[http.client.HTTPConnection] = []
        taken_by: list[int] = []
        wait_until(lambda: self._open_another(kept, taken_by) == CONNECTIONS)

    def _open_another(self, kept: ExitStack, taken_by: list[int]) -> int:
        """Open a connection, keep it unless its process has half; returns how many are kept."""
        opened = http.client.HTTPConnection("127.0.0.1", self._stack.port)
        kept.enter_context(closing(opened))
        name = uuid4().hex
        opened.request("GET", "/api/v1/me", headers={"X-Request-Id": name})
        opened.getresponse().read()
        process = self._process_of(name)
        if taken_by.count(process) < CONNECTIONS // 2:
            self.open.append(opened)
            taken_by.append(process)
        return len(self.open)

    def _process_of(self, request_id: str) -> int:
        """Return which process answered a request, as the log says a moment later."""
        found: list[int] = []

        def is_told() -> bool:
            told = (json.loads(each) for each in self._stack.lines("api") if request_id in each)
            found.extend(each["pid"] for each in told)
            return bool(found)

        wait_until(is_told)
        return found[0]

    def ask(
        self, number: int, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        connection = self.open[number]
        payload = None if body is None else json.dumps(body)
        sent = {"Content-Type": "application/json"} if payload else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"/api/v1{path}", payload, {**sent, **named})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None, answer.headers

    def are_refused(self, **headers: str) -> bool:
        return set(self.statuses("/me", **headers)) == {401}

    def statuses(self, path: str, **headers: str) -> list[int]:
        return [self.ask(each, "GET", path, **headers)[0] for each in range(CONNECTIONS)]


@pytest.fixture
def callers(stack: Stack) -> Iterator[Callers]:
    with ExitStack() as kept:
        yield Callers(stack, kept)


@pytest.fixture(scope="module")
def cookie(stack: Stack) -> str:
    """The first administrator, invited, with a password, signed in."""
    me = stack.client.get("/api/v1/me").json()
    engine = create_engine(stack.database_url)
    with Session(engine) as session:
        user = session.get_one(User, me["id"])
        session.add(
            UserPassword(user_id=user.id, hash=hashing.hash_password(PASSWORD), changed_at=utcnow())
        )
        session.commit()
    engine.dispose()
    return sign_in(stack)


def sign_in(stack: Stack) -> str:
    answer = stack.client.post("/api/v1/sessions", json={"email": ADDRESS, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return "; ".join(f"{each.name}={each.value}" for each in answer.cookies)


def test_a_session_that_is_over_is_over_in_both_within_five_seconds(
    stack: Stack, callers: Callers, cookie: str
) -> None:
    before = callers.statuses("/me", Cookie=cookie)
    token = callers.ask(0, "GET", "/session", Cookie=cookie)[1]["csrf_token"]

    out = callers.ask(0, "POST", "/session/sign-out", Cookie=cookie, X_CSRF_Token=token)[0]
    wait_until_refused(lambda: callers.are_refused(Cookie=cookie), within_s=5)

    assert set(before) == {200}
    assert out == 204
    assert callers.are_refused(Cookie=cookie)


def test_a_changed_password_ends_sessions_in_both_within_five_seconds(
    stack: Stack, callers: Callers, cookie: str
) -> None:
    mine, other = sign_in(stack), sign_in(stack)
    assert set(callers.statuses("/me", Cookie=other)) == {200}
    token = callers.ask(0, "GET", "/session", Cookie=mine)[1]["csrf_token"]
    body = {"current_password": PASSWORD, "new_password": PASSWORD + " again"}

    changed = callers.ask(1, "POST", "/me/password", body, Cookie=mine, X_CSRF_Token=token)
    wait_until_refused(
        lambda: callers.are_refused(Cookie=other) and callers.are_refused(Cookie=mine), within_s=5
    )

    assert changed[0] == 204
    fresh = changed[2]["Set-Cookie"].partition(";")[0]
    assert set(callers.statuses("/me", Cookie=fresh)) == {200}


def test_a_revoked_token_is_good_for_nothing_in_both_within_five_seconds(
    stack: Stack, callers: Callers
) -> None:
    made = stack.client.post("/api/v1/tokens", json={"name": "till", "scopes": ["*:read"]}).json()
    bearer = f"Bearer {made['token']}"
    before = callers.statuses("/me", Authorization=bearer)

    revoked = stack.client.post(f"/api/v1/tokens/{made['id']}/revocation")
    wait_until_refused(lambda: callers.are_refused(Authorization=bearer), within_s=5)

    assert set(before) == {200}
    assert revoked.status_code < 300, revoked.text
    assert callers.are_refused(Authorization=bearer)


def test_guesses_are_counted_by_both_together(stack: Stack, callers: Callers) -> None:
    body = {"email": "somebody@example.com", "password": "a guess of nobody"}

    statuses = [callers.ask(each, "POST", "/sessions", body)[0] for each in range(CONNECTIONS)]

    assert statuses == [401] * 5 + [429] * (CONNECTIONS - 5)


def test_what_is_set_in_one_process_holds_with_the_next_request_of_the_other(
    stack: Stack, callers: Callers
) -> None:
    bearer = str(stack.client.headers["Authorization"])
    name = "grade"
    asked = f"/customers?custom.{name}=1"
    unknown = callers.statuses(asked, Authorization=bearer)
    held: list[object] = []
    for turn in range(5):
        made = callers.ask(
            turn, "POST", "/custom-fields",
            {"entity": "customer", "key": name, "label": "Grade", "type": "number"},
            Authorization=bearer,
        )  # fmt: skip
        known = callers.statuses(asked, Authorization=bearer)
        gone = callers.ask(
            turn, "DELETE", f"/custom-fields/{made[1]['id']}", None,
            Authorization=bearer, If_Match=made[2]["ETag"],
        )  # fmt: skip
        held.append((made[0], set(known), gone[0]))
        held.append(set(callers.statuses(asked, Authorization=bearer)))

    assert set(unknown) == {422}
    assert held == [(201, {200}, 204), {422}] * 5
