from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from hub.errors import ValidationError
from hub.imports.mapping import is_nameless, propose
from hub.imports.options import Options
from hub.imports.reading import ReadRow, RowReader
from hub.imports.uploaders import Uploader
from hub.imports.words import Words
from hub.parsing import Cell, CellError

ANNA = UUID("01900000-0000-7000-8000-000000000001")
UPLOADER = Uploader(people={"anna@hub.example": ANNA}, assignable=frozenset({ANNA}))


def read(cells: dict[str, Cell | CellError], *, locale: str = "da", **options: Any) -> ReadRow:
    columns = propose("customers", list(cells), {})
    reader = RowReader(
        "customers", columns, Options(**options), locale=locale, uploader=UPLOADER, words=Words()
    )
    return reader.read(2, list(cells.values()))


def errors(row: ReadRow) -> list[tuple[str, str, str | None]]:
    return [(error["pointer"], error["code"], error["column"]) for error in row.errors]


@pytest.mark.parametrize(
    ("headers", "fields"),
    [
        (
            ["Kundenr", "Firmanavn", "CVR-nr.", "Postnr.", "By", "Tlf. nr.", "E-mail"],
            [None, "name", "cvr", "postcode", "city", "phone", "email"],
        ),
        (
            ["ID", "Company Name", "Street", "ZIP Code", "Town", "Country", "Web"],
            ["external_ref", "name", "address", "postcode", "city", "country", "website"],
        ),
        (["external_ref", "NAVN *", "  adresse 2 "], ["external_ref", "name", "address_2"]),
        (["Navn", "Firma"], ["name", None]),
    ],
)
def test_headers_are_understood_in_english_and_danish(
    headers: list[str], fields: list[str | None]
) -> None:
    found = propose("customers", headers, {})

    assert [column["header"] for column in found] == headers
    assert [column["field"] for column in found] == fields


@pytest.mark.parametrize("header", ["Kreditgrænse", "Kreditmaks", "Kredit maks.", "Credit limit"])
def test_a_credit_limit_is_known_by_what_people_call_it(header: str) -> None:
    assert propose("customers", [header], {}) == [{"header": header, "field": "credit_limit"}]


def test_what_somebody_says_of_a_column_comes_first() -> None:
    wanted = {"firma": "legal_name", "Alias": "name", "By": None}

    found = propose("customers", ["Firma", "Alias", "By", "Navn"], wanted)

    assert [column["field"] for column in found] == ["legal_name", "name", None, None]


def test_a_wrong_mapping_names_what_is_wrong() -> None:
    wanted = {"Colour": "name", "Firma": "colour", "Navn": "city", "By": "city"}

    with pytest.raises(ValidationError) as refused:
        propose("customers", ["Firma", "Navn", "By"], wanted)

    assert [(error.pointer, error.code) for error in refused.value.errors] == [
        ("/mapping/Colour", "unknown_header"),
        ("/mapping/Firma", "unknown_field"),
        ("/mapping/By", "repeated"),
    ]


def test_a_file_without_names_cannot_be_imported() -> None:
    nameless = {
        (entity, header): is_nameless(entity, propose(entity, [header, "Tlf"], {}))
        for entity in ("customers", "leads")
        for header in ("By", "CVR", "Fornavn", "Firma")
    }
    assert nameless == {
        ("customers", "By"): True, ("customers", "CVR"): False, ("customers", "Fornavn"): False,
        ("customers", "Firma"): False, ("leads", "By"): True, ("leads", "CVR"): True,
        ("leads", "Fornavn"): False, ("leads", "Firma"): False,
    }  # fmt: skip


