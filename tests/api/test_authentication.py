from datetime import timedelta

import pytest
from sqlalchemy import text

from api import authentication, dispatch
from api.authentication import forget_tokens
from hub.access.models import ApiToken, User
from hub.access.roles import Role
from hub.access.tokens import generate
from hub.clock import utcnow
from hub.db import transaction
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller
from tests.patience import wait_until_refused


def read_token(caller: Caller) -> ApiToken:
    with transaction() as session:
        return session.get_one(ApiToken, caller.token_id)


def test_without_a_token_nobody_gets_in(client: ApiClient) -> None:
    answer = client.get("/api/v1/me")

    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="hub"'


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer x", "Basic YTpi", f"Bearer {generate().text}", "Bearer hub_æ"],
    ids=["no token", "empty", "too short", "another scheme", "unknown", "not ASCII"],
)
def test_a_bad_token_is_named_invalid(client: ApiClient, header: str) -> None:
    answer = client.get("/api/v1/me", headers={"Authorization": header.encode().decode("latin-1")})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].endswith('error="invalid_token"')
    assert "hub_" not in answer.json["instance"]


def test_a_token_with_one_letter_changed_is_refused(
    client: ApiClient, administrator: Caller
) -> None:
    text = administrator.token
    changed = text[:20] + ("A" if text[20] != "A" else "B") + text[21:]

    answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {changed}"})

    assert answer.status_code == 401


def test_the_scheme_may_be_written_in_any_case(client: ApiClient, administrator: Caller) -> None:
    headers = {"Authorization": f"bearer {administrator.token}"}

    assert client.get("/api/v1/me", headers=headers).status_code == 200


def test_an_expired_token_is_refused_even_while_it_is_remembered(
    client: ApiClient, administrator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    expires_at = utcnow() + timedelta(hours=1)
    with transaction() as session:
        session.get_one(ApiToken, administrator.token_id).expires_at = expires_at
    monkeypatch.setattr(authentication, "REMEMBERED_S", 3600.0)

    before = client.get("/api/v1/me", headers=administrator.headers)
    monkeypatch.setattr(dispatch, "utcnow", lambda: expires_at)
    after = client.get("/api/v1/me", headers=administrator.headers)

    assert (before.status_code, after.status_code) == (200, 401)


def test_a_token_revoked_by_another_process_is_refused_within_five_seconds(
    client: ApiClient, administrator: Caller
) -> None:
    assert client.get("/api/v1/me", headers=administrator.headers).status_code == 200
    with transaction() as session:  # as another process does it: nothing here is told
        session.execute(text("update api_token set revoked_at = clock_timestamp()"))

    wait_until_refused(
        lambda: client.get("/api/v1/me", headers=administrator.headers).status_code == 401,
        within_s=5,
    )


def test_a_user_made_inactive_is_out(client: ApiClient, administrator: Caller) -> None:
    with transaction() as session:
        session.get_one(User, administrator.user_id).active = False
    forget_tokens()

    assert client.get("/api/v1/me", headers=administrator.headers).status_code == 401


def test_a_revoked_token_is_refused_once_it_is_looked_up_again(
    client: ApiClient, administrator: Caller
) -> None:
    path = f"/api/v1/tokens/{administrator.token_id}/revocation"
    assert client.post(path, headers=administrator.headers).status_code == 200
    forget_tokens()

    assert client.get("/api/v1/me", headers=administrator.headers).status_code == 401


def test_a_scope_bounds_a_token(client: ApiClient) -> None:
    caller = make_caller(Role.ADMINISTRATOR, "script@example.com", ("users:read", "me:*"))

    listed = client.get("/api/v1/users", headers=caller.headers)
    created = client.post("/api/v1/users", headers=caller.headers, json={})
    jobs = client.get("/api/v1/jobs", headers=caller.headers)

    assert listed.status_code == 200
    assert (created.status_code, created.json["code"]) == (403, "forbidden")
    assert "users:configure" in created.json["detail"]
    assert jobs.status_code == 403


def test_a_role_bounds_a_person(client: ApiClient, representative: Caller) -> None:
    created = client.post("/api/v1/users", headers=representative.headers, json={})
    events = client.get("/api/v1/events", headers=representative.headers)

    assert (created.status_code, events.status_code) == (403, 403)


def test_the_use_of_a_token_is_noted_once_a_minute_and_is_no_change(
    client: ApiClient, administrator: Caller
) -> None:
    client.get("/api/v1/me", headers=administrator.headers)
    first = read_token(administrator)
    forget_tokens()
    client.get("/api/v1/me", headers=administrator.headers)
    second = read_token(administrator)
    with transaction() as session:
        token = session.get_one(ApiToken, administrator.token_id)
        token.last_used_at = utcnow() - timedelta(seconds=61)
    forget_tokens()
    client.get("/api/v1/me", headers=administrator.headers)
    third = read_token(administrator)

    assert first.last_used_at is not None
    assert second.last_used_at == first.last_used_at
    assert third.last_used_at is not None
    assert third.last_used_at > first.last_used_at
    assert third.version == 1


def test_a_token_in_the_address_is_none(client: ApiClient, administrator: Caller) -> None:
    assert client.get(f"/api/v1/me?token={administrator.token}").status_code == 401
