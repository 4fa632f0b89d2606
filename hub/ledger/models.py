"""Tables of the ledger."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, EnumText
from hub.history.records import Record


class JobState(StrEnum):
    """The life of a job; the last four are ends, of which `DEAD` may be replayed or given up."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    DEAD = "dead"
    CANCELLED = "cancelled"
    ABSORBED = "absorbed"


class Job(Base):
    """One piece of work that takes time or talks to somebody else.

    `token` rises with each claim: whoever holds an older one can change nothing any more.
    `attempt` counts claims; `lapses` counts leases that ran out (a killed worker). Of the jobs of
    one `release_key`, which were held together, none is begun before an earlier one is done.
    `cancelled_by` and `cancel_reason` are of whoever took it from the queue or gave it up.
    """

    __tablename__ = "job"

    task: Mapped[str]
    queue: Mapped[str]
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    args: Mapped[dict[str, Any]]
    key: Mapped[str | None]
    serial_key: Mapped[str | None]
    release_key: Mapped[str | None]
    subject_type: Mapped[str | None]
    subject_id: Mapped[UUID | None]
    state: Mapped[JobState] = mapped_column(EnumText(JobState), server_default="queued")
    run_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempt: Mapped[int] = mapped_column(server_default="0")
    lapses: Mapped[int] = mapped_column(server_default="0")
    token: Mapped[int] = mapped_column(BigInteger, server_default="0")
    lease_until: Mapped[datetime | None]
    progress: Mapped[dict[str, Any] | None]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    waits_for: Mapped[str | None]  # what lets a queued job that was put off go, or go sooner
    cause_event_id: Mapped[UUID | None]
    cause_job_id: Mapped[UUID | None]
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancelled_by: Mapped[UUID | None]
    cancel_reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint(f"state in ({', '.join(repr(s.value) for s in JobState)})", name="state"),
        Index(
            "uq_job_queued_key",
            "task",
            "key",
            unique=True,
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "uq_job_running_serial_key",
            "serial_key",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
        Index(
            "uq_job_running_release_key",
            "release_key",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
        Index(
            "ix_job_release",
            "release_key",
            "id",
            postgresql_where=text("release_key is not null and state in ('queued', 'running')"),
        ),
        Index(
            "ix_job_due",
            "task",
            "queue",
            "priority",
            "run_at",
            "id",
            postgresql_where=text("state = 'queued'"),
        ),
        Index("ix_job_lease", "lease_until", postgresql_where=text("state = 'running'")),
        Index("ix_job_dead", "finished_at", postgresql_where=text("state = 'dead'")),
        Index("ix_job_subject", "subject_type", "subject_id"),
        Index(
            "ix_job_cause_job", "cause_job_id", postgresql_where=text("cause_job_id is not null")
        ),
        Index(
            "ix_job_waits_for",
            "waits_for",
            postgresql_where=text("state = 'queued' and waits_for is not null"),
        ),
    )

    @classmethod
    def collection(cls) -> str:
        """Return the name of the collection in rights and paths."""
        return "jobs"


class JobArchive(Base):
    """A finished job moved out of the way, as it was."""

    __tablename__ = "job_archive"

    task: Mapped[str]
    state: Mapped[str]
    finished_at: Mapped[datetime | None]
    row: Mapped[dict[str, Any]]


class Schedule(Record):
    """Work that comes back: by an RRULE in a zone's wall time, or every so many seconds."""

    __tablename__ = "schedule"
    __derived__ = frozenset({"next_at"})

    name: Mapped[str]
    task: Mapped[str]
    args: Mapped[dict[str, Any]]
    rule: Mapped[str | None]
    zone: Mapped[str]
    starts_at_local: Mapped[str | None]  # ISO wall time the rule counts from
    every_s: Mapped[int | None]
    next_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True, server_default="true")
    owner_user_id: Mapped[UUID | None]

    __table_args__ = (
        CheckConstraint("(rule is null) <> (every_s is null)", name="one_rhythm"),
        CheckConstraint("(rule is null) = (starts_at_local is null)", name="rule_has_a_start"),
        Index("ix_schedule_next_at", "next_at", postgresql_where=text("active")),
    )


class Occurrence(Base):
    """One planned time of a schedule: run, or missed while nobody was there to run it."""

    __tablename__ = "occurrence"

    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("schedule.id"))
    planned_at: Mapped[datetime]
    state: Mapped[str]  # fired or missed
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        UniqueConstraint("schedule_id", "planned_at"),
        CheckConstraint("state in ('fired', 'missed')", name="state"),
    )


class ProcessKind(StrEnum):
    """What a process does."""

    RELAY = "relay"
    WORKER = "worker"


class Pulse(Base):
    """When a process was last heard; it takes its row along when it ends in order."""

    __tablename__ = "pulse"

    kind: Mapped[ProcessKind] = mapped_column(EnumText(ProcessKind))
    host: Mapped[str]
    process_id: Mapped[int]
    queues: Mapped[list[str]] = mapped_column(ARRAY(Text))  # that a worker takes work from
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("kind in ('relay', 'worker')", name="kind"),
        UniqueConstraint("host", "process_id"),
    )
