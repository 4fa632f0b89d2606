"""A bare FastAPI application with asyncpg, which prepares every statement."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import asyncpg  # type: ignore[import-untyped]  # it brings no types
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from pydantic_core import to_json

from bench.load import CONNECTIONS
from bench.peers import database, reads, writes
from bench.recording import Recording

_PARAMETER = re.compile(r"%\((\w+)\)s")
_writes, _reads = writes(), reads()


class CustomerCreate(BaseModel):
    """The body of a creation."""

    name: str
    address: str | None = None
    postcode: str | None = None
    city: str | None = None
    phone: str | None = None
    email: str | None = None
    industry: str | None = None


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(
        database(), min_size=CONNECTIONS, max_size=CONNECTIONS
    ) as app.state.pool:
        yield


app = FastAPI(lifespan=_lifespan)


@app.post("/api/v1/customers")
async def create_customer(request: Request, body: CustomerCreate) -> Response:
    """Execute the statements of one creation."""
    del body
    recording = _writes.take()
    await _execute(request, recording)
    return Response(recording.answer, 201, media_type="application/json")


@app.get("/api/v1/customers")
async def list_customers(request: Request) -> Response:
    """Execute the statements of one page and show its rows."""
    rows, *rest = await _execute(request, _reads.take())
    return Response(to_json({"items": rows, "rest": rest}), media_type="application/json")


async def _execute(request: Request, recording: Recording) -> list[list[dict[str, Any]]]:
    answers = []
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        for statement in recording.statements:
            sql, names = _numbered(statement.sql)
            rows = await connection.fetch(sql, *(statement.parameters[name] for name in names))
            answers.append([dict(row) for row in rows])
    return answers


@cache
def _numbered(sql: str) -> tuple[str, list[str]]:
    """Return a statement in PostgreSQL's own writing, and the names of its parameters in order."""
    names = list(dict.fromkeys(_PARAMETER.findall(sql)))
    numbered = _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", sql)
    return numbered.replace("%%", "%"), names
