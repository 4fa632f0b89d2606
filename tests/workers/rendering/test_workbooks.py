# ruff: noqa: DTZ001 - what stands in a cell has no zone
import io
import re
import tracemalloc
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet

from hub.money import Money
from workers.rendering import workbooks
from workers.rendering.columns import Column, ColumnKind
from workers.rendering.workbooks import write_workbook

NOON = datetime(2026, 7, 1, 10, 30, tzinfo=UTC)
FORMULA_LIKE = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "＝1+1", "＋1", "－1", "＠a",
    '=HYPERLINK("http://example.com")', "a;=1+1", "a,=1+1", "a\n=1+1", "{=1+1}", "'=1+1", '"=1+1',
    "=cmd|' /C calc'!A0", " =1+1", "http://example.com", "mailto:a@example.com", "00123", "1E5",
    "TRUE", "+45 12 34 56 78", "-1.234,56",
]  # fmt: skip


def write(
    columns: Sequence[Column], rows: Sequence[Sequence[object]], locale: str = "da"
) -> tuple[bytes, int]:
    stream = io.BytesIO()
    count = write_workbook(
        stream,
        columns,
        iter(rows),
        locale=locale,
        zone="Europe/Copenhagen",
        title="Forfaldne opgaver",
        made_at=NOON,
    )
    return stream.getvalue(), count


def sheet_of(content: bytes) -> Worksheet:
    return load_workbook(io.BytesIO(content)).worksheets[0]


def test_cells_are_real_dates_numbers_amounts_and_booleans() -> None:
    columns = [
        Column("name", "Customer"),
        Column("count", "Rows", ColumnKind.INTEGER),
        Column("share", "Share", ColumnKind.DECIMAL),
        Column("amount", "Amount", ColumnKind.MONEY),
        Column("due_on", "Due", ColumnKind.DATE),
        Column("at", "Sent", ColumnKind.DATETIME),
        Column("open", "Open", ColumnKind.BOOLEAN),
    ]
    row = (
        "Ærø ApS", 12, Decimal("0.25"), Money(Decimal("-1234.50"), "DKK"), date(2026, 12, 31), NOON,
        True,
    )  # fmt: skip

    content, count = write(columns, [row, [None] * 7])

    sheet = sheet_of(content)
    cells = sheet[2]
    assert count == 2
    assert [cell.value for cell in cells] == [
        "Ærø ApS", 12, 0.25, -1234.5, datetime(2026, 12, 31), datetime(2026, 7, 1, 12, 30), True,
    ]  # fmt: skip
    assert [cell.number_format for cell in cells[3:6]] == [
        '#,##0.00 "DKK"',
        "dd.mm.yyyy",
        "dd.mm.yyyy hh:mm",
    ]
    assert [cell.value for cell in sheet[3]] == [None] * 7


def test_the_header_is_translated_bold_frozen_and_filtered() -> None:
    content, _ = write([Column("name", "Customer"), Column("phone", "Phone")], [("a", "b")])

    sheet = sheet_of(content)
    assert [cell.value for cell in sheet[1]] == ["Kunde", "Telefon"]
    assert all(cell.font.bold for cell in sheet[1])
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:B2"
    assert sheet.title == "Forfaldne opgaver"


@pytest.mark.parametrize(
    ("locale", "pattern"),
    [("da", "dd.mm.yyyy"), ("en_GB", "dd/mm/yyyy"), ("en", "mm/dd/yyyy"), ("xx", "mm/dd/yyyy")],
)
def test_dates_are_ordered_as_the_locale_orders_them(locale: str, pattern: str) -> None:
    content, _ = write([Column("d", "Due", ColumnKind.DATE)], [[date(2026, 1, 2)]], locale)

    assert sheet_of(content)["A2"].number_format == pattern


@pytest.mark.parametrize("text", FORMULA_LIKE)
def test_no_text_becomes_a_formula_or_a_link(text: str) -> None:
    content, _ = write([Column("text", text)], [[text]])

    sheet = sheet_of(content)
    shown = text.replace("\r", "␍")
    for cell in (sheet["A1"], sheet["A2"]):
        assert (cell.data_type, cell.value, cell.hyperlink) == ("s", shown, None)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml")
        assert b"<f>" not in xml
        assert b"<f " not in xml
        assert b"hyperlink" not in xml


def test_control_characters_are_shown_and_the_rest_of_the_file_is_written() -> None:
    text = "a\x00b\x1fc\x7fd\x85e\ud800f\ufffeg\r\nh\ti_x0041_"

    content, count = write([Column("text", "Text")], [[text], ["next"]])

    sheet = sheet_of(content)
    assert count == 2
    assert unescape(str(sheet["A2"].value)) == "a␀b␟c␡d�e�f�g\nh\ti_x0041_"
    assert sheet["A3"].value == "next"


