"""Lets signals end a wait, and notes which came."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Wake:
    """What the signals have asked for; `descriptor` becomes readable with each of them."""

    def __init__(self) -> None:
        self.stops = 0
        self.descriptor, self._write = os.pipe()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(self._write, False)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGINT, SIGTERM, SIGHUP and SIGCHLD for ourselves until the block ends."""
        wakeup = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        former = {name: signal.signal(name, self._note) for name in (*_STOP, signal.SIGCHLD)}
        try:
            yield
        finally:
            for name, handler in former.items():
                signal.signal(name, handler)
            signal.set_wakeup_fd(wakeup)
            os.close(self.descriptor)
            os.close(self._write)

    def drain(self) -> None:
        """Make `descriptor` quiet again."""
        try:
            os.read(self.descriptor, 4096)
        except BlockingIOError:
            return

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        if number in _STOP:
            self.stops += 1
