"""The rows of files: naming a content, finding it, and sweeping away what is over."""

from datetime import datetime
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.errors import NotFoundError
from hub.files import storage
from hub.files.models import StoredFile
from hub.files.storage import Content
from hub.history.recording import origin_of

UNNAMED_FOR_S = 24 * 3600
"""How long a content may lie before a row names it: longer than any transaction or job lasts."""


def keep(
    session: Session,
    content: Content,
    *,
    name: str,
    media_type: str,
    expires_at: datetime | None = None,
) -> StoredFile:
    """Give a content that was `put` a name and an end; None keeps it for ever."""
    row = StoredFile(
        name=name,
        media_type=media_type,
        sha256=content.sha256,
        size_bytes=content.size_bytes,
        created_by=origin_of(session).user_id,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return row


def get(session: Session, file_id: UUID) -> StoredFile:
    """Return a file's row.

    Raises:
        NotFoundError: there is none (any more).
    """
    row = session.get(StoredFile, file_id)
    if row is None:
        raise NotFoundError("file", file_id)
    return row


def open_file(row: StoredFile) -> BinaryIO:
    """Open a file's bytes; whoever opens them closes them.

    Raises:
        NotFoundError: they are gone from the disk.
    """
    return storage.open_content(row.sha256)


def sweep(session: Session, *, now: datetime, unnamed_for_s: float = UNNAMED_FOR_S) -> int:
    """Forget expired files and remove contents that no row names; returns how many were removed.

    A content is removed only when it was not written for `unnamed_for_s`: somebody may have put it
    and not yet committed its row.
    """
    session.execute(delete(StoredFile).where(StoredFile.expires_at < now))
    removed = 0
    for path in storage.untouched_for(unnamed_for_s):
        named = session.scalar(select(StoredFile.id).where(StoredFile.sha256 == path.name).limit(1))
        if named is None and storage.remove_untouched(path, unnamed_for_s):
            removed += 1
    return removed
