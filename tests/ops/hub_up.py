"""A real ``hub up`` in a process of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from hub.settings import PREFIX
from ops.embedded.account import Account
from ops.reach import answers
from tests.patience import PATIENCE_S, wait_until
from tests.stack import free_port

ROOT = Path(__file__).parents[2]
_STARTED_S = 300.0  # a first start makes the database, and loads everything beside others that do


class HubUp:
    """One installation in a temporary directory, with ``hub`` to run on it.

    Args:
        python: the interpreter to run it with.
        account: who runs it, when not we.
    """

    def __init__(self, python: str = sys.executable, account: Account | None = None) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="hub-up-"))
        self.directory.chmod(0o711)
        if account:
            os.chown(self.directory, account.user_id, account.group_id)
        self.data = self.directory / "data"
        self.port = free_port()
        self._python = python
        self._account = account
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        packages = [str(ROOT), *(path for path in sys.path if path.endswith("site-packages"))]
        inherited = {name: v for name, v in os.environ.items() if not name.startswith(PREFIX)}
        return inherited | {
            "HUB_DATA_DIR": str(self.data),
            "HUB_PORT": str(self.port),
            "HUB_MAILBOX_PORT": str(free_port()),  # of those that start at once each has its own
            "HOME": str(self.directory),
            "PYTHONPATH": os.pathsep.join(packages),
        }

    def migrated(self) -> Self:
        """Make its database, with the first administrator; Hub is not running afterwards."""
        made = self.run("migrate")
        assert made.returncode == 0, made.stderr
        return self

    def copy(self) -> "HubUp":
        """Return another with the same data; Hub must not be running on ours."""
        made = HubUp()
        if (self.data / "postgres").is_symlink():  # elsewhere, under a name of its own
            return made.migrated()
        subprocess.run(["cp", "-a", str(self.data), str(made.data)], check=True)
        return made

    def run(
        self, *arguments: str, more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run another ``hub`` command to its end."""
        return subprocess.run(
            [self._python, "-m", "ops.cli", *arguments],
            cwd=self.directory,
            env=self.environment() | dict(more or {}),
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, *, more: Mapping[str, str] | None = None) -> str:
        """Start ``hub up``, wait until it greets, and return what it said so far."""
        self.launch("up", more=more)
        wait_until(lambda: "Stop: Ctrl-C" in self.text() or self.ended(), within_s=_STARTED_S)
        assert not self.ended(), self.text()
        return self.text()

    def launch(self, *arguments: str, more: Mapping[str, str] | None = None) -> None:
        """Start a ``hub`` command that goes on running."""
        account = self._account
        with (self.directory / "output").open("w") as output:
            self.process = subprocess.Popen(
                [self._python, "-m", "ops.cli", *arguments],
                cwd=self.directory,
                env=self.environment() | dict(more or {}),
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                user=account.user_id if account else None,
                group=account.group_id if account else None,
                extra_groups=[] if account else None,
            )

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def text(self) -> str:
        return (self.directory / "output").read_text(errors="replace")

    def token(self) -> str:
        found = re.search(r"export TOKEN=(\S+)", self.text())
        assert found, "no token was shown"
        return found[1]

    def is_ready(self) -> bool:
        return answers(f"{self.url}/readyz")

    def process_id(self, part: str) -> int:
        facts = json.loads((self.data / "processes" / f"{part}.json").read_text())
        return int(facts["process_id"])

    def process_ids(self) -> dict[str, int]:
        found = {}
        for path in (self.data / "processes").glob("*.json"):
            with suppress(FileNotFoundError, ValueError):  # it ended meanwhile, or begins just now
                found[path.stem] = self.process_id(path.stem)
        return found

    def stop(self) -> int:
        """Ask it to stop and return how it ended."""
        assert self.process
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.process and not self.ended():
            self.stop()
        shutil.rmtree(self.directory)
