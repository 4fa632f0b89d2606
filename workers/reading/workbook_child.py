"""The parser of workbooks: a process of its own, which may die without harm.

Started by `workers.reading.workbook_reading` as a plain script, so it imports nothing of ours. Two
arguments after the path are JSON: the limits, and the name of the sheet, null for the first one
that holds rows. It prints a line of JSON per row that holds anything: its number and its cells,
numbers as ``["number", "12.5"]``, times as ``["moment", ISO]``, what a formula that failed left as
``["error", "#REF!"]``. The last line is ``{"done": sheet, "sheets": names}`` or
``{"refused": code}``, which names the sheets too where none has that name; without it the parser
died.
"""

import json
import math
import re
import resource
import sys
import warnings
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

_LAST_ROW_OF_EXCEL = 1_048_576
_LONGEST_ERROR = 20  # as of #EXTERNAL! and its like; no more is believed
_MOST_SHEETS = 50  # that are named to people
_LONGEST_TITLE = 100  # Excel allows 31 characters
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


class RefusedError(Exception):
    """The workbook breaks a limit, or lacks the sheet that is asked for; the text is the code."""


def main() -> None:
    """Parse the workbook of the first argument and print the rows of a sheet."""
    path, limits, wanted = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
    _set_limits(limits)
    ending: dict[str, object]
    try:
        ending = _print_rows(path, limits, wanted)
    except RefusedError as refusal:
        ending = {"refused": str(refusal)}
    except (MemoryError, OSError):  # the limits of memory and of the size of what is printed
        ending = {"refused": "file.too_complex"}
    except Exception:  # noqa: BLE001 - the outermost frame; openpyxl raises a dozen kinds for a bad file
        ending = {"refused": "file.damaged"}
    _print(ending)
    sys.stdout.flush()


def _set_limits(limits: dict[str, int]) -> None:
    wanted = {
        resource.RLIMIT_AS: limits["parser_memory_bytes"],
        resource.RLIMIT_CPU: limits["parser_cpu_s"],
        resource.RLIMIT_FSIZE: limits["parsed_bytes"],
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in wanted.items():
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):
            if sys.platform != "darwin":  # macOS has no limit of the address space
                raise


def _print_rows(path: str, limits: dict[str, int], wanted: str | None) -> dict[str, object]:
    """Print the rows of a sheet and return the last line."""
    from openpyxl import load_workbook

    warnings.simplefilter("ignore")
    stream = Path(path).open("rb")  # noqa: SIM115 - a path would be judged by its suffix
    workbook: Any = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    if not workbook.worksheets:
        raise RefusedError("file.no_sheet")
    names = [_title(sheet) for sheet in workbook.worksheets][:_MOST_SHEETS]
    # Hidden sheets hold what serves the others, such as lists to choose from.
    sheets = sorted(workbook.worksheets, key=lambda sheet: sheet.sheet_state != "visible")
    if wanted is not None:
        sheets = [each for each in sheets if _title(each).casefold() == wanted.casefold()]
    if not sheets:
        return {"refused": "sheet.unknown", "sheets": names}
    for sheet in sheets:
        if _print_sheet(sheet, limits):
            return {"done": _title(sheet), "sheets": names}
    return {"done": _title(sheets[0]), "sheets": names}


def _title(sheet: Any) -> str:
    return str(sheet.title)[:_LONGEST_TITLE]


def _print_sheet(sheet: Any, limits: dict[str, int]) -> bool:
    """Print the rows of a sheet and say whether it has any."""
    for side, limit in ((sheet.max_row, limits["rows"] + 1), (sheet.max_column, limits["columns"])):
        if side is not None and side > limit:
            raise RefusedError("file.false_dimension")
    sheet.reset_dimensions()
    holds_rows = False
    for number, cells in _filled_rows(sheet, limits):
        _print([number, cells])
        holds_rows = True
    return holds_rows


def _filled_rows(sheet: Any, limits: dict[str, int]) -> Iterator[tuple[int, list[Any]]]:
    count = 0
    for number, row in enumerate(sheet.iter_rows(), 1):
        if number > _LAST_ROW_OF_EXCEL:
            raise RefusedError("file.damaged")
        width = len(row)
        while width and row[width - 1].value in (None, ""):
            width -= 1
        if not width:
            continue
        count += 1
        if count > limits["rows"] + 1 or number > limits["rows"] * 2:
            raise RefusedError("file.too_many_rows")
        if width > limits["columns"]:
            raise RefusedError("file.too_many_columns")
        yield number, [_spooled(cell, limits["cell_length"]) for cell in row[:width]]


def _spooled(cell: Any, longest: int) -> object:
    value: object = cell.value
    if cell.data_type == "e":
        return ["error", str(value)[:_LONGEST_ERROR]]
    if isinstance(value, str):
        if len(value) > longest:
            raise RefusedError("file.cell_too_long")
        return _ESCAPED.sub(_unescaped, value) or None
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        text = format(value, ".15g") if isinstance(value, float) else str(value)
        # Fifteen digits are what Excel shows; the rest is the noise of binary fractions.
        return ["number", text] if math.isfinite(value) else text
    if isinstance(value, datetime):
        rounded = value + timedelta(microseconds=500_000)  # serials are days in binary fractions
        return ["moment", rounded.replace(microsecond=0, tzinfo=None).isoformat()]
    return ["day", value.isoformat()] if isinstance(value, date) else str(value)


def _unescaped(found: re.Match[str]) -> str:
    # ISO/IEC 29500-1 22.9.2.19: how a workbook writes what XML cannot hold, such as CR.
    character = chr(int(found[1], 16))
    return character if character != "\0" and not "\ud800" <= character <= "\udfff" else "\ufffd"


def _print(line: object) -> None:
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
