from dataclasses import replace

import pytest
from sqlalchemy import Engine

from hub.listing import describe, openapi_parameters, sort_text, sorts_without_index
from tests.hub.listing.companies import COMPANIES, READER


def test_every_parameter_is_documented_once() -> None:
    names = [parameter["name"] for parameter in openapi_parameters(COMPANIES)]

    assert len(names) == len(set(names))
    assert names[:5] == ["name", "name.ne", "name.contains", "name.starts", "name.empty"]
    assert names[-7:] == ["q", "sort", "fields", "facets", "limit", "cursor", "deleted"]
    assert {"remark.at.gte", "letters", "owner.empty"} <= set(names)
    assert "letters.ne" not in names


def test_a_parameter_says_what_it_takes() -> None:
    by_name = {parameter["name"]: parameter for parameter in openapi_parameters(COMPANIES)}

    assert by_name["stage"]["schema"] == {
        "type": "array",
        "items": {"type": "string", "enum": ["new", "won", "lost"]},
        "maxItems": 100,
    }
    assert by_name["due_on.empty"]["schema"]["items"] == {"type": "boolean"}
    assert by_name["sort"]["schema"]["items"]["enum"][:2] == ["name", "employees"]
    assert by_name["limit"]["schema"] == {
        "type": "integer", "minimum": 1, "maximum": 500, "default": 50,
    }  # fmt: skip


def test_a_list_is_described_as_far_as_its_reader_sees() -> None:
    described = describe(COMPANIES, READER)
    by_name = {field["name"]: field for field in described["fields"]}

    assert (described["name"], described["search"], described["default_sort"]) == (
        "companies", True, ["name"],
    )  # fmt: skip
    assert "secret" not in by_name
    assert by_name["stage"]["choices"][0] == {"value": "new", "label": "New"}
    assert by_name["due_on"]["buckets"][0] == {
        "name": "overdue", "label": "Overdue", "filter": {"lt": "today"},
    }  # fmt: skip
    assert by_name["remark.at"]["column"] is False
    trusted = replace(READER, classes=frozenset({"public", "sensitive"}))
    assert "secret" in {field["name"] for field in describe(COMPANIES, trusted)["fields"]}


def test_a_sort_without_an_index_is_found(companies: Engine) -> None:
    with companies.begin() as connection:
        missing = sorts_without_index(connection, COMPANIES, READER)

    assert missing == [
        "amount", "-amount", "due_on", "-due_on", "secret", "-secret",
    ]  # fmt: skip


def test_names_sort_as_danes_expect() -> None:
    names = ["Ørsted", "zebra 10", "Aarhus", "Æble", "Zebra 9", "abe", "Åbo", "École"]

    assert sorted(names, key=sort_text) == [
        "abe", "École", "Zebra 9", "zebra 10", "Æble", "Ørsted", "Åbo", "Aarhus",
    ]  # fmt: skip


@pytest.mark.parametrize("locale", ["en", "da"])
def test_a_description_is_to_be_had_in_every_language(locale: str) -> None:
    assert describe(COMPANIES, replace(READER, locale=locale))["fields"][0]["name"] == "name"
