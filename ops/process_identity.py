"""Asks the operating system about processes, so that a reused process id fools nobody."""

import os
import platform
import subprocess
from pathlib import Path

_IS_LINUX = platform.system() == "Linux"  # not sys.platform: both ways must be type-checked


def is_running(process_id: int) -> bool:
    """Tell whether a process of this id lives, whoever owns it; a zombie does not."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not (_IS_LINUX and _linux_state(process_id) == "Z")


def started_at(process_id: int) -> str | None:
    """Return an opaque mark of the moment the process began; None when there is no such process.

    A process id together with this mark names one process for ever.
    """
    if _IS_LINUX:
        fields = _linux_status(process_id)
        return fields[19] if fields else None  # "starttime", field 22 of proc(5)
    return _ps(process_id, "lstart=")


def boot() -> str | None:
    """Return an opaque mark of the machine's present run: after a reboot ids mean nothing."""
    if _IS_LINUX:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return _ps(1, "lstart=")


def has_group(group_id: int) -> bool:
    """Tell whether any process of this group lives, its leader perhaps gone."""
    try:
        os.killpg(group_id, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def works_in(process_id: int, directory: Path) -> bool:
    """Tell whether the process is a server of this data directory.

    PostgreSQL makes its data directory the working directory; where the system does not show that,
    its command line names the directory.
    """
    if _IS_LINUX:
        try:
            return Path(f"/proc/{process_id}/cwd").readlink() == directory.resolve()
        except OSError:
            return False
    return str(directory.resolve()) in (_ps(process_id, "command=") or "")


def working_in(directory: Path, program: str) -> list[int]:
    """Return the processes of a program that work in a directory; Linux only, none elsewhere."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm") if _IS_LINUX else ():
        try:
            name = path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:  # it ended meanwhile
            continue
        if name == program and works_in(int(path.parent.name), directory):
            found.append(int(path.parent.name))
    return found


def _linux_status(process_id: int) -> list[str]:
    try:
        text = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # the name before it may hold spaces and brackets


def _linux_state(process_id: int) -> str | None:
    fields = _linux_status(process_id)
    return fields[0] if fields else None


def _ps(process_id: int, column: str) -> str | None:
    answer = subprocess.run(
        ["ps", "-o", column, "-p", str(process_id)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or None
