"""A fault between any two statements of a write leaves all of it or nothing (R-3)."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError

import hub.db
from api.app import create_app
from api.authentication import forget_tokens
from api.declarations import Operation
from api.operations import View
from hub.access.roles import Role
from hub.signing_in import passwords
from hub.signing_in.attempts import Limit
from tests.api.conftest import make_caller
from tests.api.signing_in import cheap_hashing
from tests.chaos.requests import Request
from tests.chaos.scene import API, Scene
from tests.chaos.write_cases import CASES
from tests.databases import Cleaner

MOST_STATEMENTS = 150  # a request that needs more has a fault of another kind
UNTIED = {"api_token": "last_used_at"}  # noted by the request that shows it, whatever comes of it
COUNTED = "attempt_count"  # says how often somebody tried, whatever came of it: not a part of it
WITHOUT_KEY = ("/tokens", "/me/password", "/session/sign-out")  # their answers are not kept
BESIDE_THE_API = ("/hooks/", "/tickets/hub_ticket_")


@dataclass(slots=True)
class Fault:
    """Breaks the connection before the statement of a number, counted from 1, or the commit."""

    at: int = 0
    seen: int = 0
    struck: bool = False

    def arm(self, at: int) -> None:
        self.at, self.seen, self.struck = at, 0, False

    def pass_by(self, *_: object) -> None:
        if not self.at:
            return
        self.seen += 1
        if self.seen == self.at:
            self.struck = True
            raise OperationalError("", {}, psycopg.OperationalError("server closed the connection"))


@dataclass(slots=True)
class Writes:
    """Notes whether a transaction that had written something was committed."""

    committed: bool = False

    def pass_by(self, connection: Connection) -> None:
        cursor = connection.connection.cursor()  # not the connection's own: that meets the fault
        cursor.execute("select pg_current_xact_id_if_assigned()")
        self.committed |= cursor.fetchone() != (None,)
        cursor.close()

    def take(self) -> bool:
        found, self.committed = self.committed, False
        return found


def writing_operations(app: Flask) -> Iterator[Operation]:
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        assert isinstance(view, View)
        if view.operation.method != "GET":
            yield view.operation


@pytest.fixture(scope="module")
def app() -> Flask:
    return create_app()


@pytest.fixture(scope="module")
def engine(_engine: tuple[Engine, Cleaner]) -> Iterator[Engine]:
    """One database for all routes: a fault that leaves nothing leaves the next a clean field."""
    used, cleaner = _engine
    hub.db.bind_sessions(bind=used)
    yield used
    cleaner.clean()


@pytest.fixture(scope="module")
def scene(app: Flask, engine: Engine) -> Iterator[Scene]:
    forget_tokens()
    with pytest.MonkeyPatch.context() as patch, cheap_hashing(patch):
        for name in ("PER_ACCOUNT", "PER_ADDRESS", "PER_CALLER"):  # a faulted attempt is one, too
            patch.setattr(passwords, name, Limit("test", 1_000, timedelta(minutes=1)))
        yield Scene(app.test_client(), make_caller(Role.ADMINISTRATOR, "anna@example.com"))
    forget_tokens()


@contextmanager
def faults_of(engine: Engine) -> Iterator[tuple[Fault, Writes]]:
    fault, writes = Fault(), Writes()
    listeners: list[tuple[str, Callable[..., None]]] = [
        ("before_cursor_execute", fault.pass_by),
        ("commit", fault.pass_by),  # before the other: what this breaks is not committed
        ("commit", writes.pass_by),
    ]
    for name, listener in listeners:
        event.listen(engine, name, listener)
    logging.disable(logging.WARNING)  # thousands of tracebacks of one and the same fault
    try:
        yield fault, writes
    finally:
        logging.disable(logging.NOTSET)
        for name, listener in listeners:
            event.remove(engine, name, listener)


class Snapshot:
    """Tells whether anything has changed in a database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with engine.connect() as connection:
            tables = connection.scalars(
                text(
                    "select relname from pg_class where relnamespace = 'public'::regnamespace"
                    " and relkind in ('r', 'p') and not relispartition and relname <> :counted"
                    " order by 1"
                ),
                {"counted": COUNTED},
            ).all()
        self._question = text(
            " union all ".join(
                f"select '{table}', count(*), coalesce(sum(hashtextextended({row}, 0)), 0)"
                f' from public."{table}" t'
                for table, row in ((table, _row_of(table)) for table in tables)
            )
        )

    def take(self) -> dict[str, tuple[int, Decimal]]:
        with self._engine.connect() as connection:
            return {
                name: (count, digest) for name, count, digest in connection.execute(self._question)
            }


def _row_of(table: str) -> str:
    """Return the text of a row of a table, without what is not tied to the request."""
    untied = UNTIED.get(table)
    return "t::text" if untied is None else f"(to_jsonb(t) - '{untied}')::text"


@pytest.fixture(scope="module")
def snapshot(engine: Engine) -> Iterator[Snapshot]:
    apart = create_engine(engine.url)  # its own statements meet no fault
    yield Snapshot(apart)
    apart.dispose()


def send(scene: Scene, method: str, request: Request) -> Any:
    named = {**scene.caller.headers, **request.headers}
    headers = {name: value for name, value in named.items() if value}
    if (
        method == "POST"
        and request.path not in WITHOUT_KEY
        and not request.path.endswith("-secret")
    ):
        headers["Idempotency-Key"] = "once"
    body: dict[str, Any] = {"data": request.data} if request.data is not None else {}
    if request.json is not None:
        body = {"json": request.json}
    prefix = "" if request.path.startswith(BESIDE_THE_API) else API
    return scene.client.open(prefix + request.path, method=method, headers=headers, **body)


def is_looked_at(number: int) -> bool:
    """Tell when all tables are looked at though nothing was seen to be committed."""
    return number % 8 == 4


def test_every_route_that_writes_has_its_case(app: Flask) -> None:
    routes = {f"{operation.method} {operation.path}" for operation in writing_operations(app)}

    assert routes == set(CASES)


@pytest.mark.parametrize("route", CASES)
def test_a_fault_before_any_statement_leaves_nothing_and_without_one_all_is_there(
    scene: Scene, snapshot: Snapshot, engine: Engine, route: str
) -> None:
    method = route.partition(" ")[0]
    request = CASES[route](scene)
    before = snapshot.take()

    with faults_of(engine) as (fault, writes):
        fault.arm(1)
        answer = send(scene, method, request)
        while fault.struck and fault.at < MOST_STATEMENTS:
            assert answer.status_code == 503, (fault.at, answer.text)
            if writes.take() or is_looked_at(fault.at):
                assert snapshot.take() == before, f"half of it was kept after statement {fault.at}"
            fault.arm(fault.at + 1)
            answer = send(scene, method, request)

    assert answer.status_code < 300, answer.text
    after = snapshot.take()
    changed = {table for table, state in after.items() if state != before[table]}
    assert fault.seen >= 3
    assert changed - {"idempotency_key"}
    for linked in answer.headers.get("Link", "").split(","):
        if 'rel="job"' in linked:
            assert "job" in changed
