"""What the workers of these tests do instead of calling the outside: note it, and misbehave."""

import os
import resource
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from hub.history.recording import record
from hub.ledger.tasks import TaskName
from workers import chain
from workers.chain import RunningJob

URGENT = TaskName.SEARCH_COMPANIES
BULK = TaskName.FIND_DUPLICATES
EFFECT = "chaos.effect"
STEP_S = 0.05
MOST_MEMORY_BYTES = 1 << 30


def install() -> None:
    """Make `effect` and `long_effect` the bodies of two tasks of this process."""
    for name, body in ((URGENT, effect), (BULK, long_effect)):
        chain._BODIES[name.value] = chain._Registered(body, chain.LONGEST, {})


def effect(
    job: RunningJob, act: str = "write", pause_ms: int = 0, until: str = "", goes_on: str = ""
) -> None:
    """Have an effect outside (a line in a file) and one inside (an event), or misbehave.

    act: write; one of `POISON` (ends its process, unless a file "mended" stands); hold (the first
    holder of the job waits `pause_ms` between the two, and for a file `goes_on`; any other does
    not). It begins once there is a file `until`.
    """
    directory = Path(os.environ["CHAOS_DIRECTORY"])
    _wait_for(directory / until)
    if act in POISON and not (directory / "mended").exists():
        POISON[act]()
    _note(directory, job)
    if act == "write" or (act == "hold" and job.claim.token == 1):
        time.sleep(pause_ms / 1000)
        _wait_for(directory / goes_on)
    with job.finish() as session:
        record(session, EFFECT, subject_type="job", subject_id=job.id)


def _exit() -> None:
    os._exit(9)


def _crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _run_out_of_memory() -> None:
    """Ask for more than there may be, as a process that the kernel ends for it would.

    The limit makes an allocation fail that would else fill the machine; what fails then is as
    in C, where nobody catches it: the process is over.
    """
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    kept = []
    try:
        while True:
            kept.append(bytearray(MOST_MEMORY_BYTES // 16))
    except MemoryError:
        os.kill(os.getpid(), signal.SIGKILL)


POISON: Mapping[str, Callable[[], None]] = {
    "exit": _exit,
    "crash": _crash,
    "run_out_of_memory": _run_out_of_memory,
}


def long_effect(job: RunningJob, steps: int = 0, until: str = "") -> None:
    """Work step by step, and say so; go on where an earlier holder stopped."""
    directory = Path(os.environ["CHAOS_DIRECTORY"])
    _wait_for(directory / until)
    marks = directory / f"steps-{job.id}"
    done = marks.stat().st_size if marks.exists() else 0
    for step in range(done, steps):
        time.sleep(STEP_S)
        with marks.open("ab") as stream:
            stream.write(b".")
        job.progress(step + 1, steps, "steps")
    _note(directory, job)
    with job.finish() as session:
        record(session, EFFECT, subject_type="job", subject_id=job.id)


def _wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(STEP_S)


def _note(directory: Path, job: RunningJob) -> None:
    """Append a line, whole, in one write: nothing that is killed afterwards can take it back."""
    line = f"{job.id} {job.claim.token} {os.getpid()}\n".encode()
    descriptor = os.open(directory / "effects", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)
