"""Records on paper: an HTML file with a page for each, to be read and printed by any browser.

It holds nothing but text: no script, no picture, no link to anywhere. What a record has nothing of
is left out.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from hub.i18n import N_
from workers.rendering.columns import Cell, Column, checked_row, header_labels
from workers.rendering.readers import Reader
from workers.rendering.safe_text import one_line, paragraphs

HEADING = "name"  # of a record, where it has one; else its first column

_STYLE = """
body { font: 11pt/1.4 system-ui, sans-serif; color: #1b1f23; margin: 2rem auto; max-width: 46rem }
article { break-after: page; margin-bottom: 3rem }
article:last-of-type { break-after: auto }
h1 { font-size: 1.5rem; border-bottom: 1px solid #8a949e; padding-bottom: .3rem }
dl { display: grid; grid-template-columns: 14rem 1fr; gap: .35rem 1rem }
dt { color: #57606a }
dd { margin: 0; white-space: pre-line; overflow-wrap: anywhere }
footer { color: #57606a; font-size: .8rem }
@page { margin: 2cm }
"""


def write_pages(
    target: Path,
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]],
    *,
    locale: str,
    zone: str,
    title: str,
    made_at: datetime,
) -> int:
    """Write a page for each row, in the reader's words, and return how many there were.

    Raises:
        ValueError: a row does not fit the columns.
        TypeError: a value is not of its column's kind.
    """
    reader = Reader(locale, zone)
    count = 0
    with target.open("w", encoding="utf-8", newline="\n") as page:
        page.write(
            f'<!doctype html>\n<html lang="{reader.language}">\n<head>\n<meta charset="utf-8">\n'
            f"<title>{_line(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        )
        for row in rows:
            page.writelines(_record(columns, checked_row(columns, row, ZoneInfo(zone)), reader))
            count += 1
        printed = reader.words(N_("Printed {when}"), when=reader.instant(made_at))
        page.write(f"<footer>{_line(title)} · {_line(printed)}</footer>\n</body>\n</html>\n")
    return count


def _record(columns: Sequence[Column], values: Sequence[Cell], reader: Reader) -> Iterator[str]:
    heading = next((n for n, each in enumerate(columns) if each.key == HEADING), 0)
    yield f"<article>\n<h1>{_line(_text(values[heading], reader))}</h1>\n<dl>\n"
    for label, value in zip(header_labels(columns, reader.locale), values, strict=True):
        if value not in {None, ""}:
            yield f"<dt>{_line(label)}</dt><dd>{escape(paragraphs(_text(value, reader)))}</dd>\n"
    yield "</dl>\n</article>\n"


def _text(value: Cell, reader: Reader) -> str:
    match value:
        case None:
            return ""
        case bool():
            return reader.words(N_("yes")) if value else reader.words(N_("no"))
        case datetime():
            return format_datetime(value, "short", locale=reader.formats)
        case date():
            return reader.short_day(value)
        case int() | Decimal():
            return reader.number(value)
        case _:
            return str(value)


def _line(text: str) -> str:
    return escape(one_line(text))
