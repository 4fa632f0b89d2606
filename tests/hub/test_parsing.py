# ruff: noqa: DTZ001 - a cell knows no zone
from datetime import date, datetime
from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ValidationError
from hub.parsing import (
    Cell,
    normalised_header,
    parse_boolean,
    parse_date,
    parse_datetime,
    parse_decimal,
    parse_integer,
    parse_text,
)


def code_of(refusal: pytest.ExceptionInfo[ValidationError]) -> str:
    (error,) = refusal.value.errors
    assert error.pointer == "/rows/7/amount"
    assert str(refusal.value)
    return error.code


@pytest.mark.parametrize(
    ("value", "locale", "number"),
    [
        ("1.234,56", "da", "1234.56"),
        ("1.234,56", "en", "1234.56"),
        ("1,234.56", "da", "1234.56"),
        ("1234,56", "da", "1234.56"),
        ("1.234", "da", "1234"),
        ("1,234", "en", "1234"),
        ("1.234.567", "en", "1234567"),
        ("1,234,567.8", "da", "1234567.8"),
        ("12.50", "da", "12.50"),
        ("12,50", "en", "12.50"),
        ("0,125", "da", "0.125"),
        ("0.125", "en", "0.125"),
        ("1234,567", "da", "1234.567"),
        ("12345.678", "en", "12345.678"),
        (" 1\u00a0234,5 ", "da", "1234.5"),
        ("1\u202f234,5", "fr", "1234.5"),
        ("1’234.50", "de_CH", "1234.50"),
        ("-5", "da", "-5"),
        ("\u22125", "da", "-5"),
        ("5-", "da", "-5"),
        ("(1.234,50)", "da", "-1234.50"),
        ("+7", "en", "7"),
        ("00123", "da", "123"),
        (Decimal("1.5"), "da", "1.5"),
        (12, "da", "12"),
    ],
)
def test_a_number_is_read_as_the_file_s_locale_writes_it(
    value: Cell, locale: str, number: str
) -> None:
    assert parse_decimal(value, locale) == Decimal(number)


