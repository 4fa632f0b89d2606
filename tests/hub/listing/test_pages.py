import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import true
from sqlalchemy.orm import Session

from hub.errors import ValidationError
from hub.listing import Page, Query, page, page_of_values, parse_parameters
from tests.hub.listing.companies import COMPANIES, NOW, READER, Company, make_company


def ask(*items: tuple[str, str]) -> Query[Company]:
    return parse_parameters(COMPANIES, items, READER)


def names(found: Page[Company]) -> list[str]:
    return [company.name for company in found.rows]


def test_a_page_holds_limit_rows_in_the_default_order_and_the_exact_total(session: Session) -> None:
    for name in ("C", "A", "B"):
        make_company(session, name)

    found = page(session, ask(("limit", "2")), true())

    assert names(found) == ["A", "B"]
    assert (found.total.count, found.total.exact) == (3, True)
    assert (found.next is not None, found.previous) == (True, None)


def test_the_total_is_at_least_the_bound_beyond_it(session: Session) -> None:
    for number in range(4):
        make_company(session, f"{number}")

    at_bound = page(session, ask(("limit", "1")), true(), bound=4)
    beyond = page(session, ask(("limit", "1")), true(), bound=3)

    assert (at_bound.total.count, at_bound.total.exact) == (4, True)
    assert (beyond.total.count, beyond.total.exact) == (3, False)


@pytest.mark.parametrize("sort", ["name", "-amount", "amount"])
@pytest.mark.parametrize("valued", [0, 2, 5])
@pytest.mark.parametrize("bound", [1, 4, 5])
def test_who_sees_few_of_many_is_told_as_much_as_he_sees(
    session: Session, sort: str, valued: int, bound: int
) -> None:
    for number in range(5):  # of some the amount is known: the others are a stretch of their own
        amount = Decimal(number) if number < valued else None
        make_company(session, f"{number}", amount=amount, is_active=True)
        make_company(session, f"Hidden {number}", amount=amount, is_active=True)
    make_company(session, "Other", is_active=False)
    seen = Company.name.not_like("Hidden%")
    query = ask(("limit", "2"), ("sort", sort), ("is_active", "true"))

    found = page(session, query, seen, bound=bound)

    whole = page(session, replace(query, limit=9), seen, bound=5)
    assert names(found) == names(whole)[:2]
    assert (found.total.count, found.total.exact) == (min(bound, 5), bound >= 5)
    assert found.next is not None


def test_hidden_rows_are_neither_listed_nor_counted(session: Session) -> None:
    make_company(session, "Open")
    make_company(session, "Hidden")

    found = page(session, ask(("limit", "1")), Company.name != "Hidden")

    assert names(found) == ["Open"]
    assert (found.total.count, found.total.exact, found.next) == (1, True, None)


def test_tombstones_are_left_out_unless_an_administrator_asks(session: Session) -> None:
    make_company(session, "Here")
    make_company(session, "Gone", deleted_at=NOW)
    administrator = replace(READER, sees_deleted=True)

    usual = page(session, ask(), true())
    whole = page(session, parse_parameters(COMPANIES, [("deleted", "true")], administrator), true())
    with pytest.raises(ValidationError) as refused:
        ask(("deleted", "true"))

    assert names(usual) == ["Here"]
    assert names(whole) == ["Gone", "Here"]
    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/deleted", "not_allowed")]


SORTS = [
    "name", "-name", "employees", "-employees", "-noted_at", "amount,name", "-employees,name",
    "employees,-noted_at,name", "-amount,-due_on", "name,-amount,employees",
]  # fmt: skip


def expected(rows: list[Company], sort: str) -> list[Company]:
    """Sort in Python, last key first, empty values behind."""
    parts = sort.split(",")
    ordered = sorted(rows, key=lambda row: row.id, reverse=parts[-1].startswith("-"))
    for part in reversed(parts):
        name, falling = part.removeprefix("-"), part.startswith("-")
        filled = [row for row in ordered if getattr(row, name) is not None]
        empty = [row for row in ordered if getattr(row, name) is None]
        ordered = sorted(filled, key=lambda row: getattr(row, name), reverse=falling)
        if falling:  # sorted() keeps equals in order also when it reverses
            assert [row for row in ordered if row in filled] == ordered
        ordered += empty
    return ordered


@pytest.mark.parametrize("sort", SORTS)
def test_paging_forwards_and_back_meets_every_row_once_in_order(
    session: Session, sort: str
) -> None:
    chance = random.Random(sort)
    rows = [
        make_company(
            session,
            chance.choice(["A", "B", "C", "D"]),
            employees=chance.choice([None, 1, 2, 3]),
            amount=chance.choice([None, Decimal("1.5"), Decimal(-2)]),
            due_on=chance.choice([None, datetime(2026, 8, 1, tzinfo=UTC).date()]),
            noted_at=chance.choice([None, NOW, datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)]),
        )
        for _ in range(40)
    ]
    wanted = [row.id for row in expected(rows, sort)]

    forwards: list[Any] = []
    query = ask(("sort", sort), ("limit", "7"))
    found = page(session, query, true())
    pages = [found]
    while found.next:
        found = page(session, ask(("sort", sort), ("limit", "7"), ("cursor", found.next)), true())
        pages.append(found)
    forwards = [row.id for each in pages for row in each.rows]
    backwards: list[Any] = [[row.id for row in found.rows]]
    while found.previous:
        found = page(
            session, ask(("sort", sort), ("limit", "7"), ("cursor", found.previous)), true()
        )
        backwards.insert(0, [row.id for row in found.rows])

    assert forwards == wanted
    assert [len(each.rows) for each in pages] == [7, 7, 7, 7, 7, 5]
    assert [identity for each in backwards for identity in each] == wanted


def test_a_cursor_stays_right_when_its_row_goes_and_others_come(session: Session) -> None:
    rows = {name: make_company(session, name) for name in ("A", "B", "C", "D")}
    first = page(session, ask(("limit", "2")), true())
    session.delete(rows["B"])
    make_company(session, "A2")
    make_company(session, "C2")

    second = page(session, ask(("limit", "2"), ("cursor", first.next or "")), true())

    assert names(second) == ["C", "C2"]


@pytest.mark.parametrize(
    ("cursor", "code"),
    [
        ("nonsense!", "invalid_cursor"),
        ("", "invalid_cursor"),
        ("W10", "invalid_cursor"),  # []
        ("WzEsMiwzLDQsNV0", "cursor_of_other_list"),  # [1,2,3,4,5]
        ("é", "invalid_cursor"),
        ("W" * 9_000, "invalid_cursor"),
    ],
)
def test_what_is_no_cursor_is_refused(session: Session, cursor: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        page(session, ask(("cursor", cursor)), true())

    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/cursor", code)]


def test_a_cursor_of_another_sort_is_refused(session: Session) -> None:
    for name in ("A", "B"):
        make_company(session, name)
    cursor = page(session, ask(("limit", "1")), true()).next or ""

    with pytest.raises(ValidationError) as refused:
        page(session, ask(("sort", "-name"), ("cursor", cursor)), true())

    assert refused.value.errors[0].code == "cursor_of_other_list"


def test_a_page_of_values_has_the_columns_asked_for_in_order(session: Session) -> None:
    make_company(session, "A", amount=Decimal("12.5000"), number="7")

    found = page_of_values(session, ask(("fields", "number,newest_remark_at,name,amount")), true())

    assert found.rows == [("7", None, "A", Decimal("12.5000"))]
