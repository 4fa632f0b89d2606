"""Numbers for Prometheus: requests of this process, and the state of the ledger.

With several processes set ``PROMETHEUS_MULTIPROC_DIR``, so that each scrape counts all of them.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from http import HTTPStatus

from flask import Blueprint, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import text

from api.calls import Call
from api.operations import PUBLIC, operation
from hub.db import transaction
from hub.ledger import pulses
from hub.settings import get_settings

blueprint = Blueprint("metrics", __name__)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_local = CollectorRegistry()
_requests = Counter(
    "hub_http_requests", "Requests answered.", ["method", "route", "status"], registry=_local
)
_seconds = Histogram(
    "hub_http_request_seconds",
    "Time to answer a request.",
    ["method", "route"],
    buckets=_BUCKETS_S,
    registry=_local,
)

# Finished jobs are left out: their number says nothing, and counting them would be slow.
_JOBS = text("""
    select queue, state, count(*) as jobs from job
    where state in ('queued', 'running', 'dead') group by queue, state order by queue, state
""")
_OLDEST = text("""
    select queue, extract(epoch from clock_timestamp() - min(run_at)) as age_s from job
    where state = 'queued' and run_at <= clock_timestamp() group by queue order by queue
""")


class LedgerCollector(Collector):
    """Reads the ledger when it is asked."""

    def collect(self) -> Iterator[Metric]:
        """Return the numbers of jobs, how late the latest one is, and who is there to do them."""
        jobs = GaugeMetricFamily(
            "hub_jobs", "Jobs that are not finished, or dead.", labels=["queue", "state"]
        )
        oldest = GaugeMetricFamily(
            "hub_oldest_due_job_seconds", "How long the oldest due job waits.", labels=["queue"]
        )
        relays = GaugeMetricFamily("hub_relays", "Relays that were heard lately.")
        workers = GaugeMetricFamily(
            "hub_workers", "Processes of workers that were heard lately.", labels=["queue"]
        )
        with transaction() as session:
            alive = pulses.alive(session)
            for row in session.execute(_JOBS):
                jobs.add_metric([row.queue, row.state], row.jobs)
            for row in session.execute(_OLDEST):
                oldest.add_metric([row.queue], float(row.age_s))
        relays.add_metric([], alive.relays)
        for queue, count in alive.workers.items():
            workers.add_metric([queue.value], count)
        yield jobs
        yield oldest
        yield relays
        yield workers


def observe(method: str, route: str, status: int, duration_s: float) -> None:
    """Count a request."""
    counter, histogram = _series(method, route, status)
    counter.inc()
    histogram.observe(duration_s)


@cache  # bounded by the routes there are: unknown ones share one name
def _series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return _requests.labels(method, route, str(status)), _seconds.labels(method, route)


@operation(
    blueprint,
    "GET",
    "/metrics",
    permission=PUBLIC,
    opens_transaction=False,
    documented=False,
)
def show_metrics(call: Call) -> Response:
    """Return the numbers."""
    del call
    if not get_settings().metrics:
        return Response(status=HTTPStatus.NOT_FOUND)
    ledger = CollectorRegistry(auto_describe=False)
    ledger.register(LedgerCollector())
    parts: Iterable[CollectorRegistry] = (_processes(), ledger)
    return Response(b"".join(generate_latest(part) for part in parts), content_type=CONTENT_TYPE)


def _processes() -> CollectorRegistry:
    joined = CollectorRegistry()
    try:
        MultiProcessCollector(joined)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    except ValueError:  # there is no directory: this process is the only one
        return _local
    return joined
