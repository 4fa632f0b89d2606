"""Records the statements by which Hub answers requests, for others to execute the very same."""

import json
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from psycopg.dbapi20 import Binary
from psycopg.types.json import Json, Jsonb
from sqlalchemy import Engine, event

from bench.load import Request
from hub.db import Ids, UuidArray

LONG_ENOUGH_S = 3_600.0  # for all that is recorded


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL in psycopg's writing, with its parameters as plain values (JSON as text)."""

    sql: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recording:
    """What one request did in its transaction, and the body it was answered with."""

    statements: tuple[Statement, ...]
    answer: bytes


def record(
    app: Flask, engine: Engine, requests: Sequence[Request], *, status: int
) -> tuple[list[Request], list[Recording]]:
    """Answer requests in this process; return those answered as expected, with their recordings.

    Whose tokens these are is looked up before: Hub remembers it, and the others know no tokens.
    """
    from api import authentication  # which the peers need not load

    authentication.REMEMBERED_S = LONG_ENOUGH_S
    client = app.test_client()
    client.get("/api/v1/me", headers=requests[0].headers)
    statements: list[Statement] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(  # noqa: PLR0917 - SQLAlchemy calls it so
        connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: Any
    ) -> None:
        del connection, cursor, context, many
        plain = {name: _plain(value) for name, value in dict(parameters).items()}
        statements.append(Statement(sql, plain))

    answered, recordings = [], []
    for request in requests:
        statements.clear()
        answer = client.open(
            request.path,
            method=request.method,
            headers=request.headers,
            data=request.body,
            content_type="application/json" if request.body is not None else None,
        )
        if answer.status_code == status:
            answered.append(request)
            recordings.append(Recording(tuple(statements), answer.data))
    event.remove(engine, "before_cursor_execute", note)
    if len(answered) < 0.9 * len(requests):
        raise RuntimeError(f"{len(answered)} of {len(requests)} requests were answered {status}")
    return answered, recordings


def save(recordings: Sequence[Recording], path: Path) -> None:
    """Write recordings for the peers."""
    path.write_bytes(pickle.dumps(recordings))


def load(path: Path) -> list[Recording]:
    """Read what `save` wrote."""
    recordings: list[Recording] = pickle.loads(path.read_bytes())  # noqa: S301 - our own, just now
    return recordings


def _plain(value: Any) -> Any:
    match value:
        case Json() | Jsonb():
            return json.dumps(value.obj)
        case Binary():
            return bytes(value.obj)
        case UuidArray():
            return list(Ids.of_wire(value))
        case _:
            return value
