"""The safety net, strand by strand: a proof that cannot fail proves nothing (I-8).

A short chaos in this process is green over the ledger as it is, and red once a strand is cut.
That Celery's acknowledgements are no strand, `test_ledger_under_faults` shows.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

import hub.db
from hub.db import transaction
from hub.errors import PermanentError, StaleClaimError
from hub.history.models import Event
from hub.history.recording import record
from hub.ledger import claims
from hub.ledger.claims import Claim
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from tests.databases import SOMEBODY_WAITS
from tests.patience import wait_until
from workers import chain
from workers.chain import RunningJob, drain

TASK = TaskName.SEARCH_COMPANIES
SERIAL_TASK = TaskName.LOOK_UP_COMPANY
QUEUE = "urgent"
LEASE = timedelta(minutes=1)
EFFECT = "net.effect"
MOST_ROUNDS = 30
FIRST = {"poison": -2, "overtaken": -1}
"""Whoever stands in the way of the others comes first: lower is more urgent."""


class KilledError(BaseException):
    """Ends a body as a kill does: nothing that follows is done, open transactions roll back."""


class ShortChaos:
    """Some jobs, each with something that goes wrong; `run` says what came of it.

    `when_killed` is called where a real process would be gone, its connections with it.
    """

    def __init__(self, *kinds: str, when_killed: Callable[[], None] = lambda: None) -> None:
        self.outside: Counter[UUID] = Counter()
        self.overtakers: list[Claim] = []
        self.kind_of = {ask(TASK): kind for kind in kinds}
        with transaction() as session:
            for job_id, kind in self.kind_of.items():
                session.get_one(Job, job_id).priority = FIRST.get(kind, 0)
        self.when_killed = when_killed

    def run(self) -> set[str]:
        """Let everything go wrong; returns what is wrong in the end, nothing if all is well."""
        for _ in range(MOST_ROUNDS):
            try:
                idle = drain(TASK) == 0
            except KilledError:
                idle = False
                self.when_killed()
            for claim in self.overtakers:
                finish(claim)
            self.overtakers.clear()
            let_leases_run_out()
            if idle:
                break
        return self.verdict() | claim_two_of_a_serial_key_at_once()

    def body(self, job: RunningJob) -> None:
        """Do what the job is there for, in the way that goes wrong."""
        kind = self.kind_of[job.id]
        if kind == "poison":
            raise KilledError
        self.outside[job.id] += 1
        is_first = self.outside[job.id] == 1
        if kind == "killed" and is_first:
            raise KilledError
        if kind == "overtaken" and is_first:
            let_leases_run_out()
            with transaction() as session:
                overtaker = claims.claim(session, TASK, QUEUE, LEASE)
            assert overtaker is not None
            assert overtaker.id == job.id
            self.overtakers.append(overtaker)
            raise PermanentError("net", "What an old holder thinks of it does not count.")
        with job.finish() as session:
            record(session, EFFECT, subject_type="job", subject_id=job.id)

    def verdict(self) -> set[str]:
        """Return what the ledger should have kept from happening."""
        wrong = set()
        with transaction() as session:
            ours = select(Job.id, Job.state, Job.attempt).where(Job.id.in_(self.kind_of))
            rows = session.execute(ours).all()
            inside = Counter(session.scalars(select(Event.subject_id).where(Event.type == EFFECT)))
        for row in rows:
            kind = self.kind_of[row.id]
            if kind == "poison" and row.state is not JobState.DEAD:
                wrong.add("poison lives")
            if kind != "poison" and (row.state is not JobState.SUCCEEDED or not inside[row.id]):
                wrong.add("lost")
            if inside[row.id] > 1:
                wrong.add("doubled")
            if self.outside[row.id] > row.attempt:
                wrong.add("not counted")
        return wrong


def ask(task: TaskName, **options: Any) -> UUID:
    with transaction() as session:
        handle = enqueue(session, task, **options)
    return handle.id


def finish(claim: Claim) -> None:
    with suppress(StaleClaimError), transaction() as session:
        record(session, EFFECT, subject_type="job", subject_id=claim.id)
        claims.settle(session, claim)


def let_leases_run_out() -> None:
    with transaction() as session:
        session.execute(
            update(Job)
            .where(Job.state == JobState.RUNNING)
            .values(lease_until=func.clock_timestamp() - timedelta(seconds=1))
        )
        claims.return_lapsed(session)


def claim_two_of_a_serial_key_at_once() -> set[str]:
    """Claim the second before the claim of the first is committed."""
    for _ in range(2):
        ask(SERIAL_TASK, serial_key="one at a time")

    def claim_second() -> None:
        with suppress(IntegrityError), transaction() as session:
            claims.claim(session, SERIAL_TASK, QUEUE, LEASE)

    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            claims.claim(session, SERIAL_TASK, QUEUE, LEASE)
            second = pool.submit(claim_second)
            wait_until(lambda: second.done() or session.scalar(SOMEBODY_WAITS))
        second.result()
    with transaction() as session:
        running = session.scalar(
            select(func.count()).where(Job.task == SERIAL_TASK.value, Job.state == JobState.RUNNING)
        )
    return {"two at once"} if running != 1 else set()


@pytest.fixture
def chaos(database: Engine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ShortChaos]:
    def make(*kinds: str, **options: Any) -> ShortChaos:
        made = ShortChaos(*kinds, **options)
        registered = chain._Registered(made.body, chain.LONGEST, {})
        monkeypatch.setitem(chain._BODIES, TASK.value, registered)
        return made

    return make


def without_token(statement: str) -> Any:
    original: str = getattr(claims, statement).text
    assert "and token = :token" in original
    return text(original.replace("and token = :token", ""))


def test_over_the_ledger_as_it_is_nothing_goes_wrong(chaos: Callable[..., ShortChaos]) -> None:
    assert chaos("healthy", "killed", "overtaken", "poison", "healthy").run() == set()


def test_without_the_token_an_old_holder_spoils_the_work_of_the_new(
    chaos: Callable[..., ShortChaos], monkeypatch: pytest.MonkeyPatch
) -> None:
    for statement in ("_SETTLE", "_SETTLE_AND_CLAIM", "_AGAIN", "_DEAD", "_EXTEND"):
        monkeypatch.setattr(claims, statement, without_token(statement))

    assert chaos("healthy", "overtaken").run() == {"lost"}


def test_without_the_sweep_the_work_of_the_dead_is_lost(
    chaos: Callable[..., ShortChaos], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "return_lapsed", lambda _: 0)

    assert chaos("healthy", "killed", "poison").run() == {"lost", "poison lives"}


@pytest.mark.parametrize(("kind", "wrong"), [("killed", "not counted"), ("poison", "poison lives")])
def test_without_a_commit_before_the_effect_nobody_counts_what_was_tried(
    chaos: Callable[..., ShortChaos], monkeypatch: pytest.MonkeyPatch, kind: str, wrong: str
) -> None:
    uncommitted: list[Session] = []

    def claim_without_commit(name: str, queue: str) -> Claim | None:
        session = hub.db._sessions()
        session.begin()
        uncommitted.append(session)
        return claims.claim(session, name, queue, LEASE)

    def end_all(*, commit: bool) -> None:
        while uncommitted:
            with uncommitted.pop() as session:
                if commit:
                    session.commit()

    committed_finish = RunningJob.finish

    def finish_and_commit_the_claim(
        job: RunningJob, result: dict[str, Any] | None = None
    ) -> AbstractContextManager[Session]:
        end_all(commit=True)
        return committed_finish(job, result)

    monkeypatch.setattr(chain, "_claim_first", claim_without_commit)
    monkeypatch.setattr(RunningJob, "finish", finish_and_commit_the_claim)
    monkeypatch.setattr(chain, "CHAIN_S", dict.fromkeys(chain.CHAIN_S, 0.0))

    def roll_back() -> None:
        end_all(commit=False)

    assert chaos(kind, when_killed=roll_back).run() == {wrong}


# What a test before this one has left open would keep the index locked.
_END_THE_IDLE = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
      and state like 'idle in transaction%'
"""


@contextmanager
def dropped(engine: Engine, index: str) -> Iterator[None]:
    with engine.begin() as connection:
        made_by = connection.scalar(
            text("select pg_get_indexdef(to_regclass(:index))"), {"index": index}
        )
        connection.execute(text(_END_THE_IDLE))
        connection.execute(text(f"drop index {index}"))
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(text("delete from job"))
            connection.execute(text(str(made_by)))


def test_without_the_unique_index_two_of_a_serial_key_run_at_once(
    chaos: Callable[..., ShortChaos], database: Engine
) -> None:
    with dropped(database, "uq_job_running_serial_key"):
        assert chaos("healthy").run() == {"two at once"}


def test_without_the_unique_index_of_waiting_keys_nothing_can_be_asked_for(
    database: Engine,
) -> None:
    with dropped(database, "uq_job_queued_key"), pytest.raises(ProgrammingError):
        ask(TASK, key="customer:1")
