"""Keeps the servers of a test run while somebody uses them.

Started by `tests.servers` as ``python -m tests.servers_keeper DIRECTORY``.
"""

import fcntl
import json
import os
import shutil
import sys
import time
from pathlib import Path

from ops.data_directory import DataDirectory
from ops.embedded.postgres import EmbeddedPostgres
from ops.embedded.redis import EmbeddedRedis
from ops.parts import postgres_part, redis_part
from ops.supervisor.child import Child
from tests.servers import START_S

MAX_CONNECTIONS = 200  # every process of the run has a pool, and some tests start whole stacks
POLL_S = 0.5


def keep(directory: Path) -> None:
    """Start the servers, say where they are, and stop them when their last user has gone."""
    place = DataDirectory(directory / "data")
    place.create()
    postgres = EmbeddedPostgres(place, durable=False, max_connections=MAX_CONNECTIONS)
    redis = EmbeddedRedis(place, account=postgres.account)
    children = []
    for part in (postgres_part(postgres), redis_part(redis)):
        part.prepare()
        children.append(Child(part, output=sys.stdout.fileno()))
    deadline = time.monotonic() + START_S
    while not (postgres.is_ready() and redis.is_ready()):
        if time.monotonic() > deadline or any(child.exit_code() is not None for child in children):
            raise SystemExit("a server did not become ready")
        time.sleep(0.05)
    answer = directory / "servers.json"
    draft = answer.with_suffix(".draft")
    draft.write_text(json.dumps({"database_url": postgres.url, "redis_url": redis.url}))
    draft.rename(answer)
    _wait_until_unused(directory)
    for child in children:
        child.stop()
    for child in children:
        child.wait(START_S)
    shutil.rmtree(directory)


def _wait_until_unused(directory: Path) -> None:
    with (directory / "users.lock").open("a") as users:
        while True:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(POLL_S)
            else:
                return


if __name__ == "__main__":
    os.chdir("/")
    keep(Path(sys.argv[1]))
