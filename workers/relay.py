"""The relay: the only clock, and the only publisher of wake-ups.

It looks at the ledger, wakes workers for what is due, returns lapsed leases, expands schedules and
seals the history. Any number of relays may run. It selects by state, never by position, and never
publishes inside a transaction.
"""

import logging
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from uuid import UUID

import redis
from celery.exceptions import CeleryError
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy.exc import SQLAlchemyError

from hub import outside
from hub.clock import utcnow
from hub.connections import holding
from hub.database_errors import is_away
from hub.db import transaction
from hub.history import sealing
from hub.ledger import claims, housekeeping, pulses, schedules, setbacks, watching
from hub.ledger.models import ProcessKind
from hub.problems import services as problems
from hub.settings import get_settings
from workers import process
from workers.app import app

logger = logging.getLogger(__name__)

BUSY_POLL_S = 0.02
IDLE_POLL_S = 0.1
LIVELY_S = 2.0  # so long it goes on looking often once work was due: work seldom comes alone
WAVE = 2  # wake-ups a look publishes for one task at most; each starts a chain
BACKLOG = 4  # no more for a queue whose Redis list is this long: Redis stays bounded …
FRESH_S = 0.5  # … but a task not woken for so long gets one beside the crowd of another task,
FRESH_BACKLOG = 64  # up to this length
BROKER_PAUSE_S = 1.0
PROBLEMS_S = 5.0
FAILED_SCHEDULE_RESTS_S = 60.0  # so that its error is told once a minute, not twice a second
SEAL_BATCHES = 5  # so that a long backlog of seals does not keep wake-ups waiting


class Relay:
    """One relay; `run` returns after `stop`.

    Args:
        chores: what else it does, by name: every so many seconds.
        first: what it does once, before anything else; tried again until the database answers.
    """

    def __init__(
        self,
        chores: Mapping[str, tuple[float, Callable[[], object]]] | None = None,
        first: Iterable[Callable[[], object]] = (),
    ) -> None:
        self._stopped = threading.Event()
        self._broker = redis.Redis.from_url(
            process.redis_url().replace("redis+socket://", "unix://", 1),
            socket_timeout=5,
            socket_connect_timeout=3,
        )
        self._broker_rests_until = 0.0
        self._woken_at: dict[tuple[str, str], float] = {}
        self._first = list(first)
        self._chores = chores or {}
        self._next_chore = dict.fromkeys(self._chores, 0.0)

    def stop(self) -> None:
        """Ask `run` to return after the present look."""
        self._stopped.set()

    def run(self) -> None:
        """Look, wake and do chores until stopped; a lost database or broker is waited for."""
        lively_until = 0.0
        while not self._stopped.is_set():
            try:
                while self._first:
                    self._first[0]()
                    del self._first[0]
                if self.look():
                    lively_until = time.monotonic() + LIVELY_S
                self._do_chores()
            except SQLAlchemyError:
                logger.warning("relay.database_away", exc_info=True)
                self._stopped.wait(1 + random.random())  # noqa: S311 - spreads the return
            lively = time.monotonic() < lively_until
            self._stopped.wait(BUSY_POLL_S if lively else IDLE_POLL_S)

    def look(self) -> bool:
        """Wake workers for what is due; returns whether anything was."""
        with transaction() as session:
            due = watching.due_work(session, WAVE)
        if due and time.monotonic() >= self._broker_rests_until:
            try:
                self._wake(due)
            except (redis.RedisError, BrokerError, CeleryError, OSError):
                self._broker_rests_until = time.monotonic() + BROKER_PAUSE_S
                logger.warning("relay.broker_away")
        return bool(due)

    def _wake(self, due: list[watching.DueWork]) -> None:
        queues = sorted({work.queue for work in due})
        with self._broker.pipeline(transaction=False) as pipeline:
            for queue in queues:
                pipeline.llen(queue)
            backlog = dict(zip(queues, pipeline.execute(), strict=True))
        now = time.monotonic()
        with app.producer_pool.acquire(block=True, timeout=5) as producer:
            for work in due:
                for _ in range(self._wanted(work, backlog[work.queue], now)):
                    app.send_task(
                        work.task, queue=work.queue, producer=producer, ignore_result=True
                    )
                    backlog[work.queue] += 1
                    self._woken_at[work.task, work.queue] = now

    def _wanted(self, work: watching.DueWork, backlog: int, now: float) -> int:
        if backlog < BACKLOG:
            return min(work.jobs, BACKLOG - backlog)
        rested = now - self._woken_at.get((work.task, work.queue), 0.0) > FRESH_S
        return 1 if rested and backlog < FRESH_BACKLOG else 0

    def _do_chores(self) -> None:
        """Do what is due, and only then say where the database was away: each has had its turn."""
        now, away = time.monotonic(), None
        for name, (period_s, chore) in self._chores.items():
            if now >= self._next_chore[name]:
                self._next_chore[name] = now + period_s
                away = _do(name, chore) or away
        if away is not None:
            raise away


