# ruff: noqa: DTZ001 - a cell knows no zone
import io
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook

from hub.parsing import CellError
from tests.workers.reading.makers import make_workbook, with_sheet
from tests.workers.rendering.makers import DANE
from workers.reading.files import read_rows
from workers.reading.limits import FileRefusedError, Limits
from workers.reading.tables import ANYWHERE, Place, Row, Source, Table
from workers.rendering.columns import ColumnKind
from workers.rendering.import_workbooks import TemplateColumn, write_template


def read(
    tmp_path: Path, content: bytes, limits: Limits | None = None, place: Place = ANYWHERE
) -> Table:
    path = tmp_path / "upload"
    path.write_bytes(content)
    return read_rows(path, declared_name="kunder.xlsx", limits=limits, place=place)


def test_cells_come_as_what_they_are(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Navn", "Antal", "Beløb", "Dato", "Sendt", "Åben", "Kl."],
        [
            "Ærø 🎉", 25313763, 0.1 + 0.2, date(2026, 12, 31), datetime(2026, 12, 31, 8, 30), True,
            time(8, 30),
        ],
    ]  # fmt: skip

    with read(tmp_path, make_workbook(rows)) as table:
        assert table.header == ("Navn", "Antal", "Beløb", "Dato", "Sendt", "Åben", "Kl.")
        assert table.keys == ("navn", "antal", "beløb", "dato", "sendt", "åben", "kl.")
        assert table.source == Source("xlsx", sheet="Sheet", sheets=("Sheet",))
        assert table.row_count == 1
        assert list(table) == [
            Row(
                2,
                (
                    "Ærø 🎉",
                    25313763,
                    Decimal("0.3"),
                    date(2026, 12, 31),
                    datetime(2026, 12, 31, 8, 30),
                    True,
                    "08:30:00",
                ),
            )
        ]


def test_rows_keep_their_numbers_and_empty_ones_are_left_out(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        [None],
        ["Navn", "By"],
        [None, None],
        ["a", None],
        [],
        [None, "Ærø"],
    ]

    with read(tmp_path, make_workbook(rows)) as table:
        assert table.header_row == 2
        assert [(row.number, row.values) for row in table] == [
            (4, ("a", None)),
            (6, (None, "Ærø")),
        ]
        assert [row.number for row in table] == [4, 6]  # and again


def test_cells_beyond_the_header_are_reported_with_their_row(tmp_path: Path) -> None:
    with read(tmp_path, make_workbook([["A", "B", None], ["1"], ["1", "2", "3"]])) as table:
        assert [(row.number, row.values, row.problem) for row in table] == [
            (2, ("1", None), None),
            (3, ("1", "2"), "too_many_cells"),
        ]


def test_a_column_without_a_name_is_named_by_its_place(tmp_path: Path) -> None:
    with read(tmp_path, make_workbook([["A", None, "C"], ["1", "2", "3"]])) as table:
        assert table.header == ("A", "#2", "C")


