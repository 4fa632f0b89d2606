"""Tables of duplicates."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hub.customers.models import Customer
from hub.db import Base, EnumText
from hub.history.records import Record


class DupState(StrEnum):
    """The life of a pair (domain.md §2)."""

    OPEN = "open"
    DISMISSED = "dismissed"
    MERGED = "merged"
    OBSOLETE = "obsolete"


class DupCandidate(Record):
    """Two customers that may be one, and what people decided.

    `a_id` is the lesser id, so that a pair is one row whichever way it was met. `evidence` is as
    `hub.matching.Evidence.shown`; `fingerprint` is of the compared fields when it was dismissed.
    """

    __tablename__ = "dup_candidate"
    __derived__: ClassVar = frozenset({"score", "evidence", "rule_version", "fingerprint"})

    a_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    b_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    score: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    evidence: Mapped[list[Any]]
    rule_version: Mapped[int]
    state: Mapped[DupState] = mapped_column(
        EnumText(DupState), default=DupState.OPEN, server_default="open"
    )
    reason: Mapped[str | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    decided_at: Mapped[datetime | None]
    fingerprint: Mapped[dict[str, Any] | None]

    a: Mapped[Customer] = relationship(foreign_keys=[a_id], lazy="selectin", viewonly=True)
    b: Mapped[Customer] = relationship(foreign_keys=[b_id], lazy="selectin", viewonly=True)

    __table_args__ = (
        CheckConstraint("a_id < b_id", name="ordered"),
        CheckConstraint("score between 0 and 1", name="score"),
        CheckConstraint("state in ('open', 'dismissed', 'merged', 'obsolete')", name="state"),
        CheckConstraint("state <> 'dismissed' or fingerprint is not null", name="fingerprint"),
        Index("uq_dup_candidate_pair", "a_id", "b_id", unique=True),
        Index("ix_dup_candidate_b", "b_id"),
        Index("ix_dup_candidate_score", "score", "id"),
        Index("ix_dup_candidate_decided_at", "decided_at", "id"),
        Index("ix_dup_candidate_open", "score", "id", postgresql_where=text("state = 'open'")),
        Index("ix_dup_candidate_created_at", "created_at", "id"),
    )

    @classmethod
    def collection(cls) -> str:
        """See `Record.collection`."""
        return "duplicates"


class DuplicateScan(Base):
    """One pass over the customers: how far it is, so that it goes on after a stop, and what came.

    `whole` passes over all customers, otherwise over those that changed since they were looked at.
    """

    __tablename__ = "duplicate_scan"

    job_id: Mapped[UUID] = mapped_column(unique=True)
    whole: Mapped[bool]
    cursor: Mapped[UUID | None]  # the last customer looked at
    seen: Mapped[int] = mapped_column(default=0, server_default="0")
    raised: Mapped[int] = mapped_column(default=0, server_default="0")
    made_obsolete: Mapped[int] = mapped_column(default=0, server_default="0")
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
