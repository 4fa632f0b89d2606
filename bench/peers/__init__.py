"""What Hub's API is measured against: bare applications that execute the same statements.

They take no tokens, check nothing but the shape of the body, and answer writes with the bytes that
Hub answered. ``BENCH_WRITES`` and ``BENCH_READS`` name the recordings, ``BENCH_DATABASE`` the
database.
"""

import itertools
import os
import threading
from pathlib import Path

from bench.recording import Recording, load


class Turns:
    """Gives one recording after another, each once: its ids are fresh in the peer's database."""

    def __init__(self, recordings: list[Recording], *, again: bool) -> None:
        self._turns = itertools.cycle(recordings) if again else iter(recordings)
        self._lock = threading.Lock()

    def take(self) -> Recording:
        """Return the next one."""
        with self._lock:
            return next(self._turns)


def writes() -> Turns:
    """Return the recorded ``POST /customers``."""
    return Turns(load(Path(os.environ["BENCH_WRITES"])), again=False)


def reads() -> Turns:
    """Return the recorded lists, over and over."""
    return Turns(load(Path(os.environ["BENCH_READS"])), again=True)


def database() -> str:
    """Return libpq's URL of the peer's database."""
    return os.environ["BENCH_DATABASE"]
