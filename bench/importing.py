"""Importing a file of new customers: read, validated, matched, previewed, written with history.

Then all of it is taken back, with its history, which is held against what applying it took.

The default is the size of the target; ``make bench NAME=importing SIZE=20000`` is quicker. The
other side is COPY of the very rows that the import leaves behind, into the same tables with the
same indexes, triggers and constraints: what PostgreSQL takes to write them, and nothing else.
"""

import csv
import io
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Engine

import workers.tasks  # noqa: F401 - registers the bodies
from bench.companies import draw
from bench.figures import Figure
from bench.settings import adopt
from hub import files
from hub.clock import utcnow
from hub.db import transaction
from hub.imports import services
from hub.imports.options import Options
from hub.ledger.tasks import TaskName
from tests.stack import Stack
from workers.chain import drain

SIZE = int(os.environ.get("SIZE", "100000"))
ROUNDS = 2
TABLES = (
    "plan_item", "customer", "match_party", "match_key", "field_fact", "import_identity", "event",
)  # fmt: skip
"""What an import writes a row or more into for each row of its file, in the order of references."""
_MEMORY_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds of one round."""

    previewed: float
    applied: float
    undone: float
    copied: float


def run() -> Iterator[Figure]:
    """Yield the figures of an import."""
    rounds = [_round(seed) for seed in range(ROUNDS)]
    ours = [SIZE / (one.previewed + one.applied) for one in rounds]
    copied = [SIZE / one.copied for one in rounds]
    yield Figure(
        f"import of {SIZE:,} CSV rows, all new", ours, "rows/s", copied,
        "COPY of the same rows into the same tables", "0.25×, moonshot 0.5×",
    )  # fmt: skip
    yield Figure("… of which the preview", [SIZE / one.previewed for one in rounds], "rows/s")
    applied = [SIZE / one.applied for one in rounds]
    yield Figure("… of which the application", applied, "rows/s")
    yield Figure(
        "taking it back", [SIZE / one.undone for one in rounds], "rows/s", applied,
        "applying it", "1×",
    )  # fmt: skip


def _round(seed: int) -> Round:
    with Stack() as stack:
        for part in ("relay", "worker", "worker-bulk", "api"):
            stack.stop(part)
        engine = adopt(stack)
        try:
            content = files.put(_file(seed))
            started = time.perf_counter()
            with transaction() as session:
                job, _ = services.upload(
                    session, content, entity_name="customers", file_name="bench.csv",
                    media_type="text/csv", options=Options(), now=utcnow(),
                )  # fmt: skip
            drain(TaskName.ANALYSE_FILE)
            planned = time.perf_counter()
            with transaction() as session:
                services.apply(session, services.get(session, job.id, lock=True), now=utcnow())
            drain(TaskName.APPLY_IMPORT)
            applied = time.perf_counter()
            _require(job.id, "done")
            kept = _out(engine)
            left = time.perf_counter()
            with transaction() as session:
                services.undo(session, services.get(session, job.id, lock=True), now=utcnow())
            drain(TaskName.UNDO_IMPORT)
            undone = time.perf_counter()
            _require(job.id, "undone")
            return Round(planned - started, applied - planned, undone - left, _copy(engine, kept))
        finally:
            engine.dispose()


def _require(import_id: UUID, outcome: str) -> None:
    with transaction() as session:
        found = services.get(session, import_id)
        assert found.state == outcome, (found.state, found.message, found.counters)
        assert "kept" not in found.counters, found.counters


def _file(seed: int) -> bytes:
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    names = ("id", "name", "address", "postcode", "city", "phone", "email", "industry")
    writer.writerow(names)
    for number, company in enumerate(draw(SIZE, seed)):
        fields = company.fields()
        writer.writerow([number, *(fields[name] for name in names[1:])])
    return target.getvalue().encode()


def _out(engine: Engine) -> dict[str, IO[bytes]]:
    """Return the rows that are in the tables."""
    kept: dict[str, IO[bytes]] = {}
    with _connect(engine) as connection:
        for table in TABLES:
            kept[table] = SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115 - the caller closes it
            with connection.cursor().copy(_statement(table, "to stdout")) as copy:
                for chunk in copy:
                    kept[table].write(chunk)
            kept[table].seek(0)
    return kept


def _copy(engine: Engine, kept: dict[str, IO[bytes]]) -> float:
    """Return how long COPY takes for rows, when the tables are empty."""
    with _connect(engine) as connection:
        connection.execute(
            sql.SQL("truncate {} cascade").format(
                sql.SQL(", ").join(map(sql.Identifier, (*TABLES, "event_unsealed")))
            )
        )
        connection.commit()
        started = time.perf_counter()
        for table, rows in kept.items():
            with connection.cursor().copy(_statement(table, "from stdin")) as copy:
                while chunk := rows.read(_CHUNK_BYTES):
                    copy.write(chunk)
        connection.commit()
        took = time.perf_counter() - started
    for rows in kept.values():
        rows.close()
    return took


def _connect(engine: Engine) -> psycopg.Connection[Any]:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(url, options="-c statement_timeout=0")


def _statement(table: str, way: LiteralString) -> sql.Composed:
    return sql.SQL("copy {} " + way).format(sql.Identifier(table))
