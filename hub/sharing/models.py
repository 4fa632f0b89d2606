"""The table of blind matches."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base


class BlindMatch(Base):
    """Somebody was told that a record like his exists, and no more.

    Its id is the reference by which he asks for access; nobody else can use it. `fingerprint` is of
    what he had said of his own record: the same question again, which tells him nothing new, is the
    same row with a new `at`. How often he was told counts by `first_at`.
    """

    __tablename__ = "blind_match"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    subject_type: Mapped[str]
    subject_id: Mapped[UUID]
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    first_at: Mapped[datetime] = mapped_column(server_default=func.now())
    at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        Index(
            "uq_blind_match", "user_id", "subject_type", "subject_id", "fingerprint", unique=True
        ),
        Index("ix_blind_match_user", "user_id", "first_at"),
    )
