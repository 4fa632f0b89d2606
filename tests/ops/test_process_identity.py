"""A reused process id must fool nobody."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ops.process_identity import is_running, started_at, works_in

pytestmark = pytest.mark.stack


def test_a_process_is_known_by_when_it_began(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=tmp_path
    ) as other:
        assert is_running(other.pid)
        assert started_at(other.pid) == started_at(other.pid)
        assert started_at(other.pid) != started_at(os.getpid())
        assert works_in(other.pid, tmp_path)
        assert not works_in(other.pid, tmp_path / "elsewhere")
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        assert not is_running(other.pid)  # a zombie

    assert started_at(other.pid) is None
    assert not is_running(other.pid)
