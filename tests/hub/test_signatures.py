"""Signatures: the published vectors, every refusal, and agreement with the published library."""

import base64
import hashlib
import hmac
import json
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from hub.errors import DomainError
from hub.signatures import (
    SCHEMES,
    Refusal,
    SignatureRefusedError,
    deduplication_id,
    is_ping,
    new_secret,
    sign,
    verify,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
SIGNED_AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {
    "webhook-id": MESSAGE_ID,
    "webhook-timestamp": "1614265330",
    "webhook-signature": SIGNATURE,
}
OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of thirty-two b.").decode()
UNHURRIED = settings(deadline=None)  # the machine is shared; how long it takes proves nothing
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def refusal_of(scheme: str, headers: dict[str, str], body: bytes, *secrets: str) -> Refusal:
    with pytest.raises(SignatureRefusedError) as caught:
        verify(scheme, secrets, headers, body, SIGNED_AT)
    assert caught.value.code == caught.value.reason.value
    return caught.value.reason


def mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


# --- Standard Webhooks ------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_")])
def test_the_published_vector_holds_with_and_without_the_prefix(secret: str) -> None:
    verified = verify("standard_webhooks", [secret], HEADERS, BODY, SIGNED_AT)

    assert verified.delivery_id == MESSAGE_ID
    assert sign([secret], delivery_id=MESSAGE_ID, body=BODY, now=SIGNED_AT) == HEADERS


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_each_missing_header_is_refused_by_name(missing: str, how: str) -> None:
    headers = {name: value for name, value in HEADERS.items() if name != missing}
    if how == "empty":
        headers[missing] = ""

    with pytest.raises(SignatureRefusedError, match=f"has no {missing}") as caught:
        verify("standard_webhooks", [SECRET], headers, BODY, SIGNED_AT)

    assert caught.value.reason is Refusal.MISSING_HEADER
    assert caught.value.params == {"header": missing}
    assert isinstance(caught.value, DomainError)


@pytest.mark.parametrize(
    "timestamp", ["now", "1614265330.0", "-1614265330", " 1614265330", "1e9", "१६१४", "9" * 5000]
)
def test_a_time_that_is_not_a_number_of_seconds_is_refused(timestamp: str) -> None:
    headers = HEADERS | {"webhook-timestamp": timestamp}

    assert refusal_of("standard_webhooks", headers, BODY, SECRET) is Refusal.NOT_NUMERIC


@pytest.mark.parametrize(
    ("clock_s", "expected"),
    [
        (-301, Refusal.TOO_NEW),
        (-300, None),
        (0, None),
        (300, None),
        (301, Refusal.TOO_OLD),
    ],
)
def test_five_minutes_either_way_are_allowed_and_not_a_second_more(
    clock_s: int, expected: Refusal | None
) -> None:
    now = SIGNED_AT + timedelta(seconds=clock_s)

    if expected is None:
        assert verify("standard_webhooks", [SECRET], HEADERS, BODY, now).delivery_id == MESSAGE_ID
    else:
        with pytest.raises(SignatureRefusedError) as caught:
            verify("standard_webhooks", [SECRET], HEADERS, BODY, now)
        assert caught.value.reason is expected


@pytest.mark.parametrize(
    "signature",
    [
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=",
        SIGNATURE.removeprefix("v1,"),
        SIGNATURE.replace("v1,", "v2,"),
        SIGNATURE.replace("v1,", "v1a,"),
        "v1,",
        "v1",
        " ",
        "v1,ægte",
        "v1,\ud800",
    ],
)
def test_a_wrong_signature_is_refused(signature: str) -> None:
    headers = HEADERS | {"webhook-signature": signature}

    assert refusal_of("standard_webhooks", headers, BODY, SECRET) is Refusal.WRONG_SIGNATURE


@pytest.mark.parametrize("secrets", [(), ("",), ("whsec_",), (SECRET, "")])
def test_an_empty_secret_believes_nobody(secrets: tuple[str, ...]) -> None:
    empty_key = base64.b64encode(mac(b"", f"{MESSAGE_ID}.1614265330.".encode() + BODY)).decode()
    headers = HEADERS | {"webhook-signature": f"v1,{empty_key}"}

    assert refusal_of("standard_webhooks", headers, BODY, *secrets) is Refusal.EMPTY_SECRET


@pytest.mark.parametrize("secret", ["whsec_not base64!", "whsec_AAAA!!!!", "whsec_a", "whsec_æ"])
def test_a_secret_that_is_not_base64_is_refused_as_ours_to_mend(secret: str) -> None:
    assert refusal_of("standard_webhooks", HEADERS, BODY, secret) is Refusal.MALFORMED_SECRET


def test_one_matching_signature_among_several_is_enough() -> None:
    others = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,aaaa v1a,bbbb nonsense"
    headers = HEADERS | {"webhook-signature": f"{others} {SIGNATURE}"}

    assert verify("standard_webhooks", [SECRET], headers, BODY, SIGNED_AT).delivery_id == MESSAGE_ID


def test_during_a_rotation_either_secret_is_believed_and_afterwards_only_the_new() -> None:
    old = sign([OTHER_SECRET], delivery_id="d1", body=BODY, now=NOW)
    both = sign([SECRET, OTHER_SECRET], delivery_id="d1", body=BODY, now=NOW)

    assert verify("standard_webhooks", [SECRET, OTHER_SECRET], old, BODY, NOW).delivery_id == "d1"
    assert both["webhook-signature"].count("v1,") == 2
    for secret in (SECRET, OTHER_SECRET):
        assert verify("standard_webhooks", [secret], both, BODY, NOW).delivery_id == "d1"
    with pytest.raises(SignatureRefusedError):
        verify("standard_webhooks", [SECRET], old, BODY, NOW)


@pytest.mark.parametrize("delivery_id", ["", "a.b"])
def test_a_delivery_id_that_could_be_read_two_ways_is_not_signed(delivery_id: str) -> None:
    with pytest.raises(ValueError, match="no full stop"):
        sign([SECRET], delivery_id=delivery_id, body=BODY, now=NOW)


def test_a_naive_clock_and_a_single_text_of_secrets_are_programming_errors() -> None:
    with pytest.raises(ValueError, match="aware"):
        verify("standard_webhooks", [SECRET], HEADERS, BODY, SIGNED_AT.replace(tzinfo=None))
    with pytest.raises(TypeError, match="letter by letter"):
        verify("standard_webhooks", SECRET, HEADERS, BODY, SIGNED_AT)
    with pytest.raises(ValueError, match="'rot13' is no signature scheme"):
        verify("rot13", [SECRET], HEADERS, BODY, SIGNED_AT)


def test_a_new_secret_is_a_fresh_256_bits_that_the_published_library_accepts() -> None:
    first, second = new_secret(), new_secret()

    assert first != second
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32
    Webhook(first)


@UNHURRIED
@given(body=st.binary(max_size=200), key=st.binary(min_size=24, max_size=64))
def test_the_published_library_believes_what_we_sign_and_we_what_it_signs(
    body: bytes, key: bytes
) -> None:
    secret = "whsec_" + base64.b64encode(key).decode()
    library = Webhook(secret)
    now = datetime.now(UTC)
    text = body.decode("latin-1")
    sent = text.encode()

    library.verify(sent, sign([secret], delivery_id="d1", body=sent, now=now), json_parse=False)
    theirs = {
        "webhook-id": "d2",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": library.sign("d2", now, text),
    }
    assert verify("standard_webhooks", [secret], theirs, sent, now).delivery_id == "d2"


@UNHURRIED
@given(
    body=st.binary(max_size=60),
    part=st.sampled_from(["id", "timestamp", "body", "signature"]),
    place=st.integers(min_value=0, max_value=10_000),
    letter=st.sampled_from(string.ascii_letters + string.digits),
)
def test_no_altered_part_is_believed_by_us_or_by_the_published_library(
    body: bytes, part: str, place: int, letter: str
) -> None:
    now = datetime.now(UTC)
    headers = sign([SECRET], delivery_id="d1", body=body, now=now)
    original = body if part == "body" else headers[f"webhook-{part}"].encode()
    assume(original)
    position = place % len(original)
    altered = original[:position] + letter.encode() + original[position + 1 :]
    assume(altered != original)
    if part == "body":
        body = altered
    else:
        headers |= {f"webhook-{part}": altered.decode()}

    with pytest.raises(SignatureRefusedError):
        verify("standard_webhooks", [SECRET], headers, body, now)
    # The library compares decoded base64, so the unused bits of the last letter do not count there.
    if part != "signature":
        with pytest.raises((WebhookVerificationError, ValueError)):
            Webhook(SECRET).verify(body, headers, json_parse=False)


# --- the other schemes ------------------------------------------------------------------------


def signed_headers(scheme: str, secret: str, body: bytes) -> dict[str, str]:
    """Sign as the vendor does, written apart from the code under test."""
    digest = mac(secret.encode(), body)
    encoded = base64.b64encode(digest).decode()
    return {
        "shopify": {"x-shopify-hmac-sha256": encoded, "x-shopify-webhook-id": "w1"},
        "woocommerce": {"x-wc-webhook-signature": encoded, "x-wc-webhook-delivery-id": "w1"},
        "github": {"x-hub-signature-256": f"sha256={digest.hex()}", "x-github-delivery": "w1"},
        "xero": {"x-xero-signature": encoded},
        "intuit": {"intuit-signature": encoded},
        "stripe": {
            "stripe-signature": "t=1614265330,v1="
            + mac(secret.encode(), b"1614265330." + body).hex()
        },
    }[scheme]


VENDORS = ["shopify", "woocommerce", "github", "xero", "intuit", "stripe"]


def test_every_scheme_is_tested() -> None:
    assert set(SCHEMES) == {*VENDORS, "standard_webhooks", "none"}


def test_the_published_vectors_of_shopify_and_github_hold() -> None:
    shopify = {"x-shopify-hmac-sha256": "VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY="}
    github = {
        "x-hub-signature-256": "sha256="
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    }

    verify("shopify", ["hush"], shopify, b'{"id":1}', NOW)
    verify("github", ["It's a Secret to Everybody"], github, b"Hello, World!", NOW)


@pytest.mark.parametrize("scheme", VENDORS)
def test_a_vendor_is_believed_with_either_secret_of_a_rotation(scheme: str) -> None:
    body = b'{"id":"evt_1"}'
    headers = signed_headers(scheme, "s3cret", body)

    verify(scheme, ["s3cret"], headers, body, SIGNED_AT)
    verify(scheme, ["newer", "s3cret"], headers, body, SIGNED_AT)


@pytest.mark.parametrize("scheme", VENDORS)
def test_a_vendors_delivery_is_refused_with_another_secret_another_body_or_no_header(
    scheme: str,
) -> None:
    body = b'{"id":"evt_1"}'
    headers = signed_headers(scheme, "s3cret", body)

    assert refusal_of(scheme, headers, body, "other") is Refusal.WRONG_SIGNATURE
    assert refusal_of(scheme, headers, body + b" ", "s3cret") is Refusal.WRONG_SIGNATURE
    assert refusal_of(scheme, {}, body, "s3cret") is Refusal.MISSING_HEADER
    assert refusal_of(scheme, headers, body, "") is Refusal.EMPTY_SECRET
    assert refusal_of(scheme, headers, body) is Refusal.EMPTY_SECRET


@pytest.mark.parametrize("scheme", VENDORS)
@UNHURRIED
@given(body=st.binary(min_size=1, max_size=60), place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_vendors_body_is_believed_with_one_bit_turned(
    scheme: str, body: bytes, place: int, bit: int
) -> None:
    headers = signed_headers(scheme, "s3cret", body)
    altered = bytearray(body)
    altered[place % len(body)] ^= 1 << bit

    assert refusal_of(scheme, headers, bytes(altered), "s3cret") is Refusal.WRONG_SIGNATURE


def test_shopifys_newer_header_name_is_read_where_the_older_is_absent() -> None:
    body = b'{"id":1}'
    signature = "VnKUjZsLuN5iZWjn5EntcBVCF9kMN43LglzCE1/GSeY="

    verify("shopify", ["hush"], {"shopify-hmac-sha256": signature}, body, NOW)
    both = {"shopify-hmac-sha256": signature, "x-shopify-hmac-sha256": "wrong"}
    assert refusal_of("shopify", both, body, "hush") is Refusal.WRONG_SIGNATURE


def test_githubs_signature_without_its_prefix_or_with_the_old_hash_is_refused() -> None:
    headers = signed_headers("github", "s3cret", b"{}")
    bare = headers["x-hub-signature-256"].removeprefix("sha256=")

    for value in (bare, f"sha1={bare}", f"sha256={bare.upper()}"):
        altered = headers | {"x-hub-signature-256": value}
        assert refusal_of("github", altered, b"{}", "s3cret") is Refusal.WRONG_SIGNATURE


def test_stripe_accepts_several_signatures_and_ignores_old_versions() -> None:
    value = signed_headers("stripe", "whsec_x", b"{}")["stripe-signature"]
    right = value.partition("v1=")[2]

    for several in (f"t=1614265330,v1={'0' * 64},v1={right},v0=00", f"v1={right}, t=1614265330"):
        verify("stripe", ["whsec_x"], {"stripe-signature": several}, b"{}", SIGNED_AT)
    only_old = {"stripe-signature": f"t=1614265330,v0={right}"}
    assert refusal_of("stripe", only_old, b"{}", "whsec_x") is Refusal.WRONG_SIGNATURE


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("v1=00", Refusal.MISSING_HEADER),
        ("t=,v1=00", Refusal.MISSING_HEADER),
        ("t=soon,v1=00", Refusal.NOT_NUMERIC),
        ("t=1614265029,v1=00", Refusal.TOO_OLD),
        ("t=1614265330", Refusal.WRONG_SIGNATURE),
    ],
)
def test_stripes_time_is_read_and_checked_before_its_signature(
    header: str, reason: Refusal
) -> None:
    assert refusal_of("stripe", {"stripe-signature": header}, b"{}", "whsec_x") is reason


