"""Pages and quick search of many customers, and how their cost grows with the number.

``make bench NAME=listing SIZE=1000000`` takes the size of the targets; the default is quicker. Each
figure is of the list itself (`hub.listing`): statements, rows, total, cursors, without HTTP.
"""

import gc
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from statistics import median
from typing import Any

from sqlalchemy import Engine, create_engine, select, text, true
from sqlalchemy.orm import Session

from bench.companies import cities, seed_customers
from bench.databases import copy_database
from bench.figures import Figure, percentile
from bench.settings import adopt
from hub.clock import utcnow
from hub.customers.listing import CUSTOMERS
from hub.customers.models import Customer
from hub.listing import Query, Reader, page, parse_parameters
from hub.listing.cursors import write_cursor
from hub.listing.words import words_of
from tests.stack import Stack

SMALL = 100_000
LARGE = int(os.environ.get("SIZE", "300000"))
PAGES = 60
SEARCHES = 150
SCANS = 15


@dataclass(frozen=True, slots=True)
class Table:
    """Customers of one number, and what is asked of them."""

    size: int
    session: Session
    questions: Sequence[str]
    places: Sequence[Query[Customer]]


def run() -> Iterator[Figure]:
    """Yield the figures of the lists, at two sizes, the looks at which take turns."""
    with Stack() as stack:
        for part in ("relay", "worker", "worker-bulk", "api"):
            stack.stop(part)
        copy = copy_database(stack.database_url, "bench_large")
        engines = [adopt(stack), create_engine(copy)]
        tables = [
            _table(engine, size) for engine, size in zip(engines, (SMALL, LARGE), strict=True)
        ]
        gc.collect()
        gc.freeze()  # as in `api.wsgi`
        yield from _pages(tables)
        yield from _searches(tables)
        for table in tables:
            table.session.close()
        for engine in engines:
            engine.dispose()


def _pages(tables: Sequence[Table]) -> Iterator[Figure]:
    names, random = cities(), Random(7)
    chosen = [random.choice(names) for _ in range(PAGES)]
    first = _timed(tables, PAGES, lambda table, n: _page(table.session, query_of(city=chosen[n])))
    deep = _timed(
        tables, PAGES, lambda table, n: _page(table.session, table.places[n % len(names)])
    )
    for name, times in (
        ("filtered page of 50", first), ("the same, four fifths down the list", deep)
    ):  # fmt: skip
        yield Figure(
            f"{name}, of {LARGE:,}", times[1], "ms", times[0], f"of {SMALL:,}",
            "≤ 1.3×, moonshot 1.1×",
        )  # fmt: skip


def _searches(tables: Sequence[Table]) -> Iterator[Figure]:
    found = _timed(
        tables, SEARCHES, lambda table, n: _page(table.session, query_of(q=table.questions[n]))
    )
    scans = _timed(tables, SCANS, lambda table, n: _scan(table.session, table.questions[n]))
    for table, times, scanned in zip(tables, found, scans, strict=True):
        name = f"quick search, of {table.size:,}"
        yield Figure(
            f"{name}, p50", [median(times)], "ms", [median(scanned)], "sequential scan",
            "10 ms and 0.02×, moonshot 5 ms and 0.01×",
        )  # fmt: skip
        yield Figure(f"{name}, p99", [percentile(times, 0.99)], "ms", goal="50, moonshot 20")


def _table(engine: Engine, size: int) -> Table:
    seed_customers(engine, size)
    session = Session(engine)
    for city in cities():  # the cache is warm, as that of a server in use
        _page(session, query_of(city=city))
    return Table(
        size, session, _questions(engine), [_deep(session, city, size) for city in cities()]
    )


def query_of(**parameters: str) -> Query[Customer]:
    """Return what an administrator asks of the list of customers."""
    reader = Reader(now=utcnow(), zone="Europe/Copenhagen")
    pairs = {"limit": "50", **parameters}
    return parse_parameters(CUSTOMERS, pairs.items(), reader)


def _page(session: Session, query: Query[Customer]) -> None:
    page(session, query, true())
    session.close()  # each look is a transaction of its own, as each request is


def _deep(session: Session, city: str, size: int) -> Query[Customer]:
    """Return the page that begins four fifths down the list of a city's customers."""
    query = query_of(city=city, sort="-created_at")
    place = session.execute(
        select(Customer.created_at, Customer.id)
        .where(Customer.city == city)
        .order_by(Customer.created_at.desc(), Customer.id.desc())
        .offset(int(size / len(cities()) * 0.8))
        .limit(1)
    ).one()
    session.close()
    return replace(query, cursor=write_cursor(query, tuple(place)))


def _questions(engine: Engine) -> list[str]:
    """Return what people type: words of a name, a part of one, a city with it, a phone, a slip."""
    random, rows = Random(11), rows_to_ask_about(engine)
    return [question_about(random.choice(rows), number % 6) for number in range(SEARCHES)]


def rows_to_ask_about(engine: Engine) -> Sequence[Any]:
    """Return some customers to look for."""
    with engine.connect() as connection:
        return connection.execute(
            text("select name, city, phone from customer tablesample system (2) limit 2000")
        ).all()


def question_about(row: Any, kind: int) -> str:
    """Return what somebody types who looks for a customer."""
    words = words_of(row.name)
    longest = max(words, key=len)
    match kind:
        case 0:
            return longest
        case 1:
            return " ".join(words[:2])
        case 2:
            return longest[: max(3, len(longest) - 2)]
        case 3:
            return f"{longest} {row.city.split()[0]}"
        case 4:
            return str(row.phone.removeprefix("+45"))
        case _:
            return longest[:2] + longest[3:] if len(longest) > 6 else longest


def _scan(session: Session, question: str) -> None:
    """Look for the same words without an index, as a list without search would."""
    session.execute(text("set local enable_bitmapscan = off"))
    session.execute(text("set local enable_indexscan = off"))
    session.execute(text("set local max_parallel_workers_per_gather = 0"))
    patterns = [f"%{word}%" for word in words_of(question)]
    session.execute(
        text(
            "select id from customer where deleted_at is null and search_text like all(:patterns)"
            " order by sort_name limit 50"
        ),
        {"patterns": patterns},
    ).all()
    session.close()


def _timed(
    tables: Sequence[Table], count: int, look: Callable[[Table, int], Any]
) -> list[list[float]]:
    """Return the milliseconds of each look, by table."""
    return milliseconds(count, [partial(look, table) for table in tables])


def milliseconds(count: int, looks: Sequence[Callable[[int], Any]]) -> list[list[float]]:
    """Return how long each of some looks took each time; they take turns."""
    times: list[list[float]] = [[] for _ in looks]
    for number in range(count):
        for kept, look in zip(times, looks, strict=True):
            started = time.perf_counter()
            look(number)
            kept.append((time.perf_counter() - started) * 1000)
    return times
