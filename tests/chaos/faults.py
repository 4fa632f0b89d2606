"""What goes wrong with a running stack, and how it is mended."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import create_engine, text

from tests.stack import PROCESSES, STORES, Stack

FREEZE_S = 3.0
LONGER_THAN_A_LEASE_S = 5.0


def kill(name: str, away_s: float = 0.0) -> Callable[[Stack], None]:
    """Return the fault that kills a part outright and starts it again after a while."""

    def strike(stack: Stack) -> None:
        stack.kill(name)
        time.sleep(away_s)
        stack.start(name)

    return strike


def kill_everything(stack: Stack) -> None:
    """Kill all parts outright and at once, and start Hub anew."""
    names = [name for name in (*PROCESSES, *STORES) if stack.is_running(name)]
    for name in names:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.killpg(stack.process_id(name), signal.SIGKILL)
    for name in names:
        stack.kill(name)
    for name in STORES:
        stack.start(name)
    for name in PROCESSES:
        stack.start(name, wait=False)
    for name in PROCESSES:
        stack.wait_until_ready(name)


def freeze(*names: str, seconds: float = FREEZE_S) -> Callable[[Stack], None]:
    """Return the fault that makes parts stand still for a while, their connections open."""

    def strike(stack: Stack) -> None:
        for name in names:
            stack.kill(name, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            for name in names:
                stack.kill(name, signal.SIGCONT)

    return strike


def in_turn(*faults: Callable[[Stack], None]) -> Callable[[Stack], None]:
    """Return the fault that is several, one after another."""

    def strike(stack: Stack) -> None:
        for fault in faults:
            fault(stack)

    return strike


def flush_redis(stack: Stack) -> None:
    """Empty Redis while everything goes on."""
    stack.flush_redis()


def kill_child(stack: Stack) -> None:
    """Kill one of the processes in which a worker does its work; the worker starts another."""
    leader = stack.process_id("worker")
    children = sorted(_children_of(leader))
    if children:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.kill(children[0], signal.SIGKILL)


def end_database_sessions(stack: Stack) -> None:
    """End all sessions at the database, whatever they are doing."""
    engine = create_engine(stack.database_url)
    with engine.connect() as connection:
        connection.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        )
    engine.dispose()


FAULTS: Mapping[str, Callable[[Stack], None]] = {
    "worker killed": kill("worker"),
    "worker frozen": freeze("worker", seconds=LONGER_THAN_A_LEASE_S),
    "relay killed": kill("relay"),
    "api killed": kill("api"),
    "redis restarted empty": kill("redis", 1.0),
    "redis flushed": flush_redis,
    "redis frozen": freeze("redis"),
    "postgres killed": kill("postgres", 0.5),
    "everything killed": kill_everything,
}
"""By name; a frozen worker stands still longer than its lease of 4 s."""

MORE_FAULTS: Mapping[str, Callable[[Stack], None]] = {
    **FAULTS,
    "worker's child killed": kill_child,
    "database sessions ended": end_database_sessions,
}
"""All of them, for runs that have the time."""


def _children_of(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            its_parent = path.read_text().rpartition(")")[2].split()[1]
            if int(its_parent) == parent:
                found.append(int(path.parent.name))
    return found
