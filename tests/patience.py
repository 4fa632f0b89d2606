"""Waiting in tests for what other processes do.

How long something takes says how busy the machine is. So a test waits until it has happened, with a
patience that nothing but a defect uses up.
"""

import time
from collections.abc import Callable

PATIENCE_S = 120.0
_SHORTEST_S = 0.05
_LONGEST_S = 0.5
_PART = 0.1  # of what was waited: so much later than need be a test goes on


def pause(waited_s: float) -> None:
    """Sleep before something is asked again: whoever asks all the time takes the time it needs."""
    time.sleep(min(max(_SHORTEST_S, waited_s * _PART), _LONGEST_S))


def wait_until(condition: Callable[[], object], *, within_s: float = PATIENCE_S) -> None:
    """Wait until something is so; a test fails when it is not in time."""
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        if waited > within_s:
            raise AssertionError(f"not within {within_s} s")
        pause(waited)


def wait_until_refused(is_refused: Callable[[], bool], *, within_s: float) -> None:
    """Ask until it is refused, as whoever asks so many seconds from now has to be.

    What counts is when it was asked: the answer may take its time.
    """
    began = time.monotonic()
    while True:
        asked = time.monotonic()
        if is_refused():
            return
        assert asked - began < within_s, f"granted to who asked after {asked - began:.1f} s"
        pause(asked - began)
