"""How long Hub takes to be ready, from a fresh clone too, and how much memory it holds, idle.

Memory is the proportional set size (PSS): pages that processes share are counted once in all, so
that the sum over the processes is what the stack costs. Linux only.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import requests

from bench.figures import Figure
from tests.stack import free_port

WARM_STARTS = 3
IDLE_S = 10
_READY_S = 120
_FRESH_S = 600  # packages are downloaded
ROOT = Path(__file__).parents[1]
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def run() -> Iterator[Figure]:
    """Yield the figures of starting and of being idle."""
    directory = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    directory.chmod(0o711)  # PostgreSQL's account walks through it when we are root
    try:
        fresh, warm, memory = [], [], []
        with _hub_up(directory) as (seconds, _):
            fresh.append(seconds)
        for _ in range(WARM_STARTS):
            with _hub_up(directory) as (seconds, process_id):
                warm.append(seconds)
                time.sleep(IDLE_S)
                memory.append(_memory_mb(process_id))
    finally:
        shutil.rmtree(directory)
    yield Figure("hub up, existing data, to ready", warm, "s", goal="at most 10, 5, moonshot 3")
    yield Figure("hub up, from an empty directory, to ready", fresh, "s")
    yield Figure("the whole stack, idle, PSS", memory, "MB", goal="450, moonshot 300")
    yield Figure("make run, in a fresh clone, to ready", [_fresh_clone()], "s", goal="90")


def _fresh_clone() -> float:
    """Return how long ``make run`` takes where there is nothing but the code, pip's cache aside."""
    directory = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    directory.chmod(0o711)
    clone = directory / "hub"
    try:
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        with _running(["make", "run"], clone, {}, within_s=_FRESH_S) as (seconds, _):
            return seconds
    finally:
        shutil.rmtree(directory)


@contextmanager
def _hub_up(directory: Path) -> Iterator[tuple[float, int]]:
    """Run a whole Hub for the block; gives the seconds until it was ready, and its process id."""
    environment = {"HUB_DATA_DIR": str(directory / "data"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "ops.cli", "up"]
    with _running(command, directory, environment, within_s=_READY_S) as found:
        yield found


@contextmanager
def _running(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], *, within_s: float
) -> Iterator[tuple[float, int]]:
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if name[:4] != "HUB_"}
    with (directory / "up.log").open("ab") as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            env={**inherited, **environment, "HUB_PORT": str(port)},
            cwd=directory,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        try:
            while not _is_ready(port):
                if process.poll() is not None or time.perf_counter() - started > within_s:
                    raise RuntimeError(f"it does not start:\n{(directory / 'up.log').read_text()}")
                time.sleep(0.02)
            yield time.perf_counter() - started, process.pid
        finally:
            os.killpg(process.pid, signal.SIGINT)  # make's own child too, as by Ctrl-C
            process.wait(60)


def _is_ready(port: int) -> bool:
    try:
        answer = requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2)
    except requests.RequestException:
        return False
    return answer.ok and answer.json()["status"] == "ok"


def _memory_mb(process_id: int) -> float:
    """Return the memory of a process and all its descendants, in megabytes (10^6 bytes)."""
    kilobytes = 0
    for each in _tree(process_id):
        with suppress(OSError):  # it ended meanwhile
            found = _PSS.search(Path(f"/proc/{each}/smaps_rollup").read_text())
            kilobytes += int(found[1]) if found else 0
    return kilobytes * 1024 / 1e6


def _tree(process_id: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            identifier, _, rest = path.read_text().partition(" (")
            parent = int(rest.rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(identifier))
    tree, position = [process_id], 0
    while position < len(tree):
        tree.extend(parents.get(tree[position], []))
        position += 1
    return tree
