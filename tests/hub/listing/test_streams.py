from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text, true
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

import hub.db
from hub.errors import HubError
from hub.listing import Query, page, parse_parameters, snapshot, stream
from hub.listing.streams import BATCH
from tests.hub.listing.companies import ANNA, COMPANIES, READER, Company, make_companies


def ask(*items: tuple[str, str]) -> Query[Company]:
    return parse_parameters(COMPANIES, items, READER)


def test_all_rows_come_in_order_with_the_columns_and_captions_asked_for(session: Session) -> None:
    make_companies(
        session,
        [{"name": name, "amount": Decimal(index)} for index, name in enumerate("BAC")]
        + [{"name": "D", "owner_id": ANNA}],
    )
    session.commit()

    with snapshot(session) as connection:
        rows = stream(
            connection, ask(("fields", "name,amount,owner"), ("sort", "-amount"), ("limit", "1")),
            true(),
        )  # fmt: skip
        read = list(rows)

    assert [column.name for column in rows.columns] == ["name", "amount", "owner"]
    assert read == [
        ("C", Decimal(2), None), ("A", Decimal(1), None), ("B", Decimal(0), None), ("D", None, "A"),
    ]  # fmt: skip
    assert rows.total == 4


def test_the_rows_are_those_of_the_same_list(session: Session) -> None:
    make_companies(session, [{"name": f"Nord {n}"} for n in range(5)] + [{"name": "Syd"}])
    session.commit()
    query = ask(("q", "nord"), ("fields", "name"))
    visible = Company.name != "Nord 3"

    listed = page(session, query, visible)
    with snapshot(session) as connection:
        rows = stream(connection, query, visible)
        read = [name for (name,) in rows]

    assert read == ["Nord 0", "Nord 1", "Nord 2", "Nord 4"]
    assert (rows.total, listed.total.count) == (4, 4)
    assert sorted(company.name for company in listed.rows) == read


def test_what_others_commit_meanwhile_is_not_seen(session: Session) -> None:
    many = BATCH + 10
    make_companies(session, [{"name": f"{n:05}"} for n in range(many)])
    session.commit()

    with snapshot(session) as connection:
        rows = stream(connection, ask(("fields", "name")), true())
        reading = iter(rows)
        first = next(reading)
        with hub.db.transaction() as other:
            other.execute(text("delete from company where name > '00001'"))
        rest = list(reading)
        again = stream(connection, ask(), true()).total

    assert (first, len(rest), rows.total, again) == (("00000",), many - 1, many, many)


def test_a_stream_writes_nothing_and_has_a_time_out_of_its_own(session: Session) -> None:
    with (
        snapshot(session, statement_timeout=timedelta(seconds=1)) as connection,
        pytest.raises(OperationalError, match="statement timeout"),
    ):
        connection.execute(text("select pg_sleep(25)"))
    with snapshot(session) as connection:
        assert connection.execute(text("show statement_timeout")).scalar() == "10min"
        assert connection.execute(text("show transaction_isolation")).scalar() == "repeatable read"
        with pytest.raises(Exception, match="read-only transaction"):
            connection.execute(text("delete from company"))
    assert session.execute(text("show statement_timeout")).scalar() == "30s"
    assert session.execute(text("show transaction_read_only")).scalar() == "off"


def test_a_stream_that_is_not_whole_says_so(session: Session) -> None:
    make_companies(session, [{"name": "A"}, {"name": "B"}])
    session.commit()

    with snapshot(session) as connection:
        rows = stream(connection, ask(), true())
        rows.total += 1  # within a snapshot only a fault of ours could make them differ
        with pytest.raises(HubError, match="2 rows were read where 3 were counted"):
            list(rows)
