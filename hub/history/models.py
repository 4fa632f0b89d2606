"""Tables of the history."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base, EnumText, new_id
from hub.origin import ActorKind, CauseKind


class Event(Base):
    """One thing that happened to one record; inserted, never updated (erasure apart)."""

    __tablename__ = "event"

    type: Mapped[str]
    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    actor_kind: Mapped[ActorKind] = mapped_column(EnumText(ActorKind))
    actor_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    cause_kind: Mapped[CauseKind] = mapped_column(EnumText(CauseKind))
    cause_id: Mapped[str | None]
    changes: Mapped[dict[str, Any] | None]  # {field: [before, after]}; None once erased
    data: Mapped[dict[str, Any] | None]  # what a domain event adds
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index("ix_event_subject", "subject_type", "subject_id", "at"),
        Index("ix_event_type", "type", "at"),
    )


class EventUnsealed(Base):
    """An event that no seal covers yet; a trigger writes it, sealing removes it.

    So sealing selects by state and not by position, and a late commit is not skipped.
    """

    __tablename__ = "event_unsealed"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)  # the event's id


class EventSeal(Base):
    """The position of an event in the gap-free chain, and the hash that binds it to all before."""

    __tablename__ = "event_seal"

    id: Mapped[UUID] = mapped_column(primary_key=True)  # the event's id
    position: Mapped[int] = mapped_column(BigInteger, unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class EventReader(Base):
    """How far a process has read the history (`hub.history.following`); without a row: nothing."""

    __tablename__ = "event_reader"

    name: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
