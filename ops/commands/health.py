"""``hub health``: is the relay, or the worker, of this very host alive? Containers ask it."""

import socket
from typing import TYPE_CHECKING

import click

from hub.ledger.tasks import Queue
from ops.errors import OperationError
from ops.installation import open_installation

if TYPE_CHECKING:
    from hub.ledger.pulses import Alive

_TIMEOUT_S = 5


@click.group()
def health() -> None:
    """Say whether a process of this host is alive; ends with 1 when it is not."""


@health.command()
def relay() -> None:
    """Look for a relay: one that turns, and reaches the database."""
    if not _alive().relays:
        raise OperationError("No relay was heard on this host.")


@health.command()
@click.option(
    "--queues", default=",".join(queue.value for queue in Queue), show_default=True,
    help="The queues that it takes work from, by comma.",
)  # fmt: skip
def worker(*, queues: str) -> None:
    """Look for workers of some queues that reach the database."""
    try:
        wanted = [Queue(name.strip()) for name in queues.split(",")]
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--queues") from error
    found = _alive()
    silent = [queue.value for queue in wanted if not found.workers[queue]]
    if silent:
        raise OperationError(f"No worker was heard on this host for: {', '.join(silent)}.")


def _alive() -> "Alive":
    from sqlalchemy import create_engine
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.orm import Session

    from hub.ledger import pulses

    url = open_installation().database_url
    engine = create_engine(url, connect_args={"connect_timeout": _TIMEOUT_S})
    try:
        with Session(engine) as session:
            return pulses.alive(session, host=socket.gethostname())
    except SQLAlchemyError as error:
        raise OperationError("The database is not reachable.") from error
    finally:
        engine.dispose()