def test_stripe_bounds_only_the_age() -> None:
    headers = signed_headers("stripe", "whsec_x", b"{}")

    verify("stripe", ["whsec_x"], headers, b"{}", SIGNED_AT - timedelta(days=1))
    verify("stripe", ["whsec_x"], headers, b"{}", SIGNED_AT + timedelta(seconds=300))
    with pytest.raises(SignatureRefusedError) as caught:
        verify("stripe", ["whsec_x"], headers, b"{}", SIGNED_AT + timedelta(seconds=301))
    assert caught.value.reason is Refusal.TOO_OLD


def test_without_a_scheme_only_the_secret_path_protects_and_nothing_is_asked() -> None:
    assert verify("none", [], {}, b"anything", NOW).delivery_id is None


# --- identity and greetings -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "headers", "body", "expected"),
    [
        ("standard_webhooks", {"webhook-id": "msg_1"}, b"{}", "msg_1"),
        ("woocommerce", {"x-wc-webhook-delivery-id": "abc"}, b"{}", "abc"),
        ("shopify", {"x-shopify-webhook-id": "abc"}, b"{}", "abc"),
        ("github", {"x-github-delivery": "abc"}, b"{}", "abc"),
        ("stripe", {}, b'{"id":"evt_1","pending_webhooks":2}', "evt_1"),
        (
            "xero",
            {},
            (
                b'{"events":[{"resourceId":"r1","eventDateUtc":"2026-05-04T10:11:12.345",'
                b'"eventType":"UPDATE"},{"resourceId":"r2","eventDateUtc":"2026-05-04T10:11:13",'
                b'"eventType":"CREATE"}],"entropy":"x"}'
            ),
            "r1/2026-05-04T10:11:12.345/UPDATE r2/2026-05-04T10:11:13/CREATE",
        ),
    ],
)
def test_a_delivery_is_known_by_the_senders_own_name_for_it(
    scheme: str, headers: dict[str, str], body: bytes, expected: str
) -> None:
    assert deduplication_id(scheme, headers, body) == expected


