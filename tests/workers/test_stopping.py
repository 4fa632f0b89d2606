"""A worker ends in seconds."""

import time
from types import SimpleNamespace
from typing import Any

from billiard import pool

import workers.app  # noqa: F401 - sets the limit


def test_a_process_whose_parent_reads_no_more_results_does_not_wait_for_it() -> None:
    process: Any = pool.Worker.__new__(pool.Worker)
    process.on_ready_counter = SimpleNamespace(value=0)  # what the parent has read

    began = time.monotonic()
    process._ensure_messages_consumed(completed=1)

    assert time.monotonic() - began < 10  # Celery's own limit is the supervisor's patience, 30 s
