"""The supervisor's loop. It has one thread and sleeps until a child or a signal says something."""

import selectors
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import IO, TextIO

from ops.data_directory import DataDirectory
from ops.errors import OperationError
from ops.supervisor.leftovers import ProcessFiles
from ops.supervisor.log import PartLog, Terminal
from ops.supervisor.part import Part, Stage
from ops.supervisor.wake import Wake
from ops.supervisor.watched import WatchedPart, describe

_READY_POLL_S = 0.1
_LONGEST_SLEEP_S = 5.0
_OUTPUT_GRACE_S = 1.0  # for the last lines of a part that has ended


@dataclass(frozen=True, slots=True)
class _Pipe:
    """What a child prints into, and where that goes."""

    output: IO[bytes]
    log: PartLog


class Supervisor:
    """Keeps `parts` running in `place`, whose lock the caller holds; prints to `terminal`."""

    def __init__(self, parts: Sequence[Part], place: DataDirectory, terminal: TextIO) -> None:
        self._terminal = Terminal(terminal)
        self._files = ProcessFiles(place.process_ids)
        self._watched = [
            WatchedPart(part, PartLog(place.logs, part, self._terminal), self._files)
            for part in sorted(parts, key=lambda part: part.stage)
        ]
        self._wake = Wake()
        self._selector = selectors.DefaultSelector()

    def end_leftovers(self) -> None:
        """End what an earlier supervisor, killed before it could do so, has left running."""
        for name in self._files.end_all():
            self._say(f"ended {name}, which an earlier supervisor had left")

    def run(self, on_ready: Callable[[], object]) -> None:
        """Start everything, call `on_ready`, and return once a signal has stopped everything.

        A second signal while stopping ends what is left at once.

        Raises:
            OperationError: a part did not become ready; the others have been stopped again.
        """
        with self._wake.listening():
            self._selector.register(self._wake.descriptor, selectors.EVENT_READ)
            try:
                for watched in self._watched:
                    if watched.part.begins_early:
                        self._launch(watched)
                for _, stage in groupby(self._watched, key=lambda watched: watched.part.stage):
                    self._start(list(stage))
                if not self._wake.stops:
                    on_ready()
                while not self._wake.stops:
                    self._turn(self._sleep_s())
                    self._start_again_what_ended()
            finally:
                self._stop()
                self._selector.close()
                for watched in self._watched:
                    watched.log.close()

    def _start(self, stage: list[WatchedPart]) -> None:
        for watched in stage:
            if self._wake.stops:
                return
            if not watched.part.begins_early:
                self._launch(watched)
        waiting = {watched.part.name: watched for watched in stage}
        begun = ask_at = time.monotonic()
        while waiting and not self._wake.stops:
            self._turn(_READY_POLL_S)
            if time.monotonic() < ask_at:  # woken by what a part says, of our asking perhaps
                continue
            ask_at = time.monotonic() + _READY_POLL_S
            for name, watched in list(waiting.items()):
                if self._has_arrived(watched):
                    del waiting[name]
                elif time.monotonic() - begun > watched.part.ready_within_s:
                    raise OperationError(
                        f"{name} was not ready within {watched.part.ready_within_s:.0f} s. "
                        f"It said:\n{watched.log.last_words()}"
                    )

    def _has_arrived(self, watched: WatchedPart) -> bool:
        """Tell whether the part is ready, or has done what it runs once for."""
        child = watched.child
        exit_code = child.exit_code() if child else None
        if child is None or exit_code is None:
            return child is not None and not watched.part.once and watched.part.is_ready()
        self._bury(watched)
        if exit_code != 0 or not watched.part.once:
            raise watched.failure(exit_code)
        return True

    def _start_again_what_ended(self) -> None:
        for watched in self._watched:
            exit_code = watched.child.exit_code() if watched.child else None
            if exit_code is not None:
                self._bury(watched)
                pause = watched.plan_restart()
                how = describe(exit_code)
                self._say(f"{watched.part.name} ended with {how}; again in {pause:.1f} s")
            elif watched.restart_at is not None and time.monotonic() >= watched.restart_at:
                try:
                    self._launch(watched)
                except OperationError as error:
                    pause = watched.plan_restart()
                    self._say(f"{error} Again in {pause:.1f} s.")

    def _launch(self, watched: WatchedPart) -> None:
        child = watched.start()
        if child.output is not None:
            pipe = _Pipe(child.output, watched.log)
            self._selector.register(child.output, selectors.EVENT_READ, pipe)

    def _turn(self, timeout_s: float) -> None:
        """Wait for something to happen and carry what the parts print."""
        for key, _ in self._selector.select(timeout_s):
            if not isinstance(key.data, _Pipe):
                self._wake.drain()
            elif not key.data.log.take(key.data.output):
                self._selector.unregister(key.data.output)
                key.data.output.close()

    def _bury(self, watched: WatchedPart) -> None:
        """Clear up after a child that has ended, once its last lines are read."""
        output = watched.child.output if watched.child else None
        watched.end()
        deadline = time.monotonic() + _OUTPUT_GRACE_S
        while output and not output.closed and time.monotonic() < deadline:
            self._turn(_READY_POLL_S)

    def _sleep_s(self) -> float:
        due = [w.restart_at - time.monotonic() for w in self._watched if w.restart_at is not None]
        return max(0.0, min([*due, _LONGEST_SLEEP_S]))

    def _stop(self) -> None:
        """Stop stage by stage: who serves last is asked last."""
        patience = self._wake.stops
        for stage in sorted(Stage, reverse=True):
            running = [w for w in self._watched if w.part.stage is stage and w.child]
            for watched in running:
                if watched.child:
                    watched.child.stop()
            begun = time.monotonic()
            while self._still_running(running):
                late = [w for w in running if time.monotonic() - begun > w.part.grace_s]
                self._kill(running if self._wake.stops > patience else late)
                self._turn(_READY_POLL_S)
            for watched in running:
                self._bury(watched)

    def _still_running(self, watched_parts: Iterable[WatchedPart]) -> bool:
        return any(w.child and w.child.exit_code() is None for w in watched_parts)

    def _kill(self, watched_parts: Iterable[WatchedPart]) -> None:
        for watched in watched_parts:
            if watched.child and watched.child.exit_code() is None:
                self._say(f"{watched.part.name} did not stop; killed")
                watched.child.kill_group()

    def _say(self, text: str) -> None:
        self._terminal.show("hub", text)