@pytest.mark.parametrize(
    ("scheme", "body"),
    [
        ("none", b"{}"),
        ("intuit", b"{}"),
        ("woocommerce", b"{}"),
        ("stripe", b"not json"),
        ("stripe", b'{"id":7}'),
        ("stripe", b'{"id":""}'),
        ("stripe", b'["evt_1"]'),
        ("stripe", b"\xff\xfe"),
        ("stripe", b"[" * 100_000),
        ("xero", b'{"events":[]}'),
        ("xero", b'{"events":{"resourceId":"r1"}}'),
        ("xero", b'{"events":[{"resourceId":"r1"}]}'),
        ("xero", b"[]"),
    ],
)
def test_a_delivery_without_a_name_is_known_by_the_hash_of_its_bytes(
    scheme: str, body: bytes
) -> None:
    expected = "sha256:" + hashlib.sha256(body).hexdigest()

    assert deduplication_id(scheme, {}, body) == expected
    assert deduplication_id(scheme, {}, body + b" ") != expected


@pytest.mark.parametrize("name", ["x" * 201, "evt\x00", "evt\ud800"])
def test_a_name_unfit_for_a_key_is_hashed(name: str) -> None:
    body = json.dumps({"id": name}).encode()

    identity = deduplication_id("stripe", {}, body)

    assert identity.startswith("sha256-id:")
    assert len(identity) == 74
    assert identity == deduplication_id("stripe", {}, body + b" ")


def test_woocommerces_unsigned_greeting_is_known_and_nothing_else_passes_for_one() -> None:
    greeting = b"webhook_id=12"

    assert is_ping("woocommerce", {"content-type": "application/x-www-form-urlencoded"}, greeting)
    assert not is_ping("woocommerce", {"x-wc-webhook-topic": "order.created"}, greeting)
    assert not is_ping("woocommerce", {"x-wc-webhook-signature": "x"}, greeting)
    for body in (b"", b"webhook_id=", b"webhook_id=12&x=1", b"webhook_id=12\n", b'{"id":12}'):
        assert not is_ping("woocommerce", {}, body)
    for scheme in set(SCHEMES) - {"woocommerce"}:
        assert not is_ping(scheme, {}, greeting)
