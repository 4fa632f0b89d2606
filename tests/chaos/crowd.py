"""A Hub of which there are more parts than usual, whose workers run `tests.chaos.bodies`."""

import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session

from hub.db import HubSession
from hub.history.models import Event
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from ops.own_program import own_program
from ops.supervisor.part import Part
from tests.chaos.bodies import EFFECT, URGENT
from tests.patience import pause
from tests.stack import Stack

FINISHED = frozenset(JobState) - {JobState.QUEUED, JobState.RUNNING}
LEASE_S = 3.0
MORE = {"relay-2": "relay", "relay-3": "relay", "worker-2": "worker", "worker-3": "worker"}
"""Further parts and what they are like; a test starts them with `Stack.start`."""


class Crowd(Stack):
    """A stack with spare parts, and a look into its ledger; a context manager.

    Args:
        variants: settings for single parts, for example a clock that is wrong.
        more: further parts and what they are like.
    """

    def __init__(
        self,
        variants: Mapping[str, Mapping[str, str]] | None = None,
        *,
        more: Mapping[str, str] = MORE,
    ) -> None:
        super().__init__({"HUB_LEASE_S": str(LEASE_S), "HUB_SWEEP_S": "0.3"})
        self._variants = variants or {}
        self._more = more
        self._engine: Engine | None = None
        self._read_from: dict[str, int] = {}

    def start(self, name: str, *, wait: bool = True) -> None:
        """Start a part as `Stack.start` does; a worker is ready when it takes work."""
        log = self._log(name)
        self._read_from[name] = log.stat().st_size if log.exists() else 0
        super().start(name, wait=wait)

    def __exit__(self, *exception: object) -> None:
        """Stop everything, spare parts included."""
        for name in self._more:
            if self.is_running(name):
                self.kill(name, signal.SIGKILL)
        if self._engine is not None:
            self._engine.dispose()
        super().__exit__(*exception)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a transaction on the stack's own database."""
        if self._engine is None:
            self._engine = create_engine(self.database_url, pool_pre_ping=True)
        with HubSession(bind=self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    def ask(self, count: int = 1, *, task: TaskName = URGENT, **options: Any) -> list[UUID]:
        """Ask for jobs in one commit; `options` go to `enqueue`."""
        with self.transaction() as session:
            handles = [enqueue(session, task, **options) for _ in range(count)]
        return [handle.id for handle in handles]

    def jobs(self, ids: Sequence[UUID]) -> list[Job]:
        """Return jobs as they are now, in the order of their ids."""
        with self.transaction() as session:
            return list(session.scalars(select(Job).where(Job.id.in_(ids)).order_by(Job.id)))

    def states(self, ids: Sequence[UUID]) -> dict[str, int]:
        """Count jobs by their state."""
        return dict(Counter(job.state.value for job in self.jobs(ids)))

    def wait_until_over(self, ids: Sequence[UUID], within_s: float = 300) -> None:
        """Wait until all jobs have ended, one way or another."""
        over = select(func.count()).where(Job.id.in_(ids), Job.state.in_(FINISHED))
        began = time.monotonic()
        while True:
            with self.transaction() as session:
                if session.scalar(over) == len(ids):
                    return
            waited = time.monotonic() - began
            if waited > within_s:
                raise AssertionError(f"not over within {within_s} s: {self.states(ids)}")
            pause(waited)

    def effects_inside(self) -> Counter[UUID]:
        """Count the effects in the database by job."""
        with self.transaction() as session:
            return Counter(session.scalars(select(Event.subject_id).where(Event.type == EFFECT)))

    def effects_outside(self) -> list[tuple[UUID, int]]:
        """Return (job, token) of every effect outside, in the order in which they happened."""
        path = self.directory / "effects"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(UUID(job), int(token)) for job, token, _ in (line.split() for line in lines)]

    def _define_parts(self) -> None:
        super()._define_parts()
        plain = dict(self._parts)
        for name in ("relay", "worker", "worker-bulk", *self._more):
            self._parts[name] = self._varied(name, plain[self._more.get(name, name)])

    def _varied(self, name: str, part: Part) -> Part:
        arguments = list(part.command())[len(own_program()) :]
        command = [sys.executable, "-m", "tests.chaos.program", *arguments]
        environment = {
            **part.environment,
            "CHAOS_DIRECTORY": str(self.directory),
            "HUB_CRASH_AT": str(self.directory),
            **self._variants.get(name, {}),
        }
        return replace(
            part,
            name=name,
            command=lambda: command,
            environment=environment,
            is_ready=lambda: "worker" not in name or self._takes_work(name),
        )

    def _takes_work(self, name: str) -> bool:
        log = self._log(name)  # which a child of the nursery opens itself, so in a moment
        said = log.read_bytes()[self._read_from[name] :] if log.exists() else b""
        return b" ready." in said
