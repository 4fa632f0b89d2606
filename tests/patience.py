"""Waiting in tests for what other processes do."""

import time

_SHORTEST_S = 0.05
_LONGEST_S = 0.5
_PART = 0.1  # of what was waited: so much later than need be a test goes on


def pause(waited_s: float) -> None:
    """Sleep before something is asked again: whoever asks all the time takes the time it needs."""
    time.sleep(min(max(_SHORTEST_S, waited_s * _PART), _LONGEST_S))
