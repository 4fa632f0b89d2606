"""Real processes under a test's control: PostgreSQL, Redis, API, relay, workers.

def test_work_survives_redis(stack: Stack) -> None:
    stack.flush_redis()
    stack.kill("worker")
    stack.start("worker")
    answer = stack.client.get("/api/v1/jobs")
"""

import contextlib
import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import redis
import requests
from sqlalchemy import Engine, create_engine, text

from hub.settings import PREFIX, Settings
from ops.data_directory import DataDirectory
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.redis import EmbeddedRedis
from ops.installation import Installation
from ops.parts import migration_part, postgres_part, redis_part, separate_parts
from ops.reach import local_url
from ops.supervisor.child import Child
from ops.supervisor.part import Part
from tests import nursery
from tests.beginnings import Beginnings
from tests.databases import Cleaner, keep_rows
from tests.nursery import NurseryChild
from tests.patience import PATIENCE_S, wait_until

STORES = ("postgres", "redis")
PROCESSES = ("api", "relay", "worker", "worker-bulk")
_AT_WORK = text("""
    select count(*) from job
    where state = 'running' or state = 'queued' and run_at <= clock_timestamp()
""")
_LAST_CHARACTERS = 4_000  # of each log, when a test fails


class Client(requests.Session):
    """Talks to the API of a stack: give it paths, it adds the address and the token."""

    def __init__(self, base_url: str, token: str) -> None:
        super().__init__()
        self.base_url = base_url
        self.headers["Authorization"] = f"Bearer {token}"

    def request(self, method: str, url: str, *arguments: Any, **options: Any) -> requests.Response:  # type: ignore[override] # only the path is ours to change
        """Send a request; it fails after long patience unless `timeout` says otherwise."""
        options.setdefault("timeout", PATIENCE_S)
        return super().request(method, self.base_url + url, *arguments, **options)