def test_a_row_becomes_the_stored_form_of_its_values() -> None:
    row = read(
        {
            "Id": 4711, "Navn": " Nordlys  ", "CVR": "DK 99 00 00 07", "Adresse": "Prøvevej 12",
            "Adresse 2": "2. tv.", "Land": "Danmark", "Telefon": "70 00 00 07",
            "Roller": "Kunde, leverandør", "Kreditmaksimum": "1.234,56",
            "Sælger": "Anna@Hub.example", "Kundetype": "Privat",
        }
    )  # fmt: skip

    assert row.errors == ()
    assert row.values == {
        "external_ref": "4711", "name": "Nordlys", "cvr": "99000007",
        "address": "Prøvevej 12\n2. tv.", "country": "DK", "phone": "+4570000007",
        "roles": ["customer", "supplier"], "credit_limit": "1234.5600",
        "owner_user_id": str(ANNA), "kind": "person",
    }  # fmt: skip


def test_a_person_is_named_by_first_and_last_name() -> None:
    row = read({"Fornavn": "Signe", "Efternavn": "Prøve"})

    assert row.values == {"name": "Signe Prøve", "kind": "person"}


def test_the_country_of_the_import_is_that_of_its_phone_numbers() -> None:
    row = read({"Name": "Lucy School", "Phone": "312 386 5286"}, country="US")

    assert row.values == {"name": "Lucy School", "country": "US", "phone": "+13123865286"}


def test_a_phone_that_is_none_of_its_country_is_left_out_and_the_row_comes_in() -> None:
    row = read({"Name": "Lucy School", "Phone": "312 386 5286"})

    assert (row.values, row.errors) == ({"name": "Lucy School"}, ())
    assert row.notes == [
        {
            "pointer": "/phone", "code": "left_out", "column": "Phone",
            "message": "Left out, for it is no phone number of {country}: {value}",
            "params": {"country": "DK", "value": "312 386 5286"},
        }
    ]  # fmt: skip


def test_a_phone_with_an_extension_is_left_out_and_told_rather_than_cut() -> None:
    row = read({"Name": "Lucy School", "Phone": "33121233 ext. 12"})

    assert row.values == {"name": "Lucy School"}
    assert [(each["code"], each["message"], each["params"]["value"]) for each in row.notes] == [
        ("left_out", "Left out, for an extension is not kept with a number: {value}",
         "33121233 ext. 12")
    ]  # fmt: skip


def test_a_phone_of_a_row_that_is_refused_for_something_else_is_named_beside_it() -> None:
    row = read({"Navn": "Nordlys", "CVR-nr.": "99000008", "Telefon": "n/a"})

    assert errors(row) == [("/cvr", "check_digit", "CVR-nr."), ("/phone", "format", "Telefon")]
    assert row.notes == ()


def test_a_cell_with_an_error_is_left_out_and_the_row_comes_in() -> None:
    row = read({"Navn": "Nordlys", "By": CellError("#N/A"), "Contact email": CellError("#NAME?")})

    assert (row.values, row.errors) == ({"name": "Nordlys"}, ())
    assert [(n["pointer"], n["code"], n["column"], n["params"]) for n in row.notes] == [
        ("/city", "left_out", "By", {"error": "#N/A"}),
        ("/contact/email", "left_out", "Contact email", {"error": "#NAME?"}),
    ]
    assert {note["message"] for note in row.notes} == {
        "Left out, for the cell holds {error}, an error of the workbook and no value."
    }


def test_a_row_whose_name_is_an_error_is_refused_unless_it_has_a_number() -> None:
    named: dict[str, Cell | CellError] = {"Navn": CellError("#REF!"), "By": CellError("#N/A")}

    refused, numbered = read(named), read({**named, "CVR": "99000007"})

    assert errors(refused) == [
        ("/name", "required", "Navn"), ("/name", "cell_error", "Navn"),
        ("/city", "cell_error", "By"),
    ]  # fmt: skip
    assert [error["params"] for error in refused.errors[1:]] == [
        {"error": "#REF!"}, {"error": "#N/A"},
    ]  # fmt: skip
    assert (numbered.values, numbered.errors) == ({"cvr": "99000007"}, ())
    assert [(note["code"], note["column"]) for note in numbered.notes] == [
        ("left_out", "Navn"), ("left_out", "By"),
    ]  # fmt: skip


