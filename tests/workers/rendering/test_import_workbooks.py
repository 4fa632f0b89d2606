import io
from datetime import date

from openpyxl import load_workbook

from tests.workers.rendering.makers import BRITON, DANE
from workers.rendering.columns import ColumnKind
from workers.rendering.import_workbooks import (
    ResultRow,
    TemplateColumn,
    write_result,
    write_template,
)
from workers.rendering.problem_mails import Words

COLUMNS = [
    TemplateColumn("name", "Customer", required=True, meaning="When", example="Nordlys ApS"),
    TemplateColumn("cvr", "CVR", example="25313763"),
    TemplateColumn("limit", "Limit", ColumnKind.DECIMAL),
    TemplateColumn("since", "Since", ColumnKind.DATE),
    TemplateColumn("group", "Group", choices=("Detail, stor", "Engros")),
    TemplateColumn("open", "=Open", ColumnKind.BOOLEAN),
]


def test_a_template_has_headers_only_and_explains_them_on_a_second_sheet() -> None:
    stream = io.BytesIO()
    write_template(stream, COLUMNS, DANE)
    workbook = load_workbook(stream)

    entry, guide, choices = workbook.worksheets
    assert [list(row) for row in entry.values] == [
        ["Kunde", "CVR", "Limit", "Siden", "Group", "=Open"]
    ]
    assert entry["F1"].data_type == "s"
    comment = entry["A1"].comment
    assert comment is not None
    assert comment.text == "Hvornår\nSkal udfyldes.\nEksempel: Nordlys ApS"
    assert [entry.column_dimensions[letter].number_format for letter in "ABCD"] == [
        "@",
        "@",
        "#,##0.00",
        "dd.mm.yyyy",
    ]
    assert list(guide.values)[1] == ("Kunde", "ja", "Hvornår", "Nordlys ApS", None)
    assert choices.sheet_state == "hidden"
    assert [cell.value for cell in choices["E"]] == ["Detail, stor", "Engros"]
    rules = {str(rule.sqref): rule for rule in entry.data_validations.dataValidation}
    assert rules["E2:E100001"].formula1 == "'Valgmuligheder'!$E$1:$E$2"
    assert {sqref: rule.type for sqref, rule in rules.items()} == {
        "C2:C100001": "decimal",
        "D2:D100001": "date",
        "E2:E100001": "list",
        "F2:F100001": "list",
    }


def test_a_result_keeps_the_users_cells_and_adds_what_became_of_each_row() -> None:
    stream = io.BytesIO()
    rows = [
        ResultRow(2, ["Nordlys", 12, date(2026, 12, 31)], "created"),
        ResultRow(4, ["=1+1"], "failed", [Words("{text} is not a weekday.", {"text": "x"})] * 2),
    ]

    count = write_result(stream, ["Navn", "Antal", "Dato"], iter(rows), BRITON, title="Import")

    sheet = load_workbook(stream).worksheets[0]
    assert count == 2
    found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert found[0] == ["Navn", "Antal", "Dato", "Row", "Outcome", "Reason"]
    assert found[1][:2] == ["Nordlys", 12]
    assert found[1][3:] == [2, "created", None]
    assert found[2] == [
        "=1+1", None, None, 4, "failed", "x is not a weekday.\nx is not a weekday.",
    ]  # fmt: skip
    assert sheet["C2"].is_date
