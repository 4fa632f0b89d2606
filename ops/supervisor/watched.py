"""One part under supervision: running, or waiting to be started again."""

import signal
import time

from ops.errors import OperationError
from ops.supervisor.child import Child
from ops.supervisor.leftovers import ProcessFiles
from ops.supervisor.log import PartLog
from ops.supervisor.part import Part, Voice

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_GOOD_LIFE_S = 60.0  # a child that lived so long begins with the first pause again


class WatchedPart:
    """A part with its present child and the history of its failures."""

    def __init__(self, part: Part, log: PartLog, files: ProcessFiles) -> None:
        self.part = part
        self.log = log
        self.child: Child | None = None
        self.restart_at: float | None = None
        self._files = files
        self._failures = 0
        self._started_at = 0.0

    def start(self) -> Child:
        """Start it.

        Raises:
            OperationError: its place cannot be prepared, or there is no such program.
        """
        self.restart_at = None
        self.part.prepare()
        self.child = Child(self.part)
        self._started_at = time.monotonic()
        self._files.record(self.part.name, self.child.process_id, self.part.stop_signal)
        return self.child

    def end(self) -> None:
        """Clear up after a child that has ended: nothing it started may live on."""
        if self.child is not None:
            self.child.kill_group()
            self._files.forget(self.part.name)
        self.child = None

    def plan_restart(self) -> float:
        """Decide when to start it again and return the pause in seconds: longer each time."""
        if time.monotonic() - self._started_at > _GOOD_LIFE_S:
            self._failures = 0
        pause = min(_FIRST_PAUSE_S * 2.0**self._failures, _LONGEST_PAUSE_S)
        self._failures += 1
        self.restart_at = time.monotonic() + pause
        return pause

    def failure(self, exit_code: int) -> OperationError:
        """Return the error that says how it ended, with its last words unless all were shown."""
        if self.part.voice is Voice.PLAIN:
            return OperationError(f"{self.part.name} ended with {describe(exit_code)}.")
        return OperationError(
            f"{self.part.name} ended with {describe(exit_code)} before it was ready. It said:\n"
            f"{self.log.last_words()}"
        )


def describe(exit_code: int) -> str:
    """Return how a process ended, in words."""
    if exit_code < 0:
        return f"signal {signal.Signals(-exit_code).name}"
    return f"exit code {exit_code}"
