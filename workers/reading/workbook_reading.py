"""Workbooks: checked as an archive, parsed by a child process, spooled as rows."""

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import IO

from hub.i18n import N_
from workers.reading.archive_checks import check_archive
from workers.reading.limits import FileRefusedError, Limits
from workers.reading.tables import Source, Table

_PARSER = Path(__file__).with_name("workbook_child.py")
_LONGEST_ENDING = 1024


def read_workbook(path: Path, limits: Limits) -> Table:
    """Return the first sheet of an xlsx file.

    Raises:
        FileRefusedError: it is hostile, damaged, or beyond the limits.
    """
    check_archive(path, limits)
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - the table owns it
    try:
        _parse(path, spool, limits)
        sheet = _take_ending(spool, limits)
        return Table(spool, Source("xlsx", sheet=sheet), limits)
    except BaseException:
        spool.close()
        raise


def _parse(path: Path, spool: IO[bytes], limits: Limits) -> None:
    # -I: neither the environment nor the current folder may choose what the parser imports.
    command = [sys.executable, "-I", str(_PARSER), str(path.absolute()), json.dumps(asdict(limits))]
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


def _take_ending(spool: IO[bytes], limits: Limits) -> str:
    """Cut the last line off the spool and return the name of the sheet that it tells."""
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
    if "refused" in ending:
        raise _refusal(ending["refused"], limits)
    spool.truncate(size - len(line) - 1)
    return str(ending["done"])


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
