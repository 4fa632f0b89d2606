"""Checking and making signatures: HMAC-SHA256 over the raw bytes, compared in constant time."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets as randomness
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.signatures.identity import named_id
from hub.signatures.refusals import Refusal, SignatureRefusedError
from hub.signatures.schemes import STANDARD_WEBHOOKS, Layout, Scheme, scheme_named

SECRET_PREFIX = "whsec_"  # noqa: S105 - the published marker of a secret, no secret
_SECRET_BYTES = 32  # the specification asks for 24 to 64
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Verified:
    """A believed delivery and the sender's own name for it, None where it has none."""

    delivery_id: str | None


def verify(
    scheme: str, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> Verified:
    """Return the delivery's id if any of `secrets` signed `body`; `headers` have lower-case names.

    Several secrets are given while one is being replaced. Takes equally long whichever is right.

    Raises:
        SignatureRefusedError: it is not to be believed, or no secret can be used.
    """
    rules = scheme_named(scheme)
    if not rules.header:
        return Verified(delivery_id=None)
    keys = _keys(rules, secrets)
    header_name, value = _signature_header(rules, headers)
    parts = {"body": body}
    if "id" in rules.signed:
        parts["id"] = _required(headers, rules.id_header).encode("utf-8", "surrogatepass")
    if "timestamp" in rules.signed:
        seconds = _timestamp(rules, headers, value)
        _refuse_unless_fresh(rules, seconds, now)
        parts["timestamp"] = seconds.encode()
    content = b".".join(parts[part] for part in rules.signed)
    if not _any_equal(_claimed(rules, value), [_signature(rules, key, content) for key in keys]):
        raise SignatureRefusedError(Refusal.WRONG_SIGNATURE, header=header_name)
    return Verified(named_id(rules, headers, body))


def sign(secrets: Sequence[str], *, delivery_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the three headers of an outgoing Standard Webhooks delivery of exactly `body`.

    One signature for each secret, so that a receiver may hold either while one is being replaced.

    Raises:
        SignatureRefusedError: a secret is empty or malformed.
        ValueError: `delivery_id` is empty or has a full stop, which divides the signed parts.
    """
    if not delivery_id or "." in delivery_id:
        raise ValueError("a delivery id has at least one character and no full stop")
    rules = scheme_named(STANDARD_WEBHOOKS)
    timestamp = str(int(_seconds_of(now)))
    content = b".".join([delivery_id.encode(), timestamp.encode(), body])
    signatures = [_signature(rules, key, content) for key in _keys(rules, secrets)]
    return {
        rules.id_header: delivery_id,
        rules.timestamp_header: timestamp,
        rules.header: " ".join(f"v1,{signature}" for signature in signatures),
    }


def new_secret() -> str:
    """Return a fresh Standard Webhooks secret of 256 bits."""
    return SECRET_PREFIX + base64.b64encode(randomness.token_bytes(_SECRET_BYTES)).decode()


def _keys(rules: Scheme, secrets: Sequence[str]) -> list[bytes]:
    if isinstance(secrets, str):
        raise TypeError("secrets is a sequence of texts; one text would be read letter by letter")
    keys = [_key(rules, secret) for secret in secrets]
    if not keys or not all(keys):  # anybody can sign with an empty key
        raise SignatureRefusedError(Refusal.EMPTY_SECRET)
    return keys


def _key(rules: Scheme, secret: str) -> bytes:
    if not rules.key_is_base64:
        return secret.encode()
    encoded = secret.removeprefix(SECRET_PREFIX).rstrip("=")
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureRefusedError(Refusal.MALFORMED_SECRET) from error


def _required(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value:
        raise SignatureRefusedError(Refusal.MISSING_HEADER, header=name)
    return value


def _signature_header(rules: Scheme, headers: Mapping[str, str]) -> tuple[str, str]:
    for name in rules.aliases:
        if headers.get(name) and not headers.get(rules.header):
            return name, headers[name]
    return rules.header, _required(headers, rules.header)


def _timestamp(rules: Scheme, headers: Mapping[str, str], signatures: str) -> str:
    if rules.timestamp_header:
        name, seconds = rules.timestamp_header, _required(headers, rules.timestamp_header)
    else:
        name = f"t in {rules.header}"
        seconds = next(iter(_pairs(signatures, "t")), "")
        if not seconds:
            raise SignatureRefusedError(Refusal.MISSING_HEADER, header=name)
    if not _SECONDS.fullmatch(seconds):
        raise SignatureRefusedError(Refusal.NOT_NUMERIC, header=name)
    return seconds


def _refuse_unless_fresh(rules: Scheme, seconds: str, now: datetime) -> None:
    age_s = _seconds_of(now) - int(seconds)
    if rules.oldest_s is not None and age_s > rules.oldest_s:
        raise SignatureRefusedError(Refusal.TOO_OLD)
    if rules.newest_s is not None and -age_s > rules.newest_s:
        raise SignatureRefusedError(Refusal.TOO_NEW)


def _seconds_of(now: datetime) -> float:
    if now.tzinfo is None:
        raise ValueError("now must be aware: a naive time would be read in the server's zone")
    return now.timestamp()


def _claimed(rules: Scheme, value: str) -> list[str]:
    """Return the signatures of the version we know; others may be added by a sender at any time."""
    if rules.layout is Layout.VERSIONS:
        entries = (entry.partition(",") for entry in value.split(" "))
        return [signature for version, _, signature in entries if version == "v1"]
    if rules.layout is Layout.PAIRS:
        return _pairs(value, "v1")
    return [value.removeprefix(rules.prefix)] if value.startswith(rules.prefix) else []


def _pairs(value: str, wanted: str) -> list[str]:
    pairs = (entry.strip().partition("=") for entry in value.split(","))
    return [content for name, _, content in pairs if name == wanted]


def _signature(rules: Scheme, key: bytes, content: bytes) -> str:
    digest = hmac.new(key, content, hashlib.sha256).digest()
    return digest.hex() if rules.hexadecimal else base64.b64encode(digest).decode()


def _any_equal(claimed: Sequence[str], expected: Sequence[str]) -> bool:
    """Compare all with all in constant time, never stopping at the first that matches."""
    equal = False
    for claim in claimed:
        for signature in expected:
            given = claim.encode("utf-8", "surrogatepass")
            equal |= hmac.compare_digest(given, signature.encode())
    return equal
