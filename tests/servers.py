"""The PostgreSQL and the Redis of a test run: started once, shared by all its processes.

A keeper (`tests.servers_keeper`) owns the servers. Every test process holds a shared lock on a
file; when the keeper gets that lock for itself, nobody is left, killed or not, and it tidies up.
"""

import fcntl
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_S = 300  # a busy machine


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the servers of this run are."""

    database_url: str
    redis_url: str


class Membership:
    """Makes this process one of the users of the servers called `run`, which it starts if asked."""

    def __init__(self, run: str) -> None:
        self.directory = Path(tempfile.gettempdir()) / f"hub-tests-{run}"
        self.directory.mkdir(exist_ok=True)
        self.directory.chmod(0o711)  # PostgreSQL's account walks through it when we are root
        self._presence = (self.directory / "users.lock").open("a")
        fcntl.flock(self._presence, fcntl.LOCK_SH)

    def servers(self) -> Servers:
        """Return the servers; the first process to ask starts them."""
        answer = self.directory / "servers.json"
        with self.alone():
            if not answer.exists():
                self._start_keeper(answer)
        return Servers(**json.loads(answer.read_text()))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep the other processes of the run waiting."""
        with (self.directory / "turn.lock").open("a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield

    def leave(self) -> bool:
        """Say that this process needs the servers no longer; returns whether it was the last.

        The last one tidies up where no keeper was started that would.
        """
        try:
            fcntl.flock(self._presence, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_last = False
        else:
            is_last = True
            if not (self.directory / "servers.json").exists():
                shutil.rmtree(self.directory, ignore_errors=True)
        self._presence.close()
        return is_last

    def _start_keeper(self, answer: Path) -> None:
        log = self.directory / "keeper.log"
        with log.open("w") as output:
            keeper = subprocess.Popen(
                [sys.executable, "-m", "tests.servers_keeper", str(self.directory)],
                cwd=Path(__file__).parents[1],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C for pytest is not for the servers
            )
        deadline = time.monotonic() + START_S
        while not answer.exists():
            if keeper.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the test servers do not start:\n{log.read_text()}")
            time.sleep(0.05)
        # It outlives this process on purpose: tell Python not to warn of it.
        keeper.returncode = 0
