"""Values that stand nowhere else in the world, and where to look for them afterwards."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import redis
from sqlalchemy import create_engine, text

from tests.journeys.world import World


@dataclass
class Canaries:
    """Secret and personal values by what they are."""

    secret: dict[str, str] = field(default_factory=dict)
    personal: dict[str, str] = field(default_factory=dict)

    @property
    def everything(self) -> Mapping[str, str]:
        return {**self.secret, **self.personal}


def found(values: Mapping[str, str], places: Mapping[str, str]) -> set[tuple[str, str]]:
    """Return which of some values stand where, as (value's name, place)."""
    hits = set()
    for place, content in places.items():
        folded = content.casefold()
        for name, value in values.items():
            forms = (value, value.encode().hex(), value.encode("unicode-escape").decode())
            if any(form.casefold() in folded for form in forms):
                hits.add((name, place))
    return hits


@contextmanager
def redis_watched(world: World) -> Iterator[list[str]]:
    """Gather every command that Redis is sent while the block runs."""
    said: list[str] = []
    ready = threading.Event()
    client = redis.Redis.from_url(world.stack.redis_url)

    def listen() -> None:
        with client.monitor() as monitor:  # type: ignore[no-untyped-call] # redis-py's own
            ready.set()
            for command in monitor.listen():
                said.append(command["command"])
                if command["command"].endswith("end-of-watch"):
                    return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    assert ready.wait(120)
    try:
        yield said
    finally:
        with redis.Redis.from_url(world.stack.redis_url) as other:
            other.echo("end-of-watch")
        listener.join(120)
        client.close()


def redis_contents(world: World) -> str:
    """Return all that Redis holds, in all its databases."""
    parts = []
    for number in range(4):
        with redis.Redis.from_url(world.stack.redis_url, db=number) as client:
            for key in client.scan_iter():
                parts.append(repr(key))
                parts.append(repr(client.dump(key)))
    return "\n".join(parts)


def logs_of(world: World) -> dict[str, str]:
    """Return what every process of the stack, the stores included, has written."""
    return {
        path.name: path.read_text(errors="replace") for path in world.stack.directory.glob("*.log")
    }


def tables_of(world: World, *columns: str) -> dict[str, str]:
    """Return all rows of all tables, or some columns (``job.args``) of all their rows."""
    engine = create_engine(world.stack.database_url)
    with engine.connect() as connection:
        names = connection.scalars(
            text("select tablename from pg_tables where schemaname = 'public'")
        ).all()
        wanted = {column: tuple(column.split(".")) for column in columns} or {
            name: (name, "*") for name in names
        }
        contents = {}
        for place, (table, column) in wanted.items():
            rows = connection.scalars(
                text(f'select t::text from (select {column} from "{table}") t')
            )
            contents[place] = "\n".join(rows)
    engine.dispose()
    return contents
