"""The one directory in which Hub keeps everything that lives on disk."""

import fcntl
import hashlib
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.embedded.account import Account, can_reach
from ops.embedded.binaries import SHARED_PLACE
from ops.errors import OperationError

_SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107  # the size of sun_path, less its nul
_LONGEST_SOCKET_NAME = ".s.PGSQL.5432"


class DataDirectory:
    """Names the places in the data directory and makes them with the right permissions.

    ``postgres`` and ``run`` become links to elsewhere where the account of PostgreSQL cannot reach
    them, or the path is too long for a socket; the link tells other commands, and people, where.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        self.postgres = self.root / "postgres"
        self.redis = self.root / "redis"
        self.files = self.root / "files"
        self.logs = self.root / "logs"
        self.process_ids = self.root / "processes"
        self.master_key = self.root / "master.key"
        self.mailbox_key = self.root / "mailbox.key"
        self._lock_file = self.root / "hub.lock"
        self._run = self.root / "run"

    def create(self) -> None:
        """Make the directory and its private parts; does nothing to what is there.

        Raises:
            OperationError: it cannot be made or written.
        """
        try:
            if not self.root.exists():
                self.root.mkdir(parents=True)
                self.root.chmod(0o711)  # PostgreSQL's account must walk through it, not read it
            for private in (self.redis, self.files, self.logs, self.process_ids):
                private.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise OperationError(
                f"The data directory {self.root} cannot be used: {error.strerror}. Set "
                "HUB_DATA_DIR to a directory that this user may write."
            ) from error

    @property
    def sockets(self) -> Path:
        """Where the sockets of the embedded stores are, or will be."""
        # One step only: were the target a link itself, somebody else would have put it there.
        return self._run.readlink() if self._run.is_symlink() else self._run

    def make_sockets(self, account: Account | None) -> Path:
        """Make the directory of the sockets, closed to everybody but its owner."""
        wanted = self._run
        too_long = len(os.fsencode(wanted / _LONGEST_SOCKET_NAME)) > _SOCKET_PATH_BYTES
        if too_long or not can_reach(wanted, account):
            self._link(self._run, _temporary_place(account) / f"hub-{self._mark()}")
        target = self.sockets
        if not target.is_symlink():
            target.mkdir(mode=0o700, exist_ok=True)
        if self._run.is_symlink():
            _refuse_strangers(target, account)
        target.chmod(0o700)
        if account is not None:
            os.chown(target, account.user_id, account.group_id)
        return target

    def make_postgres_place(self, account: Account | None) -> Path:
        """Return the path for PostgreSQL's files, below which `account` may make them."""
        if can_reach(self.postgres, account):
            return self.postgres.resolve()
        place = SHARED_PLACE / f"data-{self._mark()}"
        try:
            place.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError as error:
            raise OperationError(
                f"PostgreSQL's unprivileged account cannot reach {self.root}, and {place} cannot "
                f"be made: {error.strerror}. Set HUB_DATA_DIR to a place outside private "
                "directories, or start Hub as another user than root."
            ) from error
        self._link(self.postgres, place / "postgres")
        return place / "postgres"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the directory for this process alone; the kernel lets go of it when we end.

        Raises:
            OperationError: another process holds it; named by its id.
        """
        with self._lock_file.open("a+", encoding="utf-8") as stream:
            self._lock_file.chmod(0o600)  # whoever may read it may lock it
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OperationError(
                    f"Another hub (process {self.holder() or 'unknown'}) is using {self.root}. "
                    "Stop it first, or set HUB_DATA_DIR to another directory."
                ) from None
            stream.truncate(0)
            stream.write(str(os.getpid()))
            stream.flush()
            yield

    def is_locked(self) -> bool:
        """Tell whether some process, a running ``hub up`` as a rule, holds the directory."""
        if not self._lock_file.exists():
            return False
        with self._lock_file.open(encoding="utf-8") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def holder(self) -> int | None:
        """Return the id of the process that took the lock last."""
        try:
            return int(self._lock_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def _mark(self) -> str:
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]

    def _link(self, name: Path, target: Path) -> None:
        if name.is_symlink():
            name.unlink()
        elif name.exists():
            raise OperationError(
                f"{name} is in the way: PostgreSQL cannot reach it there. Remove it if it is "
                "empty, or open the directories above it."
            )
        name.symlink_to(target)


def _temporary_place(account: Account | None) -> Path:
    preferred = Path(tempfile.gettempdir())
    name = "hub-" + "0" * 12
    long_path = os.fsencode(preferred / name / _LONGEST_SOCKET_NAME)
    if len(long_path) <= _SOCKET_PATH_BYTES and can_reach(preferred / name, account):
        return preferred
    return Path("/tmp")  # noqa: S108 - what is made below it is checked by _refuse_strangers


def _refuse_strangers(directory: Path, account: Account | None) -> None:
    """Refuse a directory that somebody else has put in the public place under the name we use."""
    status = directory.lstat()
    ours = {os.geteuid(), account.user_id if account else os.geteuid()}
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in ours:
        raise OperationError(
            f"{directory} belongs to somebody else. Remove it, or set HUB_DATA_DIR to a shorter "
            "path so that it is not needed."
        )