def test_a_template_of_ours_reads_as_its_headers(tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    write_template(
        path, [TemplateColumn("n", "Customer"), TemplateColumn("d", "Since", ColumnKind.DATE)], DANE
    )

    with read_rows(path, declared_name="template.xlsx") as table:
        assert (table.header, table.row_count) == (("Kunde", "Siden"), 0)


@pytest.mark.parametrize(
    ("sheets", "taken"),
    [
        ({"Kunder": ["A"], "Andet": ["B"]}, "Kunder"),
        ({"Forside": [], "Kunder": ["A"]}, "Kunder"),
        ({"Valg": ["A"], "Kunder": ["B"]}, "Kunder"),  # the first one is hidden
        ({"Valg": ["A"], "Kunder": []}, "Valg"),
    ],
)
def test_the_first_sheet_that_holds_rows_is_read_and_a_hidden_one_last(
    tmp_path: Path, sheets: dict[str, list[str]], taken: str
) -> None:
    content = make_sheets({name: [[cell] for cell in cells] for name, cells in sheets.items()})

    with read(tmp_path, content) as table:
        assert (table.source.sheet, table.source.sheets) == (taken, tuple(sheets))
        assert table.header == tuple(sheets[taken])


def make_sheets(sheets: dict[str, list[list[str]]]) -> bytes:
    """Return a workbook of sheets; one that is called Valg is hidden."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        sheet.sheet_state = "hidden" if name == "Valg" else "visible"
        for row in rows:
            sheet.append(row)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("said", ["Andet", "aNDET"])
def test_the_sheet_and_the_header_row_that_are_said_are_taken(tmp_path: Path, said: str) -> None:
    content = make_sheets({"Kunder": [["A"], ["1"]], "Andet": [["Titel"], [], ["B"], ["2"]]})

    with read(tmp_path, content, place=Place(sheet=said, header_row=3)) as table:
        assert (table.source.sheet, table.header_row, table.header) == ("Andet", 3, ("B",))
        assert [(row.number, row.values) for row in table] == [(4, ("2",))]


@pytest.mark.parametrize(
    ("place", "pointer", "code", "told"),
    [
        (
            Place(sheet="Emner"), "/sheet", "sheet.unknown",
            "The workbook has no sheet 'Emner': say as sheet one of 'Kunder', 'Tom'.",
        ),
        (
            Place(sheet="Tom"), "/sheet", "sheet.empty",
            "The sheet 'Tom' holds no rows: say as sheet one of 'Kunder', 'Tom'.",
        ),
        (
            Place(header_row=2), "/header_row", "header_row.empty",
            "Row 2 holds nothing: say as header_row in which row the headers stand.",
        ),
        (
            Place(header_row=4), "/header_row", "header_row.empty",
            "Row 4 holds nothing: say as header_row in which row the headers stand.",
        ),
    ],
)  # fmt: skip
def test_a_place_that_there_is_not_is_refused_with_what_there_is(
    tmp_path: Path, place: Place, pointer: str, code: str, told: str
) -> None:
    content = make_sheets({"Kunder": [["A"], [], ["1"]], "Tom": []})

    with pytest.raises(FileRefusedError) as refusal:
        read(tmp_path, content, place=place)

    assert str(refusal.value) == f"{pointer}: {told}"
    assert refusal.value.reason == code


def test_an_understated_dimension_hides_no_rows(tmp_path: Path) -> None:
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>x{n}</t></is></c>'
        f'<c r="C{n}" t="inlineStr"><is><t>y{n}</t></is></c></row>'
        for n in range(1, 4)
    )

    with read(tmp_path, with_sheet(rows, dimension="A1")) as table:
        assert table.header == ("x1", "#2", "y1")
        assert [row.values for row in table] == [("x2", None, "y2"), ("x3", None, "y3")]


def test_the_last_value_of_a_formula_is_read(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>Sum</t></is></c></row>'
        '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c></row>'
        '<row r="3"><c r="A3" t="str"><f>""</f><v></v></c></row>'
    )

    with read(tmp_path, with_sheet(rows)) as table:
        assert [row.values for row in table] == [(2,)]


def test_the_error_of_a_formula_is_no_text_and_text_that_looks_like_one_is(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1" t="str"><v>A</v></c><c r="B1" t="e"><v>#NAME?</v></c>'
        '<c r="C1" t="str"><v>C</v></c></row>'
        '<row r="2"><c r="A2" t="e"><f>Ark2!A1</f><v>#REF!</v></c><c r="B2" t="e"><v>#N/A</v></c>'
        '<c r="C2" t="inlineStr"><is><t>#N/A</t></is></c></row>'
        '<row r="3"><c r="A3" t="e"><v>#VALUE!</v></c></row>'
    )

    with read(tmp_path, with_sheet(rows)) as table:
        assert table.header == ("A", "#2", "C")
        assert [row.values for row in table] == [
            (CellError("#REF!"), CellError("#N/A"), "#N/A"),
            (CellError("#VALUE!"), None, None),
        ]


def test_a_formula_that_was_never_calculated_is_not_read_as_empty(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        read(tmp_path, make_workbook([["Sum"], ["=1+1"]]))

    assert refusal.value.reason == "file.formula_without_value"


def test_escaped_characters_of_xml_are_read_as_themselves(tmp_path: Path) -> None:
    with read(tmp_path, make_workbook([["A"], ["a_x000D_\nb_x005F_x0041__x0000_"]])) as table:
        assert [row.values for row in table] == [("a\r\nb_x0041_\ufffd",)]


def test_a_number_too_large_to_be_one_is_read_as_text(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1" t="str"><v>A</v></c></row><row r="2"><c r="A2"><v>1E999</v></c></row>'
    )

    with read(tmp_path, with_sheet(rows)) as table:
        assert [row.values for row in table] == [("inf",)]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], "file.empty"),
        ([["Navn", " NAVN * "], ["a", "b"]], "file.duplicate_header"),
        ([[f"c{n}" for n in range(201)]], "file.false_dimension"),
        ([["A"]] + [["x"]] * 11, "file.false_dimension"),
        ([["A"], ["x" * 101]], "file.cell_too_long"),
    ],
)
def test_a_workbook_beyond_the_limits_is_refused(
    tmp_path: Path, rows: list[list[str]], code: str
) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        read(tmp_path, make_workbook(rows), Limits(rows=10, cell_length=100))

    (error,) = refusal.value.errors
    assert (error.pointer, error.code) == ("/file", code)
    assert error.message.format(**error.params) in str(refusal.value)


def test_exactly_as_many_rows_and_columns_as_allowed_are_read(tmp_path: Path) -> None:
    rows = [[f"c{n}" for n in range(5)]] + [["x"] * 5] * 10

    with read(tmp_path, make_workbook(rows), Limits(rows=10, columns=5)) as table:
        assert (table.row_count, len(table.header)) == (10, 5)
