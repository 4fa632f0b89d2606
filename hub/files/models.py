"""Tables of files."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from hub.db import Base


class StoredFile(Base):
    """A file that people know: its bytes are the content `sha256`, which several rows may share.

    After `expires_at` the row and, where no other names it, the content are swept away.
    """

    __tablename__ = "stored_file"

    name: Mapped[str]
    media_type: Mapped[str]
    sha256: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
        CheckConstraint("size_bytes >= 0", name="size"),
        Index("ix_stored_file_sha256", "sha256"),
        Index("ix_stored_file_expires_at", "expires_at"),
    )
