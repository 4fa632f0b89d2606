"""Fixtures: a real PostgreSQL, a real Redis, and no way out of this machine."""

import gc
import os
import sys
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import hub.db
from hub import remembering, rules
from hub.loading import loading
from hub.origin import SYSTEM
from hub.settings import PREFIX, Settings, get_settings
from tests import skipping, sockets
from tests.beginnings import Beginnings
from tests.databases import Cleaner, create_database, drop_database, template_name
from tests.reference import MISSING, REFERENCE
from tests.servers import Membership
from tests.stack import Stack

# Where no bytecode is kept, every process that a test starts compiles all of Hub once more.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What is loaded and collected stays: looking through it again and again takes a tenth of the run.
gc.set_threshold(50_000, 20, 20)

_FOR_TESTS = {"HUB_TEST_DATABASE_URL", "HUB_REFERENCE_DIR"}

_SHARING_A_HUB = {"tests/journeys", "tests/workers"}
"""Folders in whose `conftest.py` a Hub is started for all modules."""

# What is set for a Hub of the developer's own must not change what a test sees.
for _name in [name for name in os.environ if name.startswith(PREFIX) and name not in _FOR_TESTS]:
    del os.environ[_name]
Settings.model_config["env_file"] = None
os.environ["HUB_MASTER_KEY"] = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
os.environ["HUB_REQUEST_RATE"] = "0"  # tests are quicker than any caller should be
hypothesis_settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any machine")
sockets.close_the_way_out()
rules.install()

from workers.chain import CHAIN_S  # noqa: E402 - Celery's part of it reads the settings

# However slow the machine is, a chain does all that is due, as tests expect of it.
CHAIN_S.update(dict.fromkeys(CHAIN_S, 3600.0))


@pytest.fixture(scope="session")
def run_id(request: pytest.FixtureRequest) -> str:
    """The name of this run, the same in all its processes."""
    given = getattr(request.config, "workerinput", {}).get("testrunuid")
    return str(given or uuid.uuid4().hex)[:12]


@pytest.fixture(scope="session", autouse=True)
def membership(run_id: str) -> Iterator[Membership]:
    """Keeps the servers of this run alive, once something has started them."""
    member = Membership(run_id)
    Stack.beginnings = Beginnings(member)
    yield member
    external = os.environ.get("HUB_TEST_DATABASE_URL")
    if member.leave() and external:
        drop_database(external, template_name(member))


@pytest.fixture(scope="session", autouse=True)
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Hub's own files of this process go."""
    directory = tmp_path_factory.mktemp("data")
    os.environ["HUB_DATA_DIR"] = str(directory)
    get_settings.cache_clear()
    return directory


@pytest.fixture(scope="session")
def database_server_url(membership: Membership) -> str:
    """A PostgreSQL on which databases can be made and dropped: ours, or the one that is set."""
    return os.environ.get("HUB_TEST_DATABASE_URL") or membership.servers().database_url


@pytest.fixture(scope="session")
def redis_url(membership: Membership) -> str:
    """A Redis of this run; its databases are shared by the run's processes."""
    return membership.servers().redis_url


@pytest.fixture(scope="session")
def database_url(
    membership: Membership, database_server_url: str, run_id: str, worker_id: str
) -> Iterator[str]:
    """A migrated database of this process alone."""
    name = f"hub_test_{run_id}_{worker_id}"
    yield create_database(membership, database_server_url, name)
    drop_database(database_server_url, name)


@pytest.fixture(scope="session")
def _engine(database_url: str) -> Iterator[tuple[Engine, Cleaner]]:
    engine = hub.db.connect(database_url, fsync=False)
    cleaner = Cleaner(engine)
    yield engine, cleaner
    cleaner.close()
    engine.dispose()


@pytest.fixture
def database(_engine: tuple[Engine, Cleaner]) -> Iterator[Engine]:
    """A clean migrated database to which `hub.db.transaction` goes; whoever commits, commits."""
    engine, cleaner = _engine
    hub.db.bind_sessions(bind=engine)
    yield engine
    cleaner.clean()
    remembering.forget()  # triggers are off meanwhile, so that nothing is told


@pytest.fixture
def cleaner(database: Engine, _engine: tuple[Engine, Cleaner]) -> Cleaner:
    """What cleans the database, for tests that do so more than once."""
    return _engine[1]


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    """A session for the test itself; commit before the code under test is to see what it wrote."""
    with hub.db._sessions() as opened:
        opened.info["origin"] = SYSTEM
        yield opened


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A whole Hub of its own, shared by the tests of a module; mark them `stack`."""
    with Stack() as running:
        yield running


class _ByHub(LoadScopeScheduling):  # type: ignore[misc] # the plugin has no types
    """Gives one process the tests that share a running Hub: a module's, or those of a folder."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        folder = path.rpartition("/")[0]
        return folder if folder in _SHARING_A_HUB else path


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByHub | None:
    """Take ``--dist loadfile`` to mean that."""
    return _ByHub(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_sessionstart() -> None:
    """End at once where tests would be left out on CI for want of documents."""
    if skipping.ON_CI and not REFERENCE.is_dir():
        pytest.exit(MISSING, returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Load all tests, and with them all of Hub, as a program is loaded."""
    with loading():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what a stack said when a test with one fails; on CI, leave none out in silence."""
    report = yield
    if skipping.ON_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not skipping.is_allowed(reason):
            report.outcome = "failed"
            report.longrepr = skipping.complaint(reason)
    running = getattr(item, "funcargs", {}).get("stack")
    if report.failed and isinstance(running, Stack) and running.directory.exists():
        report.sections.append(("logs of the stack", running.logs()))
    return report
