"""Runs one part for the length of a block, for commands that need a store and nothing else."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ops.data_directory import DataDirectory
from ops.errors import OperationError
from ops.supervisor.child import Child
from ops.supervisor.leftovers import ProcessFiles
from ops.supervisor.part import Part

_POLL_S = 0.05


@contextmanager
def running(part: Part, place: DataDirectory) -> Iterator[Child]:
    """Start `part`, wait until it is ready, and stop it when the block ends.

    The caller holds the lock of `place`. What it prints goes to its log file.

    Raises:
        OperationError: it does not become ready.
    """
    files = ProcessFiles(place.process_ids)
    part.prepare()
    log = place.logs / f"{part.name}.log"
    with log.open("ab") as output:
        child = Child(part, output=output.fileno())
    files.record(part.name, child.process_id, part.stop_signal)
    try:
        deadline = time.monotonic() + part.ready_within_s
        while not part.is_ready():
            if child.exit_code() is not None or time.monotonic() > deadline:
                raise OperationError(f"{part.name} does not start; see {log}")
            time.sleep(_POLL_S)
        yield child
    finally:
        child.stop()
        try:
            child.wait(part.grace_s)
        except subprocess.TimeoutExpired:
            child.kill_group()
            child.wait(part.grace_s)
        files.forget(part.name)