def _do(name: str, chore: Callable[[], object]) -> SQLAlchemyError | None:
    """Do a chore; returns what it met where the database is away, and logs any other error."""
    try:
        chore()
    except Exception as error:  # the outermost frame of a chore: a fault in one is not the end
        if isinstance(error, SQLAlchemyError) and is_away(error):
            return error
        logger.exception("relay.chore_failed", extra={"chore": name})
    return None


def return_lapsed_leases() -> None:
    """Give jobs of dead or silent workers back to the queue."""
    with transaction() as session:
        count = claims.return_lapsed(session)
    if count:
        logger.warning("relay.leases_lapsed", extra={"count": count})
        show_lapsed()


def show_lapsed() -> None:
    """Show on the records what died with its workers."""
    with transaction() as session:
        setbacks.tell_of_lapsed(session)


def release_held_work() -> None:
    """Let work go that waits for what was released, be it put back at that very moment."""
    with transaction() as session:
        outside.let_go(session)
        holding.release_stragglers(session)


class Schedules:
    """Turns due schedules into jobs; one that cannot be is left alone for a while."""

    def __init__(self) -> None:
        self._rests_until: dict[UUID, float] = {}

    def expand(self) -> None:
        """Turn those that are due, and not known to fail, into jobs."""
        now = time.monotonic()
        self._rests_until = {each: end for each, end in self._rests_until.items() if end > now}
        with transaction() as session:
            failed = schedules.expand_due(session, passing_over=list(self._rests_until))
        self._rests_until |= dict.fromkeys(failed, now + FAILED_SCHEDULE_RESTS_S)


def seal_history() -> None:
    """Seal what was committed since the last look."""
    for _ in range(SEAL_BATCHES):
        with transaction() as session:
            if sealing.seal(session) < sealing.BATCH:
                return


def say_alive() -> None:
    """Say that this relay is there, and forget those that are long gone."""
    with transaction() as session:
        pulses.beat(session, ProcessKind.RELAY)
        pulses.forget_silent(session)


def say_goodbye() -> None:
    """Say that this relay ends; where the database is away, it is silent soon."""
    with suppress(SQLAlchemyError), transaction() as session:
        pulses.end(session)


def watch_problems() -> None:
    """See what is wrong now, and ask for the mails that tell of it."""
    with transaction() as session:
        problems.refresh(session, utcnow())


def ensure_schedules() -> None:
    """Make the schedules that Hub itself needs, where they are missing."""
    with transaction() as session:
        housekeeping.ensure(session, zone=get_settings().zone, now=utcnow())


def run() -> None:
    """Run a relay until SIGTERM or SIGINT."""
    process.start("relay", pool_size=1)
    relay = Relay(
        first=(
            process.publish_connectors,
            process.ask_for_templates,
            ensure_schedules,
            show_lapsed,
        ),
        chores={
            "pulse": (pulses.PULSE_S, say_alive),
            "leases": (get_settings().sweep_s, return_lapsed_leases),
            "problems": (PROBLEMS_S, watch_problems),
            "held": (1.0, release_held_work),
            "schedules": (0.5, Schedules().expand),
            "seals": (0.2, seal_history),
        },
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: relay.stop())
    logger.info("relay.started")
    relay.run()
    say_goodbye()
