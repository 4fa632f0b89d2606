"""One running process of a part: in a group of its own, and never outliving the supervisor."""

import ctypes
import os
import platform
import signal
import subprocess
from collections.abc import Callable

from ops.errors import OperationError
from ops.supervisor.part import Part

_PR_SET_PDEATHSIG = 1  # prctl(2)
_LIBC = ctypes.CDLL(None) if platform.system() == "Linux" else None


class Child:
    """A process of `part`, started by the constructor.

    It leads a process group, so that a Ctrl-C in the terminal reaches the supervisor alone and what
    it leaves behind can be ended with it.

    Raises:
        OperationError: the program cannot be started.
    """

    def __init__(self, part: Part, *, output: int = subprocess.PIPE) -> None:
        account = part.account
        command = list(part.command())
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(part.environment),
                # Our own working directory may be closed to another account.
                cwd="/" if account else None,
                user=account.user_id if account else None,
                group=account.group_id if account else None,
                extra_groups=[] if account else None,
                start_new_session=True,
                # The supervisor has no threads, so nothing can be held locked across the fork.
                preexec_fn=end_with_parent(part.stop_signal),  # noqa: PLW1509 - see above
            )
        except OSError as error:
            raise OperationError(f"{part.name} cannot be started: {error}") from error
        self._part = part
        self.process_id = self._process.pid
        self.output = self._process.stdout

    def exit_code(self) -> int | None:
        """Return how it ended (negative: by that signal); None while it runs."""
        return self._process.poll()

    def wait(self, timeout_s: float) -> int:
        """Wait for its end and return how it ended.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        return self._process.wait(timeout_s)

    def send(self, name: signal.Signals) -> None:
        """Send a signal to the process alone; does nothing once it has ended."""
        self._process.send_signal(name)

    def stop(self) -> None:
        """Ask it to end in its own way."""
        self.send(self._part.stop_signal)

    def kill_group(self) -> None:
        """End it and everything it has started, at once; also good for what an ended one left."""
        try:
            os.killpg(self.process_id, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return  # nobody is left; macOS says "permission" of a group of zombies


def end_with_parent(name: signal.Signals) -> Callable[[], None] | None:
    """Return what a forked child calls to get `name` when we die, however we die; Linux only.

    Elsewhere `ops.supervisor.leftovers` ends it at the next start.
    """
    library = _LIBC
    if library is None:
        return None
    parent = os.getpid()

    def ask_kernel() -> None:
        library.prctl(_PR_SET_PDEATHSIG, int(name))
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return ask_kernel
