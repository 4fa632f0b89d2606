"""Tables of duplicates."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Mapped, foreign, mapped_column, relationship

from hub.customers.models import Customer
from hub.db import Base, EnumText
from hub.history.records import Record
from hub.leads.models import Lead


class DupState(StrEnum):
    """The life of a pair."""

    OPEN = "open"
    DISMISSED = "dismissed"
    MERGED = "merged"
    OBSOLETE = "obsolete"


class DupCandidate(Record):
    """Two records that may be one, and what people decided: customers, leads, or one of each.

    `a_id` is the lesser id, so that a pair is one row whichever way it was met; `a_entity` and
    `b_entity` say of which kind each is. `evidence` is as `hub.matching.Evidence.shown`, `agrees`
    the fields in which both say the same. `chosen` are the sets of fields by which people looked
    for it, if they did: while it agrees in one of these, it is a pair whatever its score.
    `fingerprint` is of the compared fields when it was dismissed. `reason`, `decided_by` and
    `decided_at` are of the last decision, which an open pair may have behind it.
    """

    __tablename__ = "dup_candidate"
    __derived__: ClassVar = frozenset(
        {"score", "evidence", "agrees", "chosen", "rule_version", "fingerprint"}
    )

    a_entity: Mapped[str] = mapped_column(default="customer", server_default="customer")
    a_id: Mapped[UUID]
    b_entity: Mapped[str] = mapped_column(default="customer", server_default="customer")
    b_id: Mapped[UUID]
    score: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    evidence: Mapped[list[Any]]
    agrees: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    chosen: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    rule_version: Mapped[int]
    state: Mapped[DupState] = mapped_column(
        EnumText(DupState), default=DupState.OPEN, server_default="open"
    )
    reason: Mapped[str | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    decided_at: Mapped[datetime | None]
    fingerprint: Mapped[dict[str, Any] | None]

    a_customer: Mapped[Customer | None] = relationship(
        primaryjoin=lambda: _side(DupCandidate.a_id, Customer), lazy="selectin", viewonly=True
    )
    b_customer: Mapped[Customer | None] = relationship(
        primaryjoin=lambda: _side(DupCandidate.b_id, Customer), lazy="selectin", viewonly=True
    )
    a_lead: Mapped[Lead | None] = relationship(
        primaryjoin=lambda: _side(DupCandidate.a_id, Lead), lazy="selectin", viewonly=True
    )
    b_lead: Mapped[Lead | None] = relationship(
        primaryjoin=lambda: _side(DupCandidate.b_id, Lead), lazy="selectin", viewonly=True
    )

    @property
    def a(self) -> Any:
        """The record of the lesser id."""
        return self.a_customer or self.a_lead

    @property
    def b(self) -> Any:
        """The other record."""
        return self.b_customer or self.b_lead

    __table_args__ = (
        CheckConstraint(
            "a_entity in ('customer', 'lead') and b_entity in ('customer', 'lead')", name="entities"
        ),
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


def _side(column: InstrumentedAttribute[UUID], model: type[Any]) -> Any:
    """Return how a side of a pair reaches its record; ids are unique among all kinds."""
    return foreign(column) == model.id


class DuplicateScan(Base):
    """One pass over records: how far it is, so that it goes on after a stop, and what came of it.

    `whole` passes over all records of the kinds `entities`, otherwise over those that changed since
    they were looked at. With `fields` it looks for those that agree in all of these, otherwise for
    those that are alike. `entity` is the kind that it is at.
    """

    __tablename__ = "duplicate_scan"

    job_id: Mapped[UUID] = mapped_column(unique=True)
    whole: Mapped[bool]
    entities: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{customer,lead}")
    fields: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    entity: Mapped[str] = mapped_column(default="customer", server_default="customer")
    cursor: Mapped[UUID | None]  # the last record of the kind that was looked at
    seen: Mapped[int] = mapped_column(default=0, server_default="0")
    raised: Mapped[int] = mapped_column(default=0, server_default="0")
    made_obsolete: Mapped[int] = mapped_column(default=0, server_default="0")
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
