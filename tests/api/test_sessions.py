"""Sessions over HTTP (reliability.md R-60)."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from api.authentication import forget_tokens
from hub.access.models import User
from hub.access.roles import Role
from hub.clock import utcnow
from hub.db import transaction
from hub.history.models import Event
from hub.signing_in import sessions
from hub.signing_in.models import EndReason, UserSession
from hub.signing_in.secrets import digest
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from tests.api.signing_in import ANOTHER, PASSWORD, Browser, cheap_hashing, make_person
from tests.patience import wait_until_refused

EMAIL = "dorte@example.com"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with cheap_hashing(monkeypatch):
        yield


@pytest.fixture
def browser(app: Flask, client: ApiClient) -> Browser:
    make_person(EMAIL)
    return Browser.of(app)


def stored() -> list[UserSession]:
    with transaction() as session:
        return list(session.scalars(select(UserSession).order_by(UserSession.id)))


def age(**columns: object) -> None:
    """Move columns of all sessions, as if time had passed."""
    with transaction() as session:
        session.execute(update(UserSession).values(**columns))
    forget_tokens()


def test_who_signs_in_is_himself_with_a_cookie_that_no_script_reads(browser: Browser) -> None:
    answer = browser.sign_in("  Dorte@Example.com ")
    me = browser.get("/me")

    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/v1/sessions/{answer.json['id']}"
    session_cookie, device_cookie = answer.headers.getlist("Set-Cookie")
    attributes = {part.strip() for part in session_cookie.split(";")[1:]}
    assert session_cookie.startswith("__Host-hub_session=hub_session_")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=43200"} <= attributes
    assert not any(part.lower().startswith("domain") for part in attributes)
    assert device_cookie.startswith("__Host-hub_device=")
    assert {"Secure", "HttpOnly", "Path=/"} <= {p.strip() for p in device_cookie.split(";")}
    assert (me.status_code, me.json["email"], me.json["token_id"]) == (200, EMAIL, None)
    assert me.json["scopes"] == ["*"]


def test_the_secret_is_stored_as_a_hash_and_nowhere_else(browser: Browser) -> None:
    answer = browser.sign_in(EMAIL)
    found = re.search(r"__Host-hub_session=([^;]+)", answer.headers["Set-Cookie"])
    assert found
    secret = found[1]

    assert len(secret) == len("hub_session_") + 43
    assert [each.secret_hash for each in stored()] == [digest(secret)]
    with transaction() as session:
        for table in session.scalars(
            text("select tablename from pg_tables where schemaname = 'public'")
        ).all():
            rows = session.scalars(text(f'select t::text from "{table}" t')).all()
            assert not any(secret in row or PASSWORD in row for row in rows), table
            assert not any(answer.json["csrf_token"] in row for row in rows), table


def test_each_sign_in_is_a_new_session_and_ends_the_one_before_it_in_this_browser(
    browser: Browser, app: Flask
) -> None:
    first = browser.sign_in(EMAIL).json
    other = Browser.of(app)
    other.sign_in(EMAIL)
    second = browser.sign_in(EMAIL).json

    assert first["id"] != second["id"]
    assert first["csrf_token"] != second["csrf_token"]
    assert [each.end_reason for each in stored()] == ["replaced", None, None]
    assert other.is_in()


@pytest.mark.parametrize(
    ("email", "password"),
    [
        (EMAIL, "four words nobody would joim"),
        (EMAIL, "x"),
        ("nobody@example.com", PASSWORD),
        ("gone@example.com", PASSWORD),
        ("token-only@example.com", PASSWORD),
    ],
    ids=["wrong", "short", "unknown", "inactive", "without a password"],
)
def test_whoever_does_not_fit_is_refused_alike(browser: Browser, email: str, password: str) -> None:
    gone = make_person("gone@example.com")
    make_person("token-only@example.com", None)
    with transaction() as session:
        session.get_one(User, gone).active = False

    answer = browser.sign_in(email, password)

    assert (answer.status_code, answer.json["code"]) == (401, "sign_in_refused")
    assert answer.json["detail"] == "The address and the password do not fit."
    assert answer.headers.getlist("Set-Cookie") == []
    assert stored() == []


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"email": EMAIL}, "/password", "required"),
        ({"email": EMAIL, "password": ""}, "/password", "too_short"),
        ({"email": EMAIL, "password": "x" * 1025}, "/password", "too_long"),
        ({"email": EMAIL, "password": 7}, "/password", "type"),
        ({"email": EMAIL, "password": "a\x00b"}, "/password", "nul_character"),
        ({"email": EMAIL, "password": "\ud800"}, "/password", "lone_surrogate"),
        ({"email": EMAIL, "password": PASSWORD, "remember": True}, "/remember", "unknown"),
    ],
)
def test_each_broken_rule_is_named_and_no_value_repeated(
    browser: Browser, body: dict[str, object], pointer: str, code: str
) -> None:
    answer = browser.client.post("/api/v1/sessions", json=body)

    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [(pointer, code)]
    assert PASSWORD not in answer.text


def test_a_form_of_another_site_cannot_sign_anybody_in(browser: Browser) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = browser.client.post(
            "/api/v1/sessions",
            data=f'{{"email": "{EMAIL}", "password": "{PASSWORD}"}}',
            content_type=kind,
        )
        assert answer.status_code == 415


@pytest.mark.parametrize("given", [None, "", "x", "the other's", "cut"])
def test_a_write_of_a_session_needs_its_csrf_token(
    app: Flask, browser: Browser, administrator: Caller, given: str | None
) -> None:
    browser.sign_in(EMAIL)
    other = Browser.of(app)
    other.sign_in(EMAIL)
    token = {"the other's": other.csrf_token, "cut": browser.csrf_token[:-1]}.get(
        given or "", given
    )
    headers = {"If-Match": '"1"'} | ({} if token is None else {"X-CSRF-Token": token})

    refused = browser.client.patch("/api/v1/me", json={"name": "Else"}, headers=headers)
    taken = browser.client.patch(
        "/api/v1/me", json={"name": "Else"}, headers={"If-Match": '"1"', **browser.headers}
    )

    assert (refused.status_code, refused.json["code"]) == (403, "csrf_token")
    assert (taken.status_code, taken.json["version"]) == (200, 2)


def test_a_token_has_the_cookies_ignored(
    browser: Browser, administrator: Caller, representative: Caller
) -> None:
    browser.sign_in(EMAIL)
    bad = {"Authorization": "Bearer hub_nonsense"}

    as_token = browser.get("/me", headers=representative.headers)
    as_basic = browser.get("/me", headers={"Authorization": "Basic YTpi"})
    broken = browser.get("/me", headers=bad)
    written = browser.client.patch(
        "/api/v1/me", json={"phone": "1"}, headers={**representative.headers, "If-Match": '"1"'}
    )

    assert as_token.json["email"] == "bo@example.com"
    assert (as_basic.status_code, broken.status_code) == (401, 401)
    assert (written.status_code, written.json["email"]) == (200, "bo@example.com")
    present = browser.client.get("/api/v1/session", headers=representative.headers)
    out = browser.client.post("/api/v1/session/sign-out", headers=representative.headers)
    assert [(a.status_code, a.json["code"]) for a in (present, out)] == [(409, "no_session")] * 2
    assert browser.is_in()


def test_a_session_is_no_token_and_a_token_no_session(
    client: ApiClient, browser: Browser, representative: Caller
) -> None:
    answer = browser.sign_in(EMAIL)
    secret = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]

    as_bearer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
    as_cookie = client.get(
        "/api/v1/me", headers={"Cookie": f"__Host-hub_session={representative.token}"}
    )

    assert (as_bearer.status_code, as_cookie.status_code) == (401, 401)


def test_the_present_session_tells_its_csrf_token_again(browser: Browser) -> None:
    made = browser.sign_in(EMAIL, headers={"User-Agent": "Browser 1"}).json

    present = browser.get("/session")

    assert present.status_code == 200
    assert present.json["csrf_token"] == made["csrf_token"]
    assert (present.json["id"], present.json["is_present"]) == (made["id"], True)
    assert (present.json["agent"], present.json["address"]) == ("Browser 1", "127.0.0.1")


def test_signing_out_ends_the_session_at_once_and_takes_the_cookie(browser: Browser) -> None:
    answer = browser.sign_in(EMAIL)
    secret = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    assert browser.is_in()

    out = browser.post("/session/sign-out")
    replayed = browser.client.get("/api/v1/me", headers={"Cookie": f"__Host-hub_session={secret}"})

    assert out.status_code == 204
    assert out.headers["Set-Cookie"].startswith("__Host-hub_session=;")
    assert "Max-Age=0" in out.headers["Set-Cookie"]
    assert (replayed.status_code, replayed.json["code"]) == (401, "unauthenticated")
    assert [each.end_reason for each in stored()] == ["signed_out"]


@pytest.mark.parametrize(
    ("seen", "began", "is_in"),
    [
        (timedelta(minutes=29), timedelta(hours=1), True),
        (timedelta(minutes=30), timedelta(hours=1), False),
        (timedelta(), timedelta(hours=11, minutes=59), True),
        (timedelta(), timedelta(hours=12), False),
    ],
)
def test_a_session_ends_half_an_hour_after_its_last_request_and_twelve_hours_after_its_first(
    browser: Browser, seen: timedelta, began: timedelta, *, is_in: bool
) -> None:
    browser.sign_in(EMAIL)
    now = utcnow()
    age(last_seen_at=now - seen, expires_at=now - began + sessions.LASTS)

    assert browser.is_in() is is_in


def test_a_request_keeps_a_session_awake_and_is_no_change_of_it(browser: Browser) -> None:
    browser.sign_in(EMAIL)
    before = utcnow() - timedelta(minutes=20)
    age(last_seen_at=before)

    browser.get("/me")

    (found,) = stored()
    assert found.last_seen_at > before + timedelta(minutes=19)
    assert found.version == 1


def test_a_user_lists_and_ends_his_own_sessions_and_an_administrator_all(
    app: Flask, browser: Browser, administrator: Caller, representative: Caller
) -> None:
    browser.sign_in(EMAIL)
    phone = Browser.of(app)
    lost = phone.sign_in(EMAIL).json
    make_person("else@example.com")
    stranger = Browser.of(app)
    stranger.sign_in("else@example.com")

    own = browser.get("/sessions").json["items"]
    foreign = stranger.post(f"/sessions/{lost['id']}/revocation")
    seen = browser.client.get("/api/v1/sessions", headers=administrator.headers).json["items"]
    ended = browser.post(f"/sessions/{lost['id']}/revocation")
    by_administrator = browser.client.post(
        f"/api/v1/sessions/{stranger.get('/session').json['id']}/revocation",
        headers=administrator.headers,
    )
    forget_tokens()

    assert [each["is_present"] for each in own] == [False, True]
    assert {each["user_id"] for each in own} == {lost["user_id"]}
    assert len(seen) == 3
    assert foreign.status_code == 404
    assert (ended.status_code, ended.json["end_reason"]) == (200, "revoked")
    assert by_administrator.status_code == 200
    assert (browser.is_in(), phone.is_in(), stranger.is_in()) == (True, False, False)


def test_a_session_ended_in_another_process_is_refused_within_five_seconds(
    browser: Browser,
) -> None:
    browser.sign_in(EMAIL)
    assert browser.is_in()
    with transaction() as session:  # as another process does it: nothing here is told
        (found,) = session.scalars(select(UserSession))
        sessions.end(found, EndReason.REVOKED, now=utcnow())

    wait_until_refused(lambda: not browser.is_in(), within_s=5)


def test_a_user_made_inactive_has_no_session_any_more_not_even_when_he_comes_back(
    app: Flask, browser: Browser, administrator: Caller
) -> None:
    user_id = browser.sign_in(EMAIL).json["user_id"]
    path, headers = f"/api/v1/users/{user_id}", administrator.headers
    for active in (False, True):
        version = browser.client.get(path, headers=headers).headers["ETag"]
        changed = browser.client.patch(
            path, json={"active": active}, headers={**headers, "If-Match": version}
        )
        assert changed.status_code == 200
    forget_tokens()

    assert not browser.is_in()
    assert [each.end_reason for each in stored()] == ["user_inactive"]
    assert Browser.of(app).sign_in(EMAIL).status_code == 201


def test_the_history_says_who_signed_in_and_out_and_keeps_no_secret(browser: Browser) -> None:
    browser.sign_in(EMAIL, headers={"User-Agent": "Browser 1"})
    browser.post("/session/sign-out")

    with transaction() as session:
        found = session.scalars(
            select(Event).where(Event.subject_type == "session").order_by(Event.id)
        ).all()
    assert [each.type for each in found] == ["session.created", "session.updated"]
    assert {each.user_id for each in found} == {stored()[0].user_id}
    assert (found[0].changes or {})["secret_hash"] == ["•", "•"]
    assert (found[1].changes or {})["end_reason"] == [None, "signed_out"]
    assert "Browser 1" not in str([each.changes for each in found])


@pytest.mark.parametrize("role", list(Role))
def test_whoever_signs_in_can_sign_out_and_see_his_sessions(
    app: Flask, client: ApiClient, role: Role
) -> None:
    make_person("any@example.com", role=role)
    browser = Browser.of(app)
    made = browser.sign_in("any@example.com").json

    listed = browser.get("/sessions")
    changed = browser.post("/me/password", {"current_password": PASSWORD, "new_password": ANOTHER})
    browser.csrf_token = browser.get("/session").json["csrf_token"]

    assert [each["id"] for each in listed.json["items"]] == [made["id"]]
    assert changed.status_code == 204, changed.text
    assert browser.post("/session/sign-out").status_code == 204
