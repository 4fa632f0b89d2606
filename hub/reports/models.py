"""Tables of reports, their schedules and runs, and of exports."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from hub.db import EnumText
from hub.history.records import AskedWithToken, Record
from hub.ledger.models import Schedule


class FileFormat(StrEnum):
    """What kind of file a report becomes."""

    XLSX = "xlsx"
    CSV = "csv"
    HTML = "html"  # a page for each record, to be printed


class Audience(StrEnum):
    """Whose saved view a report is: its author's alone, that of a team as well, everybody's."""

    AUTHOR = "author"
    TEAM = "team"
    EVERYBODY = "everybody"


class RecipientsMode(StrEnum):
    """Who gets a scheduled report: the people named, or everyone who owns rows of it, his own."""

    USERS = "users"
    EACH_OWNER = "each_owner"


class EmptyPolicy(StrEnum):
    """What becomes of a run without rows: a file of headers, nothing, or a mail that says so."""

    SEND = "send"
    SKIP = "skip"
    TELL = "tell"


class ReportRunState(StrEnum):
    """The life of a report run."""

    DUE = "due"
    RENDERING = "rendering"
    RENDERED = "rendered"
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    PARTLY_DELIVERED = "partly_delivered"
    FAILED = "failed"
    SKIPPED_EMPTY = "skipped_empty"


class ExportState(StrEnum):
    """The life of an export; a partial one says in its message what is not in the file."""

    WAITING = "waiting"
    RENDERING = "rendering"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"


def _one_of(states: type[StrEnum], column: str) -> str:
    return f"{column} in ({', '.join(repr(state.value) for state in states)})"


class Manifest:
    """What a rendered file holds: how many rows of how many, read when, and its own hash.

    `as_of` is the instant of the snapshot that the rows were read from; `total` is how many there
    were at that instant. The hash and the size stay when the file itself is swept away.
    """

    as_of: Mapped[datetime | None]
    row_count: Mapped[int | None]
    total: Mapped[int | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    message: Mapped[dict[str, Any] | None]  # {code, text, params}: why it failed, or is partial

    @declared_attr
    @classmethod
    def file_id(cls) -> Mapped[UUID | None]:
        """The stored file; None before it is there, and after it is over."""
        return mapped_column(ForeignKey("stored_file.id", ondelete="SET NULL"))

    @property
    def is_partial(self) -> bool:
        """Whether rows are missing from the file."""
        return self.row_count is not None and self.row_count != self.total


class ReportDef(Record):
    """A report, or saved view: a name for a stored query over a dataset.

    `query` is the stored form of `hub.listing`: filter, sort, fields (the columns), q. Its values
    may be relative: `me` is whoever reads the report, `today` the day on which it runs. Only its
    author changes it; others see it, and in it what is theirs to see, as its `audience` says.
    """

    __tablename__ = "report_def"

    name: Mapped[str]
    dataset: Mapped[str]
    query: Mapped[dict[str, Any]]
    format: Mapped[FileFormat] = mapped_column(EnumText(FileFormat))
    owner_user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    audience: Mapped[Audience] = mapped_column(
        EnumText(Audience), default=Audience.AUTHOR, server_default="author"
    )
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))

    __table_args__ = (
        CheckConstraint(_one_of(FileFormat, "format"), name="format"),
        CheckConstraint(_one_of(Audience, "audience"), name="audience"),
        CheckConstraint("(audience = 'team') = (team_id is not null)", name="team"),
        Index("ix_report_def_name", "name", "id"),
        Index("ix_report_def_created_at", "created_at", "id"),
    )

    @classmethod
    def entity(cls) -> str:
        """See `Record.entity`: people say report."""
        return "report"


class ReportSchedule(Schedule, AskedWithToken):
    """A schedule of the ledger that runs a report for its recipients."""

    __tablename__ = "report_schedule"

    id: Mapped[UUID] = mapped_column(ForeignKey("schedule.id"), primary_key=True)
    report_id: Mapped[UUID] = mapped_column(ForeignKey("report_def.id"), index=True)
    recipients_mode: Mapped[RecipientsMode] = mapped_column(EnumText(RecipientsMode))
    recipient_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), default=list)
    on_empty: Mapped[EmptyPolicy] = mapped_column(EnumText(EmptyPolicy))

    __table_args__ = (  # type: ignore[assignment]  # each of its two tables has some of its own
        CheckConstraint(_one_of(RecipientsMode, "recipients_mode"), name="recipients_mode"),
        CheckConstraint(_one_of(EmptyPolicy, "on_empty"), name="on_empty"),
        CheckConstraint(
            "(recipients_mode = 'users') = (cardinality(recipient_ids) > 0)", name="recipients"
        ),
    )

    @classmethod
    def entity(cls) -> str:
        """See `Record.entity`: one record, in two tables."""
        return "schedule"

    @classmethod
    def collection(cls) -> str:
        """See `Record.collection`: it is reached by those."""
        return "reports"


class ReportRun(Record, Manifest, AskedWithToken):
    """One occurrence of a schedule for one recipient; a resend sends the same bytes again.

    `sends` counts how often it was sent: the sequence of its newest delivery is one less.
    `owner_user_id` is the schedule's, who may see how it went, but not what is in the file.
    """

    __tablename__ = "report_run"
    __derived__: ClassVar = frozenset(
        {"as_of", "row_count", "total", "size_bytes", "sha256", "message", "file_id", "job_id"}
    )

    schedule_id: Mapped[UUID] = mapped_column(ForeignKey("report_schedule.id"))
    report_id: Mapped[UUID] = mapped_column(ForeignKey("report_def.id"))
    recipient_user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    owner_user_id: Mapped[UUID | None]
    planned_at: Mapped[datetime]
    state: Mapped[ReportRunState] = mapped_column(
        EnumText(ReportRunState), default=ReportRunState.DUE
    )
    sends: Mapped[int] = mapped_column(default=0, server_default="0")
    job_id: Mapped[UUID | None]

    __table_args__ = (
        CheckConstraint(_one_of(ReportRunState, "state"), name="state"),
        Index(
            "uq_report_run_occurrence", "schedule_id", "planned_at", "recipient_user_id",
            unique=True,
        ),
        Index("ix_report_run_planned_at", "planned_at", "id"),
        Index("ix_report_run_recipient", "recipient_user_id", "planned_at"),
        Index("ix_report_run_failed", "id", postgresql_where=text("state = 'failed'")),
    )  # fmt: skip


class Export(Record, Manifest, AskedWithToken):
    """One run of a query as a file, for the person who asked and for nobody else.

    `locale` and `zone` are his at the time; what he may see is looked up when it runs.
    """

    __tablename__ = "export"
    __derived__: ClassVar = ReportRun.__derived__ | {"state"}

    dataset: Mapped[str]
    query: Mapped[dict[str, Any]]
    format: Mapped[FileFormat] = mapped_column(EnumText(FileFormat))
    locale: Mapped[str]
    zone: Mapped[str]
    owner_user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    state: Mapped[ExportState] = mapped_column(EnumText(ExportState), default=ExportState.WAITING)
    lane: Mapped[int]  # of one person's exports those of one lane run one after another
    job_id: Mapped[UUID | None]
    expires_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(_one_of(FileFormat, "format"), name="format"),
        CheckConstraint(_one_of(ExportState, "state"), name="state"),
        Index("ix_export_created_at", "created_at", "id"),
        Index("ix_export_owner", "owner_user_id", "id"),
    )
