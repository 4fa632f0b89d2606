"""What every stack begins with, made once in a test run: a migrated database, an administrator.

It costs five seconds to make and a tenth of one to copy. The master key is the one that is set for
all of the run.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path

from ops.data_directory import DataDirectory
from ops.embedded.account import Account
from tests.servers import Membership

_TOKEN = "administrator.token"


class Beginnings:
    """Where the processes of a run keep the beginning of their stacks."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership
        self._kept = membership.directory / "beginning"

    def lay(self, place: DataDirectory, account: Account | None, make: Callable[[], Path]) -> Path:
        """Put the beginning into a new data directory; returns the file with the token.

        Args:
            place: where to.
            account: who runs PostgreSQL there.
            make: makes it in that very place, with PostgreSQL stopped, and returns the file with
                the token; called by the first to ask, for whom the others wait.
        """
        with self._membership.alone():
            if not self._kept.exists():
                token = make()
                self._keep(place, token)
                return token
        _copy(self._kept / "postgres", place.make_postgres_place(account))
        _copy(self._kept / "files", place.files)
        return self._kept / _TOKEN

    def _keep(self, place: DataDirectory, token: Path) -> None:
        draft = self._kept.with_name("beginning.draft")
        draft.mkdir(mode=0o700)
        _copy(place.postgres.resolve(), draft / "postgres")
        _copy(place.files, draft / "files")
        _copy(token, draft / _TOKEN)
        draft.rename(self._kept)


def _copy(source: Path, target: Path) -> None:
    """Copy a file or a tree with its owners, where `target` may be an empty directory."""
    inside = f"{source}/." if source.is_dir() and target.exists() else str(source)
    subprocess.run(["cp", "-a", inside, str(target)], check=True)
