"""Who is alive."""

import subprocess
import sys
import time
from datetime import timedelta

from sqlalchemy import Engine, func, select, update

from hub.db import transaction
from hub.ledger import pulses
from hub.ledger.models import ProcessKind, Pulse
from hub.ledger.tasks import Queue
from tests.patience import PATIENCE_S
from workers import heartbeat, relay

NOBODY = dict.fromkeys(Queue, 0)


def alive(host: str | None = None) -> pulses.Alive:
    with transaction() as session:
        return pulses.alive(session, host=host)


def beat(kind: ProcessKind, *queues: str) -> None:
    with transaction() as session:
        pulses.beat(session, kind, queues)


def age(seconds: float) -> None:
    with transaction() as session:
        session.execute(
            update(Pulse).values(seen_at=func.clock_timestamp() - timedelta(seconds=seconds))
        )


def leave(host: str, process_id: int) -> None:
    with transaction() as session:
        session.add(Pulse(kind=ProcessKind.RELAY, host=host, process_id=process_id, queues=[]))


def count() -> int:
    with transaction() as session:
        return session.scalar(select(func.count()).select_from(Pulse)) or 0


def test_a_worker_is_heard_for_each_of_its_queues_and_for_no_other(database: Engine) -> None:
    beat(ProcessKind.WORKER, "urgent", "default")
    beat(ProcessKind.WORKER, "urgent", "default")

    assert alive() == pulses.Alive(0, {**NOBODY, Queue.URGENT: 1, Queue.DEFAULT: 1})
    assert count() == 1


def test_a_process_that_fell_silent_is_not_alive(database: Engine) -> None:
    beat(ProcessKind.RELAY)
    before = alive()
    age(pulses.SILENT_S + 1)

    assert (before.relays, alive().relays) == (1, 0)


def test_a_host_is_asked_of_its_own_processes_only(database: Engine) -> None:
    leave("elsewhere", 7)

    assert alive().relays == 1
    assert alive("elsewhere").relays == 1
    assert alive("here").relays == 0


def test_what_killed_processes_left_is_removed_and_what_runs_is_not(database: Engine) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with transaction() as session:
        pulses.beat(session, ProcessKind.RELAY)
        host = session.scalars(select(Pulse.host)).one()
    leave(host, ended.pid)
    leave("elsewhere", ended.pid)

    with transaction() as session:
        pulses.forget_dead(session)

    assert alive(host).relays == 1
    assert count() == 2


def test_what_is_silent_for_an_hour_is_forgotten(database: Engine) -> None:
    beat(ProcessKind.RELAY)
    age(3700)

    with transaction() as session:
        pulses.forget_silent(session)

    assert count() == 0


def test_a_relay_is_heard_as_long_as_it_runs(database: Engine) -> None:
    relay.say_alive()
    during = alive()
    relay.say_goodbye()

    assert (during.relays, alive().relays) == (1, 0)


def test_a_workers_thread_beats_from_its_start_to_its_end(database: Engine) -> None:
    heartbeat.start(60, ["bulk"])
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not alive().workers[Queue.BULK]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        heartbeat.stop()

    assert alive() == pulses.Alive(0, NOBODY)