@pytest.mark.parametrize(
    ("value", "locale", "code"),
    [
        ("1,234", "da", "number.ambiguous"),
        ("1.234", "en", "number.ambiguous"),
        ("-12,345", "da", "number.ambiguous"),
        ("1.2.3", "da", "number.invalid"),
        ("1,234,56", "en", "number.invalid"),
        ("1.234,567.8", "da", "number.invalid"),
        (",5", "da", "number.invalid"),
        ("5,", "da", "number.invalid"),
        ("12 kr.", "da", "number.invalid"),
        ("1e5", "en", "number.invalid"),
        ("NaN", "en", "number.invalid"),
        ("٣", "en", "number.invalid"),
        ("--5", "da", "number.invalid"),
        ("-", "da", "number.invalid"),
        ("()", "da", "number.invalid"),
        ("1" * 100, "da", "number.invalid"),
        (True, "da", "number.invalid"),
        (Decimal("NaN"), "da", "number.invalid"),
        (date(2026, 1, 1), "da", "number.invalid"),
    ],
)
def test_a_number_that_is_none_or_could_be_two_is_refused(
    value: Cell, locale: str, code: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse_decimal(value, locale, pointer="/rows/7/amount")

    assert code_of(refusal) == code


@given(
    st.decimals(min_value=-(10**12), max_value=10**12, places=2),
    st.sampled_from(["da", "en_US", "en_GB", "de", "fr", "sv", "nb", "de_CH"]),
)
def test_what_babel_writes_with_two_decimals_is_read_back(number: Decimal, locale: str) -> None:
    assert parse_decimal(format_decimal(number, "#,##0.00", locale), locale) == number


def test_a_whole_number_may_carry_empty_decimals_and_no_others() -> None:
    assert parse_integer("1.234,00", "da") == 1234
    assert parse_integer(None, "da") is None
    with pytest.raises(ValidationError) as refusal:
        parse_integer("1,5", "da", pointer="/rows/7/amount")
    assert code_of(refusal) == "number.not_whole"


@pytest.mark.parametrize(
    ("value", "locale", "day"),
    [
        ("2026-12-31", "da", "2026-12-31"),
        ("2026-12-31", "en", "2026-12-31"),
        ("2026-12-31T23:59:59Z", "da", "2026-12-31"),
        ("2026-12-31 08:00", "da", "2026-12-31"),
        ("20261231", "da", "2026-12-31"),
        (20261231, "da", "2026-12-31"),
        ("31-12-2026", "da", "2026-12-31"),
        ("31.12.2026", "da", "2026-12-31"),
        ("31.12.2026", "en_US", "2026-12-31"),
        ("03.04.2026", "en", "2026-04-03"),
        ("3/4/2026", "da", "2026-04-03"),
        ("3/4/2026", "en_GB", "2026-04-03"),
        ("3/4/2026", "en_US", "2026-03-04"),
        ("31/12/2026", "en", "2026-12-31"),
        ("12/31/2026", "en", "2026-12-31"),
        ("4/4/2026", "en", "2026-04-04"),
        ("31-12-2026 08:00", "da", "2026-12-31"),
        (datetime(2026, 12, 31, 8), "da", "2026-12-31"),
        (date(2026, 12, 31), "da", "2026-12-31"),
        (46387, "da", "2026-12-31"),
        ("46387", "da", "2026-12-31"),
        (Decimal("46387.5"), "da", "2026-12-31"),
    ],
)
def test_a_date_is_read_as_the_file_s_locale_orders_it(value: Cell, locale: str, day: str) -> None:
    assert parse_date(value, locale) == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("value", "locale", "code"),
    [
        ("03-04-2026", "en", "date.ambiguous"),
        ("03/04/2026", "xx", "date.ambiguous"),
        ("31-12-26", "da", "date.two_digit_year"),
        ("31-02-2026", "da", "date.invalid"),
        ("12/31/2026", "da", "date.invalid"),
        ("2026-13-01", "da", "date.invalid"),
        ("31122026", "da", "date.invalid"),
        ("2026", "da", "date.invalid"),
        (2026, "da", "date.invalid"),
        (-5, "da", "date.invalid"),
        ("31.12/2026", "da", "date.invalid"),
        ("i morgen", "da", "date.invalid"),
        (True, "da", "date.invalid"),
        (Decimal("0.5"), "da", "date.invalid"),
    ],
)
def test_a_date_that_is_none_or_could_be_two_is_refused(
    value: Cell, locale: str, code: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse_date(value, locale, pointer="/rows/7/amount")

    assert code_of(refusal) == code


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("31-12-2026 kl. 08.30", "2026-12-31T08:30"),
        ("31.12.2026 8:30:15", "2026-12-31T08:30:15"),
        ("2026-12-31T08:30:00", "2026-12-31T08:30"),
        ("2026-12-31", "2026-12-31T00:00"),
        (Decimal("46387.5"), "2026-12-31T12:00"),
        (46387, "2026-12-31T00:00"),
        (datetime(2026, 12, 31, 8), "2026-12-31T08:00"),
        (date(2026, 12, 31), "2026-12-31T00:00"),
    ],
)
def test_a_wall_clock_time_is_read(value: Cell, moment: str) -> None:
    assert parse_datetime(value, "da") == datetime.fromisoformat(moment)


@pytest.mark.parametrize("value", ["31-12-2026 25:00", "31-12-2026 8", "2026-12-31T08:30:00+01:00"])
def test_a_time_that_no_clock_shows_is_refused(value: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse_datetime(value, "da", pointer="/rows/7/amount")

    assert code_of(refusal) == "time.invalid"


def test_yes_and_no_are_read_in_both_languages() -> None:
    assert [parse_boolean(value) for value in ("Ja", "X", "1", 1, True, "Sandt")] == [True] * 6
    assert [parse_boolean(value) for value in ("nej", "0", 0, False, "FALSE")] == [False] * 5
    assert parse_boolean(" ") is None
    with pytest.raises(ValidationError) as refusal:
        parse_boolean("måske", pointer="/rows/7/amount")
    assert code_of(refusal) == "boolean.invalid"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" Nordlys ", "Nordlys"),
        (25313763, "25313763"),
        (Decimal("25313763.0"), "25313763"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1.50"), "1.50"),
        (True, "true"),
        (date(2026, 12, 31), "2026-12-31"),
        (datetime(2026, 12, 31, 8), "2026-12-31 08:00:00"),
        ("A\u030arhus", "Århus"),
        ("  ", None),
        (None, None),
    ],
)
def test_any_cell_has_a_text(value: Cell, text: str | None) -> None:
    assert parse_text(value) == text


def test_empty_cells_are_none() -> None:
    assert parse_decimal(" \u00a0", "da") is None
    assert parse_date("", "da") is None
    assert parse_datetime(None, "da") is None


def test_headers_are_compared_without_case_width_or_ornament() -> None:
    assert normalised_header("  Kunde\u00a0 NAVN *: ") == "kunde navn"
    assert normalised_header("ＣＶＲ") == "cvr"


def test_a_refusal_shows_only_the_beginning_of_a_long_value() -> None:
    with pytest.raises(ValidationError) as refusal:
        parse_date("x" * 5000, "da")

    assert len(str(refusal.value)) < 120
