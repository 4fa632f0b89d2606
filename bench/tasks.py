"""How soon work starts after its commit, and how much of it is done in a second.

Both sides run in the same worker of two processes, on the same Redis and PostgreSQL (fsync on).
All work stands in the queue before the first of it is done, and the rate is that between the first
effect and the last, so that asking for it is no part of the measure.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from bench.figures import Figure, percentile
from bench.settings import adopt
from hub.db import transaction
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import Queue, TaskName
from tests.stack import Stack

ROUNDS = 3
JOBS = 2000
RATE = 50
SECONDS = 10
BULK = 2500
_IN_BULK = text("""
    insert into job (id, task, queue, args)
    select uuidv7(), :task, :queue, '{}' from generate_series(1, :n)
""")
_TABLE = text(
    "create table bench_effect (kind text, at timestamptz not null default clock_timestamp())"
)


def run() -> Iterator[Figure]:
    """Yield the figures of the ledger."""
    with Stack(durable=True) as stack:
        stack.stop("worker")
        stack.stop("worker-bulk")
        engine = adopt(stack)
        with engine.begin() as connection:
            connection.execute(_TABLE)
        with _worker(stack) as worker:
            yield from _latency(engine)
            yield from _throughput(engine, worker)
            yield from _urgent(engine)
        engine.dispose()


@contextmanager
def _worker(stack: Stack) -> Iterator[subprocess.Popen[bytes]]:
    command = [
        sys.executable, "-m", "celery", "-A", "bench.worker_app", "--quiet", "worker",
        "--pool=prefork", "--concurrency=2", "--queues=urgent,default,bulk", "--loglevel=WARNING",
        "--without-gossip", "--without-mingle", "--without-heartbeat",
    ]  # fmt: skip
    with (stack.directory / "bench-worker.log").open("wb") as log:
        process = subprocess.Popen(
            command, env=dict(stack.environment), stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def _latency(engine: Engine) -> Iterator[Figure]:
    from bench.worker_app import MEASURED

    with transaction() as session:
        enqueue(session, MEASURED)
    _wait(engine, "ledger", 1)  # the worker is up
    p50s, p99s = [], []
    for _ in range(ROUNDS):
        _clear(engine)
        started = time.monotonic()
        committed_at = {}
        for number in range(RATE * SECONDS):
            time.sleep(max(0, started + number / RATE - time.monotonic()))
            with transaction() as session:
                asked = enqueue(session, MEASURED)
            committed_at[asked.id] = time.time()  # one machine, one clock
        _wait(engine, "ledger", RATE * SECONDS)
        with engine.connect() as connection:
            rows = connection.execute(
                text("select id, extract(epoch from started_at)::float as at from job")
            )
            waits = [
                (row.at - committed_at[row.id]) * 1000 for row in rows if row.id in committed_at
            ]
        p50s.append(percentile(waits, 0.5))
        p99s.append(percentile(waits, 0.99))
    yield Figure("commit → task starts, 50 jobs/s, p50", p50s, "ms", goal="25, moonshot 15")
    yield Figure("commit → task starts, 50 jobs/s, p99", p99s, "ms", goal="100, moonshot 50")


def _ask_in_bulk(engine: Engine, task: TaskName, count: int) -> None:
    """Put jobs of an urgent task into the bulk queue, as only a benchmark does."""
    with engine.begin() as connection:
        connection.execute(_IN_BULK, {"task": task.value, "queue": Queue.BULK.value, "n": count})


def _throughput(engine: Engine, worker: subprocess.Popen[bytes]) -> Iterator[Figure]:
    from bench.worker_app import MEASURED, bare_insert

    ours, bare = [], []
    for _ in range(ROUNDS):
        _clear(engine)
        _ask_in_bulk(engine, MEASURED, JOBS)
        ours.append(_rate(engine, "ledger"))
        _clear(engine)
        os.kill(worker.pid, signal.SIGSTOP)  # its first process alone fetches messages
        for _ in range(JOBS):
            bare_insert.apply_async(queue=Queue.BULK.value)
        os.kill(worker.pid, signal.SIGCONT)
        bare.append(_rate(engine, "bare"))
    yield Figure(
        "jobs through the ledger, body of one insert", ours, "jobs/s", bare,
        "bare Celery, acks_late, same body", "2×, moonshot 3.5×",
    )  # fmt: skip


def _urgent(engine: Engine) -> Iterator[Figure]:
    from bench.worker_app import MEASURED

    waits = []
    for _ in range(ROUNDS):
        _clear(engine)
        _ask_in_bulk(engine, MEASURED, BULK)
        time.sleep(0.3)
        with transaction() as session:
            urgent = enqueue(session, MEASURED)
        committed_at = time.time()
        _wait(engine, "ledger", BULK + 1)
        with engine.connect() as connection:
            started_at, finished_at, last = connection.execute(
                text(
                    "select extract(epoch from j.started_at)::float,"
                    " extract(epoch from j.finished_at)::float,"
                    " (select extract(epoch from max(at))::float from bench_effect)"
                    " from job j where id = :id"
                ),
                {"id": urgent.id},
            ).one()
        if finished_at >= last:
            raise RuntimeError("the bulk jobs were done before the urgent one: ask for more")
        waits.append((started_at - committed_at) * 1000)
    yield Figure(
        "an urgent job behind 2,500 bulk jobs, one pool", waits, "ms", goal="300, moonshot 150"
    )


def _rate(engine: Engine, kind: str) -> float:
    """Return effects per second between the first and the last."""
    _wait(engine, kind, JOBS)
    with engine.connect() as connection:
        seconds = connection.execute(
            text("select extract(epoch from max(at) - min(at))::float from bench_effect")
        ).scalar_one()
    return (JOBS - 1) / float(seconds)


def _wait(engine: Engine, kind: str, count: int) -> None:
    deadline = time.monotonic() + 120
    done = 0
    while time.monotonic() < deadline:
        with engine.connect() as connection:
            done = connection.execute(
                text("select count(*) from bench_effect where kind = :kind"), {"kind": kind}
            ).scalar_one()
        if done >= count:
            return
        time.sleep(0.1)
    raise TimeoutError(f"{done} of {count} done")


def _clear(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("truncate job, bench_effect"))
