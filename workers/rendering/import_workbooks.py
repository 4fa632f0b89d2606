"""Workbooks of an import: the template to fill in, and the result with a reason per row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from hub.i18n import N_
from workers.rendering.cell_formats import date_pattern
from workers.rendering.columns import Column, ColumnKind
from workers.rendering.problem_mails import Words
from workers.rendering.readers import Reader
from workers.rendering.safe_text import one_line
from workers.rendering.workbooks import write_workbook

MAX_TEMPLATE_ROWS = 100_000  # what an import reads
_BOLD = Font(bold=True)
_HEADER_FILL = PatternFill("solid", fgColor="E8EEF3")
_REQUIRED_FILL = PatternFill("solid", fgColor="FFE8B3")
_TOP = Alignment(vertical="top", wrap_text=True)


@dataclass(frozen=True, slots=True)
class TemplateColumn:
    """A column that an import understands; `label` and `meaning` are English source texts."""

    key: str
    label: str
    kind: ColumnKind = ColumnKind.TEXT
    required: bool = False
    meaning: str = ""
    example: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What became of one row of the user's file: its cells, its outcome and the reasons."""

    number: int
    values: Sequence[object]
    outcome: str
    reasons: Sequence[Words] = field(default_factory=tuple)


def write_template(
    target: Path | BinaryIO, columns: Sequence[TemplateColumn], reader: Reader
) -> None:
    """Write the workbook that people fill in and upload.

    The first sheet, which an import reads, has the headers alone: an example in it
    would be imported one day. The second explains each column and gives the example.
    """
    workbook = Workbook()
    entry = workbook.worksheets[0]
    entry.title = reader.words(N_("Import"))
    entry.freeze_panes = "A2"
    guide: Worksheet = workbook.create_sheet(reader.words(N_("Guide")))
    choices: Worksheet = workbook.create_sheet(reader.words(N_("Choices")))
    choices.sheet_state = "hidden"
    for index, column in enumerate(columns, 1):
        _add_header(entry, index, column, reader)
        _add_rule(entry, choices, index, column, reader)
    _fill_guide(guide, columns, reader)
    workbook.save(target)
    workbook.close()


def write_result(
    target: Path | BinaryIO,
    header: Sequence[str],
    rows: Iterator[ResultRow],
    reader: Reader,
    *,
    title: str,
) -> int:
    """Write the user's rows with their number, outcome and reasons; return how many there were.

    The user's columns come first and as they were, so that the file can be mended and sent again.
    """
    columns = [Column(label, label, ColumnKind.MIXED) for label in header]
    columns += [
        Column("row", N_("Row"), ColumnKind.INTEGER),
        Column("outcome", N_("Outcome"), ColumnKind.TEXT, width=16),
        Column("reason", N_("Reason"), ColumnKind.TEXT, width=60),
    ]
    return write_workbook(
        target,
        columns,
        (_result_values(row, len(header), reader) for row in rows),
        locale=reader.locale,
        zone=reader.zone,
        title=title,
        sheet_name=reader.words(N_("Result")),
    )


def _result_values(row: ResultRow, width: int, reader: Reader) -> list[object]:
    values = [*row.values[:width], *[None] * (width - len(row.values))]
    reasons = "\n".join(reader.words(reason.message, **reason.params) for reason in row.reasons)
    return [*values, row.number, reader.words(row.outcome), reasons]


def _add_header(sheet: Worksheet, index: int, column: TemplateColumn, reader: Reader) -> None:
    label = reader.words(column.label)
    cell = _put(sheet, 1, index, label)
    cell.font = _BOLD
    cell.fill = _REQUIRED_FILL if column.required else _HEADER_FILL
    lines = [reader.words(column.meaning)] if column.meaning else []
    if column.required:
        lines.append(reader.words(N_("Must be filled in.")))
    if column.example:
        lines.append(reader.words(N_("Example: {example}"), example=column.example))
    if lines:
        cell.comment = Comment("\n".join(lines), "Hub", width=320, height=40 + 22 * len(lines))
    letter = get_column_letter(index)
    sheet.column_dimensions[letter].width = max(14, len(label) + 4)
    sheet.column_dimensions[letter].number_format = _number_format(column, reader)


def _number_format(column: TemplateColumn, reader: Reader) -> str:
    # "@" keeps Excel from taking a registration number for a number and +45 for a formula.
    formats = {
        ColumnKind.TEXT: "@",
        ColumnKind.INTEGER: "0",
        ColumnKind.DECIMAL: "#,##0.00",
        ColumnKind.DATE: date_pattern(reader),
    }
    return formats.get(column.kind, "General")


def _add_rule(
    sheet: Worksheet, lists: Worksheet, index: int, column: TemplateColumn, reader: Reader
) -> None:
    rule = _rule(lists, index, column, reader)
    if rule is None:
        return
    rule.allow_blank = not column.required
    rule.errorTitle = reader.words(column.label)[:32]
    rule.error = reader.words(N_("This value does not fit the column."))
    letter = get_column_letter(index)
    rule.add(f"{letter}2:{letter}{MAX_TEMPLATE_ROWS + 1}")
    sheet.add_data_validation(rule)


def _rule(
    lists: Worksheet, index: int, column: TemplateColumn, reader: Reader
) -> DataValidation | None:
    options = column.choices
    if column.kind is ColumnKind.BOOLEAN:
        options = (reader.words(N_("yes")), reader.words(N_("no")))
    if options:
        for row, option in enumerate(options, 1):
            _put(lists, row, index, option)
        letter = get_column_letter(index)
        source = f"'{lists.title}'!${letter}$1:${letter}${len(options)}"
        return DataValidation(type="list", formula1=source, showErrorMessage=True)
    if column.kind is ColumnKind.INTEGER:
        return DataValidation("whole", formula1="-999999999999", formula2="999999999999")
    if column.kind is ColumnKind.DECIMAL:
        return DataValidation("decimal", formula1="-999999999999", formula2="999999999999")
    if column.kind is ColumnKind.DATE:
        return DataValidation("date", operator="greaterThan", formula1="DATE(1901,1,1)")
    return None


def _fill_guide(sheet: Worksheet, columns: Sequence[TemplateColumn], reader: Reader) -> None:
    titles = (N_("Column"), N_("Must be filled in"), N_("Meaning"), N_("Example"), N_("Choices"))
    for index, title in enumerate(titles, 1):
        cell = _put(sheet, 1, index, reader.words(title))
        cell.font, cell.fill = _BOLD, _HEADER_FILL
    for row, column in enumerate(columns, 2):
        texts = (
            reader.words(column.label),
            reader.words(N_("yes")) if column.required else reader.words(N_("no")),
            reader.words(column.meaning) if column.meaning else "",
            column.example,
            ", ".join(column.choices),
        )
        for index, text in enumerate(texts, 1):
            _put(sheet, row, index, text).alignment = _TOP
    for index, width in enumerate((26, 16, 60, 28, 40), 1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    sheet.freeze_panes = "A2"


def _put(sheet: Worksheet, row: int, column: int, text: str) -> Cell:
    cell = sheet.cell(row, column, one_line(text))
    if not isinstance(cell, Cell):
        raise TypeError("a merged cell takes no text")
    cell.data_type = "s"  # openpyxl takes what begins with an equals sign for a formula
    return cell
