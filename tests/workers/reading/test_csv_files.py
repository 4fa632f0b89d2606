import io
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.money import Money
from workers.reading.files import read_rows
from workers.reading.limits import FileRefusedError, Limits
from workers.reading.tables import Place, Row, RowProblem, Source
from workers.rendering.columns import Column, ColumnKind
from workers.rendering.csv_files import write_csv

DANISH = "Navn;By;Saldo\r\nÆrø & Søn ApS;Ærøskøbing;1.234,56\r\nÅse;København;-5\r\n"
ROWS = [("Ærø & Søn ApS", "Ærøskøbing", "1.234,56"), ("Åse", "København", "-5")]


def write(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "upload"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("codec", "mark", "encoding"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", b"\xef\xbb\xbf", "utf-8-sig"),
        ("cp1252", b"", "cp1252"),
        ("iso-8859-1", b"", "cp1252"),
        ("utf-16-le", b"\xff\xfe", "utf-16"),
        ("utf-16-be", b"\xfe\xff", "utf-16"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
    ],
)
def test_danish_letters_are_read_in_every_encoding_that_spreadsheets_write(
    tmp_path: Path, codec: str, mark: bytes, encoding: str
) -> None:
    path = write(tmp_path, mark + DANISH.encode(codec))

    with read_rows(path, declared_name="kunder.csv") as table:
        assert table.source == Source("csv", encoding=encoding, delimiter=";")
        assert table.header == ("Navn", "By", "Saldo")
        assert [row.values for row in table] == ROWS


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_separator_is_found_though_the_others_occur(tmp_path: Path, delimiter: str) -> None:
    other = ";" if delimiter == "," else ","
    text = f'A{delimiter}B\nx{other}y{delimiter}1\n"p{delimiter}q"{delimiter}2\n'

    with read_rows(write(tmp_path, text.encode())) as table:
        assert table.source.delimiter == delimiter
        assert [row.values for row in table] == [(f"x{other}y", "1"), (f"p{delimiter}q", "2")]


def test_a_separator_line_of_excel_is_obeyed_and_not_counted(tmp_path: Path) -> None:
    with read_rows(write(tmp_path, b"sep=,\r\nA,B;C\r\n1,2;3\r\n")) as table:
        assert (table.source.delimiter, table.header) == (",", ("A", "B;C"))
        assert [row.number for row in table] == [2]


def test_a_file_of_one_column_is_read(tmp_path: Path) -> None:
    with read_rows(write(tmp_path, b"CVR\n25313763\n")) as table:
        assert [row.values for row in table] == [("25313763",)]


def test_line_breaks_and_quotes_in_a_cell_do_not_shift_the_row_numbers(tmp_path: Path) -> None:
    text = 'A;B\n"two\nlines";"say ""hi"""\n\n;\nFoo "Bar" ApS; x \n'

    with read_rows(write(tmp_path, text.encode())) as table:
        assert list(table) == [
            Row(2, ("two\nlines", 'say "hi"')),
            Row(5, ('Foo "Bar" ApS', "x")),
        ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(tmp_path: Path, end: str) -> None:
    with read_rows(write(tmp_path, end.join(["A;B", "1;2", "3;4"]).encode())) as table:
        assert [row.values for row in table] == [("1", "2"), ("3", "4")]


def test_ragged_rows_are_reported_with_their_number(tmp_path: Path) -> None:
    with read_rows(write(tmp_path, b"A;B\n1\n1;2;3\n1;2;\n1;2\n")) as table:
        assert list(table) == [
            Row(2, ("1", None), RowProblem.TOO_FEW_CELLS),
            Row(3, ("1", "2"), RowProblem.TOO_MANY_CELLS),
            Row(4, ("1", "2")),
            Row(5, ("1", "2")),
        ]


HEADINGS = {"Navn", "By", "Tlf", "CVR", "Kunde"}
WORDS = Place(recognised=lambda labels: len(HEADINGS & set(labels)))


@pytest.mark.parametrize(
    ("text", "row", "header"),
    [
        ("Liste pr. 29-11-2026;;\n\nNavn;By;Tlf\nNordlys;Odense;1\n", 3, ("Navn", "By", "Tlf")),
        ("Kundeliste\nNavn;By\nNordlys;Odense\n", 2, ("Navn", "By")),  # a title without separators
        ("Kunder, alle\nNavn;By\nNordlys;Odense\n", 2, ("Navn", "By")),  # one with another one
        ("Kunde\nNavn;By;Tlf\nNordlys;Odense;1\n", 2, ("Navn", "By", "Tlf")),
        ("Dato;29-11;Af;Ida\nNavn;By;Antal\nNordlys;Odense;1\n", 2, ("Navn", "By", "Antal")),
        ("Hvem;Hvor\nKunde;Odense\n", 1, ("Hvem", "Hvor")),  # a single word is no header
        ("Titel;x\nNavn;By\nNordlys;Odense\nNavn;By\n", 2, ("Navn", "By")),  # its repetition
        ("Titel;x\nNavn;By\nNordlys;Odense\nCVR;Tlf\n", 1, ("Titel", "x")),  # which of them?
        ("Navn;Sted;Nr\nKunde;By;1\n", 1, ("Navn", "Sted", "Nr")),  # a heading stands above
        ("Hvem;Hvad;Hvor;Nr;Ref\na;b;c;d;e\nKunde;By;x;y;z\n", 1,
         ("Hvem", "Hvad", "Hvor", "Nr", "Ref")),  # as wide as what stands above, and mostly unknown
        ("a;b\n" * 20 + "Navn;By\n", 1, ("a", "b")),  # too far below
    ],
)  # fmt: skip
def test_a_header_below_a_title_is_found_where_no_other_row_may_be_meant(
    tmp_path: Path, text: str, row: int, header: tuple[str, ...]
) -> None:
    with read_rows(write(tmp_path, text.encode()), place=WORDS) as table:
        assert (table.header_row, table.header) == (row, header)
        assert all(each.number > row for each in table)
        assert table.row_count == len(list(table))


def test_the_header_row_that_is_said_is_taken_whatever_is_recognised(tmp_path: Path) -> None:
    text = b"Navn;By\nA;B\n\nHvem;Hvor\nNordlys;Odense\n"
    place = Place(header_row=4, recognised=WORDS.recognised)

    with read_rows(write(tmp_path, text), place=place) as table:
        assert (table.header, list(table)) == (("Hvem", "Hvor"), [Row(5, ("Nordlys", "Odense"))])


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (
            Place(sheet="Kunder"),
            "/sheet: The file is no workbook and has no sheets: leave sheet out.",
        ),
        (
            Place(header_row=9),
            "/header_row: Row 9 holds nothing: say as header_row in which row the headers stand.",
        ),
    ],
)
def test_a_place_that_a_csv_file_has_not_is_refused(
    tmp_path: Path, place: Place, told: str
) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        read_rows(write(tmp_path, b"Navn\nNordlys\n"), place=place)

    assert str(refusal.value) == told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<html xmlns:x='urn:schemas-microsoft-com:office:excel'><table>", "a web page (HTML),"),
        (b"\xef\xbb\xbf\r\n <!DOCTYPE html>\n<table>", "a web page (HTML),"),
        ("<table><tr><td>Navn".encode("utf-16"), "a web page (HTML),"),
        (b"<?xml version='1.0'?><html>", "a web page (HTML),"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related", "a web page (HTML),"),
        (b"<?xml version='1.0'?><Workbook xmlns='urn:x'>", "an XML file,"),
    ],
)
def test_a_file_of_tags_that_is_called_a_workbook_is_told_for_what_it_is(
    tmp_path: Path, content: bytes, told: str
) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        read_rows(write(tmp_path, content), declared_name="kunder.xls")

    assert str(refusal.value).startswith(f"/file: 'kunder.xls' is {told}")
    assert str(refusal.value).endswith(": open it in Excel and save it as .xlsx.")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b" \r\n ", "file.empty"),
        (b"\xef\xbb\xbf\r\n", "file.empty"),
        (b"A;B\n1;x\0y\n", "file.encoding"),
        (bytes(range(256)) * 8, "file.encoding"),
        (b"Navn;By\n\x9br\x8fs;x\n", "file.encoding"),  # the code page of DOS
        (b"\xff\xfea", "file.encoding"),
        (b'A;B\n"open;2\n3;4\n', "file.quotes"),
        (b'A;B\n"x"y;2\n', "file.quotes"),
        (b"A;a *\n1;2\n", "file.duplicate_header"),
        (b"A;B\n" + b"x" * 101 + b";2\n", "file.cell_too_long"),
        (b"A;B\n" + b"x" * 200_000 + b";2\n", "file.cell_too_long"),  # beyond the reader's own
        (b"A;B\n" + b"1;2\n" * 11, "file.too_many_rows"),
        (b";".join(b"c%d" % n for n in range(21)), "file.too_many_columns"),
        (b"%PDF-1.7 and more", "file.unknown_format"),
        (b"\x89PNG\r\n\x1a\n", "file.unknown_format"),
        (b"PK\x03\x04 not an archive", "file.damaged"),
    ],
)
def test_what_cannot_be_split_for_certain_is_refused(
    tmp_path: Path, content: bytes, code: str
) -> None:
    limits = Limits(rows=10, columns=20, cell_length=100)

    with pytest.raises(FileRefusedError) as refusal:
        read_rows(write(tmp_path, content), declared_name="kunder.csv", limits=limits)

    (error,) = refusal.value.errors
    assert (error.pointer, error.code) == ("/file", code)