class Stack:
    """A whole Hub in a temporary directory on a free port; a context manager.

    Stacks of a test run begin with copies of one database: see `beginnings`, None elsewhere.

    Args:
        environment: more settings, for example ``{"HUB_LEASE_S": "2"}``.
        durable: True makes PostgreSQL safe against a kill of the whole machine; slower.
    """

    beginnings: ClassVar[Beginnings | None] = None

    def __init__(
        self, environment: Mapping[str, str] | None = None, *, durable: bool = False
    ) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="hub-stack-"))
        self.directory.chmod(0o711)  # PostgreSQL's account walks through it when we are root
        self.port = free_port()
        place = DataDirectory(self.directory / "data")
        place.create()
        postgres = EmbeddedPostgres(place, durable=durable)
        self._installation = Installation(
            place,
            Settings(_env_file=None, data_dir=place.root, port=self.port),
            postgres,
            EmbeddedRedis(place, account=postgres.account),
        )
        self._environment = {
            "HUB_PORT": str(self.port),
            "HUB_ALLOW_PRIVATE_ADDRESSES": "true",  # sandboxes listen on this machine
            "HUB_REQUEST_RATE": "0",  # tests and benchmarks ask as fast as they can
            "PYTHONPATH": str(Path(__file__).parents[1]),
            **(environment or {}),
        }
        self._of_processes: dict[str, str] = {}
        self._children: dict[str, Child | NurseryChild] = {}
        self._parts: dict[str, Part] = {}
        self._client: Client | None = None
        self._remembered: tuple[Engine, Cleaner] | None = None

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return local_url(self._installation.settings)

    @property
    def database_url(self) -> str:
        """SQLAlchemy's URL of the database."""
        return self._installation.database_url

    @property
    def redis_url(self) -> str:
        """URL of Redis."""
        return self._installation.redis_url

    @property
    def environment(self) -> Mapping[str, str]:
        """What Hub's own processes are told, for another one beside them."""
        return self._of_processes

    @property
    def client(self) -> Client:
        """A client with the first administrator's token."""
        if self._client is None:
            raise RuntimeError("the stack has not been started")
        return self._client

    def __enter__(self) -> Self:
        """Start everything and wait until it is ready."""
        try:
            token = self._begin()
            for name in STORES:
                self.start(name)
            self._client = Client(self.base_url, token)
            for name in PROCESSES:
                self.start(name, wait=False)
            for name in PROCESSES:
                self.wait_until_ready(name)
        except Exception as error:
            logs = self.logs()
            self.__exit__()
            raise RuntimeError(f"the stack does not start:\n{logs}") from error
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything and remove the directory."""
        if self._client:
            self._client.close()
        if self._remembered:
            engine, cleaner = self._remembered
            cleaner.close()
            engine.dispose()
        for names in (PROCESSES, STORES):
            for name in names:
                if self.is_running(name):
                    self.kill(name, signal.SIGCONT)  # a paused one would not hear us
                    self._children[name].stop()
            for name in names:
                self._wait_or_kill(name)
        shutil.rmtree(self.directory)

    def start(self, name: str, *, wait: bool = True) -> None:
        """Start a part that does not run, and wait until it is ready."""
        part = self._parts[name]
        part.prepare()
        log = self._log(name)
        if nursery.takes(part):
            self._children[name] = NurseryChild(part, log)
        else:
            with log.open("ab") as output:
                self._children[name] = Child(part, output=output.fileno())
        if wait:
            self.wait_until_ready(name)

    def stop(self, name: str) -> int:
        """Ask a part to stop, wait for it, and return how it ended."""
        self._children[name].stop()
        return self._wait_or_kill(name)

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a part and everything it has started.

        Returns once it is gone after SIGKILL, once it stands still after SIGSTOP (Linux only).
        """
        group = self._children[name].process_id
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.killpg(group, number)
        if number == signal.SIGKILL:
            self._wait_or_kill(name)
        if number == signal.SIGSTOP:
            self.wait_until(lambda: set(_states(group)) <= {"T", "Z"})

    def restart(self, name: str) -> None:
        """Stop a part if it runs, and start it."""
        if self.is_running(name):
            self.stop(name)
        self.start(name)

    def start_what_ended(self) -> None:
        """Start each of Hub's processes that does not run, as a supervisor does."""
        for name in PROCESSES:
            if not self.is_running(name):
                self.start(name)

    def is_running(self, name: str) -> bool:
        """Tell whether a part was started and has not ended."""
        child = self._children.get(name)
        return child is not None and child.exit_code() is None

    def process_id(self, name: str) -> int:
        """Return the process id of a part's first process, which leads its group."""
        return self._children[name].process_id

    def wait_until_ready(self, name: str) -> None:
        """Wait until a running part is ready for work."""
        part = self._parts[name]
        self.wait_until(
            lambda: self.is_running(name) and part.is_ready(),
            within_s=max(part.ready_within_s, PATIENCE_S),
        )

    def wait_until(self, condition: Callable[[], object], *, within_s: float = PATIENCE_S) -> None:
        """Wait until something is so; a test fails when it is not in time."""
        wait_until(condition, within_s=within_s)

    def flush_redis(self) -> None:
        """Throw away everything that is in Redis."""
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushall()

    def wait_until_idle(self) -> None:
        """Wait until no job is due or running: what was to come of everything so far has come."""
        engine = create_engine(self.database_url)
        self._wait_until_idle(engine)
        engine.dispose()

    def remember(self) -> None:
        """Remember how the database is, once no job is due or running: see `begin_again`."""
        engine = create_engine(self.database_url, pool_pre_ping=True)
        self._wait_until_idle(engine)
        keep_rows(engine)
        self._remembered = engine, Cleaner(engine)

    def begin_again(self) -> None:
        """Start what does not run, and bring the database back to how it was at `remember`.

        But for the sequences: Hub's processes may remember where they were.
        """
        if self._remembered is None:
            raise RuntimeError("nothing was remembered")
        engine, cleaner = self._remembered
        self.start_what_ended()
        self._wait_until_idle(engine)
        cleaner.clean(restart_sequences=False)

    def lines(self, name: str) -> list[str]:
        """Return what a part has written so far, without a line that is being written."""
        return self._log(name).read_text(errors="replace").split("\n")[:-1]

    def logs(self) -> str:
        """Return the last lines of all parts."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-_LAST_CHARACTERS:]}"
            for path in sorted(self.directory.glob("*.log"))
        )

    def _wait_until_idle(self, engine: Engine) -> None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            self.wait_until(lambda: connection.scalar(_AT_WORK) == 0)

    def _begin(self) -> str:
        """Define the parts and make the database; returns the first administrator's token."""
        installation = self._installation
        if installation.postgres is None:
            raise RuntimeError("a stack has stores of its own")
        if self.beginnings is None:
            return self._migrate().read_text()
        file = self.beginnings.lay(installation.place, installation.postgres.account, self._migrate)
        if not self._parts:  # it was made for another
            self._define_parts()
        return file.read_text()

    def _define_parts(self) -> None:
        installation = self._installation
        if installation.postgres is None or installation.redis is None:
            raise RuntimeError("a stack has stores of its own")
        stores = [postgres_part(installation.postgres), redis_part(installation.redis)]
        for part in stores:
            part.prepare()  # the places of the sockets are known from here on
        environment = {
            name: value
            for name, value in installation.environment().items()
            if not name.startswith(PREFIX) or name.startswith(("HUB_DATA", "HUB_REDIS"))
        }
        environment["HUB_MASTER_KEY"] = installation.environment()["HUB_MASTER_KEY"]
        environment |= self._environment
        self._of_processes = environment
        parts = [
            *stores,
            migration_part(environment, self.directory / "administrator.token"),
            *separate_parts(environment, self.base_url),
        ]
        self._parts = {part.name: part for part in parts}

    def _migrate(self) -> Path:
        """Make the database and stop its server; returns the file with the first token."""
        self._define_parts()
        self.start("postgres")
        with self._log("migrate").open("ab") as output:
            child = Child(self._parts["migrate"], output=output.fileno())
            if child.wait(self._parts["migrate"].ready_within_s) != 0:
                raise RuntimeError("the migration failed")
        self.stop("postgres")
        return self.directory / "administrator.token"

    def _wait_or_kill(self, name: str) -> int:
        child = self._children.get(name)
        if child is None:
            return 0
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(self._parts[name].grace_s)
        child.kill_group()
        return child.wait(PATIENCE_S)

    def _log(self, name: str) -> Path:
        return self.directory / f"{name}.log"


def _states(group: int) -> list[str]:
    """Return the states of a group's processes, by the letters of proc(5); none elsewhere."""
    states = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            state, _, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group:
                states.append(state)
    return states


_kept: list[socket.socket] = []


def free_port() -> int:
    """Return a port on which nobody listens.

    On Linux nobody else is given it as long as this process lives; whoever asks for it by its
    number, and may reuse addresses, can listen there all the same.
    """
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    port: int = kept.getsockname()[1]
    if platform.system() == "Linux":
        _kept.append(kept)
    else:
        kept.close()
    return port
