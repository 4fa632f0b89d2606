"""Workbooks for the tests of reading, ordinary and hostile."""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence

from openpyxl import Workbook

SHEET = "xl/worksheets/sheet1.xml"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
)
ORDINARY_ROWS: list[list[object]] = [["Navn", "CVR"], ["Nordlys ApS", 25313763]]


def make_workbook(rows: Iterable[Sequence[object]] = ORDINARY_ROWS) -> bytes:
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    for row in rows:
        sheet.append(list(row))
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def with_parts(parts: Mapping[str, bytes | None], *, content: bytes | None = None) -> bytes:
    """Return a workbook with parts replaced or added; None takes one out."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content or make_workbook())) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            if entry.filename not in parts:
                new.writestr(entry.filename, old.read(entry))
        for name, part in parts.items():
            if part is not None:
                info = zipfile.ZipInfo("x")
                info.filename = name  # as it is: the constructor would mend it
                info.compress_type = zipfile.ZIP_DEFLATED
                new.writestr(info, part)
    return stream.getvalue()


def with_sheet(rows: str, *, dimension: str = "", before: str = "") -> bytes:
    """Return a workbook whose only sheet holds these rows of XML."""
    size = f'<dimension ref="{dimension}"/>' if dimension else ""
    text = f"{HEAD}{size}<sheetData>{rows}</sheetData></worksheet>"
    if before:
        text = text.replace("?>", f"?>{before}", 1)
    return with_parts({SHEET: text.encode("utf-8")})


def with_strings(items: str, rows: str) -> bytes:
    """Return a workbook with these shared strings, and rows that may name them."""
    sheet = with_sheet(rows)
    with zipfile.ZipFile(io.BytesIO(sheet)) as archive:
        types = archive.read("[Content_Types].xml")
    declared = (
        b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.'
        b'openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
    )
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    parts = {
        "[Content_Types].xml": types.replace(b"</Types>", declared),
        "xl/sharedStrings.xml": f'<sst xmlns="{space}">{items}</sst>'.encode(),
    }
    return with_parts(parts, content=sheet)
