"""Remembers the processes of the parts, so that a later start can end what was left.

A supervisor that is killed cannot stop its children. On Linux the kernel asks them to end, which
may take a worker half a minute; elsewhere nobody does. The next start waits for them, or ends them.
"""

import contextlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from ops.process_identity import boot, has_group, is_running, started_at

_GRACE_S = 35  # longer than any part's own
_POLL_S = 0.1


class ProcessFiles:
    """A small file for each running part in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def record(self, name: str, process_id: int, stop_signal: signal.Signals) -> None:
        """Remember a process that has just started."""
        facts = {
            "boot": boot(),
            "process_id": process_id,
            "started_at": started_at(process_id),
            "stop_signal": int(stop_signal),
        }
        self._path(name).write_text(json.dumps(facts), encoding="utf-8")

    def forget(self, name: str) -> None:
        """Forget a process that has ended."""
        self._path(name).unlink(missing_ok=True)

    def end_all(self) -> list[str]:
        """End what an earlier supervisor left and return the names of those parts.

        Call it while holding the lock. A process id that belongs to somebody else by now is left
        alone: the moment it began tells.
        """
        left = {}
        for path in sorted(self._directory.glob("*.json")):
            facts = _read(path)
            path.unlink()
            if _is_left(facts):
                left[path.stem] = int(facts["process_id"])
                _signal_group(left[path.stem], int(facts["stop_signal"]))
        deadline = time.monotonic() + _GRACE_S
        for process_id in left.values():
            while has_group(process_id) and time.monotonic() < deadline:
                time.sleep(_POLL_S)
            _signal_group(process_id, signal.SIGKILL)
        return list(left)

    def _path(self, name: str) -> Path:
        return self._directory / f"{name}.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # cut short by the crash
        return {}
    return facts if isinstance(facts, dict) else {}


def _is_left(facts: dict[str, Any]) -> bool:
    """Tell whether the process, or what it had started, still runs.

    While a group lives, its number is given to no other process; so a group without its leader is
    still the one that we made.
    """
    process_id = facts.get("process_id")
    if not isinstance(process_id, int) or facts.get("boot") != boot():
        return False
    if is_running(process_id):
        return started_at(process_id) == facts.get("started_at")
    return has_group(process_id)


def _signal_group(process_id: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # already gone
        if number == signal.SIGKILL or not is_running(process_id):
            os.killpg(process_id, number)
        else:
            os.kill(process_id, number)
