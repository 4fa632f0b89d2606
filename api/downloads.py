"""Answers that are files."""

from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Response, send_file
from sqlalchemy.orm import Session

from api.calls import Call
from api.refusals import RefusalError
from hub import files
from hub.errors import NotFoundError
from hub.files import services as file_rows
from hub.i18n import N_

ANY_FILE = "*/*"
"""The content type of a download, as the document tells it: it is that of the file."""

_GONE = N_("The file is over; it was kept until {at}.")


def download(call: Call[Any, Any], file_id: UUID | None, *, over_at: datetime | None) -> Response:
    """Return a stored file to be saved under its name.

    Args:
        call: the request; it may ask for a part, or whether the file is still the same.
        file_id: which file, None where it was swept away.
        over_at: until when it was kept.

    Raises:
        RefusalError: it is over (410).
    """
    gone = RefusalError(
        HTTPStatus.GONE, "file_gone", _GONE, at=over_at.isoformat() if over_at else "-"
    )
    if file_id is None:
        raise gone
    try:
        return _sent(call.session, file_id)
    except NotFoundError as error:
        raise gone from error


def _sent(session: Session, file_id: UUID) -> Response:
    row = file_rows.get(session, file_id)
    response = send_file(
        files.open_content(row.sha256),
        mimetype=row.media_type,
        as_attachment=True,
        download_name=row.name,
        etag=False,
        last_modified=row.created_at,
    )
    response.set_etag(row.sha256)
    response.content_length = row.size_bytes
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
