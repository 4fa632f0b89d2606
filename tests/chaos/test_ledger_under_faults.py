"""The ledger with real processes that are killed, frozen and restarted (reliability.md §1)."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from celery import Celery

from hub.ledger.models import JobState
from hub.ledger.tasks import Queue, TaskName
from tests.chaos.bodies import BULK, POISON
from tests.chaos.crowd import LEASE_S, MORE, Crowd

pytestmark = pytest.mark.stack

OFF = {
    "worker-2": {"CHAOS_CLOCK_OFF_S": "3600"},
    "relay-2": {"CHAOS_CLOCK_OFF_S": "-3600"},
    "relay-3": {"CHAOS_CLOCK_OFF_S": "3600"},
    "worker-3": {"CHAOS_EARLY_ACKS": "1"},
}
"""What is odd about the spare parts; nothing may come of it."""


@pytest.fixture(scope="module")
def running_crowd() -> Iterator[Crowd]:
    with Crowd(OFF) as made:
        yield made


@pytest.fixture
def crowd(running_crowd: Crowd) -> Iterator[Crowd]:
    """Every test begins with one relay and one worker of each kind."""
    yield running_crowd
    for name in MORE:
        if running_crowd.is_running(name):
            running_crowd.kill(name, signal.SIGCONT)
            running_crowd.kill(name)
    for name in ("relay", "worker", "worker-bulk"):
        if not running_crowd.is_running(name):
            running_crowd.start(name)


def wait_for_effect_outside(crowd: Crowd, job: UUID) -> None:
    crowd.wait_until(lambda: job in [done for done, _ in crowd.effects_outside()])


def test_a_worker_frozen_past_its_lease_changes_nothing_when_it_thaws(crowd: Crowd) -> None:
    [job] = crowd.ask(act="hold", goes_on="frozen")
    wait_for_effect_outside(crowd, job)

    crowd.kill("worker", signal.SIGSTOP)
    (crowd.directory / "frozen").touch()
    crowd.start("worker-2")
    crowd.wait_until_over([job])
    crowd.kill("worker", signal.SIGCONT)
    crowd.wait_until(lambda: "job.taken_over" in (crowd.directory / "worker.log").read_text())

    [done] = crowd.jobs([job])
    assert (done.state, done.token, done.attempt, done.lapses) == (JobState.SUCCEEDED, 2, 2, 1)
    assert crowd.effects_inside()[job] == 1
    assert [token for it, token in crowd.effects_outside() if it == job] == [1, 2]


def test_the_heartbeat_keeps_a_job_that_takes_longer_than_its_lease(crowd: Crowd) -> None:
    [job] = crowd.ask(act="hold", pause_ms=int(2.5 * LEASE_S * 1000))

    crowd.wait_until_over([job])

    [done] = crowd.jobs([job])
    assert (done.state, done.token, done.lapses) == (JobState.SUCCEEDED, 1, 0)
    assert done.started_at is not None
    assert done.finished_at is not None
    assert (done.finished_at - done.started_at).total_seconds() > 2 * LEASE_S


def test_the_job_of_a_killed_worker_comes_back_after_its_lease(crowd: Crowd) -> None:
    [job] = crowd.ask(act="hold", pause_ms=60_000)
    wait_for_effect_outside(crowd, job)

    crowd.kill("worker")
    crowd.start("worker")
    crowd.wait_until_over([job])

    [done] = crowd.jobs([job])
    assert (done.state, done.lapses) == (JobState.SUCCEEDED, 1)
    assert crowd.effects_inside()[job] == 1


@pytest.mark.parametrize("place", ["after_claim", "before_commit", "after_commit"])
def test_a_death_between_claim_and_commit_is_a_second_attempt_and_one_after_it_none(
    crowd: Crowd, place: str
) -> None:
    (crowd.directory / f"{place}.once").touch()

    [job] = crowd.ask()
    crowd.wait_until_over([job])
    crowd.wait_until(lambda: not (crowd.directory / f"{place}.once").exists())

    [done] = crowd.jobs([job])
    lapses = 0 if place == "after_commit" else 1
    assert (done.state, done.lapses, done.attempt) == (JobState.SUCCEEDED, lapses, lapses + 1)
    outside = {"after_claim": [2], "before_commit": [1, 2], "after_commit": [1]}[place]
    assert [token for it, token in crowd.effects_outside() if it == job] == outside
    assert crowd.effects_inside()[job] == 1


def test_poison_is_dead_after_five_lapses_the_healthy_behind_it_finish_and_it_is_replayed(
    crowd: Crowd,
) -> None:
    poison = [crowd.ask(act=act)[0] for act in POISON]
    healthy = crowd.ask(100)

    crowd.wait_until_over([*healthy, *poison])

    assert crowd.states(healthy) == {"succeeded": 100}
    dead = crowd.jobs(poison)
    assert {(job.state, job.lapses, job.attempt) for job in dead} == {(JobState.DEAD, 5, 5)}
    assert {job.error and job.error["class"] for job in dead} == {"Lapsed"}
    ends = [job.finished_at for job in crowd.jobs(healthy) if job.finished_at]
    buried = [job.finished_at for job in dead if job.finished_at]
    assert sorted(ends)[50] < min(buried)  # they did not wait for the end of the poison

    (crowd.directory / "mended").touch()
    for job in poison:
        replay = crowd.client.post(f"/api/v1/jobs/{job}/replay")
        assert replay.status_code == 200, replay.text
    crowd.wait_until_over(poison)
    (crowd.directory / "mended").unlink()

    assert crowd.states(poison) == {"succeeded": len(POISON)}
    again = crowd.client.post(f"/api/v1/jobs/{poison[0]}/replay")
    assert (again.status_code, again.json()["code"]) == (409, "job_state")
    body = {"ids": [str(poison[0]), str(healthy[0])]}
    of_finished = crowd.client.post("/api/v1/jobs/replays", json=body)
    assert of_finished.json() == {"ids": [], "more": False}
    assert {crowd.effects_inside()[job] for job in poison} == {1}


def test_three_relays_and_three_workers_do_nothing_twice(crowd: Crowd) -> None:
    for name in MORE:
        crowd.start(name, wait=False)
    for name in MORE:
        crowd.wait_until_ready(name)

    jobs = [*crowd.ask(300), *crowd.ask(30, serial_key="one after another", pause_ms=1)]
    crowd.wait_until_over(jobs)

    outside = [it for it, _ in crowd.effects_outside() if it in set(jobs)]
    assert sorted(outside) == sorted(jobs)
    assert {crowd.effects_inside()[job] for job in jobs} == {1}
    assert {(job.attempt, job.lapses) for job in crowd.jobs(jobs)} == {(1, 0)}


def test_workers_restarted_in_turn_under_load_lose_and_repeat_nothing(crowd: Crowd) -> None:
    crowd.start("worker-2")
    jobs: list[UUID] = []

    for name in ("worker", "worker-2", "worker", "worker-2", "worker"):
        crowd.wait_until_ready(name)
        jobs += crowd.ask(50, pause_ms=20)
        assert crowd.stop(name) == 0  # or it was killed, after half a minute
        crowd.start(name, wait=False)
    crowd.wait_until_over(jobs)

    outside = [it for it, _ in crowd.effects_outside() if it in set(jobs)]
    assert sorted(outside) == sorted(jobs)
    assert {(job.state, job.attempt, job.lapses) for job in crowd.jobs(jobs)} == {
        (JobState.SUCCEEDED, 1, 0)
    }


def test_a_long_job_is_put_off_when_its_worker_is_asked_to_end_and_goes_on_elsewhere(
    crowd: Crowd,
) -> None:
    [job] = crowd.ask(task=BULK, steps=160)  # 8 s and more
    marks = crowd.directory / f"steps-{job}"
    crowd.wait_until(lambda: marks.exists() and marks.stat().st_size > 5)

    assert crowd.stop("worker-bulk") == 0
    [waiting] = crowd.jobs([job])
    assert (waiting.state, waiting.attempt, waiting.lapses) == (JobState.QUEUED, 0, 0)
    crowd.start("worker-bulk")
    crowd.wait_until_over([job])

    [done] = crowd.jobs([job])
    assert (done.state, done.attempt, done.lapses) == (JobState.SUCCEEDED, 1, 0)
    assert marks.stat().st_size == 160
    assert crowd.effects_inside()[job] == 1


def test_processes_whose_clocks_are_an_hour_off_do_work_when_the_database_says_so(
    crowd: Crowd,
) -> None:
    for name in ("worker", "relay"):
        crowd.stop(name)
    for name in ("worker-2", "relay-2", "relay-3"):  # fast, slow and fast: see OFF
        crowd.start(name)
    crowd.wait_until_over(crowd.ask())  # all have begun

    jobs = crowd.ask(20, delay=timedelta(seconds=2))
    crowd.wait_until_over(jobs)

    done = crowd.jobs(jobs)
    assert {(job.state, job.attempt) for job in done} == {(JobState.SUCCEEDED, 1)}
    lateness = [(job.started_at - job.run_at).total_seconds() for job in done if job.started_at]
    assert len(lateness) == 20
    assert min(lateness) >= 0
    assert max(lateness) < 600  # far from an hour, however slow the machine


def test_nothing_hangs_on_celerys_acknowledgements(crowd: Crowd) -> None:
    crowd.stop("worker")
    crowd.start("worker-3")  # acknowledges before it works
    [job] = crowd.ask(act="hold", pause_ms=60_000)
    wait_for_effect_outside(crowd, job)
    others = crowd.ask(20)

    crowd.kill("worker-3")
    crowd.start("worker-3")
    crowd.wait_until_over([job, *others])

    assert crowd.states([job, *others]) == {"succeeded": 21}
    assert {crowd.effects_inside()[it] for it in (job, *others)} == {1}


def test_workers_that_end_their_work_while_redis_is_away_take_more_when_it_is_back(
    crowd: Crowd,
) -> None:
    await_redis = "redis is away"
    gate: dict[str, Any] = {"until": await_redis}
    jobs = [*crowd.ask(2, **gate), *crowd.ask(task=BULK, steps=10, **gate)]  # all that are fetched
    crowd.wait_until(lambda: {job.state for job in crowd.jobs(jobs)} == {JobState.RUNNING})

    crowd.kill("redis")
    (crowd.directory / await_redis).touch()
    crowd.wait_until_over(jobs)
    time.sleep(0.2)  # until they have tried in vain to acknowledge it, as a rule
    crowd.start("redis")
    later = [*crowd.ask(2), *crowd.ask(task=BULK, steps=1)]
    crowd.wait_until_over(later)

    assert crowd.states([*jobs, *later]) == {"succeeded": 6}


class _Intruder:
    """Runs a command where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.file),)


def test_a_pickled_message_and_an_unknown_task_are_refused_and_the_worker_lives(
    crowd: Crowd,
) -> None:
    worker, trace = crowd.process_id("worker"), crowd.directory / "unpickled"
    stranger = Celery(broker=crowd.redis_url.replace("unix://", "redis+socket://", 1))
    with stranger.connection_for_write() as connection, connection.Producer() as producer:
        stranger.send_task("os.system", args=["true"], queue=Queue.URGENT, producer=producer)
        producer.publish(
            {"args": [_Intruder(trace)]},
            serializer="pickle",
            routing_key=Queue.URGENT.value,
            headers={"task": TaskName.SEARCH_COMPANIES.value, "id": "1", "lang": "py"},
        )

    log = crowd.directory / "worker.log"
    crowd.wait_until(lambda: "os.system" in log.read_text())
    crowd.wait_until(lambda: "ContentDisallowed" in log.read_text())
    jobs = crowd.ask(5)
    crowd.wait_until_over(jobs)

    assert not trace.exists()
    assert crowd.is_running("worker")
    assert crowd.process_id("worker") == worker
    with redis.Redis.from_url(crowd.redis_url) as client:
        crowd.wait_until(lambda: client.llen(Queue.URGENT.value) == 0)