def test_a_refusal_names_the_row(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        read_rows(write(tmp_path, b'A;B\n1;2\n3;"4"5\n'))

    assert str(refusal.value) == ("/file: Row 3 cannot be split: its quotation marks do not match.")


def test_a_name_says_nothing_about_what_a_file_is(tmp_path: Path) -> None:
    path = tmp_path / "kunder.xlsx"
    path.write_bytes(b"A;B\n1;2\n")

    with read_rows(path, declared_name="kunder.xlsx") as table:
        assert table.source.kind == "csv"


def test_an_export_of_ours_is_read_back(tmp_path: Path) -> None:
    columns = [
        Column("name", "Customer"),
        Column("amount", "Amount", ColumnKind.MONEY),
        Column("due_on", "Due", ColumnKind.DATE),
    ]
    rows = [["Ærø; 'x' \"y\"", Money(Decimal("-1234.50"), "DKK"), date(2026, 12, 31)]]
    stream = io.BytesIO()
    write_csv(stream, columns, iter(rows), locale="da", zone="UTC")

    with read_rows(write(tmp_path, stream.getvalue())) as table:
        assert table.header == ("Kunde", "Beløb", "Beløb, valuta", "Forfalder")
        assert [row.values for row in table] == [
            ("Ærø; 'x' \"y\"", "-1234,50", "DKK", "2026-12-31")
        ]


@given(content=st.binary(max_size=400))
def test_no_bytes_raise_anything_but_a_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "upload"
    path.write_bytes(content)

    try:
        with read_rows(path) as table:
            assert sum(1 for _ in table) == table.row_count
    except FileRefusedError:
        pass  # a refusal is the only other way out
