"""``hub api``, ``hub worker``, ``hub relay``: one part each; ``hub serve``: all of them."""

import importlib
import logging
import resource
import signal
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import click

from hub.ledger.tasks import Queue
from hub.loading import loading
from hub.settings import Settings, get_settings
from ops.awaiting import await_schema
from ops.forked import ForkedPrograms
from ops.installation import open_installation
from ops.server_log import granian_log
from ops.supervisor.child import end_with_parent

if TYPE_CHECKING:  # a process loads only what it runs
    from celery import Celery
    from flask import Flask

_QUEUES = ",".join(queue.value for queue in Queue)
_CONNECTIONS = 500
"""So many clients may be connected to an API process, most of them idle: browsers and proxies keep
several connections each, for half a minute."""


@click.command()
def api() -> None:
    """Serve the HTTP API (HUB_HOST, HUB_PORT, HUB_API_PROCESSES, HUB_API_THREADS)."""
    _begin("api")
    _run_api()


def _run_api() -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    settings = get_settings()
    _allow_open_files(2 * _CONNECTIONS)
    Granian(
        "api.wsgi:app",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.api_processes,
        blocking_threads=settings.api_threads,
        backpressure=_CONNECTIONS,  # of connections, not of requests: beyond it clients wait
        respawn_failed_workers=True,
        workers_kill_timeout=20,  # less than the supervisor's own patience
        websockets=False,
        log_level=LogLevels(settings.log_level.lower()),
        log_dictconfig=granian_log(),
        log_access=False,  # the API logs requests itself, by route and not by URL
        process_name=None,
    ).serve(target_loader=partial(_load_api, end_with_parent(signal.SIGTERM)), wrap_loader=False)


def _allow_open_files(number: int) -> None:
    """Let this process have so many files and connections, where it may say so itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < number:
        wanted = number if hard == resource.RLIM_INFINITY else min(number, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _load_api(end_with_us: Callable[[], None] | None) -> "Flask":
    """Return the application, in a process of Granian's that does not outlive its leader."""
    if end_with_us:
        end_with_us()
    from api.wsgi import app

    return app


@click.command()
@click.option(
    "--queues",
    "groups",
    multiple=True,
    default=(_QUEUES,),
    show_default=True,
    help="Queues to take work from, by comma; :N for a number of processes of its own. "
    "Given more than once, each is a worker that the others cannot hold up.",
)
def worker(groups: tuple[str, ...]) -> None:
    """Do the work of some queues (HUB_WORKER_PROCESSES)."""
    crews = [Crew.parse(text) for text in groups]
    _begin("worker")
    with loading():
        app = load_workers()
    programs = _working(app, crews)
    if len(programs) == 1:
        programs[0]()
    else:
        ForkedPrograms(programs).run()


@click.command()
def serve() -> None:
    """Serve the API, run a relay and do all work, once the database has this version's schema.

    One worker takes urgent work and the default one, in HUB_WORKER_PROCESSES processes, so that one
    slow job does not hold up the other; bulk work has a process to itself, so that an import never
    stands in the way. All are forked from one process, whose memory they share: what each loaded
    for itself would cost 200 MB and seconds of every start.
    """
    _begin("serve")
    with loading():
        app = load_workers()
        importlib.import_module("workers.relay")
        importlib.import_module("api.app")
    await_schema(open_installation().database_url)
    crews = [Crew((Queue.URGENT, Queue.DEFAULT)), Crew((Queue.BULK,), processes=1)]
    ForkedPrograms([_run_api, _run_relay, *_working(app, crews)]).run()


def load_workers() -> "Celery":
    """Load everything before the processes are forked, so that they share its pages."""
    from sqlalchemy.orm import configure_mappers

    from workers.app import app

    importlib.import_module("sqlalchemy.dialects.postgresql.psycopg")
    app.loader.import_default_modules()
    app.finalize()
    configure_mappers()
    return app


def _working(app: "Celery", crews: Sequence["Crew"]) -> list[Callable[[], object]]:
    from celery.exceptions import SecurityWarning

    # Celery warns root of pickle, which our workers do not accept.
    warnings.filterwarnings("ignore", "You're running the worker with superuser", SecurityWarning)
    settings = get_settings()
    return [
        partial(app.worker_main, crew.arguments(settings.worker_processes, settings.log_level))
        for crew in crews
    ]


@dataclass(frozen=True, slots=True)
class Crew:
    """The queues that one worker takes work from, and its processes, None meaning as set."""

    queues: tuple[str, ...]
    processes: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Crew":
        """Read ``urgent,default`` or ``bulk:1``.

        Raises:
            click.BadParameter: there is no such queue, or the number is none.
        """
        names, colon, number = text.partition(":")
        queues = tuple(name.strip() for name in names.split(","))
        unknown = sorted(set(queues) - set(Queue))
        if unknown:
            raise click.BadParameter(
                f"there is no queue {', '.join(unknown)}; choose from {_QUEUES}",
                param_hint="--queues",
            )
        if colon and not (number.isdecimal() and int(number) > 0):
            raise click.BadParameter(f"{number!r} is no number of processes", param_hint="--queues")
        return cls(queues, int(number) if colon else None)

    def arguments(self, processes: int, log_level: str) -> list[str]:
        """Return Celery's command line."""
        return [
            "--quiet",  # no banner: our log lines are JSON
            "worker",
            "--pool=prefork",
            f"--concurrency={self.processes or processes}",
            f"--queues={','.join(self.queues)}",
            f"--hostname={'-'.join(self.queues)}@%h",
            f"--loglevel={log_level}",
            # Workers have nothing to say to one another: the ledger knows who does what.
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ]


@click.command()
def relay() -> None:
    """Wake workers for due work, expand schedules, return lapsed leases; any number may run."""
    _begin("relay")
    _run_relay()


def _run_relay() -> None:
    with loading():
        from hub.logs import set_up_logging
        from workers.relay import run

    set_up_logging("relay", get_settings().log_level)
    run()


def _begin(name: str) -> Settings:
    """Complete the settings from the data directory, and log as Hub does."""
    from hub.logs import set_up_logging

    open_installation().adopt()
    settings = get_settings()
    set_up_logging(name, settings.log_level)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it reports each look at the schema
    return settings
