"""Processes of Hub forked from one that has loaded it: up in a tenth of the time.

They are processes as any, in a group of their own and with an environment of their own; only that
their modules need not be loaded each time, which takes seconds of a processor. ``hub up`` and
Celery have theirs in the same way. What is read while modules load is read again.

The nursery itself is a program that takes a line of JSON for each child, answers with its process
id, and leaves how it ended in a file. It ends when nobody is left who could ask, and its children
with it.
"""

import json
import logging
import os
import runpy
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from ops.own_program import own_program
from ops.supervisor.child import end_with_parent
from ops.supervisor.part import Part

_POLL_S = 0.01
_MODULES = ("workers.relay", "api.app", "granian.server", "tests.chaos.bodies")


def takes(part: Part) -> bool:
    """Tell whether a part's program is one of Hub's own that can be forked.

    One whose clock is off must have that from its very beginning.
    """
    command = list(part.command())
    return command[:2] == own_program()[:2] and "CHAOS_CLOCK_OFF_S" not in part.environment


class NurseryChild:
    """A process of `part`, forked by the nursery; has what `ops.supervisor.child.Child` has."""

    def __init__(self, part: Part, log: Path) -> None:
        self._part = part
        self.process_id, self._ended = _Nursery.of_this_process().fork(part, log)

    def exit_code(self) -> int | None:
        """Return how it ended (negative: by that signal); None while it runs."""
        try:
            return int(self._ended.read_text())
        except FileNotFoundError:
            return None

    def wait(self, timeout_s: float) -> int:
        """Wait for its end and return how it ended.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        deadline = time.monotonic() + timeout_s
        while (code := self.exit_code()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(self._part.name, timeout_s)
            time.sleep(_POLL_S)
        return code

    def stop(self) -> None:
        """Ask it to end in its own way; does nothing once it has ended."""
        if self.exit_code() is None:
            os.kill(self.process_id, self._part.stop_signal)

    def kill_group(self) -> None:
        """End it and everything it has started, at once; also good for what an ended one left."""
        try:
            os.killpg(self.process_id, signal.SIGKILL)
        except ProcessLookupError:
            return


class _Nursery:
    """The nursery of a test process, started when it is first needed."""

    _ours: ClassVar["_Nursery | None"] = None

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="hub-nursery-"))
        self._children = 0
        self._turn = threading.Lock()  # some tests start parts from several threads
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery", str(self._directory)],
            cwd=Path(__file__).parents[1],
            env={name: text for name, text in os.environ.items() if not name.startswith("HUB_")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    @classmethod
    def of_this_process(cls) -> "_Nursery":
        if cls._ours is None:
            cls._ours = cls()
        return cls._ours

    def fork(self, part: Part, log: Path) -> tuple[int, Path]:
        """Start a part; returns its process id, and the file that will say how it ended."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the nursery has no pipes")
        with self._turn:
            self._children += 1
            ended = self._directory / str(self._children)
            asked = {
                "command": list(part.command())[2:],
                "environment": dict(part.environment),
                "stop_signal": int(part.stop_signal),
                "log": str(log),
                "ended": str(ended),
            }
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the nursery is gone: it ended with {self._process.wait(5)}")
        return int(answer), ended


def _serve(directory: Path) -> None:
    """Fork what is asked for until nobody can ask any more; then remove the directory."""
    children: dict[int, Path] = {}
    awake, wake = os.pipe()
    for end in (awake, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin, selectors.EVENT_READ)
    selector.register(awake, selectors.EVENT_READ)
    while True:
        ready = {key.fileobj for key, _ in selector.select()}
        if awake in ready:
            os.read(awake, 4096)
            _bury(children)
        if sys.stdin in ready:
            line = sys.stdin.readline()
            if not line:
                break
            asked = json.loads(line)
            process_id = _fork(asked)
            children[process_id] = Path(asked["ended"])
            sys.stdout.write(f"{process_id}\n")
            sys.stdout.flush()
            _bury(children)  # it may have ended before it was in the list
    for file in directory.iterdir():
        file.unlink()
    directory.rmdir()


def _bury(children: dict[int, Path]) -> None:
    for process_id, ended in list(children.items()):
        found, status = os.waitpid(process_id, os.WNOHANG)
        if found:
            del children[process_id]
            written = ended.with_suffix(".new")
            written.write_text(str(os.waitstatus_to_exitcode(status)))
            written.rename(ended)


def _fork(asked: dict[str, Any]) -> int:
    end_with_us = end_with_parent(signal.Signals(asked["stop_signal"]))
    process_id = os.fork()
    if process_id == 0:
        _become(asked, end_with_us)
    return process_id


def _become(asked: dict[str, Any], end_with_us: Callable[[], None] | None) -> NoReturn:
    """Run a program as if this process had been started with it, and end with it."""
    exit_code = 1
    try:
        os.setsid()
        if end_with_us:
            end_with_us()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        output = os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        os.environ.clear()
        os.environ.update(asked["environment"])
        _read_again()
        module, *arguments = asked["command"]
        sys.argv = [module, *arguments]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        exit_code = 0
    except SystemExit as end:
        exit_code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        logging.getLogger(__name__).exception("nursery.child_failed")
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_code)


def _read_again() -> None:
    from hub.settings import get_settings
    from workers import process
    from workers.app import app

    get_settings.cache_clear()
    app.conf.update(broker_url=process.redis_url())


def _load() -> None:
    import importlib

    from hub.loading import loading
    from ops.commands.processes import load_workers

    with loading():
        load_workers()
        for module in _MODULES:
            importlib.import_module(module)


if __name__ == "__main__":
    _load()
    _serve(Path(sys.argv[1]))
