from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import true
from sqlalchemy.orm import Session

from hub.listing import page, parse_parameters
from tests.hub.listing.companies import (
    ANNA,
    BENT,
    COMPANIES,
    READER,
    Remark,
    Stage,
    make_company,
)


@pytest.fixture
def four(session: Session) -> Session:
    make_company(
        session,
        "Nordlys A/S",
        number="1",
        stage=Stage.NEW,
        employees=5,
        amount=Decimal("10.50"),
        due_on=date(2026, 8, 20),
        noted_at=datetime(2026, 8, 19, 22, 0, tzinfo=UTC),  # midnight in Copenhagen
        is_active=True,
        owner_id=ANNA,
        tags=["vip", "export"],
        id=UUID(int=1),
    )
    make_company(
        session,
        "Sydhavn 100%_x",
        number="2",
        stage=Stage.WON,
        employees=50,
        amount=Decimal(-1),
        due_on=date(2026, 8, 21),
        noted_at=datetime(2026, 8, 20, 21, 59, 59, 999999, tzinfo=UTC),
        is_active=False,
        owner_id=BENT,
        tags=[],
        id=UUID(int=2),
    )
    make_company(session, "Østerport", stage=Stage.LOST, number="", tags=["vip"], id=UUID(int=3))
    make_company(session, "Aa nord", id=UUID(int=4), noted_at=datetime(2026, 8, 21, tzinfo=UTC))
    for company, at, kind in (
        (1, datetime(2026, 1, 10, tzinfo=UTC), "call"),
        (1, datetime(2026, 3, 10, tzinfo=UTC), "mail"),
        (2, datetime(2026, 2, 10, tzinfo=UTC), "call"),
    ):
        session.add(Remark(company_id=UUID(int=company), at=at, kind=kind))
    session.flush()
    return session


def found(session: Session, *items: str) -> list[int]:
    pairs = [tuple(item.split("=", 1)) for item in items]
    query = parse_parameters(COMPANIES, [(name, text) for name, text in pairs], READER)
    rows = page(session, query, true()).rows
    return sorted(row.id.int for row in rows)


@pytest.mark.parametrize(
    ("items", "rows"),
    [
        (["name=Nordlys A/S"], [1]),
        (["name=nordlys a/s"], []),
        (["name.ne=Nordlys A/S"], [2, 3, 4]),
        (["name.contains=NORD"], [1, 4]),
        (["name.contains=100%_"], [2]),
        (["name.contains=0%x"], []),
        (["name.contains=ØSTER"], [3]),
        (["name.contains=sterport"], [3]),
        (["name.contains=a"], [1, 2, 4]),
        (["name.starts=nord"], [1]),
        (["name.starts=øst"], [3]),
        (["number.empty=true"], [3, 4]),
        (["number.empty=false"], [1, 2]),
        (["number.ne=1"], [2, 3, 4]),
        (["stage=won", "stage=lost"], [2, 3]),
        (["stage.ne=won", "stage.ne=lost"], [1, 4]),
        (["employees=5"], [1]),
        (["employees.ne=5"], [2, 3, 4]),
        (["employees.gt=5"], [2]),
        (["employees.gte=5", "employees.lt=50"], [1]),
        (["employees.lte=50"], [1, 2]),
        (["employees.empty=true"], [3, 4]),
        (["employees.empty=true", "employees.empty=false"], [1, 2, 3, 4]),
        (["amount=10.5"], [1]),
        (["amount.lt=0"], [2]),
        (["due_on.lt=today"], [1]),
        (["due_on=today"], [2]),
        (["due_on.gte=week", "due_on.lt=week+1w"], [1, 2]),
        (["noted_at=2026-08-20"], [1, 2]),
        (["noted_at.ne=2026-08-20"], [3, 4]),
        (["noted_at.lt=2026-08-20"], []),
        (["noted_at.lte=2026-08-20"], [1, 2]),
        (["noted_at.gt=2026-08-20"], [4]),
        (["noted_at.gte=2026-08-21"], [4]),
        (["noted_at=2026-08-20T00:00:00 02:00"], [1]),
        (["noted_at=2026-08-20", "noted_at=today"], [1, 2, 4]),
        (["is_active=true"], [1]),
        (["is_active.ne=true"], [2, 3, 4]),
        (["is_active.empty=true"], [3, 4]),
        (["owner=me"], [1]),
        (["owner.ne=me"], [2, 3, 4]),
        ([f"owner={BENT}", "owner=me"], [1, 2]),
        (["tags=vip"], [1, 3]),
        (["tags=vip", "tags=none"], [1, 3]),
        (["tags.ne=export"], [2, 3, 4]),
        (["tags.empty=true"], [2, 4]),
        (["tags.empty=false"], [1, 3]),
        (["letters=7"], [4]),
        (["newest_remark_at.gte=2026-03-01"], [1]),
        (["newest_remark_at.empty=true"], [3, 4]),
        (["name.contains=nord", "stage=new", "employees.lt=10"], [1]),
    ],
)
def test_each_operator_finds_its_rows(four: Session, items: list[str], rows: list[int]) -> None:
    assert found(four, *items) == rows


@pytest.mark.parametrize(
    ("items", "rows"),
    [
        (["remark.at.gte=2026-02-01", "remark.at.lt=2026-03-01"], [2]),  # 1 has none in February
        (["remark.at.gte=2026-01-01", "remark.at.lt=2026-04-01"], [1, 2]),
        (["remark.at.lt=2026-02-01", "remark.kind=mail"], []),  # the same remark must be both
        (["remark.at.gte=2026-03-01", "remark.kind=mail"], [1]),
        (["remark.kind.ne=call"], [3, 4]),
        (["remark.at.empty=true"], [3, 4]),
        (["remark.at.empty=false", "remark.kind=call"], [1, 2]),
    ],
)
def test_conditions_on_rows_of_another_table_are_met_by_one_and_the_same(
    four: Session, items: list[str], rows: list[int]
) -> None:
    assert found(four, *items) == rows


def test_a_hundred_alternatives_are_one_condition(four: Session) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    days = [f"noted_at={(start + timedelta(days)).date()}" for days in range(160, 260)]

    assert found(four, *days) == [1, 2, 4]
