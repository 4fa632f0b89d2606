"""A worker ends in seconds."""

from types import SimpleNamespace
from typing import Any

import pytest
from billiard import pool

import workers.app  # noqa: F401 - sets the limit


def test_a_process_whose_parent_reads_no_more_results_does_not_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process: Any = pool.Worker.__new__(pool.Worker)
    process.on_ready_counter = SimpleNamespace(value=0)  # what the parent has read
    pauses_s: list[float] = []
    monkeypatch.setattr(pool, "time", SimpleNamespace(sleep=pauses_s.append))

    process._ensure_messages_consumed(completed=1)

    assert 0 < sum(pauses_s) < 10  # Celery's own limit is the supervisor's patience, 30 s
