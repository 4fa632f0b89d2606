"""How often somebody may try to get in, and how often call once he is in (R-62)."""

import statistics
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import Engine, event, select, text

from api import rates
from api.rates import forget_rates
from hub.access.models import ApiToken, User
from hub.clock import utcnow
from hub.db import transaction
from hub.settings import get_settings
from hub.signing_in import hashing, passwords, tickets
from hub.signing_in.attempts import Limit
from hub.signing_in.models import TicketPurpose
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller
from tests.api.signing_in import ANOTHER, PASSWORD, Browser, cheap_hashing, make_person

EMAIL = "dorte@example.com"
ROUNDS = 200


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with cheap_hashing(monkeypatch):
        yield


@pytest.fixture(autouse=True)
def _settings_as_before() -> Iterator[None]:
    yield
    get_settings.cache_clear()
    forget_rates()


@pytest.fixture
def owner(app: Flask, client: ApiClient) -> Browser:
    """The owner's own browser, on which he has signed in before."""
    make_person(EMAIL)
    browser = Browser.of(app)
    assert browser.sign_in(EMAIL).status_code == 201
    return browser


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the rates take for the clock: it stands still but where a test sets `now`."""
    standing = SimpleNamespace(now=1000.0)
    standing.monotonic = lambda: standing.now
    monkeypatch.setattr(rates, "time", standing)
    return standing


def use(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()


def attempt(app: Flask, email: str = EMAIL, address: str = "192.0.2.7", **headers: str) -> Reply:
    """Guess at a password from a browser that nobody knows."""
    return Browser.of(app).sign_in(
        email, "a guess of nobody", environ_overrides={"REMOTE_ADDR": address}, headers=headers
    )


def test_the_sixth_guess_at_an_account_within_a_minute_has_to_wait(
    app: Flask, owner: Browser
) -> None:
    began = time.monotonic()
    statuses = [attempt(app, address=f"192.0.2.{n}").status_code for n in range(5)]
    sixth = attempt(app, address="192.0.2.99")
    took_s = time.monotonic() - began

    assert statuses == [401] * 5
    assert (sixth.status_code, sixth.json["code"]) == (429, "too_many_attempts")
    assert sixth.content_type == "application/problem+json"
    assert 60 - took_s <= int(sixth.headers["Retry-After"]) <= 60
    assert sixth.json["detail"].startswith("Tried too often. Wait ")


def test_an_account_that_nobody_has_is_limited_alike(app: Flask, owner: Browser) -> None:
    statuses = [attempt(app, "nobody@example.com").status_code for _ in range(6)]

    assert statuses == [401] * 5 + [429]


def test_the_owner_gets_in_on_his_own_device_whatever_others_try(
    app: Flask, owner: Browser
) -> None:
    for n in range(30):
        attempt(app, address=f"192.0.2.{n}")

    elsewhere = Browser.of(app).sign_in(EMAIL)
    at_home = owner.sign_in(EMAIL)

    assert elsewhere.status_code == 429  # the right password, but from anywhere
    assert at_home.status_code == 201


@pytest.mark.parametrize("way", ["api", "page"])
def test_an_owner_who_gets_a_password_by_mail_is_known_where_he_chose_it(
    app: Flask, owner: Browser, way: str
) -> None:
    with transaction() as session:
        user = session.scalars(select(User).where(User.email == EMAIL)).one()
        made = tickets.make(session, user, TicketPurpose.PASSWORD_RESET, now=utcnow())
    for n in range(6):
        attempt(app, address=f"192.0.2.{n}")
    browser = Browser.of(app)

    if way == "api":
        browser.post("/tickets/use", {"ticket": made.secret, "password": ANOTHER})
    else:
        form = {"password": ANOTHER, "again": ANOTHER}
        browser.client.post(f"/tickets/{made.secret}", data=form)

    assert Browser.of(app).sign_in(EMAIL, ANOTHER).status_code == 429
    assert browser.sign_in(EMAIL, ANOTHER).status_code == 201


def test_who_is_in_changes_his_password_whatever_others_try(app: Flask, owner: Browser) -> None:
    for n in range(6):
        attempt(app, address=f"192.0.2.{n}")

    changed = owner.post("/me/password", {"current_password": PASSWORD, "new_password": ANOTHER})

    assert changed.status_code == 204


def test_a_device_of_ones_own_has_a_limit_of_its_own(app: Flask, owner: Browser) -> None:
    statuses = [owner.sign_in(EMAIL, "a guess of a thief").status_code for _ in range(6)]

    assert statuses == [401] * 5 + [429]
    assert Browser.of(app).sign_in(EMAIL).status_code == 201  # the account's is untouched


@pytest.mark.parametrize("change", ["another user's", "forged", "cut", "empty parts"])
def test_a_device_mark_that_is_none_counts_for_nothing(
    app: Flask, owner: Browser, change: str
) -> None:
    make_person("else@example.com")
    other = Browser.of(app)
    mark = other.sign_in("else@example.com").headers.getlist("Set-Cookie")[1]
    mark = mark.partition("=")[2].partition(";")[0]
    own = owner.sign_in(EMAIL).headers.getlist("Set-Cookie")[1].partition("=")[2].partition(";")[0]
    user, nonce, signature = own.split(".")
    cookie = {
        "another user's": mark,
        "forged": f"{user}.{nonce[:-1]}x.{signature}",
        "cut": own[:-1],
        "empty parts": f"{user}..",
    }[change]
    for n in range(5):
        attempt(app, address=f"192.0.2.{n}")

    answer = attempt(app, Cookie=f"__Host-hub_device={cookie}")

    assert answer.status_code == 429


def test_from_one_address_twenty_accounts_can_be_tried_a_minute(app: Flask, owner: Browser) -> None:
    statuses = [attempt(app, f"person{n}@example.com").status_code for n in range(21)]
    elsewhere = attempt(app, "person21@example.com", "192.0.2.8")

    assert statuses == [401] * 20 + [429]
    assert elsewhere.status_code == 401
    assert owner.sign_in(EMAIL).status_code == 201


def test_who_has_an_ipv6_network_has_one_address(app: Flask, owner: Browser) -> None:
    statuses = [
        attempt(app, f"person{n}@example.com", f"2001:db8:0:7::{n:x}").status_code
        for n in range(21)
    ]

    assert statuses == [401] * 20 + [429]
    assert attempt(app, "other@example.com", "2001:db8:0:8::1").status_code == 401


def test_signing_in_well_uses_nothing_up(app: Flask, owner: Browser) -> None:
    for _ in range(25):
        assert Browser.of(app).sign_in(EMAIL).status_code == 201


def test_of_thirty_guesses_at_once_five_are_taken(app: Flask, owner: Browser) -> None:
    statuses: list[int] = []
    lock = threading.Lock()

    def guess() -> None:
        status = attempt(app).status_code
        with lock:
            statuses.append(status)

    threads = [threading.Thread(target=guess) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(statuses) == 30
    assert statuses.count(401) + statuses.count(503) == 5  # counted, or too many were hashing
    assert set(statuses) <= {401, 429, 503}


def test_only_a_hash_of_what_was_tried_is_kept(app: Flask, owner: Browser) -> None:
    attempt(app, "private@example.com", "192.0.2.77")

    with transaction() as session:
        rows = session.scalars(text("select t::text from attempt_count t")).all()
    assert len(rows) >= 2
    assert not any("private" in row or "192.0.2" in row for row in rows)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted_as"),
    [
        ("0", "198.51.100.1", "192.0.2.7"),
        ("1", "198.51.100.1", "198.51.100.1"),
        ("1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("2", "203.0.113.9, 198.51.100.1", "203.0.113.9"),
        ("2", "198.51.100.1", "192.0.2.7"),
        ("1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("1", "nonsense", None),
    ],
)
def test_an_address_is_believed_as_far_as_the_proxies_are_trusted(
    app: Flask,
    owner: Browser,
    monkeypatch: pytest.MonkeyPatch,
    *,
    proxies: str,
    forwarded: str,
    counted_as: str | None,
) -> None:
    use(monkeypatch, HUB_TRUSTED_PROXIES=proxies)
    browser = Browser.of(app)

    browser.sign_in(
        EMAIL,
        headers={"X-Forwarded-For": forwarded},
        environ_overrides={"REMOTE_ADDR": "192.0.2.7"},
    )

    assert browser.get("/session").json["address"] == counted_as


def test_a_token_may_send_so_many_requests_a_second_and_others_are_not_held_up(
    client: ApiClient,
    administrator: Caller,
    representative: Caller,
    monkeypatch: pytest.MonkeyPatch,
    clock: SimpleNamespace,
) -> None:
    def ask(caller: Caller, times: int) -> list[int]:
        answers = [client.get("/api/v1/me", headers=caller.headers) for _ in range(times)]
        return [answer.status_code for answer in answers]

    use(monkeypatch, HUB_REQUEST_RATE="10")

    at_once = ask(administrator, 13)
    refused = client.get("/api/v1/me", headers=administrator.headers)
    others = ask(representative, 1)
    clock.now += 0.25
    soon = ask(administrator, 4)
    clock.now += 3600
    later = ask(administrator, 13)

    assert at_once == later == [200] * 10 + [429] * 3
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) == 1
    assert (others, soon) == ([200], [200, 200, 429, 429])


@pytest.mark.usefixtures("clock")
def test_a_token_may_have_a_rate_of_its_own_and_processes_share_one(
    client: ApiClient, administrator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, HUB_REQUEST_RATE="1000", HUB_API_PROCESSES="4")
    with transaction() as session:
        session.get_one(ApiToken, administrator.token_id).request_rate = 20

    answers = [client.get("/api/v1/me", headers=administrator.headers) for _ in range(8)]

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3


@pytest.mark.usefixtures("clock")
def test_a_session_is_limited_like_a_token(owner: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, HUB_REQUEST_RATE="5")

    statuses = {owner.get("/me").status_code for _ in range(20)}

    assert statuses == {200, 429}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "/api/v1/customers?q=nordlys", None),
        ("post", "/api/v1/exports", {"dataset": "customers"}),
    ],
)
def test_two_searches_or_exports_of_a_user_are_under_way_at_a_time(
    client: ApiClient,
    administrator: Caller,
    representative: Caller,
    *,
    method: str,
    path: str,
    body: object,
) -> None:
    def ask(caller: Caller) -> Reply:
        reply: Reply = getattr(client, method)(path, headers=caller.headers, json=body)
        return reply

    places = [f"expensive:{administrator.user_id}:{n}" for n in (1, 2)]
    take = text("select pg_advisory_xact_lock(hashtextextended(:place, 0))")
    with transaction() as session:  # as a request in another process holds them
        session.execute(take, {"place": places[0]})
        second = ask(administrator)
        session.execute(take, {"place": places[1]})
        third = ask(administrator)
        cheap = client.get("/api/v1/customers", headers=administrator.headers)
        other = ask(representative)
    after = ask(administrator)

    assert second.status_code in {200, 202}
    assert (third.status_code, third.json["code"]) == (429, "too_many_at_once")
    assert third.headers["Retry-After"] == "1"
    assert {cheap.status_code, other.status_code, after.status_code} <= {200, 202}


@pytest.mark.slow
def test_an_unknown_address_takes_as_long_as_a_wrong_password(
    app: Flask, owner: Browser, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-58, over the whole request and measured in turns, as a ratio of medians.

    In processor time, which nobody else on the machine takes, and in what the database is asked.
    With a hash of an eighth of the real cost, so that everything else weighs eight times as much.
    """
    monkeypatch.setattr(hashing, "HASHER", PasswordHasher(1, 12 * 1024, 1))
    hashing._nobodys_hash.cache_clear()
    many = Limit("test", 1_000_000, timedelta(minutes=1))
    for name in ("PER_ACCOUNT", "PER_ADDRESS", "PER_DEVICE"):
        monkeypatch.setattr(passwords, name, many)
    make_person("fresh@example.com")  # with a hash of that cost

    def seconds(email: str) -> float:
        started = time.process_time()
        assert attempt(app, email).status_code == 401
        return time.process_time() - started

    def asked(email: str) -> list[str]:
        said: list[str] = []

        def note(*given: Any) -> None:
            said.append(given[2])

        event.listen(database, "before_cursor_execute", note)
        seconds(email)
        event.remove(database, "before_cursor_execute", note)
        return said

    for _ in range(5):
        seconds("fresh@example.com")
        seconds("nobody@example.com")
    assert asked("fresh@example.com") == asked("nobody@example.com")
    pairs = [(seconds("fresh@example.com"), seconds("nobody@example.com")) for _ in range(ROUNDS)]

    of_known, of_unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = of_unknown / of_known
    assert 0.9 < ratio < 1.1
