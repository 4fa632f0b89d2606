"""Several programs in processes forked from one, which share the memory of what it loaded."""

import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from types import FrameType

from ops.supervisor.child import end_with_parent

logger = logging.getLogger(__name__)

_STOPS = {signal.SIGTERM, signal.SIGINT}
_SHORT_LIFE_S = 10.0
_PAUSE_S = 2.0  # before one that died young is started again


class ForkedPrograms:
    """Keeps each program running in a process of its own until we are asked to stop.

    Make and run it while this process has one thread. One that ends is forked again, which takes no
    time: everything is loaded. They end when we are killed, too, where the system allows that.
    """

    def __init__(self, programs: Sequence[Callable[[], object]]) -> None:
        self._programs = programs
        self._running: dict[int, tuple[Callable[[], object], float]] = {}
        self._stopping = False

    def run(self) -> None:
        """Start all; return when a SIGTERM or SIGINT has stopped all."""
        for name in _STOPS:
            signal.signal(name, self._stop)
        for program in self._programs:
            self._start(program)
        while self._running:
            process_id, status = os.wait()
            program, began = self._running.pop(process_id)
            if not self._stopping:
                exit_code = os.waitstatus_to_exitcode(status)
                logger.error("process.ended", extra={"ended": process_id, "exit_code": exit_code})
                if time.monotonic() - began < _SHORT_LIFE_S:
                    time.sleep(_PAUSE_S)
                self._start(program)

    def _start(self, program: Callable[[], object]) -> None:
        end_with_us = end_with_parent(signal.SIGTERM)
        # A stop must find every child in the list, and a child must not take ours for its own.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)
        if not self._stopping:
            process_id = os.fork()
            if process_id == 0:
                _run_as_child(program, end_with_us)
            self._running[process_id] = (program, time.monotonic())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._stopping = True
        for process_id in self._running:
            os.kill(process_id, number)


def _run_as_child(program: Callable[[], object], end_with_us: Callable[[], None] | None) -> None:
    """Run a program and end this process with it, whatever happens."""
    exit_code = 1
    try:
        if end_with_us:
            end_with_us()
        for name in _STOPS:
            signal.signal(name, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)
        program()
        exit_code = 0
    except SystemExit as end:
        exit_code = end.code if isinstance(end.code, int) else 1
    except Exception:  # the outermost frame of a process
        logger.exception("process.failed")
    finally:
        logging.shutdown()
        os._exit(exit_code)  # not through the frames above, which belong to the parent
