"""What people look at all day: lists, facets, quick search, timelines, statistics and forecasts.

``make bench NAME=crm`` fills in 1,000,000 customers (``SIZE=…`` another number) with twice as many
notes, half as many leads and a fifth as many opportunities, and beside them a database of a tenth
of that. Each has an API of its own; an administrator asks both the same over HTTP, in turns.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from sqlalchemy import Engine, create_engine, func, select, text

from bench import servers
from bench.companies import seed_customers
from bench.crm_records import seed_records
from bench.databases import copy_database
from bench.figures import Figure, percentile
from bench.listing import milliseconds, question_about, rows_to_ask_about
from bench.settings import adopt
from hub.clock import utcnow
from hub.customers.listing import CUSTOMERS
from hub.leads.listing import LEADS
from hub.listing import Listing, Reader, parse_parameters
from hub.listing.cursors import write_cursor
from hub.listing.ordering import keys_of
from hub.listing.predicates import conditions_met, living
from hub.notes.listing import NOTES
from hub.opportunities.listing import OPPORTUNITIES
from tests.stack import Client, Stack

LARGE = int(os.environ.get("SIZE", "1000000"))
SMALL = LARGE // 10
ROUNDS = 60
DEEP = 0.8  # of the way down a list
GROWTH = ("≤ 1.3×, moonshot 1.1×", "–")  # of the median and of the 99th percentile
SEARCH = ("10 ms, moonshot 5", "50 ms, moonshot 20")

Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """A list as somebody asks for it."""

    listing: Listing[Any]
    parameters: Parameters


PAGES: Mapping[str, Listed] = {
    "customers of a town, by name": Listed(CUSTOMERS, {"city": "Haderslev", "sort": "name"}),
    "customers of a town and trade, newest note first": Listed(
        CUSTOMERS, {"city": "Haderslev", "industry": "Handel", "sort": "-last_note_at"}
    ),
    "open leads of a source, greatest first": Listed(
        LEADS, {"is_open": "true", "source": "web", "sort": "-net_potential_value"}
    ),
    "leads in a state, by number": Listed(LEADS, {"state": "development", "sort": "number"}),
    "notes of a type, newest first": Listed(NOTES, {"type": "call", "sort": "-at"}),
    "open opportunities, by expected close": Listed(
        OPPORTUNITIES, {"is_open": "true", "sort": "expected_close_on"}
    ),
}
FACETS: Mapping[str, Listed] = {
    "leads of a program, with facets": Listed(
        LEADS, {"program": "spring", "facets": "state,source,is_open"}
    ),
    "customers of a town, with facets": Listed(CUSTOMERS, {"city": "Haderslev", "facets": "roles"}),
}
SUMS: Mapping[str, str] = {
    "leads by state and source": "leads/summary?by=state,source",
    "open forecast by month and owner": (
        "opportunities/summary?is_open=true&by=expected_close_on.month,owner"
    ),
    "notes of the last 90 days by week and type": "notes/summary?at.gte=-90d&by=at.week,type",
}
SEARCHED = (CUSTOMERS, LEADS)


class Side:
    """A database of one size, and the API in front of it."""

    def __init__(self, engine: Engine, size: int, client: Client) -> None:
        seed_customers(engine, size)
        self.busy = seed_records(engine)
        self.client = client
        self.questions = _questions(engine)
        self.cursors = {name: _cursor(engine, page) for name, page in PAGES.items()}
        engine.dispose()

    def get(self, path: str, parameters: Parameters | None = None) -> Any:
        """Return what the API answers."""
        answer = self.client.get(f"/api/v1/{path}", params=parameters)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.text}")
        return answer.json()


def run() -> Iterator[Figure]:
    """Yield the figures at the greater size, against those at a tenth of it."""
    with Stack() as stack, ExitStack() as running:
        for part in ("relay", "worker", "worker-bulk", "api"):
            stack.stop(part)
        copy = copy_database(stack.database_url, "bench_large")
        token = str(stack.client.headers["Authorization"]).removeprefix("Bearer ")
        small, large = (
            _side(stack, running, url, size, token)
            for url, size in ((stack.database_url, SMALL), (copy, LARGE))
        )
        yield from _compare(small, large)


def _side(stack: Stack, running: ExitStack, url: str, size: int, token: str) -> Side:
    log = stack.directory / f"bench-{size}.log"
    environment = {**stack.environment, "HUB_DATABASE_URL": url}
    server = running.enter_context(servers.hub_api(environment, log))
    client = Client(f"http://127.0.0.1:{server.port}", token)
    return Side(adopt(stack) if size == SMALL else create_engine(url), size, client)


def _compare(small: Side, large: Side) -> Iterator[Figure]:
    for name, page in {**PAGES, **FACETS}.items():
        first = partial(_look, page.listing.name, page.parameters)
        yield from _figures(name, small, large, first)
        if name in PAGES:
            yield from _figures(f"… {DEEP:.0%} down", small, large, partial(_look_deep, name))
    for listing in SEARCHED:
        yield from _figures(
            f"quick search of {listing.name}", small, large, partial(_search, listing.name),
            SEARCH,
        )  # fmt: skip
    yield from _figures("first page of a long timeline", small, large, _timeline)
    yield from _figures("… the page after it", small, large, _further_timeline(small, large))
    for name, path in SUMS.items():
        yield from _figures(name, small, large, partial(_sum, path))


Look = Callable[[Side, int], Any]


def _figures(
    name: str, small: Side, large: Side, look: Look, goals: tuple[str, str] = GROWTH
) -> Iterator[Figure]:
    """Yield how long it takes at both sizes: the median, then the 99th percentile."""
    looks = [partial(look, side) for side in (small, large)]
    milliseconds(ROUNDS // 6, looks)  # the caches are warm, as those of a server in use
    against, ours = milliseconds(ROUNDS, looks)
    beside = f"of {SMALL:,} customers"
    for share, goal in zip((0.5, 0.99), goals, strict=True):
        yield Figure(
            f"{name}, p{share * 100:.0f}", [percentile(ours, share)], "ms",
            [percentile(against, share)], beside, goal,
        )  # fmt: skip


def _look(path: str, parameters: Parameters, side: Side, number: int) -> None:
    del number
    side.get(path, parameters)


def _look_deep(name: str, side: Side, number: int) -> None:
    del number
    page = PAGES[name]
    side.get(page.listing.name, {**page.parameters, "cursor": side.cursors[name]})


def _search(path: str, side: Side, number: int) -> None:
    side.get(path, {"q": side.questions[number % len(side.questions)]})


def _timeline(side: Side, number: int) -> None:
    del number
    side.get(f"customers/{side.busy}/timeline")


def _further_timeline(*sides: Side) -> Look:
    places = {
        id(each): each.get(f"customers/{each.busy}/timeline")["next_cursor"] for each in sides
    }

    def look(side: Side, number: int) -> None:
        del number
        side.get(f"customers/{side.busy}/timeline", {"cursor": places[id(side)]})

    return look


def _sum(path: str, side: Side, number: int) -> None:
    del number
    side.get(path)


def _questions(engine: Engine) -> Sequence[str]:
    """Return what people type: words of a name, parts, a town with it, a phone, a slip."""
    random, rows = Random(11), rows_to_ask_about(engine)
    return [question_about(random.choice(rows), number % 6) for number in range(ROUNDS)]


def _cursor(engine: Engine, page: Listed) -> str:
    """Return where the page begins that lies most of the way down a list."""
    reader = Reader(now=utcnow(), zone="Europe/Copenhagen")
    query = parse_parameters(page.listing, page.parameters.items(), reader)
    model, keys = page.listing.model, keys_of(query)
    found = [living(query), conditions_met(query.conditions)]
    with engine.connect() as connection:
        connection.execute(text("set statement_timeout = 0"))
        count = connection.execute(
            select(func.count()).select_from(model).where(*found)
        ).scalar_one()
        place = connection.execute(
            select(*(key.expression for key in keys))
            .where(*found)
            .order_by(*(key.clause() for key in keys))
            .offset(int(count * DEEP))
            .limit(1)
        ).one()
    return write_cursor(query, tuple(place))
