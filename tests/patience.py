"""Waiting in tests for what other processes do.

How long something takes says how busy the machine is. So a test waits until it has happened, with a
patience that nothing but a defect uses up.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TypeVar

AnswerT = TypeVar("AnswerT")
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


def ask_in_time(ask: Callable[[datetime], AnswerT | None], *, in_s: float) -> AnswerT:
    """Ask for something that is to fall due in a moment; returns what `ask` returned.

    `ask` is given that second, in UTC, and returns None where it was over before all was said: then
    it is asked again, for one twice as far ahead.
    """
    while in_s < PATIENCE_S:
        due = (datetime.now(UTC) + timedelta(seconds=in_s)).replace(microsecond=0)
        answer = ask(due)
        if answer is not None:
            return answer
        in_s *= 2
    raise AssertionError(f"too late even for what is due in {in_s / 2} s")


def wait_for_time_until_midnight(zone: tzinfo, *, needs_s: float = 300.0) -> None:
    """Wait for the next day in a zone where this one ends too soon for a test of what is today."""
    now = datetime.now(zone)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), zone)
    left_s = (midnight.astimezone(UTC) - now.astimezone(UTC)).total_seconds()
    if left_s < needs_s:
        time.sleep(left_s)
