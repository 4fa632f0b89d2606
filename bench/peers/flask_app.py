"""A bare Flask application with a pool of psycopg connections, one for every thread."""

import queue
from typing import Any

import psycopg
from flask import Flask, Response, request
from psycopg.rows import dict_row
from pydantic_core import to_json

from bench.load import CONNECTIONS
from bench.peers import database, reads, writes
from bench.recording import Recording

app = Flask(__name__)
_pool: queue.SimpleQueue[psycopg.Connection[dict[str, Any]]] = queue.SimpleQueue()
for _ in range(CONNECTIONS):
    _pool.put(psycopg.connect(database(), row_factory=dict_row))
_writes, _reads = writes(), reads()


@app.post("/api/v1/customers")
def create_customer() -> Response:
    """Execute the statements of one creation."""
    if not request.get_json()["name"]:
        return Response(status=422)
    recording = _writes.take()
    _execute(recording)
    return Response(recording.answer, 201, content_type="application/json")


@app.get("/api/v1/customers")
def list_customers() -> Response:
    """Execute the statements of one page and show its rows."""
    rows, *rest = _execute(_reads.take())
    return Response(to_json({"items": rows, "rest": rest}), content_type="application/json")


def _execute(recording: Recording) -> list[list[dict[str, Any]]]:
    answers = []
    connection = _pool.get()
    try:
        with connection.transaction():
            for statement in recording.statements:
                cursor = connection.execute(statement.sql, statement.parameters)
                answers.append(cursor.fetchall() if cursor.description else [])
    finally:
        _pool.put(connection)
    return answers
