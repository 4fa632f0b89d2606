"""Hashes passwords by Argon2id (RFC 9106), two at a time in each process (reliability.md R-58).

A hashing takes a core for a tenth of a second and 46 MiB: two at a time leave the other threads
air. Whoever would have to wait behind many others is sent away for now instead.
"""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from hub.errors import PostponedError
from hub.i18n import N_

AT_A_TIME = 2
MOST_WAITING = 6  # with 16 threads the others go on answering
HASHER = PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)
_places = threading.BoundedSemaphore(AT_A_TIME + MOST_WAITING)
_at_work = threading.BoundedSemaphore(AT_A_TIME)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether a password fits, and whether its hash should be made anew with today's cost."""

    fits: bool
    is_outdated: bool = False


def hash_password(password: str) -> str:
    """Return the hash of a password.

    Raises:
        PostponedError: too many others wait.
    """
    with _place():
        return HASHER.hash(_normal(password))


def compare(known: str | None, password: str) -> Comparison:
    """Compare a password with a hash; without one it takes as long, and does not fit.

    Raises:
        PostponedError: too many others wait.
    """
    with _place():
        try:
            HASHER.verify(known or _nobodys_hash(), _normal(password))
        except (VerifyMismatchError, InvalidHashError):
            return Comparison(fits=False)
    if known is None:
        return Comparison(fits=False)
    return Comparison(fits=True, is_outdated=HASHER.check_needs_rehash(known))


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise PostponedError(
            N_("Many people are signing in just now; try again."), timedelta(seconds=2)
        )
    try:
        with _at_work:
            yield
    finally:
        _places.release()


@cache
def _nobodys_hash() -> str:
    return HASHER.hash("a password that nobody has")


def _normal(password: str) -> str:
    # One keyboard writes é as one character, another as two (NIST SP 800-63B, 3.1.1.2).
    return unicodedata.normalize("NFKC", password)
