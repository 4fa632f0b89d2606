"""The parsers that Hub did not write: libical by the system's Python, ical.js and node-ical."""

import fcntl
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
SYSTEM_PYTHON = "/usr/bin/python3"
TIMEOUT_S = 120


def read_with_libical(work: object, folder: Path) -> Any:
    """Return what libical says; skips the test where its bindings are missing."""
    probe = "import gi; gi.require_version('ICalGLib', '3.0')"
    if not Path(SYSTEM_PYTHON).exists() or _run([SYSTEM_PYTHON, "-c", probe]).returncode:
        pytest.skip("libical is missing: apt-get install gir1.2-ical-3.0 python3-gi")
    return _answer([SYSTEM_PYTHON, str(HERE / "read_with_libical.py")], work, folder)


def read_with_node(script: str, work: object, folder: Path) -> Any:
    """Return what a script of this folder prints; skips the test where node or npm is missing."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are missing: ical.js and node-ical were not asked")
    _install_modules()
    return _answer(["node", str(HERE / script)], work, folder)


def _install_modules() -> None:
    lock = (HERE / "package-lock.json").read_bytes()
    marker = HERE / "node_modules" / ".installed"
    with (HERE / "package.json").open("rb") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # several test processes may want the modules at once
        if marker.exists() and marker.read_bytes() == lock:
            return
        done = _run(["npm", "ci", "--prefer-offline", "--no-progress"])
        if done.returncode:
            pytest.skip("npm could not fetch ical.js and node-ical")
        marker.write_bytes(lock)


def _answer(command: list[str], work: object, folder: Path) -> Any:
    plan = folder / "plan.json"
    plan.write_text(json.dumps(work), encoding="utf-8")
    done = _run([*command, str(plan)])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=HERE, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
