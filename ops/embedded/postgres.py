"""The embedded PostgreSQL: its files, its command line, its readiness."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ops.data_directory import DataDirectory
from ops.embedded.account import store_account
from ops.embedded.binaries import postgres_programs
from ops.errors import OperationError
from ops.process_identity import is_running, working_in, works_in

DATABASE = "hub"
USER = "hub"
MAJOR_VERSION = "18"

_PORT = 5432  # only the name of the socket: nothing listens on a network
_LEFTOVER_GRACE_S = 30  # a fast shutdown writes a checkpoint first
_LEFTOVER_POLL_S = 0.1
_ORPHAN_GRACE_S = 2  # nobody waits for an answer from them any more

# A small idle footprint: Hub's own processes hold about thirty connections at most.
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "max_wal_size": "512MB",
    "min_wal_size": "80MB",
    "autovacuum_max_workers": "2",
    "max_parallel_workers": "2",
    "max_logical_replication_workers": "0",
    "io_method": "sync",  # saves three processes; all that we read is cached
    "jit": "off",  # our queries are short
    "dynamic_shared_memory_type": "posix",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",  # the details of an error quote people's data
}
_SHARED_OF_MEMORY = 16  # one part of so many: the rest of Hub, and others, live here as well
_SHARED_MB = range(64, 513)
_MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")  # cgroups v2; "max" where there is none
_CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """A PostgreSQL 18 of our own in the data directory.

    `prepare` makes it startable, whatever state a crash has left; then run `command` as `account`.

    Args:
        place: the data directory.
        durable: False gives up safety against power cuts for speed; for tests only.
        max_connections: how many clients it serves at once.
    """

    def __init__(
        self, place: DataDirectory, *, durable: bool = True, max_connections: int = 60
    ) -> None:
        self.account = store_account(place.postgres)
        self._place = place
        self._durable = durable
        self._settings = _SETTINGS | {
            "max_connections": str(max_connections),
            "shared_buffers": f"{_shared_mb()}MB",
        }
        if not durable:
            self._settings |= _CARELESS
        self.programs = postgres_programs(self.account)
        self.environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    @property
    def url(self) -> str:
        """SQLAlchemy's URL of the database."""
        return f"postgresql+psycopg://{USER}@/{DATABASE}?host={self._place.sockets}"

    @property
    def command(self) -> list[str]:
        """The command line that runs it in the foreground."""
        sockets = '"' + str(self._place.sockets).replace('"', '""') + '"'  # a list with quoting
        settings = self._settings | {"unix_socket_directories": sockets}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self.programs / "postgres"), "-D", str(self._files), *options]

    def prepare(self) -> None:
        """Make the database if there is none, and clear what a crash has left.

        Call it while holding the data directory's lock, before every start.

        Raises:
            OperationError: it cannot be made, or was made by another version.
        """
        self._place.make_sockets(self.account)
        files = self._place.make_postgres_place(self.account)
        if not files.exists():
            self._initialise(files)
        found = (files / "PG_VERSION").read_text(encoding="utf-8").strip()
        if found != MAJOR_VERSION:
            raise OperationError(
                f"{files} was made by PostgreSQL {found}; this Hub brings {MAJOR_VERSION}. Take a "
                "backup with the Hub that made it and restore it here."
            )
        self._end_leftover(files / "postmaster.pid")
        self._end_orphans(files)
        for name in (f".s.PGSQL.{_PORT}", f".s.PGSQL.{_PORT}.lock"):
            (self._place.sockets / name).unlink(missing_ok=True)

    def is_ready(self) -> bool:
        """Tell whether it accepts connections now."""
        answer = subprocess.run(
            [
                self.programs / "pg_isready",
                "-q",
                "-h",
                str(self._place.sockets),
                "-d",
                DATABASE,
                "-U",
                USER,
                "-t",
                "2",
            ],
            env=self.environment,
            check=False,
        )
        return answer.returncode == 0

    @property
    def is_there(self) -> bool:
        """Whether its database was made, in an earlier start."""
        return (self._files / "PG_VERSION").exists()

    @property
    def _files(self) -> Path:
        return self._place.postgres.resolve()

    def _initialise(self, files: Path) -> None:
        """Build the cluster beside its place and rename it: a kill on the way leaves no half."""
        unfinished = files.with_name("postgres.init")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        if self.account is not None:
            os.chown(unfinished, self.account.user_id, self.account.group_id)
        # The builtin locale sorts alike on every machine and needs no ICU, which this build lacks.
        self._run(
            [
                "initdb", "--pgdata", str(unfinished), "--username", USER, "--auth", "trust",
                "--encoding", "UTF8", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8",
                "--locale", "C", "--no-instructions",
                *([] if self._durable else ["--no-sync"]),
            ]
        )  # fmt: skip
        quick = [] if self._durable else ["-F"]
        self._run(
            ["postgres", "--single", *quick, "-D", str(unfinished), "postgres"],
            f"CREATE DATABASE {DATABASE}\n",
        )
        unfinished.rename(files)

    def _run(self, command: Sequence[str], text: str = "") -> None:
        account = self.account
        answer = subprocess.run(
            [self.programs / command[0], *command[1:]],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",  # our own working directory may be closed to the account
            env=self.environment,
            user=account.user_id if account else None,
            group=account.group_id if account else None,
            extra_groups=[] if account else None,
        )
        if answer.returncode != 0:
            raise OperationError(
                f"{command[0]} could not make the embedded database: {answer.stderr.strip()}"
            )

    def _end_leftover(self, process_file: Path) -> None:
        """Stop a server that lost its supervisor; forget one that is long gone.

        The file may name a process of somebody else, which is normal in containers, where ids
        begin again at 1: PostgreSQL itself would then refuse to start for ever.
        """
        try:
            process_id = int(process_file.read_text(encoding="utf-8").split("\n", 1)[0])
        except FileNotFoundError:
            return
        except ValueError:
            process_id = 0
        if process_id > 0 and works_in(process_id, process_file.parent):
            for name in (signal.SIGINT, signal.SIGKILL):  # fast shutdown, then none at all
                os.kill(process_id, name)
                deadline = time.monotonic() + _LEFTOVER_GRACE_S
                while is_running(process_id) and time.monotonic() < deadline:
                    time.sleep(_LEFTOVER_POLL_S)
                if not is_running(process_id):
                    break
        process_file.unlink(missing_ok=True)

    def _end_orphans(self, files: Path) -> None:
        """End the processes of a server that was killed: none starts as long as one is there.

        They notice by themselves that it is gone, but for one in the middle of a long query.
        """
        patience_over = time.monotonic() + _ORPHAN_GRACE_S
        given_up = patience_over + _LEFTOVER_GRACE_S
        while (orphans := working_in(files, "postgres")) and time.monotonic() < given_up:
            for process_id in orphans if time.monotonic() > patience_over else ():
                with suppress(ProcessLookupError):
                    os.kill(process_id, signal.SIGKILL)
            time.sleep(_LEFTOVER_POLL_S)


def _shared_mb() -> int:
    """Return how much of the machine's memory it takes to keep pages in, in MiB.

    Rows that a search finds lie all over their table. With few pages kept, most are read from the
    system again and again; what is not in use costs nothing.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):
        memory = min(memory, int(_MEMORY_LIMIT.read_text(encoding="ascii")))
    share = memory // _SHARED_OF_MEMORY // 2**20
    return min(max(share, _SHARED_MB[0]), _SHARED_MB[-1])
