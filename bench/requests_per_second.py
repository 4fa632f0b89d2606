"""Answers per second: Hub's API against bare applications that execute the same statements.

The statements are recorded from Hub itself (`bench.recording`), those of every single request, so
that nobody's are cheaper; each side has a database of its own, copied from one. One process each,
16 connections, a load generator in a process of its own; the rounds of all sides are interleaved.
No relay and no worker runs beside them.
"""

import json
import signal
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack

from bench import servers
from bench.companies import cities, draw, seed_customers
from bench.databases import copy_database, database_url
from bench.figures import Figure, percentile
from bench.load import Request, measure
from bench.recording import record, save
from bench.servers import Server
from bench.settings import adopt
from tests.stack import Stack

ROUNDS = 5
CUSTOMERS = 20_000
WRITES = 400  # of each side in each round
READS = 300
WARM_UP = 160  # psycopg prepares a statement when it meets it for the sixth time on a connection
SECONDS = 20.0
_SIDES = ("hub", "flask", "fastapi")


def run() -> Iterator[Figure]:
    """Yield the figures of the API."""
    with Stack(durable=True) as stack, ExitStack() as running:
        for part in ("relay", "worker", "worker-bulk", "api"):
            stack.stop(part)
        token = stack.client.headers["Authorization"]
        engine = adopt(stack)
        seed_customers(engine, CUSTOMERS, keys=True)
        engine.dispose()
        for side in _SIDES:
            copy_database(stack.database_url, f"bench_{side}")
        posts, gets = _record(stack, str(token))
        sides = _start(stack, running)
        yield from _compare("POST /customers", sides, posts, WRITES, 201, "0.6×, moonshot 1.1×")
        yield from _compare("a filtered page of 50", sides, gets, READS, 200, "0.8×, moonshot 1.1×")
        yield from _frozen_redis(stack, sides["hub"].port, str(token))


def _record(stack: Stack, token: str) -> tuple[list[Request], list[Request]]:
    """Return the requests to measure; what Hub does for them is written where the peers look."""
    from api.app import create_app

    engine = adopt(stack)
    app = create_app()
    wanted = WARM_UP + ROUNDS * WRITES
    posts = [_post(company.fields(), token) for company in draw(int(wanted * 1.1), seed=2)]
    posts, writes = record(app, engine, posts, status=201)
    gets, reads = record(app, engine, [_get(city, token) for city in cities()], status=200)
    save(writes, stack.directory / "writes")
    save(reads, stack.directory / "reads")
    engine.dispose()
    return posts, gets


def _start(stack: Stack, running: ExitStack) -> dict[str, Server]:
    def environment(side: str) -> dict[str, str]:
        url = database_url(stack.database_url, f"bench_{side}")
        return {
            **stack.environment,
            "HUB_DATABASE_URL": url,
            "BENCH_DATABASE": url.replace("postgresql+psycopg:", "postgresql:", 1),
            "BENCH_WRITES": str(stack.directory / "writes"),
            "BENCH_READS": str(stack.directory / "reads"),
        }

    start = {
        "hub": servers.hub_api,
        "flask": servers.flask_peer,
        "fastapi": servers.fastapi_peer,
    }
    return {
        side: running.enter_context(
            start[side](environment(side), stack.directory / f"bench-{side}.log")
        )
        for side in _SIDES
    }


def _compare(  # noqa: PLR0917 - one line of the report
    name: str,
    sides: Mapping[str, Server],
    requests: Sequence[Request],
    count: int,
    status: int,
    goal: str,
) -> Iterator[Figure]:
    for server in sides.values():
        warm = [requests[n % len(requests)] for n in range(WARM_UP)]
        measure(server.port, warm, seconds=SECONDS).expect(status)
    rates: dict[str, list[float]] = {side: [] for side in sides}
    costs: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(ROUNDS):
        start = WARM_UP + number * count
        chosen = [requests[n % len(requests)] for n in range(start, start + count)]
        for side, server in sides.items():
            spent = server.cpu_s()
            outcome = measure(server.port, chosen, seconds=SECONDS).expect(status)
            costs[side].append((server.cpu_s() - spent) * 1000 / len(outcome.latencies_s))
            rates[side].append(outcome.rate)
    flask, fastapi = "bare Flask, granian, psycopg", "FastAPI, uvicorn, asyncpg"
    yield Figure(name, rates["hub"], "requests/s", rates["fastapi"], fastapi, goal)
    yield Figure(name, rates["hub"], "requests/s", rates["flask"], flask)
    # On a machine that others use as well, time of the processor says more than time of the clock.
    yield Figure(f"{name}, CPU of the server", costs["hub"], "ms", costs["fastapi"], fastapi)
    yield Figure(f"{name}, CPU of the server", costs["hub"], "ms", costs["flask"], flask)


def _frozen_redis(stack: Stack, port: int, token: str) -> Iterator[Figure]:
    """Writes need no Redis: with one that hangs they are as quick and as sure (R-4)."""
    requests = iter([_post(each.fields(), token) for each in draw(10_000, seed=3)])

    def p99() -> float:
        chosen = [next(requests) for _ in range(WRITES)]
        outcome = measure(port, chosen, seconds=SECONDS)
        if any(status.startswith("5") for status in outcome.statuses):
            raise RuntimeError(f"requests failed: {outcome.statuses}")
        return percentile(outcome.latencies_s, 0.99) * 1000

    frozen, up = [], []
    for _ in range(ROUNDS):
        up.append(p99())
        stack.kill("redis", signal.SIGSTOP)
        frozen.append(p99())
        stack.kill("redis", signal.SIGCONT)
    yield Figure("POST /customers, p99, Redis frozen", frozen, "ms", up, "Redis up", "≤ 1.2×")


def _post(fields: Mapping[str, str], token: str) -> Request:
    headers = {"Authorization": token, "Idempotency-Key": str(uuid.uuid4())}
    return Request("POST", "/api/v1/customers", headers, json.dumps(dict(fields)))


def _get(city: str, token: str) -> Request:
    from urllib.parse import quote

    path = f"/api/v1/customers?limit=50&city={quote(city)}&sort=name"
    return Request("GET", path, {"Authorization": token})
