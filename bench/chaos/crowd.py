"""Three relays and ten workers, rolling restarts, poison, takeovers: what the ledger promises."""

import itertools
import signal
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from uuid import UUID

from bench.chaos.finding import Finding, at_most, exactly, none_of
from hub.ledger.models import JobState
from tests.chaos.bodies import POISON
from tests.chaos.crowd import Crowd

RELAYS, WORKERS = 3, 10
JOBS = 2_000
HEALTHY = 100
TAKEOVERS = 6
DEATHS = 20
PLACES = ("after_claim", "before_commit", "after_commit")
LOAD_A_RESTART = 30
ENDS_WITHIN_S = 30.0
HEALTHY_WITHIN_S = 60.0
LONG_S = 300.0
MORE = {
    **{f"relay-{number}": "relay" for number in range(2, RELAYS + 1)},
    **{f"worker-{number}": "worker" for number in range(2, WORKERS + 1)},
}
ROLLING = ("worker", "worker-2", "worker-3")


def run(restarts: int) -> Iterator[Finding]:
    """Yield what came of it; `restarts` of workers under load are asked for."""
    with Crowd(more=MORE) as crowd:
        for chapter in (_all_at_once(crowd), _rolling(crowd, restarts), _poison(crowd),
                        _takeovers(crowd), _deaths(crowd)):  # fmt: skip
            for finding in chapter:
                print(f"  {finding.line()}", flush=True)
                yield finding


def _all_at_once(crowd: Crowd) -> Iterator[Finding]:
    for name in MORE:
        crowd.start(name, wait=False)
    for name in MORE:
        crowd.wait_until_ready(name)
    jobs = [*crowd.ask(JOBS), *crowd.ask(JOBS // 20, serial_key="one after another", pause_ms=1)]
    crowd.wait_until_over(jobs, within_s=LONG_S)
    what = f"{len(jobs)} jobs by {RELAYS} relays and {WORKERS} workers:"
    yield from _once_each(crowd, "R-14", what, jobs)
    for name in MORE:
        if name not in ROLLING:
            crowd.kill(name)


def _rolling(crowd: Crowd, restarts: int) -> Iterator[Finding]:
    jobs: list[UUID] = []
    slowest, bad_ends = 0.0, 0
    for name in itertools.islice(itertools.cycle(ROLLING), restarts):
        crowd.wait_until_ready(name)
        jobs += crowd.ask(LOAD_A_RESTART, pause_ms=20)
        began = time.monotonic()
        bad_ends += crowd.stop(name) != 0
        slowest = max(slowest, time.monotonic() - began)
        crowd.start(name, wait=False)
    crowd.wait_until_over(jobs, within_s=LONG_S)
    yield at_most("R-15", f"seconds that the slowest of {restarts} ends took", round(slowest, 1),
                  ENDS_WITHIN_S)  # fmt: skip
    yield none_of("R-15", "workers that did not end well", bad_ends)
    yield from _once_each(crowd, "R-15", f"{len(jobs)} jobs under rolling restarts:", jobs)


def _poison(crowd: Crowd) -> Iterator[Finding]:
    for act in POISON:
        [poison] = crowd.ask(act=act)
        healthy = crowd.ask(HEALTHY)
        crowd.wait_until_over([poison, *healthy], within_s=LONG_S)
        [dead] = crowd.jobs([poison])
        ends = [job.finished_at for job in crowd.jobs(healthy) if job.finished_at]
        lasted = (max(ends) - dead.created_at).total_seconds()
        yield exactly(
            "R-8", f"poison that does {act}", (dead.state.value, dead.lapses), ("dead", 5)
        )
        yield exactly("R-8", "healthy jobs behind it that succeeded",
                      crowd.states(healthy), {"succeeded": HEALTHY})  # fmt: skip
        yield at_most("R-8", "seconds they took", round(lasted, 1), HEALTHY_WITHIN_S)


def _is_done_outside(crowd: Crowd, job: UUID) -> bool:
    return job in [done for done, _ in crowd.effects_outside()]


def _takeovers(crowd: Crowd) -> Iterator[Finding]:
    for name in ROLLING[1:]:
        crowd.stop(name)
    wrong = []
    for _ in range(TAKEOVERS):
        [job] = crowd.ask(act="hold", pause_ms=1500)
        crowd.wait_until(partial(_is_done_outside, crowd, job))
        crowd.kill("worker", signal.SIGSTOP)
        crowd.start("worker-2")
        crowd.wait_until_over([job])
        crowd.kill("worker", signal.SIGCONT)
        crowd.stop("worker-2")
        time.sleep(2)  # in which the one that thaws does what it still can
        [done] = crowd.jobs([job])
        if (done.state, done.token, crowd.effects_inside()[job]) != (JobState.SUCCEEDED, 2, 1):
            wrong.append(f"{done.state.value} {done.token} {crowd.effects_inside()[job]}")
    yield none_of("R-5", f"of {TAKEOVERS} jobs of a frozen worker, those it spoilt", wrong)


def _deaths(crowd: Crowd) -> Iterator[Finding]:
    for name in ROLLING[1:]:
        crowd.start(name)
    for place in PLACES:
        for number in range(DEATHS):
            (crowd.directory / f"{place}.{number}").touch()
        jobs = crowd.ask(4 * DEATHS)
        crowd.wait_until_over(jobs, within_s=LONG_S)
        left = len(list(crowd.directory.glob(f"{place}.*")))
        inside = {crowd.effects_inside()[job] for job in jobs}
        outside = Counter(job for job, _ in crowd.effects_outside() if job in set(jobs))
        repeats = sum(outside.values()) - len(jobs)
        yield exactly("I-3", f"deaths at {place}", DEATHS - left, DEATHS)
        yield exactly("I-1", "jobs done, each inside", (crowd.states(jobs), inside),
                      ({"succeeded": len(jobs)}, {1}))  # fmt: skip
        yield exactly("I-3", "repeats outside", repeats, DEATHS if place == "before_commit" else 0)


def _once_each(crowd: Crowd, mark: str, what: str, jobs: list[UUID]) -> Iterator[Finding]:
    wanted = set(jobs)
    outside = Counter(job for job, _ in crowd.effects_outside() if job in wanted)
    inside = crowd.effects_inside()
    yield none_of(mark, f"{what} lost", sum(not inside[job] for job in jobs))
    yield none_of(mark, f"{what} done twice", sum(
        outside[job] > 1 or inside[job] > 1 for job in jobs
    ))  # fmt: skip
