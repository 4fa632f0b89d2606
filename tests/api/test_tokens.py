from datetime import timedelta

import pytest
from sqlalchemy import text

from api.authentication import forget_tokens
from hub.access.roles import Role
from hub.clock import utcnow
from hub.db import transaction
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller


def test_a_new_token_works_and_its_text_is_kept_nowhere(
    client: ApiClient, administrator: Caller
) -> None:
    body = {"name": "nightly", "scopes": ["me:read"]}

    made = client.post("/api/v1/tokens", headers=administrator.headers, json=body)
    bearer = {"Authorization": f"Bearer {made.json['token']}"}
    shown = client.get(made.headers["Location"], headers=administrator.headers)

    assert made.status_code == 201
    assert made.json["token"].startswith(f"hub_{made.json['prefix']}_")
    assert client.get("/api/v1/me", headers=bearer).status_code == 200
    assert client.get("/api/v1/users", headers=bearer).status_code == 403
    assert "token" not in shown.json
    with transaction() as session:
        for table in session.scalars(
            text("select tablename from pg_tables where schemaname = 'public'")
        ).all():
            rows = session.scalars(text(f'select t::text from "{table}" t')).all()
            assert not any(made.json["token"] in row for row in rows)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"scopes": ["users:read"]}, 403, "forbidden"),
        ({"scopes": ["*"]}, 403, "forbidden"),
        ({"scopes": ["*:read"]}, 403, "forbidden"),
        ({"scopes": ["tokens:*"]}, 201, None),
        ({"scopes": ["tokens:read", "me:read"]}, 201, None),
        ({"scopes": ["tokens:fly"]}, 422, "validation"),
        ({"scopes": ["tokens"]}, 422, "validation"),
        ({"scopes": []}, 422, "validation"),
    ],
)
def test_a_token_reaches_no_further_than_the_one_it_was_made_with(
    client: ApiClient, body: dict[str, object], status: int, code: str | None
) -> None:
    caller = make_caller(Role.ADMINISTRATOR, "script@example.com", ("tokens:*", "me:read"))

    answer = client.post("/api/v1/tokens", headers=caller.headers, json={"name": "n", **body})

    assert (answer.status_code, answer.json.get("code")) == (status, code)


def test_a_token_cannot_be_expired_from_the_start(client: ApiClient, administrator: Caller) -> None:
    past = (utcnow() - timedelta(seconds=1)).isoformat()
    body = {"name": "n", "scopes": ["*"], "expires_at": past}

    answer = client.post("/api/v1/tokens", headers=administrator.headers, json=body)

    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [("/expires_at", "past")]


def test_only_an_administrator_makes_tokens_for_others(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    for_bo = {"name": "n", "scopes": ["*"], "user_id": str(representative.user_id)}
    for_anna = {**for_bo, "user_id": str(administrator.user_id)}

    made = client.post("/api/v1/tokens", headers=administrator.headers, json=for_bo)
    refused = client.post("/api/v1/tokens", headers=representative.headers, json=for_anna)

    assert (made.status_code, made.json["user_id"]) == (201, str(representative.user_id))
    assert refused.status_code == 403


def test_a_token_of_nobody_is_not_made(client: ApiClient, administrator: Caller) -> None:
    missing = "01900000-0000-7000-8000-00000000000a"
    body = {"name": "n", "scopes": ["*"], "user_id": missing}

    answer = client.post("/api/v1/tokens", headers=administrator.headers, json=body)

    assert answer.status_code == 404


def test_others_tokens_do_not_exist_for_a_representative(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    path = f"/api/v1/tokens/{administrator.token_id}"

    listed = client.get("/api/v1/tokens", headers=representative.headers)
    shown = client.get(path, headers=representative.headers)
    revoked = client.post(f"{path}/revocation", headers=representative.headers)

    assert [token["id"] for token in listed.json["items"]] == [str(representative.token_id)]
    assert (shown.status_code, revoked.status_code) == (404, 404)
    assert len(client.get("/api/v1/tokens", headers=administrator.headers).json["items"]) == 2


def test_revoking_twice_is_as_good_as_once(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    path = f"/api/v1/tokens/{representative.token_id}/revocation"

    first = client.post(path, headers=administrator.headers)
    second = client.post(path, headers=administrator.headers)
    forget_tokens()

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json["revoked_at"] == first.json["revoked_at"] is not None
    assert client.get("/api/v1/me", headers=representative.headers).status_code == 401
