"""Makes the file of an order: rows spooled from one snapshot, drawn when that is closed, and kept.

with spooled(order) as rows:
    content = draw(order, rows)
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub import files
from hub.db import transaction
from hub.files import Content
from hub.listing import Field, Kind
from hub.reports.file_orders import FileOrder, FileOutcome
from hub.reports.models import FileFormat
from hub.reports.spooling import Spool, kind_of, spool
from workers.rendering.columns import Column, ColumnKind
from workers.rendering.csv_files import write_csv
from workers.rendering.record_pages import write_pages
from workers.rendering.workbooks import write_workbook

_COLUMN_KINDS = {
    Kind.INTEGER: ColumnKind.INTEGER,
    Kind.DECIMAL: ColumnKind.DECIMAL,
    Kind.MONEY: ColumnKind.DECIMAL,  # the amount: its currency is a column of its own
    Kind.BOOLEAN: ColumnKind.BOOLEAN,
    Kind.DATE: ColumnKind.DATE,
    Kind.DATETIME: ColumnKind.DATETIME,
}


@contextmanager
def spooled(order: FileOrder) -> Iterator[Spool]:
    """Give the rows of an order, read and at rest; no database is open in the block."""
    with tempfile.TemporaryFile(prefix="hub-spool-") as file:
        with transaction() as session:
            rows = spool(session, order, file)
        yield rows


def draw(order: FileOrder, rows: Spool) -> Content:
    """Make the file of rows in the reader's language and keep it; it is durable when this returns.

    Raises:
        OSError: it cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="hub-report-") as folder:
        draft = Path(folder) / f"draft.{order.format}"
        write(order, rows, draft)
        with draft.open("rb") as finished:
            return files.put(finished)


def write(order: FileOrder, rows: Spool, target: Path) -> None:
    """Write the file of rows, in the reader's language, to a place.

    Raises:
        OSError: it cannot be written.
    """
    columns = [_column(each) for each in rows.columns]
    reader = order.query.reader
    if order.format is FileFormat.CSV:
        write_csv(target, columns, rows.rows(), locale=reader.locale, zone=reader.zone)
    else:
        draw_file = write_pages if order.format is FileFormat.HTML else write_workbook
        draw_file(
            target,
            columns,
            rows.rows(),
            locale=reader.locale,
            zone=reader.zone,
            title=order.title,
            made_at=order.made_at,
        )


def outcome(rows: Spool, content: Content | None) -> FileOutcome:
    """Return what was read and written."""
    return FileOutcome(rows.as_of, rows.row_count, rows.total, content, rows.to_mark)


def _column(field: Field) -> Column:
    kind = _COLUMN_KINDS.get(kind_of(field), ColumnKind.TEXT)
    return Column(field.name, field.label, kind, field.width)
