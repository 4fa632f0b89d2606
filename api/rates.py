"""How many requests a second one caller may send: a bucket in each process (reliability.md R-62).

Each process grants its share of the rate, and a second's worth at once. Counting in the database
would cost every request a write.
"""

import math
import threading
import time
from http import HTTPStatus
from uuid import UUID

from api.refusals import RefusalError
from hub.i18n import N_
from hub.settings import get_settings

MOST_REMEMBERED = 10_000
_buckets: dict[UUID, tuple[float, float]] = {}  # requests left, and when that was so
_lock = threading.Lock()


def spend(caller: UUID, rate: int | None = None) -> None:
    """Count a request of a token or session; `rate` is its own, the setting's where None.

    Raises:
        RefusalError: it is one too many (429).
    """
    settings = get_settings()
    rate = settings.request_rate if rate is None else rate
    if rate:
        wait_s = _wait(caller, max(rate / settings.api_processes, 1.0), time.monotonic())
        if wait_s > 0:
            raise too_many(
                "too_many_requests",
                N_("Too many requests: at most {rate} a second."),
                wait_s,
                rate=rate,
            )


def too_many(code: str, message: str, wait_s: float, **params: object) -> RefusalError:
    """Make the refusal of a caller who is to come again later."""
    headers = {"Retry-After": str(max(1, math.ceil(wait_s)))}
    return RefusalError(HTTPStatus.TOO_MANY_REQUESTS, code, message, headers=headers, **params)


def forget_rates() -> None:
    """Let everybody begin anew: for tests."""
    with _lock:
        _buckets.clear()


def _wait(caller: UUID, rate: float, now: float) -> float:
    with _lock:
        left, before = _buckets.get(caller, (rate, now))
        left = min(rate, left + (now - before) * rate)
        if left < 1:
            return (1 - left) / rate
        if len(_buckets) >= MOST_REMEMBERED:
            _buckets.clear()
        _buckets[caller] = (left - 1, now)
        return 0.0
