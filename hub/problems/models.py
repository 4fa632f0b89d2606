"""Tables of problems."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import EnumText
from hub.history.records import Record


class ProblemKind(StrEnum):
    """What is wrong; stable in every language."""

    CONNECTION_REVOKED = "connection_revoked"
    CONNECTION_PAUSED = "connection_paused"
    CONNECTION_DEGRADED = "connection_degraded"
    CONNECTION_BLOCKED = "connection_blocked"
    CONNECTION_HELD = "connection_held"
    DEAD_JOBS = "dead_jobs"
    STUCK_WORK = "stuck_work"
    REPORT_FAILED = "report_failed"
    CONFLICTS = "conflicts"
    GONE_THERE = "gone_there"
    MAIL_FAILED = "mail_failed"
    MAIL_UNSURE = "mail_unsure"
    MAIL_WAITING = "mail_waiting"
    MAIL_SERVER_DOWN = "mail_server_down"


class ProblemState(StrEnum):
    """Whether a problem is there."""

    OPEN = "open"
    RECOVERED = "recovered"


class Problem(Record):
    """One cause of trouble, however much it stops; open at most once.

    `count` is how many changes, look-ups, jobs, mails or fields it stops. `subject_name` is a name,
    or an English source text. `message` and `remedy` are {code, text, params}; `link` is a path.
    `detail` is what a retry or its mails need. `alerts` says whether its owner is told by mail, not
    before `alert_after` and once for each kind; without an owner the administrators are.
    """

    __tablename__ = "problem"
    __derived__: ClassVar = frozenset(
        {
            "last_seen_at", "count", "message", "remedy", "detail", "alert_after", "alerted_at",
            "alerted_kind", "recovery_noticed_at",
        }
    )  # fmt: skip

    cause_key: Mapped[str]
    kind: Mapped[ProblemKind] = mapped_column(EnumText(ProblemKind))
    subject_type: Mapped[str | None]
    subject_id: Mapped[UUID | None]
    subject_name: Mapped[str]
    since: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    count: Mapped[int]
    message: Mapped[dict[str, Any]]
    remedy: Mapped[dict[str, Any]]
    link: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    owner_user_id: Mapped[UUID | None]
    state: Mapped[ProblemState] = mapped_column(
        EnumText(ProblemState), default=ProblemState.OPEN, server_default="open"
    )
    recovered_at: Mapped[datetime | None]
    alerts: Mapped[bool]
    alert_after: Mapped[datetime]
    alerted_at: Mapped[datetime | None]
    alerted_kind: Mapped[ProblemKind | None] = mapped_column(EnumText(ProblemKind))
    recovery_noticed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('open', 'recovered')", name="state"),
        CheckConstraint("(state = 'recovered') = (recovered_at is not null)", name="recovered"),
        CheckConstraint(f"kind in ({', '.join(repr(k.value) for k in ProblemKind)})", name="kind"),
        Index("uq_problem_open", "cause_key", unique=True, postgresql_where=text("state = 'open'")),
        Index("ix_problem_cause", "cause_key", "alerted_at"),
        Index("ix_problem_state", "state", "id"),
        Index(
            "ix_problem_unnoticed",
            "recovered_at",
            postgresql_where=text(
                "state = 'recovered' and alerted_at is not null and recovery_noticed_at is null"
            ),
        ),
    )