def test_a_row_that_would_not_be_known_again_for_an_error_is_refused() -> None:
    row = read({"Id": CellError("#REF!"), "Navn": "Nordlys"})

    assert (errors(row), row.values) == ([("/external_ref", "cell_error", "Id")], {})


def test_an_error_in_a_column_that_is_not_imported_says_nothing() -> None:
    row = read({"Navn": "Nordlys", "Farve": CellError("#REF!")})

    assert (row.values, row.errors, row.notes) == ({"name": "Nordlys"}, (), [])


def test_all_that_is_wrong_with_a_row_is_named_by_column_and_rule() -> None:
    row = read(
        {
            "Navn": "Nordlys", "CVR-nr.": "99000008", "Mail": "nobody", "Roller": "ven",
            "Kredit max": "mange", "Sælger": "bo@hub.example", "Land": "Utopia",
        }
    )  # fmt: skip

    assert sorted(errors(row)) == [
        ("/country", "unknown", "Land"),
        ("/credit_limit", "number.invalid", "Kredit max"),
        ("/cvr", "check_digit", "CVR-nr."),
        ("/email", "format", "Mail"),
        ("/owner_user_id", "unknown_user", "Sælger"),
        ("/roles", "unknown", "Roller"),
    ]


def test_a_row_without_a_name_or_a_number_is_refused() -> None:
    assert errors(read({"Navn": None, "By": "Aarhus"})) == [("/name", "required", "Navn")]


def test_rows_that_say_the_same_are_one_whatever_their_number() -> None:
    one, same = read({"Navn": "Nordlys", "By": "Aarhus"}), read({"By": "Aarhus", "Navn": "Nordlys"})
    other = read({"Navn": "Nordlys", "By": "Odense"})

    assert one.digest == same.digest != other.digest
    assert len({read({"Id": "1", "Navn": n}).digest for n in ("A", "B")}) == 1


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("anna@hub.example", []),  # herself
        ("bo@hub.example", ["field_not_yours"]),
        ("nobody@hub.example", ["unknown_user"]),
    ],
)
def test_who_may_not_assign_names_nobody_but_himself(address: str, expected: list[str]) -> None:
    bo = UUID("01900000-0000-7000-8000-000000000002")
    uploader = replace(
        UPLOADER,
        user_id=ANNA,
        may_assign=False,
        people={**UPLOADER.people, "bo@hub.example": bo},
        assignable=frozenset({ANNA, bo}),
    )
    columns = propose("customers", ["Navn", "Sælger"], {})
    reader = RowReader(
        "customers", columns, Options(), locale="da", uploader=uploader, words=Words()
    )

    row = reader.read(2, ["Nordlys", address])

    assert [error["code"] for error in row.errors] == expected


def test_one_whom_nothing_is_assigned_to_is_no_owner() -> None:
    uploader = replace(UPLOADER, assignable=frozenset())
    columns = propose("customers", ["Navn", "Sælger"], {})
    reader = RowReader(
        "customers", columns, Options(), locale="da", uploader=uploader, words=Words()
    )

    row = reader.read(2, ["Nordlys", "anna@hub.example"])

    assert errors(row) == [("/owner_user_id", "not_assignable", "Sælger")]


def test_a_cell_that_is_not_the_uploaders_to_set_is_refused_with_its_row() -> None:
    uploader = replace(UPLOADER, foreign={"iban": "sensitive"})
    columns = propose("customers", ["Navn", "IBAN"], {})
    reader = RowReader(
        "customers", columns, Options(), locale="da", uploader=uploader, words=Words()
    )

    refused = reader.read(2, ["Nordlys", "DK5000400440116243"])
    empty = reader.read(3, ["Havn", None])

    assert errors(refused) == [("/iban", "field_not_yours", "IBAN")]
    assert "DK50" not in str(refused)
    assert (empty.errors, empty.values["name"]) == ((), "Havn")