def test_a_text_beyond_the_limit_of_a_cell_is_cut_with_a_mark() -> None:
    exact, long = "x" * 32_767, "🎉" * 20_000

    content, _ = write([Column("text", "Text")], [[exact], [long]])

    sheet = sheet_of(content)
    assert sheet["A2"].value == exact
    cut = str(sheet["A3"].value)
    assert len(cut.encode("utf-16-le")) // 2 <= 32_767
    assert cut.endswith("🎉 … [afkortet: 20.000 tegn]")


def test_a_number_that_excel_would_round_is_written_as_text() -> None:
    columns = [
        Column("a", "A", ColumnKind.DECIMAL),
        Column("b", "B", ColumnKind.MONEY),
        Column("c", "C", ColumnKind.INTEGER),
    ]
    big = Decimal("12345678901234.5678")

    content, _ = write(columns, [[big, Money(big, "EUR"), 10**20 + 1], [Decimal("NaN"), None, 5]])

    sheet = sheet_of(content)
    assert [cell.value for cell in sheet[2]] == [
        "12345678901234.5678",
        "12345678901234.5678 EUR",
        "100000000000000000001",
    ]
    assert sheet["A3"].value == "NaN"
    assert sheet["C3"].value == 5


def test_a_date_before_excel_s_time_is_written_as_text() -> None:
    content, _ = write([Column("d", "Due", ColumnKind.DATE)], [[date(1899, 12, 31)]])

    assert sheet_of(content)["A2"].value == "1899-12-31"


def test_rows_beyond_a_sheet_go_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MAX_ROWS_PER_SHEET", 4)

    content, count = write([Column("n", "Rows", ColumnKind.INTEGER)], [[n] for n in range(7)])

    found = load_workbook(io.BytesIO(content))
    assert count == 7
    assert found.sheetnames == [
        "Forfaldne opgaver",
        "Forfaldne opgaver (2)",
        "Forfaldne opgaver (3)",
    ]
    assert [[row[0] for row in sheet.values] for sheet in found.worksheets] == [
        ["Rækker", 0, 1, 2],
        ["Rækker", 3, 4, 5],
        ["Rækker", 6],
    ]


def test_an_export_of_nothing_still_has_its_header() -> None:
    content, count = write([Column("name", "Customer")], [])

    assert count == 0
    assert [list(row) for row in sheet_of(content).values] == [["Kunde"]]


def test_equal_rows_give_equal_bytes() -> None:
    columns = [Column("name", "Customer")]

    assert write(columns, [["a"]]) == write(columns, [["a"]])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a/b:c*d?e[f]g\\h", "a b c d e f g h"),
        ("'quoted'", "quoted"),
        ("History", "Hub"),
        ("", "Hub"),
        ("x" * 60, "x" * 31),
        ("🎉🎉", "Hub"),
    ],
)
def test_a_sheet_name_is_made_one_that_excel_takes(name: str, shown: str) -> None:
    stream = io.BytesIO()
    write_workbook(stream, [Column("a", "A")], iter([]), locale="en", zone="UTC", title=name or " ")

    assert load_workbook(stream).sheetnames == [shown]


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [
        (ColumnKind.INTEGER, "12", TypeError),
        (ColumnKind.INTEGER, True, TypeError),
        (ColumnKind.DECIMAL, 1.5, TypeError),
        (ColumnKind.MONEY, Decimal(5), TypeError),
        (ColumnKind.DATE, NOON, TypeError),
        (ColumnKind.DATETIME, date(2026, 1, 1), TypeError),
        (ColumnKind.DATETIME, NOON.replace(tzinfo=None), ValueError),
        (ColumnKind.BOOLEAN, 1, TypeError),
    ],
)
def test_a_value_of_another_kind_is_a_mistake_that_names_the_column(
    kind: ColumnKind, value: object, error: type[Exception]
) -> None:
    with pytest.raises(error, match="column amount"):
        write([Column("amount", "Amount", kind)], [[value]])


def test_a_row_of_another_length_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="2 values does not fit 1 columns"):
        write([Column("a", "A")], [["x", "y"]])


def test_a_failure_halfway_leaves_no_file(tmp_path: Path) -> None:
    target = tmp_path / "report.xlsx"

    def rows() -> Iterator[list[object]]:
        yield ["first"]
        raise ConnectionError("the database went away")

    with pytest.raises(ConnectionError):
        write_workbook(target, [Column("a", "A")], rows(), locale="da", zone="UTC", title="Rapport")

    assert list(tmp_path.iterdir()) == []


def test_five_thousand_wide_rows_are_written_in_little_memory(tmp_path: Path) -> None:
    columns = [Column(f"c{n}", f"C{n}") for n in range(10)]
    target = tmp_path / "big.xlsx"
    tracemalloc.start()
    count = write_workbook(
        target,
        columns,
        ([f"text {n} {m}" for m in range(10)] for n in range(5_000)),
        locale="da",
        zone="UTC",
        title="Stor",
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 5_000
    assert peak < 8_000_000
    with zipfile.ZipFile(target) as archive:
        assert len(re.findall(b"<row ", archive.read("xl/worksheets/sheet1.xml"))) == 5_001
