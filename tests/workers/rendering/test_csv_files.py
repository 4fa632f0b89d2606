import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.money import Money
from workers.rendering.columns import Column, ColumnKind
from workers.rendering.csv_files import neutralised, write_csv

COLUMNS = [
    Column("name", "Customer"),
    Column("amount", "Amount", ColumnKind.MONEY),
    Column("share", "Share", ColumnKind.DECIMAL),
    Column("count", "Rows", ColumnKind.INTEGER),
    Column("due_on", "Due", ColumnKind.DATE),
    Column("at", "Sent", ColumnKind.DATETIME),
    Column("open", "Open", ColumnKind.BOOLEAN),
]
ROW = (
    "Ærø; ApS", Money(Decimal("-1234.50"), "DKK"), Decimal("0.25"), -3, date(2026, 12, 31),
    datetime(2026, 7, 1, 10, 30, tzinfo=UTC), True,
)  # fmt: skip


def write(columns: Sequence[Column], rows: Sequence[Sequence[object]], locale: str) -> bytes:
    stream = io.BytesIO()
    count = write_csv(stream, columns, iter(rows), locale=locale, zone="Europe/Copenhagen")
    assert count == len(rows)
    return stream.getvalue()


def test_a_danish_file_has_semicolons_decimal_commas_and_a_byte_order_mark() -> None:
    assert write(COLUMNS, [ROW, [None] * 7], "da").decode("utf-8") == (
        '\ufeff"Kunde";"Beløb";"Beløb, valuta";"Share";"Rækker";"Forfalder";"Sendt";"Åben"\r\n'
        '"Ærø; ApS";"-1234,50";"DKK";"0,25";"-3";"2026-12-31";"2026-07-01 12:30:00";"ja"\r\n'
        '"";"";"";"";"";"";"";""\r\n'
    )


def test_an_english_file_has_commas_and_decimal_points() -> None:
    lines = write(COLUMNS, [ROW], "en").decode("utf-8-sig").splitlines()

    assert lines[1] == (
        '"Ærø; ApS","-1234.50","DKK","0.25","-3","2026-12-31","2026-07-01 12:30:00","yes"'
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1+1", "'  =1+1"),
        ('"=1+1', "'\"=1+1"),
        ("\ufeff=1+1", "'\ufeff=1+1"),
        ("\tx", "'\tx"),
        ("\nx", "'\nx"),
        ("\r=1", "␍=1"),
        ("＝1+1", "'＝1+1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠a", "'＠a"),
        ("a;=1+1", "a;'=1+1"),
        ("a,@x", "a,'@x"),
        ("a|＝1", "a|'＝1"),
        ("a\n=1+1", "a\n'=1+1"),
        ('a,"=1+1"', 'a,"\'=1+1"'),
        ("-", "'-"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("+45 12 34 56 78", "+45 12 34 56 78"),
        ("+4512345678", "+4512345678"),
        ("-1234,56", "-1234,56"),
        ("-12.5", "-12.5"),
        ("Nordlys - Havn", "Nordlys - Havn"),
        ("a@example.com", "a@example.com"),
        ("1+1=2", "1+1=2"),
        ("a\x00b", "a␀b"),
        ("", ""),
    ],
)
def test_what_looks_like_a_formula_is_marked_and_nothing_else(text: str, written: str) -> None:
    assert neutralised(text) == written


_NUMBER_ALONE = re.compile(r"[+-]+[\d ,]*\d(?:[;,\t|]|$)")  # up to the next separator


@given(st.text(alphabet=st.sampled_from("=+-@＝＋－＠ \t\r\n;,|'\"a1\x00"), max_size=12))
def test_no_cell_of_any_separator_begins_a_formula(text: str) -> None:
    content = write([Column("a", "A"), Column("b", "B")], [[text, "x"]], "da").decode("utf-8-sig")

    for delimiter in ";,\t|":
        for row in csv.reader(io.StringIO(content, newline=""), delimiter=delimiter):
            for cell in row:
                begins = cell.lstrip(" ")[:1]
                assert begins not in "=@＝＋－＠" or not begins
                assert begins not in "+-" or _NUMBER_ALONE.match(cell) or not begins


def test_labels_are_neutralised_too() -> None:
    assert write([Column("a", "=A1")], [], "da").decode("utf-8-sig") == '"\'=A1"\r\n'


def test_a_path_is_written_as_well(tmp_path: Path) -> None:
    target = tmp_path / "liste.csv"

    assert write_csv(target, [Column("a", "A")], iter([["x"]]), locale="da", zone="UTC") == 1
    assert target.read_bytes() == b'\xef\xbb\xbf"A"\r\n"x"\r\n'
