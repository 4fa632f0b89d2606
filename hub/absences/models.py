"""The table of absences."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.history.records import Record


class Absence(Record):
    """Days on which a person is away, the last one included; days are those of his own zone.

    Two of one person may overlap: he is away while any of them says so.
    """

    __tablename__ = "absence"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("app_user.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="window"),
        Index("ix_absence_starts_on", "starts_on", "id"),
        Index("ix_absence_ends_on", "ends_on", "id"),
        Index("ix_absence_created_at", "created_at", "id"),
        Index("ix_absence_user", "user_id", "id"),
    )
