import json
import time

import pytest

from connectors.recording import BODY_LIMIT, MASK, Redactor

CANARY = 'kanarie"fugl/æ+1'


def test_a_declared_secret_is_removed_in_every_form_it_takes() -> None:
    redactor = Redactor([CANARY, ""])

    assert redactor.text(f"a {CANARY} b") == f"a {MASK} b"
    assert redactor.url("https://x.example/kanarie%22fugl%2F%C3%A6%2B1/y") == (
        f"https://x.example/{MASK}/y"
    )
    assert redactor.body(json.dumps({"note": CANARY}).encode()) == f'{{"note": "{MASK}"}}'
    assert redactor.body(json.dumps({"note": CANARY}, ensure_ascii=False)) == (
        f'{{"note": "{MASK}"}}'
    )
    assert redactor.headers({"X-Note": CANARY}) == {"x-note": MASK}


@pytest.mark.parametrize(
    "name",
    ["Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-AppSecretToken",
     "X-AgreementGrantToken", "X-Api-Key", "webhook-signature"],
)  # fmt: skip
def test_a_header_that_carries_credentials_is_masked(name: str) -> None:
    assert Redactor().headers({name: "value"}) == {name.lower(): MASK}


def test_other_headers_are_kept() -> None:
    headers = {"Idempotency-Key": "k1", "User-Agent": "Hub", "X-RateLimiting": "147/10000"}

    assert Redactor().headers(headers) == {name.lower(): v for name, v in headers.items()}


def test_a_query_value_named_like_a_secret_is_masked_and_others_are_kept() -> None:
    url = "https://x.example/api?vat=99000007&token=t1&api_key=k1&Password=p1&empty="

    assert Redactor().url(url) == (
        f"https://x.example/api?vat=99000007&token={MASK}&api_key={MASK}&Password={MASK}&empty="
    )
    assert Redactor().url("https://x.example/api?q=a%20b") == "https://x.example/api?q=a%20b"


def test_a_member_of_a_body_named_like_a_secret_is_masked() -> None:
    body = '{"access_token": "a\\"b", "name": "Nordlys", "client_secret":"c"}'

    assert Redactor().body(body) == (
        f'{{"access_token": "{MASK}", "name": "Nordlys", "client_secret":"{MASK}"}}'
    )


def test_a_long_body_is_cut_and_no_half_of_a_secret_stands_at_the_cut() -> None:
    redactor = Redactor([CANARY])
    for position in range(BODY_LIMIT - 60, BODY_LIMIT + 60):
        kept = redactor.body("x" * position + CANARY + "y" * 1_000)

        assert kept is not None
        assert len(kept) <= BODY_LIMIT + 1
        assert "kan" not in kept


def test_many_secrets_that_shorten_a_body_do_not_pull_half_of_one_into_it() -> None:
    redactor = Redactor([CANARY])
    for offset in range(len(CANARY)):
        kept = redactor.body("x" * offset + CANARY * 2_000)

        assert kept is not None
        assert "kan" not in kept


def test_no_body_is_none() -> None:
    assert Redactor().body(None) is None
    assert Redactor().body(b"") is None


def test_a_body_made_to_slow_the_redaction_down_does_not() -> None:
    attack = '"token' * 40_000 + '": "' + "\\" * 40_000
    started = time.process_time()

    Redactor().body(attack)

    assert time.process_time() - started < 0.05  # R-67; a thousandth of a second as a rule
