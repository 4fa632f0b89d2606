"""The result of an import: the user's own rows, each with its outcome and the reasons."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hub.i18n import N_
from hub.parsing import CellError
from workers.reading.tables import Table
from workers.rendering.import_workbooks import ResultRow, write_result
from workers.rendering.problem_mails import Words
from workers.rendering.readers import Reader

_PLANNED = {
    "create": N_("To be created"),
    "update": N_("To be changed"),
    "skip": N_("Nothing to do"),
    "refuse": N_("Refused"),
}
_DONE = {"create": N_("Created"), "update": N_("Changed")}
_OTHERWISE = {
    "failed": N_("Failed"),
    "undone": N_("Taken back"),
    "kept": N_("Kept when it was taken back"),
}
NOT_LOOKED_AT = N_("Not looked at")


def outcome_label(action: str, outcome: str | None) -> str:
    """Return what becomes, or became, of a row: an English source text."""
    if outcome == "done":
        return _DONE.get(action, N_("Done"))
    if outcome == "skipped" and action in _DONE:
        return N_("Left alone: it was changed meanwhile")
    return _OTHERWISE.get(outcome or "", _PLANNED.get(action, NOT_LOOKED_AT))


def render(
    target: Path, table: Table, items: Iterable[Mapping[str, Any]], reader: Reader, *, title: str
) -> int:
    """Write the result workbook and return how many rows it has.

    Args:
        target: the file to write.
        table: the upload.
        items: of its plan, in the order of the rows: {action, outcome, errors}.
        reader: for whom.
        title: of the workbook.
    """
    return write_result(target, table.header, _rows(table, items, reader), reader, title=title)


def _rows(table: Table, items: Iterable[Mapping[str, Any]], reader: Reader) -> Iterator[ResultRow]:
    following = iter(items)
    for row in table:
        item = next(following, None)
        # Written as text, an error would be a value when the file is sent again.
        values = [None if isinstance(cell, CellError) else cell for cell in row.values]
        if item is None:
            yield ResultRow(row.number, values, NOT_LOOKED_AT)
            continue
        yield ResultRow(
            row.number,
            values,
            outcome_label(item["action"], item["outcome"]),
            [_words(reason, reader) for reason in item["errors"] or ()],
        )


def _words(reason: Mapping[str, Any], reader: Reader) -> Words:
    if not reason.get("column"):
        return Words(reason["message"], reason["params"])
    text = reader.words(reason["message"], **reason["params"])
    return Words(N_("{column}: {reason}"), {"column": reason["column"], "reason": text})


def named_after(file_name: str, word: str) -> str:
    """Return what to call the result of a file: ``kunder-resultat.xlsx``."""
    return f"{Path(file_name).stem[:100] or 'import'}-{word}.xlsx"
