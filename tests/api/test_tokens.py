from datetime import timedelta

import pytest
from sqlalchemy import text

from api.authentication import forget_tokens
from hub.access.roles import Role
from hub.clock import utcnow
from hub.db import transaction
from hub.settings import get_settings
from tests.api.client import ApiClient, Reply
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


def make_token(client: ApiClient, caller: Caller, **fields: object) -> Reply:
    body = {"name": "n", "scopes": ["me:read", "tokens:*"], **fields}
    return client.post("/api/v1/tokens", headers=caller.headers, json=body)


def bearer(made: Reply) -> dict[str, str]:
    assert made.status_code == 201, made.text
    return {"Authorization": f"Bearer {made.json['token']}"}


def called_from(client: ApiClient, address: str, headers: dict[str, str]) -> int:
    return client.get(
        "/api/v1/me", headers=headers, environ_overrides={"REMOTE_ADDR": address}
    ).status_code


def test_a_token_is_used_from_its_networks_only_at_every_request(
    client: ApiClient, administrator: Caller
) -> None:
    networks = ["10.1.0.0/16", "192.0.2.7", "2001:db8:5::/48"]

    made = make_token(client, administrator, networks=networks)
    headers = bearer(made)
    statuses = {
        address: called_from(client, address, headers)
        for address in (
            "10.1.2.3", "10.2.0.1", "192.0.2.7", "192.0.2.8", "2001:db8:5::1", "2001:db8:6::1",
            "::ffff:10.1.9.9", "::ffff:10.2.9.9", "", "10.1.2.3",
        )
    }  # fmt: skip

    assert made.json["networks"] == ["10.1.0.0/16", "192.0.2.7/32", "2001:db8:5::/48"]
    assert statuses == {
        "10.1.2.3": 200, "10.2.0.1": 403, "192.0.2.7": 200, "192.0.2.8": 403,
        "2001:db8:5::1": 200, "2001:db8:6::1": 403, "::ffff:10.1.9.9": 200,
        "::ffff:10.2.9.9": 403, "": 403,
    }  # fmt: skip
    refused = client.get(
        "/api/v1/me", headers=headers, environ_overrides={"REMOTE_ADDR": "10.2.0.1"}
    )
    assert refused.json["code"] == "address_refused"


def test_what_a_stranger_says_of_his_address_is_not_believed(
    client: ApiClient, administrator: Caller
) -> None:
    headers = bearer(make_token(client, administrator, networks=["10.1.0.0/16"]))

    forged = {**headers, "X-Forwarded-For": "10.1.2.3", "Forwarded": "for=10.1.2.3"}

    assert called_from(client, "192.0.2.7", forged) == 403


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"networks": ["10.0.0.0/8", "nonsense"]}, "/networks/1", "network"),
        ({"networks": ["10.0.0.1/8"]}, "/networks/0", "network"),
        ({"networks": ["10.0.0.0/33"]}, "/networks/0", "network"),
        ({"networks": ["2001:db8::/129"]}, "/networks/0", "network"),
        ({"networks": [7]}, "/networks/0", "type"),
        ({"networks": []}, "/networks", "too_short"),
        ({"networks": ["10.0.0.0/8"] * 51}, "/networks", "too_long"),
        ({"networks": "10.0.0.0/8"}, "/networks", "type"),
        ({"request_rate": 0}, "/request_rate", "too_small"),
        ({"request_rate": 10_001}, "/request_rate", "too_large"),
        ({"request_rate": "9"}, "/request_rate", "type"),
    ],
)
def test_each_broken_bound_is_named_when_a_token_is_made_and_when_it_is_changed(
    client: ApiClient,
    administrator: Caller,
    representative: Caller,
    *,
    fields: dict[str, object],
    pointer: str,
    code: str,
) -> None:
    path = f"/api/v1/tokens/{representative.token_id}"

    made = make_token(client, administrator, **fields)
    changed = client.patch(path, headers={**administrator.headers, "If-Match": '"1"'}, json=fields)

    for answer in (made, changed):
        assert answer.status_code == 422
        assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [(pointer, code)]


@pytest.mark.parametrize("field", ["scopes", "user_id", "row_filters", "prefix", "hash", "token"])
def test_what_a_token_may_do_is_said_once(
    client: ApiClient, administrator: Caller, representative: Caller, field: str
) -> None:
    answer = client.patch(
        f"/api/v1/tokens/{representative.token_id}",
        headers={**administrator.headers, "If-Match": '"1"'},
        json={field: ["*"]},
    )

    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [(f"/{field}", "unknown")]


