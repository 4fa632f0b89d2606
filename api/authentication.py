"""Who calls: bearer tokens, looked up in one query and remembered for two seconds."""

import threading
import time
from datetime import datetime

from flask import Request

from api.refusals import unauthenticated
from hub.access.principals import Principal
from hub.access.tokens import Credential, digest, is_well_formed, verify
from hub.db import transaction

REMEMBERED_S = 2.0  # a token revoked in another process is refused within five
MOST_REMEMBERED = 10_000
_remembered: dict[bytes, tuple[Credential, float]] = {}
_lock = threading.Lock()


def authenticate(request: Request, now: datetime) -> Principal:
    """Return the caller of a request.

    Raises:
        RefusalError: there is no token, or no good one (401).
    """
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not text:
        raise unauthenticated(presented=bool(scheme))
    if not is_well_formed(text):
        raise unauthenticated(presented=True)
    credential = _credential(text, now)
    if credential is None or (credential.expires_at and credential.expires_at <= now):
        raise unauthenticated(presented=True)
    return credential.principal


def forget_tokens() -> None:
    """Look every token up again: after a revocation in this process, and between tests."""
    with _lock:
        _remembered.clear()


def _credential(text: str, now: datetime) -> Credential | None:
    key, clock = digest(text), time.monotonic()
    known = _remembered.get(key)
    if known is not None and known[1] > clock:
        return known[0]
    with transaction() as session:
        credential = verify(session, text, now)
    if credential is None:
        _remembered.pop(key, None)
        return None
    with _lock:
        if len(_remembered) >= MOST_REMEMBERED:
            _remembered.clear()
        _remembered[key] = (credential, clock + REMEMBERED_S)
    return credential
