"""Answers that are files."""

import unicodedata
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import quote
from uuid import UUID

from flask import Response

from api.calls import Call
from api.refusals import RefusalError
from hub import files
from hub.errors import NotFoundError
from hub.files import services as file_rows
from hub.files.models import StoredFile
from hub.i18n import N_
from hub.reports.file_orders import MEDIA_TYPES

A_LIST = ", ".join(kind.partition(";")[0] for kind in MEDIA_TYPES.values())
"""The content types of a list that was written to a file, as the document tells them."""

CHUNK_BYTES = 64 * 1024


def download(call: Call[Any, Any], file_id: UUID | None, *, over_at: datetime | None) -> Response:
    """Return a stored file to be saved under its name.

    Args:
        call: the request.
        file_id: which file, None where it was swept away.
        over_at: until when it was kept.

    Raises:
        RefusalError: it is over (410).
    """
    gone = RefusalError(
        HTTPStatus.GONE,
        "file_gone",
        N_("The file is over; it was kept until {at}."),
        at=over_at.isoformat() if over_at else "-",
    )
    if file_id is None:
        raise gone
    try:
        file = file_rows.get(call.session, file_id)
        stream = files.open_content(file.sha256)
    except NotFoundError as error:
        raise gone from error
    return Response(_chunks(stream), HTTPStatus.OK, _headers(file))


def disposition(name: str) -> str:
    """Return the Content-Disposition that has a browser save a file under its name (RFC 6266)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = plain.replace("\\", "_").replace('"', "_")
    value = f'attachment; filename="{plain}"'
    return value if plain == name else f"{value}; filename*=UTF-8''{quote(name, safe='')}"


def _headers(file: StoredFile) -> dict[str, str]:
    return {
        "Content-Type": file.media_type,
        "Content-Length": str(file.size_bytes),
        "Content-Disposition": disposition(file.name),
        "ETag": f'"{file.sha256}"',
        "Cache-Control": "private, no-store",
    }


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    # Closed when the last byte is out or the reader goes away, whatever the server does.
    with stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk
