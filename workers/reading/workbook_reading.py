"""Workbooks: checked as an archive, parsed by a child process, spooled as rows."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from hub.i18n import N_
from workers.reading.archive_checks import check_archive
from workers.reading.limits import FileRefusedError, Limits
from workers.reading.tables import ANYWHERE, Place, Source, Table

_PARSER = Path(__file__).with_name("workbook_child.py")
_UNKNOWN_SHEET = "sheet.unknown"
_LONGEST_ENDING = 64 * 1024  # it names the sheets


def read_workbook(path: Path, limits: Limits, place: Place = ANYWHERE) -> Table:
    """Return one sheet of an xlsx file: the one that is named, else the first that holds rows.

    Raises:
        FileRefusedError: it is hostile, damaged, beyond the limits, or has nothing at that place.
    """
    check_archive(path, limits)
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - the table owns it
    try:
        _parse(path, spool, limits, place.sheet)
        ending = _take_ending(spool, limits, place.sheet)
        source = Source("xlsx", sheet=ending["done"], sheets=tuple(ending["sheets"]))
        return Table(spool, source, limits, place)
    except BaseException:
        spool.close()
        raise


def _parse(path: Path, spool: IO[bytes], limits: Limits, sheet: str | None) -> None:
    # -I: neither the environment nor the current folder may choose what the parser imports.
    command = [
        sys.executable, "-I", str(_PARSER), str(path.absolute()), json.dumps(asdict(limits)),
        json.dumps(sheet),
    ]  # fmt: skip
    try:
        subprocess.run(  # noqa: S603 - our own script; the path is an argument, there is no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=spool,
            stderr=subprocess.DEVNULL,
            timeout=limits.parser_wall_s,
            check=False,  # how it ended stands in its last line
            env={},
        )
    except subprocess.TimeoutExpired as error:
        raise _refusal("file.too_complex", limits) from error


def _take_ending(spool: IO[bytes], limits: Limits, sheet: str | None) -> dict[str, Any]:
    """Cut the last line off the spool and return it: which sheet was read, and which there are."""
    size = spool.seek(0, 2)
    spool.seek(max(0, size - _LONGEST_ENDING))
    tail = spool.read()
    line = tail.rstrip(b"\n").rpartition(b"\n")[2]
    try:
        ending = json.loads(line) if tail.endswith(b"\n") else None
    except ValueError:
        ending = None
    if not isinstance(ending, dict):  # killed: out of time, memory or disk
        raise _refusal("file.too_complex", limits)
    if ending.get("refused") == _UNKNOWN_SHEET:
        raise FileRefusedError(
            _UNKNOWN_SHEET,
            N_("The workbook has no sheet {sheet}: say as sheet one of {sheets}."),
            pointer="/sheet",
            sheet=repr(sheet),
            sheets=_named(ending["sheets"]),
        )
    if "refused" in ending:
        raise _refusal(ending["refused"], limits)
    rows_end = size - len(line) - 1
    if sheet is not None and not rows_end:
        raise FileRefusedError(
            "sheet.empty",
            N_("The sheet {sheet} holds no rows: say as sheet one of {sheets}."),
            pointer="/sheet",
            sheet=repr(sheet),
            sheets=_named(ending["sheets"]),
        )
    spool.truncate(rows_end)
    return ending


def _named(sheets: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in sheets)


def _refusal(code: str, limits: Limits) -> FileRefusedError:
    messages = {
        "file.too_complex": N_("The workbook takes too much time or memory to read: save it anew."),
        "file.damaged": N_("The file is damaged or not complete."),
        "file.no_sheet": N_("The workbook has no sheet."),
        "file.false_dimension": N_(
            "The sheet claims to reach beyond {rows} rows or {columns} columns: delete the empty "
            "rows and columns after the last filled ones."
        ),
        "file.too_many_rows": N_("The file has more than {limit} rows."),
        "file.too_many_columns": N_("The file has more than {limit} columns."),
        "file.cell_too_long": N_("A cell has more than {limit} characters."),
    }
    number = {
        "file.too_many_rows": limits.rows,
        "file.too_many_columns": limits.columns,
        "file.cell_too_long": limits.cell_length,
    }.get(code, 0)
    return FileRefusedError(
        code, messages[code], limit=number, rows=limits.rows, columns=limits.columns
    )
