"""``hub api``, ``hub worker``, ``hub relay``: one part each, for supervisor or container."""

import gc
import importlib
import logging
from typing import TYPE_CHECKING

import click

from hub.ledger.tasks import Queue
from hub.settings import Settings, get_settings
from ops.installation import open_installation

if TYPE_CHECKING:  # the other processes do without Celery
    from celery import Celery

_QUEUES = ",".join(queue.value for queue in Queue)


@click.command()
def api() -> None:
    """Serve the HTTP API (HUB_HOST, HUB_PORT, HUB_API_PROCESSES, HUB_API_THREADS)."""
    from granian import Granian
    from granian.constants import Interfaces

    settings = _begin("api")
    Granian(
        "api.wsgi:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.api_processes,
        blocking_threads=settings.api_threads,
        backpressure=2 * settings.api_threads,  # beyond it clients wait in the kernel's queue
        respawn_failed_workers=True,
        workers_kill_timeout=20,  # less than the supervisor's own patience
        websockets=False,
        log_access=False,  # the API logs requests itself, by route and not by URL
        process_name=None,
    ).serve()


@click.command()
@click.option(
    "--queues", default=_QUEUES, show_default=True, help="Queues to take work from, by comma."
)
def worker(queues: str) -> None:
    """Do the work of some queues (HUB_WORKER_PROCESSES)."""
    wanted = [name.strip() for name in queues.split(",")]
    unknown = sorted(set(wanted) - {queue.value for queue in Queue})
    if unknown:
        raise click.BadParameter(
            f"there is no queue {', '.join(unknown)}; choose from {_QUEUES}", param_hint="--queues"
        )
    settings = _begin("worker")
    from workers.app import app

    _share_memory(app)
    app.worker_main(
        [
            "--quiet",  # no banner: our log lines are JSON
            "worker",
            "--pool=prefork",
            f"--concurrency={settings.worker_processes}",
            f"--queues={','.join(wanted)}",
            f"--hostname={'-'.join(wanted)}@%h",
            f"--loglevel={settings.log_level}",
            # Workers have nothing to say to one another: the ledger knows who does what.
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]
    )


@click.command()
def relay() -> None:
    """Wake workers for due work, expand schedules, return lapsed leases; any number may run."""
    _begin("relay")
    from workers.relay import run

    run()


def _share_memory(app: "Celery") -> None:
    """Load everything before the processes are forked, so that they share its pages."""
    importlib.import_module("sqlalchemy.dialects.postgresql.psycopg")
    importlib.import_module("psycopg")
    app.loader.import_default_modules()
    app.finalize()
    gc.collect()
    gc.freeze()  # or the first collection in each child would touch, and so copy, every object


def _begin(name: str) -> Settings:
    """Complete the settings from the data directory, and log as Hub does."""
    from hub.logs import set_up_logging

    open_installation().adopt()
    settings = get_settings()
    set_up_logging(name, settings.log_level)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it reports each look at the schema
    return settings
