"""What goes wrong with a running stack, and how it is mended."""

import signal
import time
from collections.abc import Callable, Mapping

from tests.stack import Stack

FREEZE_S = 3.0


def kill(name: str, away_s: float = 0.0) -> Callable[[Stack], None]:
    """Return the fault that kills a part outright and starts it again after a while."""

    def strike(stack: Stack) -> None:
        stack.kill(name)
        time.sleep(away_s)
        stack.start(name)

    return strike


def freeze(name: str, seconds: float = FREEZE_S) -> Callable[[Stack], None]:
    """Return the fault that makes a part stand still for a while, its connections open."""

    def strike(stack: Stack) -> None:
        stack.kill(name, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            stack.kill(name, signal.SIGCONT)

    return strike


def flush_redis(stack: Stack) -> None:
    """Empty Redis while everything goes on."""
    stack.flush_redis()


FAULTS: Mapping[str, Callable[[Stack], None]] = {
    "worker killed": kill("worker"),
    "worker frozen": freeze("worker", 5.0),
    "relay killed": kill("relay"),
    "api killed": kill("api"),
    "redis restarted empty": kill("redis", 1.0),
    "redis flushed": flush_redis,
    "redis frozen": freeze("redis"),
    "postgres killed": kill("postgres", 0.5),
}
"""All of them by name; a frozen worker stands still longer than its lease of 4 s."""
