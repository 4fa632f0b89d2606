"""Pages and quick search of many customers, and how their cost grows with the number.

``make bench NAME=listing SIZE=1000000`` takes the size of the targets; the default is quicker. Each
figure is of the list itself (`hub.listing`): statements, rows, total, cursors, without HTTP.
"""

import gc
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from statistics import median
from typing import Any

from sqlalchemy import Engine, select, text, true
from sqlalchemy.orm import Session

from bench.companies import cities, seed_customers
from bench.figures import Figure, percentile
from bench.settings import adopt
from hub.clock import utcnow
from hub.customers.listing import CUSTOMERS
from hub.customers.models import Customer
from hub.db import transaction
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
class Times:
    """Milliseconds of each look at one size."""

    first: Sequence[float]
    deep: Sequence[float]
    search: Sequence[float]
    scan: Sequence[float]


def run() -> Iterator[Figure]:
    """Yield the figures of the lists, at two sizes."""
    small, large = _at(SMALL), _at(LARGE)
    for name, after, before in (
        ("filtered page of 50", large.first, small.first),
        ("the same, four fifths down the list", large.deep, small.deep),
    ):
        yield Figure(
            f"{name}, of {LARGE:,}", after, "ms", before, f"of {SMALL:,}", "≤ 1.3×, moonshot 1.1×"
        )
    for size, times in ((SMALL, small), (LARGE, large)):
        found = times.search
        scan = f"sequential scan of {size:,}"
        yield Figure(
            f"quick search, of {size:,}, p50", [median(found)], "ms", [median(times.scan)], scan,
            "10 ms and 0.02×, moonshot 5 ms and 0.01×",
        )  # fmt: skip
        yield Figure(
            f"quick search, of {size:,}, p99", [percentile(found, 0.99)], "ms",
            goal="50, moonshot 20",
        )  # fmt: skip


def _at(size: int) -> Times:
    with Stack() as stack:
        for part in ("relay", "worker", "worker-bulk", "api"):
            stack.stop(part)
        engine = adopt(stack)
        seed_customers(engine, size)
        questions = _questions(engine)
        gc.collect()
        gc.freeze()  # as in `api.wsgi`
        random = Random(7)
        with transaction() as session:
            for city in cities():  # the cache is warm, as that of a server in use
                _page(session, _query(city=city))
            places = [_deep(session, city, size) for city in cities()]
            times = Times(
                first=_timed(PAGES, lambda _: _page(session, _query(city=random.choice(cities())))),
                deep=_timed(PAGES, lambda n: _page(session, places[n % len(places)])),
                search=_timed(SEARCHES, lambda n: _page(session, _query(q=questions[n]))),
                scan=_timed(SCANS, lambda n: _scan(session, questions[n])),
            )
        engine.dispose()
    return times


def _query(**parameters: str) -> Query[Customer]:
    reader = Reader(now=utcnow(), zone="Europe/Copenhagen")
    pairs = {"limit": "50", **parameters}
    return parse_parameters(CUSTOMERS, pairs.items(), reader)


def _page(session: Session, query: Query[Customer]) -> None:
    page(session, query, true())
    session.expunge_all()


def _deep(session: Session, city: str, size: int) -> Query[Customer]:
    """Return the page that begins four fifths down the list of a city's customers."""
    query = _query(city=city, sort="-created_at")
    place = session.execute(
        select(Customer.created_at, Customer.id)
        .where(Customer.city == city)
        .order_by(Customer.created_at.desc(), Customer.id.desc())
        .offset(int(size / len(cities()) * 0.8))
        .limit(1)
    ).one()
    return replace(query, cursor=write_cursor(query, tuple(place)))


def _questions(engine: Engine) -> list[str]:
    """Return what people type: words of a name, a part of one, a city with it, a phone, a slip."""
    random = Random(11)
    with engine.connect() as connection:
        rows = connection.execute(
            text("select name, city, phone from customer tablesample system (2) limit 2000")
        ).all()
    return [_question(random.choice(rows), number % 6) for number in range(SEARCHES)]


def _question(row: Any, kind: int) -> str:
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


def _timed(count: int, look: Callable[[int], Any]) -> list[float]:
    times = []
    for number in range(count):
        started = time.perf_counter()
        look(number)
        times.append((time.perf_counter() - started) * 1000)
    return times
