"""Tables of imports."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, EnumText
from hub.history.records import AskedWithToken, Record


class ImportState(StrEnum):
    """The life of an import."""

    UPLOADED = "uploaded"
    FAILED = "failed"  # the file cannot be read; another encoding may be named, or it comes again
    ANALYSED = "analysed"  # read, but no plan could be made: the mapping is wanting
    PLANNED = "planned"
    APPLYING = "applying"
    DONE = "done"
    PARTIAL = "partial"  # done, and some rows were refused or failed
    UNDOING = "undoing"  # some of its rows stand still, and its plan is an applied one
    UNDONE = "undone"


class ImportJob(Record, AskedWithToken):
    """A file on its way in; its rows are the items of its plan.

    `columns` says how each header was understood: [{header, field}], field None where it was not.
    `message` says why it cannot go on: {code, text, params}.
    """

    __tablename__ = "import_job"
    __derived__: ClassVar = frozenset(
        {"counters", "columns", "row_count", "source", "message", "result_file_id", "plan_id"}
    )

    entity_name: Mapped[str]  # customers, leads
    file_id: Mapped[UUID]
    file_name: Mapped[str]
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[ImportState] = mapped_column(
        EnumText(ImportState), default=ImportState.UPLOADED, server_default="uploaded"
    )
    source: Mapped[dict[str, Any] | None]  # kind, sheet, sheets, header_row, encoding, delimiter
    columns: Mapped[list[Any] | None]
    row_count: Mapped[int | None]
    plan_id: Mapped[UUID | None] = mapped_column(ForeignKey("plan.id"))
    counters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    message: Mapped[dict[str, Any] | None]
    result_file_id: Mapped[UUID | None]
    owner_user_id: Mapped[UUID | None]
    applied_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            f"state in ({', '.join(repr(s.value) for s in ImportState)})", name="state"
        ),
        Index("ix_import_job_plan", "plan_id"),
    )

    @classmethod
    def collection(cls) -> str:
        """See `Record.collection`."""
        return "imports"


class ImportIdentity(Base):
    """By what a row of a file is known again: a digest of its own reference, or of all it says.

    So the same file, imported again, meets the same records whatever else was learnt since.
    """

    __tablename__ = "import_identity"

    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    lead_id: Mapped[UUID | None] = mapped_column(ForeignKey("lead.id"))

    __table_args__ = (
        CheckConstraint("num_nonnulls(customer_id, lead_id) = 1", name="whose"),
        Index("ix_import_identity_customer", "customer_id"),
        Index("ix_import_identity_lead", "lead_id", postgresql_where=text("lead_id is not null")),
    )


class ImportTemplate(Base):
    """The workbook to fill in, rendered by the workers as they start, in each language."""

    __tablename__ = "import_template"

    entity_name: Mapped[str]
    language: Mapped[str]
    media_type: Mapped[str]
    fingerprint: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("uq_import_template", "entity_name", "language", "media_type", unique=True),
    )
