"""The stack that other tests use: real parts, each under control."""

import signal
import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import redis
import requests
from sqlalchemy import create_engine, text

from tests.patience import PATIENCE_S
from tests.stack import Stack

pytestmark = pytest.mark.stack

WRITES = 20
ASKING_IN_VAIN_S = 5  # so long each time does whoever asks a frozen Redis wait: see `workers.app`

UNDER_WAY = 6
MANY = 100  # connections: more than the API has threads, several times over
WAITING = text(
    "SELECT count(*) FROM pg_locks WHERE relation = 'customer'::regclass AND NOT granted"
)


def test_everything_runs_and_the_client_is_known(stack: Stack) -> None:
    for name in ("postgres", "redis", "api", "relay", "worker", "worker-bulk"):
        assert stack.is_running(name), name
    assert stack.client.get("/api/v1/jobs").status_code == 200


def test_a_flushed_redis_is_empty(stack: Stack) -> None:
    with redis.Redis.from_url(stack.redis_url) as client:
        client.set("wake", "up")
        stack.flush_redis()

        assert client.get("wake") is None


def test_a_killed_part_stays_away_until_it_is_started(stack: Stack) -> None:
    stack.kill("api")
    assert not stack.is_running("api")
    with pytest.raises(requests.ConnectionError):
        stack.client.get("/healthz")

    stack.start("api")
    assert stack.client.get("/healthz").status_code == 200


def test_a_paused_part_keeps_still_and_goes_on(stack: Stack) -> None:
    stack.kill("api", signal.SIGSTOP)
    try:
        # A read that times out within the body is a ConnectionError to requests.
        with pytest.raises((requests.Timeout, requests.ConnectionError), match="timed out"):
            stack.client.get("/healthz", timeout=0.5)
    finally:
        stack.kill("api", signal.SIGCONT)

    assert stack.client.get("/healthz").status_code == 200


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["down", "frozen"])
def test_no_write_fails_or_waits_where_redis_is(stack: Stack, number: signal.Signals) -> None:
    stack.kill("redis", number)
    try:
        answers = [  # none of them is asked twice
            stack.client.post("/api/v1/customers", json={"name": uuid4().hex})
            for _ in range(WRITES)
        ]
        health = stack.client.get("/readyz").json()
    finally:
        if stack.is_running("redis"):
            stack.kill("redis", signal.SIGCONT)
        else:
            stack.start("redis")

    assert [answer.status_code for answer in answers] == [201] * WRITES
    took_s = statistics.median(answer.elapsed.total_seconds() for answer in answers)
    assert took_s < ASKING_IN_VAIN_S
    assert (health["status"], health["parts"]["redis"]) == ("degraded", "down")


def test_a_write_tells_redis_nothing(stack: Stack) -> None:
    others = ("relay", "worker", "worker-bulk")

    def seen(client: redis.Redis) -> tuple[int, int]:
        facts: Any = client.info("stats")
        return facts["total_connections_received"], facts["total_commands_processed"]

    with redis.Redis.from_url(stack.redis_url) as client:
        seen(client)
        for name in others:
            stack.kill(name, signal.SIGSTOP)
        try:
            seen(client)  # and Redis whatever they had said before
            before = seen(client)
            answers = [
                stack.client.post("/api/v1/customers", json={"name": uuid4().hex})
                for _ in range(WRITES)
            ]
            after = seen(client)
        finally:
            for name in others:
                stack.kill(name, signal.SIGCONT)

    assert [answer.status_code for answer in answers] == [201] * WRITES
    assert (after[0] - before[0], after[1] - before[1]) == (0, 1)  # one question of ours


def test_without_a_database_the_api_says_so_and_recovers(stack: Stack) -> None:
    stack.kill("postgres")

    answer = stack.client.get("/api/v1/jobs")
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0

    stack.start("postgres")
    stack.wait_until(lambda: stack.client.get("/api/v1/jobs").status_code == 200)


@contextmanager
def connected(stack: Stack, number: int) -> Iterator[list[HTTPConnection]]:
    """Have connections to the API, none of which says anything."""
    address = urlsplit(stack.base_url)
    assert address.hostname is not None
    clients = [
        HTTPConnection(address.hostname, address.port, timeout=PATIENCE_S) for _ in range(number)
    ]
    try:
        for client in clients:
            client.connect()
        yield clients
    finally:
        for client in clients:
            client.close()


def test_who_stays_connected_keeps_nobody_else_out(stack: Stack) -> None:
    with connected(stack, MANY), connected(stack, MANY) as keeping:
        for client in keeping:
            client.request("GET", "/healthz")
            assert client.getresponse().read()

        assert stack.client.get("/api/v1/me").status_code == 200

        stopped = stack.stop("api")
        stack.start("api")
    assert stopped == 0


def test_an_api_that_is_told_to_stop_first_answers_what_it_works_on(stack: Stack) -> None:
    stack.wait_until_idle()  # whoever else writes would wait with us
    engine = create_engine(stack.database_url)

    def create() -> int:
        body = {"name": uuid4().hex}
        address = f"{stack.base_url}/api/v1/customers"
        answer = requests.post(address, json=body, headers=key, timeout=PATIENCE_S)
        return answer.status_code

    key = {"Authorization": str(stack.client.headers["Authorization"])}
    with ThreadPoolExecutor(UNDER_WAY + 1) as pool, engine.connect() as connection:
        connection.execute(text("LOCK TABLE customer IN EXCLUSIVE MODE"))  # nobody else may write
        asked = [pool.submit(create) for _ in range(UNDER_WAY)]
        stack.wait_until(lambda: connection.scalar(WAITING) == UNDER_WAY)
        stopping = pool.submit(stack.stop, "api")
        stack.wait_until(lambda: "Stopping worker-1" in stack.logs())  # says Granian
        ended_early = stopping.done()
        connection.rollback()
        answers, code = [each.result() for each in asked], stopping.result()
    engine.dispose()
    stack.start("api")

    assert (answers, ended_early, code) == ([201] * UNDER_WAY, False, 0)


def test_each_worker_and_the_relay_stop_cleanly(stack: Stack) -> None:
    codes = {name: stack.stop(name) for name in ("worker", "worker-bulk", "relay", "api")}

    assert codes == {"worker": 0, "worker-bulk": 0, "relay": 0, "api": 0}
