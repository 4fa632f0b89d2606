"""What a file is to be made of, and what came of it: the same for exports and reports."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.access import readings
from hub.access.principals import Principal
from hub.clock import business_date
from hub.files import Content
from hub.i18n import N_
from hub.listing import Kind, Query
from hub.listing.declaration import Predicate
from hub.reports.models import FileFormat, Manifest

MEDIA_TYPES = {
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.HTML: "text/html; charset=utf-8",
}
MOST_ROWS = {FileFormat.XLSX: 1_000_000, FileFormat.CSV: 1_000_000, FileFormat.HTML: 1_000}
"""Of one file; beyond it the file is partial, and says so."""

TOO_MANY_ROWS = N_("There are more rows than a file may hold.")
MISCOUNTED = N_("The number of rows read differs from the number counted.")
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f\u2028\u2029\\/:*?"<>|]+')
_NAME_LENGTH = 100  # with a day and a suffix behind it, well under what file systems take


@dataclass(frozen=True, slots=True)
class FileOrder:
    """One file to make; the query's reader is the person who will read it.

    `visible` is the access predicate of that `principal`. `made_at` stands in the file's own
    properties; it is the same at every attempt, so that equal rows give equal bytes, and two
    attempts one file (R-24).
    """

    query: Query[Any]
    visible: Predicate
    format: FileFormat
    title: str
    made_at: datetime
    principal: Principal

    @property
    def file_name(self) -> str:
        """The name under which it is downloaded, such as ``Customers 2026-12-07.xlsx``."""
        reader = self.query.reader
        title = " ".join(_FORBIDDEN.sub(" ", self.title).split())[:_NAME_LENGTH].strip(". ")
        day = business_date(self.made_at, reader.zone)
        return f"{title or 'Hub'} {day.isoformat()}.{self.format}"

    @property
    def most_rows(self) -> int:
        """How many rows it holds at most."""
        return MOST_ROWS[self.format]

    @property
    def media_type(self) -> str:
        """The type of its content."""
        return MEDIA_TYPES[self.format]


def as_printed(query: Query[Any], file_format: FileFormat) -> Query[Any]:
    """Return a query with the columns that a file of a format has.

    A printed record shows all that its reader may see, where no columns were asked for, but for ids
    that mean nothing to people.
    """
    if file_format is not FileFormat.HTML or query.columns:
        return query
    shown = tuple(
        each.read_by(query.reader)
        for each in query.listing.readable(query.reader).values()
        if each.selectable and (each.kind is not Kind.UUID or each.caption is not None)
    )
    return replace(query, columns=shown)


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What was read and written; `content` is None where no file was wanted of no rows.

    `to_mark` are the records whose reading leaves a mark (`hub.access.readings`).
    """

    as_of: datetime
    row_count: int
    total: int
    content: Content | None
    to_mark: Sequence[UUID] = ()


def note_outcome(record: Manifest, outcome: FileOutcome) -> None:
    """Write the manifest of a file; what is not in it is told in the message."""
    record.as_of = outcome.as_of
    record.row_count = outcome.row_count
    record.total = outcome.total
    record.message = None
    if outcome.content is not None:
        record.size_bytes = outcome.content.size_bytes
        record.sha256 = outcome.content.sha256
    if record.is_partial:
        fewer = outcome.row_count < outcome.total
        record.message = {
            "code": "too_many_rows" if fewer else "miscounted",
            "text": TOO_MANY_ROWS if fewer else MISCOUNTED,
            "params": {},
        }


def mark_readings(session: Session, order: FileOrder, outcome: FileOutcome, how: str) -> None:
    """Leave the marks of a file that a right to everything made; `how` is export or report."""
    model = order.query.listing.model
    readings.write_found(session, order.principal, model, outcome.to_mark, how)
