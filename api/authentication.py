"""Who calls: by a token in the header or, without one, by the cookie of a session.

A request with an Authorization header has its cookies ignored altogether: the two never mix. Both
are looked up in one transaction and remembered for two seconds.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Generic, TypeVar

from flask import Request
from sqlalchemy.orm import Session

from api import cookies, rates
from api.client_addresses import client_address
from api.refusals import RefusalError, unauthenticated
from hub.access import tokens
from hub.access.principals import Principal
from hub.access.tokens import Credential
from hub.db import transaction
from hub.i18n import N_
from hub.signing_in import secrets, sessions
from hub.signing_in.sessions import Presence

REMEMBERED_S = 2.0  # what is revoked in another process is refused within five
MOST_REMEMBERED = 10_000
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

CallerT = TypeVar("CallerT", Credential, Presence)


class _Remembered(Generic[CallerT]):
    """What secrets stand for, by their digests, for a moment."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[CallerT, float]] = {}
        self._lock = threading.Lock()

    def find(self, key: bytes, look_up: Callable[[Session], CallerT | None]) -> CallerT | None:
        known = self._known.get(key)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        with transaction() as session:
            found = look_up(session)
        if found is None:
            self._known.pop(key, None)
            return None
        with self._lock:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = (found, time.monotonic() + REMEMBERED_S)
        return found

    def forget(self, key: bytes | None = None) -> None:
        with self._lock:
            if key is None:
                self._known.clear()
            else:
                self._known.pop(key, None)


_tokens = _Remembered[Credential]()
_sessions = _Remembered[Presence]()


def authenticate(request: Request, now: datetime) -> Principal:
    """Return the caller of a request.

    Raises:
        RefusalError: nobody is known by what he sent (401), he calls from where his token does not
            hold or without his session's CSRF token (403), or too often (429).
    """
    if "Authorization" in request.headers:
        return _by_token(request, now)
    secret = cookies.session_secret(request)
    if secret is None:
        raise unauthenticated(presented=False)
    return _by_session(request, secret, now)


def forget_tokens() -> None:
    """Look every caller up again: after a revocation in this process, and between tests."""
    _tokens.forget()
    _sessions.forget()


def forget_session(secret: str) -> None:
    """Let this process know at once that a session is over; the others find out soon."""
    _sessions.forget(secrets.digest(secret))


def _by_token(request: Request, now: datetime) -> Principal:
    scheme, _, text = request.headers["Authorization"].partition(" ")
    text = text.strip()
    if scheme.lower() != "bearer" or not text:
        raise unauthenticated(presented=bool(scheme))
    if not tokens.is_well_formed(text):
        raise unauthenticated(presented=True)
    found = _tokens.find(tokens.digest(text), lambda session: tokens.verify(session, text, now))
    if found is None or (found.expires_at and found.expires_at <= now):
        raise unauthenticated(presented=True)
    if not found.holds_at(client_address(request)):
        raise RefusalError(
            HTTPStatus.FORBIDDEN,
            "address_refused",
            N_("This token may not be used from your address."),
        )
    rates.spend(found.token_id, found.request_rate)
    return found.principal


def _by_session(request: Request, secret: str, now: datetime) -> Principal:
    found = _sessions.find(
        secrets.digest(secret), lambda session: sessions.find(session, secret, now)
    )
    if found is None or found.expires_at <= now:
        raise RefusalError(
            HTTPStatus.UNAUTHORIZED,
            "unauthenticated",
            N_("Your session is over: sign in again."),
            headers={"WWW-Authenticate": 'Bearer realm="hub"'},
        )
    given = request.headers.get(cookies.CSRF_HEADER)
    if request.method not in _SAFE and not sessions.csrf_token_fits(secret, given):
        raise RefusalError(
            HTTPStatus.FORBIDDEN,
            "csrf_token",
            N_("Send the CSRF token of your session in the header {header}."),
            header=cookies.CSRF_HEADER,
        )
    rates.spend(found.session_id)
    return found.principal
