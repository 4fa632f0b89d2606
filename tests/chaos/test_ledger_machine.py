"""The ledger's statements in any order whatever, against a model of what they promise (R-34)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, func, select, text, true, update
from sqlalchemy.exc import IntegrityError

from hub.db import transaction
from hub.errors import ConflictError, StaleClaimError
from hub.history.models import Event
from hub.history.recording import record
from hub.ledger import claims, services
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, JobState
from hub.ledger.services import JobFilter
from hub.ledger.tasks import TaskName
from tests.lengths import FEW, examples

TASK = TaskName.TIDY_LEDGER
QUEUE = "urgent"
LEASE = timedelta(hours=1)
EFFECT = "machine.effect"
FINISHED = frozenset(JobState) - {JobState.QUEUED, JobState.RUNNING}
OVER = {state.value for state in FINISHED} - {"dead"}


class LedgerMachine(RuleBasedStateMachine):
    """Writers, workers, a relay and people, who all act one after another.

    `tokens` is the highest token seen of each job; `effects` what was recorded with a success.
    """

    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[UUID, int] = {}
        self.effects: dict[UUID, int] = {}
        self.over: dict[UUID, str] = {}

    @initialize()
    def begin(self) -> None:
        with transaction() as session:
            session.execute(text("delete from event_unsealed"))
            session.execute(text("set local session_replication_role = replica"))
            session.execute(text("delete from event"))
            session.execute(text("delete from job"))

    # --- writers

    @rule(
        key=st.sampled_from([None, "a", "b"]),
        serial_key=st.sampled_from([None, None, "s", "t"]),
        late=st.booleans(),
    )
    def ask(self, key: str | None, serial_key: str | None, *, late: bool) -> None:
        with transaction() as session:
            asked = enqueue(
                session, TASK, key=key, serial_key=serial_key,
                delay=timedelta(minutes=5) if late else None,
            )  # fmt: skip
        assert self.state(asked.id) == "queued"

    # --- workers

    @rule(target=held)
    def claim(self) -> claims.Claim | None:
        with transaction() as session:
            found = claims.claim(session, TASK, QUEUE, LEASE)
        self.note_claim(found)
        return found

    @rule(claim=held)
    def beat(self, claim: claims.Claim | None) -> None:
        if claim is None:
            return
        ours = self.is_ours(claim)
        with transaction() as session:
            assert claims.extend(session, claim, LEASE) is ours

    @rule(claim=held, chained=st.booleans(), target=held)
    def finish(self, claim: claims.Claim | None, *, chained: bool) -> claims.Claim | None:
        if claim is None:
            return None
        ours, following = self.is_ours(claim), None
        try:
            with transaction() as session:
                record(session, EFFECT, subject_type="job", subject_id=claim.id)
                if chained:
                    following = claims.settle_and_claim(session, claim, LEASE)
                else:
                    claims.settle(session, claim)
        except StaleClaimError:
            assert not ours
            return None
        assert ours
        self.effects[claim.id] = self.effects.get(claim.id, 0) + 1
        self.note_claim(following)
        return following

    @rule(claim=held, give_back=st.booleans())
    def put_back(self, claim: claims.Claim | None, *, give_back: bool) -> None:
        self.try_to_end(
            claim,
            {"queued", "absorbed"},
            lambda session, mine: claims.put_back(
                session, mine, delay=timedelta(), error=None, give_attempt_back=give_back
            ),
        )

    @rule(claim=held)
    def bury(self, claim: claims.Claim | None) -> None:
        self.try_to_end(
            claim, {"dead"}, lambda session, mine: claims.bury(session, mine, '{"class": "x"}')
        )

    @rule(claim=consumes(held))
    def die(self, claim: claims.Claim | None) -> None:
        """Forget a claim, as a killed worker does."""

    # --- the clock and the relay

    @rule()
    def let_leases_run_out(self) -> None:
        with transaction() as session:
            session.execute(
                update(Job)
                .where(Job.state == JobState.RUNNING)
                .values(lease_until=func.clock_timestamp() - timedelta(seconds=1))
            )
            claims.return_lapsed(session)

    @rule()
    def let_time_pass(self) -> None:
        with transaction() as session:
            session.execute(
                update(Job)
                .where(Job.state == JobState.QUEUED)
                .values(run_at=func.least(Job.run_at, func.clock_timestamp()))
            )

    # --- people

    @rule(pick=st.integers(0, 30))
    def replay(self, pick: int) -> None:
        self.act(pick, {"dead"}, "queued", services.replay_job)

    @rule(pick=st.integers(0, 30))
    def cancel(self, pick: int) -> None:
        self.act(pick, {"queued", "dead"}, "cancelled", services.cancel_job)

    @rule()
    def replay_all(self) -> None:
        with transaction() as session:
            replayed = services.replay_dead(session, true(), JobFilter(task=TASK.value))
        assert {self.state(identifier) for identifier in replayed} <= {"queued"}

    # --- what always holds

    @invariant()
    def every_promise_is_kept(self) -> None:
        jobs, effects = self.look()
        self.check_keys(jobs)
        for job in jobs:
            self.check_state(job)
            self.check_counters(job)
        succeeded = {job.id for job in jobs if job.state is JobState.SUCCEEDED}
        assert effects == self.effects == dict.fromkeys(succeeded, 1)

    def check_keys(self, jobs: list[Job]) -> None:
        """No two of a serial key run, no two of a key wait."""
        running = [j.serial_key for j in jobs if j.state is JobState.RUNNING and j.serial_key]
        waiting = [j.key for j in jobs if j.state is JobState.QUEUED and j.key]
        assert len(running) == len(set(running))
        assert len(waiting) == len(set(waiting))

    def check_state(self, job: Job) -> None:
        """What is over stays over."""
        if job.id in self.over:
            assert job.state.value == self.over[job.id]
        if job.state.value in OVER:
            self.over[job.id] = job.state.value
        assert (job.state in FINISHED) == (job.finished_at is not None)
        assert (job.state is JobState.RUNNING) == (job.lease_until is not None)

    def check_counters(self, job: Job) -> None:
        """Tokens only rise; attempts never outnumber them; the fifth lapse is the last."""
        assert job.token == self.tokens.get(job.id, 0)
        assert 0 <= job.attempt <= job.token
        assert job.lapses < claims.MAX_LAPSES or job.state is JobState.DEAD

    # --- looking

    def jobs(self) -> list[Job]:
        with transaction() as session:
            return list(session.scalars(select(Job).order_by(Job.id)))

    def look(self) -> tuple[list[Job], dict[UUID, int]]:
        """Return all jobs, and how many effects each has had."""
        counted = (
            select(Event.subject_id, func.count())
            .where(Event.type == EFFECT)
            .group_by(Event.subject_id)
        )
        with transaction() as session:
            effects = {row[0]: row[1] for row in session.execute(counted)}
            return list(session.scalars(select(Job))), effects

    def state(self, identifier: UUID) -> str:
        with transaction() as session:
            return session.get_one(Job, identifier).state.value

    def is_ours(self, claim: claims.Claim) -> bool:
        with transaction() as session:
            job = session.get_one(Job, claim.id)
        return job.state is JobState.RUNNING and job.token == claim.token

    def note_claim(self, claim: claims.Claim | None) -> None:
        if claim is not None:
            assert claim.token == self.tokens.get(claim.id, 0) + 1
            self.tokens[claim.id] = claim.token

    def try_to_end(
        self,
        claim: claims.Claim | None,
        ends: set[str],
        statement: Callable[[Any, claims.Claim], object],
    ) -> None:
        if claim is None:
            return
        ours, before = self.is_ours(claim), self.state(claim.id)
        with transaction() as session:
            statement(session, claim)
        after = self.state(claim.id)
        assert after in ends if ours else after == before

    def act(
        self, pick: int, needed: set[str], made: str, action: Callable[[Any, Any, UUID], Job]
    ) -> None:
        jobs = self.jobs()
        if not jobs:
            return
        job = jobs[pick % len(jobs)]
        try:
            with transaction() as session:
                action(session, true(), job.id)
        except (ConflictError, IntegrityError):
            assert self.state(job.id) == job.state.value
            return
        assert job.state.value in needed
        assert self.state(job.id) == made


def test_whatever_happens_in_whatever_order_the_ledger_keeps_its_promises(
    database: Engine,
) -> None:
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=examples(20),
            stateful_step_count=30,
            deadline=None,
            database=None,
            derandomize=FEW,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