def test_a_tokens_bounds_change_and_hold_within_seconds(
    client: ApiClient, administrator: Caller
) -> None:
    made = make_token(client, administrator)
    path, headers = f"/api/v1/tokens/{made.json['id']}", administrator.headers
    body = {"networks": ["10.0.0.0/8"], "name": "narrow", "request_rate": 5}

    changed = client.patch(path, headers={**headers, "If-Match": '"1"'}, json=body)
    forget_tokens()
    outside = called_from(client, "192.0.2.7", bearer(made))
    stale = client.patch(path, headers={**headers, "If-Match": '"1"'}, json={"name": "x"})
    opened = client.patch(path, headers={**headers, "If-Match": '"2"'}, json={"networks": None})
    forget_tokens()

    assert (changed.status_code, changed.json["version"]) == (200, 2)
    assert {name: changed.json[name] for name in body} == body
    assert (outside, stale.status_code) == (403, 412)
    assert opened.json["networks"] is None
    assert called_from(client, "192.0.2.7", bearer(made)) == 200


def test_a_revoked_token_does_not_change(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    path = f"/api/v1/tokens/{representative.token_id}"
    client.post(f"{path}/revocation", headers=administrator.headers)

    answer = client.patch(
        path, headers={**administrator.headers, "If-Match": '"2"'}, json={"name": "x"}
    )

    assert (answer.status_code, answer.json["code"]) == (409, "token_revoked")


def test_a_bounded_token_makes_none_that_is_less_bounded(
    client: ApiClient, administrator: Caller
) -> None:
    ends = utcnow() + timedelta(days=1)
    narrow = bearer(
        make_token(
            client, administrator, networks=["127.0.0.0/8", "10.0.0.0/8"], request_rate=9,
            expires_at=ends.isoformat(),
        )
    )  # fmt: skip

    def ask(**fields: object) -> Reply:
        body = {"name": "n", "scopes": ["me:read"], **fields}
        return client.post("/api/v1/tokens", headers=narrow, json=body)

    plain = ask().json
    narrower = ask(networks=["10.9.0.0/16"], request_rate=3)
    wider = ask(networks=["10.0.0.0/7"])
    elsewhere = ask(networks=["10.0.0.0/8", "2001:db8::/32"])
    longer = ask(expires_at=(ends + timedelta(seconds=1)).isoformat())
    faster = ask(request_rate=50)

    assert plain["networks"] == ["127.0.0.0/8", "10.0.0.0/8"]
    assert (plain["request_rate"], plain["expires_at"]) == (9, faster.json["expires_at"])
    assert (narrower.status_code, narrower.json["request_rate"]) == (201, 3)
    assert [a.status_code for a in (wider, elsewhere, longer)] == [403, 403, 403]
    assert faster.json["request_rate"] == 9


def test_a_token_neither_frees_itself_nor_others_of_its_user(
    client: ApiClient, administrator: Caller
) -> None:
    made = make_token(client, administrator, networks=["127.0.0.0/8"])
    narrow, own = bearer(made), f"/api/v1/tokens/{made.json['id']}"
    other = f"/api/v1/tokens/{make_token(client, administrator).json['id']}"

    itself = client.patch(own, headers={**narrow, "If-Match": '"1"'}, json={"networks": None})
    renamed = client.patch(own, headers={**narrow, "If-Match": '"1"'}, json={"name": "mine"})
    wide = client.patch(
        other, headers={**narrow, "If-Match": '"1"'}, json={"networks": ["0.0.0.0/0"]}
    )

    assert (itself.status_code, renamed.status_code, wide.status_code) == (403, 200, 403)


def test_only_who_configures_tokens_grants_more_requests_than_everybody_has(
    client: ApiClient,
    administrator: Caller,
    representative: Caller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUB_REQUEST_RATE", "100")
    get_settings.cache_clear()

    refused = client.post(
        "/api/v1/tokens", headers=representative.headers,
        json={"name": "n", "scopes": ["*"], "request_rate": 101},
    )  # fmt: skip
    slower = client.post(
        "/api/v1/tokens", headers=representative.headers,
        json={"name": "n", "scopes": ["*"], "request_rate": 100},
    )  # fmt: skip
    granted = make_token(client, administrator, request_rate=1000)
    monkeypatch.undo()
    get_settings.cache_clear()

    assert (refused.status_code, slower.status_code, granted.status_code) == (403, 201, 201)
