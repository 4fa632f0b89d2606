"""Starts what answers requests in a benchmark, each in one process with sixteen threads at most."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

from bench.load import CONNECTIONS
from tests.stack import free_port

_READY_S = 60
_GROUP, _USER, _SYSTEM = 2, 11, 12  # fields of proc(5) behind the name: pgrp, utime, stime


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    group: int

    def cpu_s(self) -> float:
        """Return the seconds of processor time that its processes have used (Linux only)."""
        ticks = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it ended meanwhile
                fields = path.read_text().rpartition(")")[2].split()
                if int(fields[_GROUP]) == self.group:
                    ticks += int(fields[_USER]) + int(fields[_SYSTEM])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def hub_api(environment: Mapping[str, str], log: Path) -> Iterator[Server]:
    """Run Hub's own API as ``hub up`` does."""
    port = free_port()
    command = [sys.executable, "-m", "ops.cli", "api"]
    with _server(command, {**environment, "HUB_PORT": str(port)}, port, log) as running:
        yield running


@contextmanager
def flask_peer(environment: Mapping[str, str], log: Path) -> Iterator[Server]:
    """Run the bare Flask application on the same server with the same options."""
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1",
        "--port", str(port), "--workers", "1", "--blocking-threads", str(CONNECTIONS),
        "--backpressure", "500", "--no-ws", "bench.peers.flask_app:app",
    ]  # fmt: skip
    with _server(command, environment, port, log) as running:
        yield running


@contextmanager
def fastapi_peer(environment: Mapping[str, str], log: Path) -> Iterator[Server]:
    """Run the bare FastAPI application on uvicorn."""
    port = free_port()
    command = [
        sys.executable, "-m", "uvicorn", "--host", "127.0.0.1", "--port", str(port),
        "--no-access-log", "--log-level", "warning", "bench.peers.fastapi_app:app",
    ]  # fmt: skip
    with _server(command, environment, port, log) as running:
        yield running


@contextmanager
def _server(
    command: list[str], environment: Mapping[str, str], port: int, log: Path
) -> Iterator[Server]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a group of its own, whose time is counted
        )
        try:
            _wait(process, port, log)
            yield Server(port, process.pid)
        finally:
            process.terminate()
            process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(f"http://127.0.0.1:{port}/livez", timeout=5)
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the server does not start:\n{log.read_text()[-3000:]}")
