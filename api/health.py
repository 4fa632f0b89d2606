"""/healthz and /readyz: the database and its schema decide.

Without Redis, relay or workers requests are served all the same, and their work waits: that is
`degraded`.
"""

import logging
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from flask import Blueprint, Response, json
from sqlalchemy.exc import SQLAlchemyError

from api.calls import Call
from api.operations import PUBLIC, operation
from hub import outside
from hub.db import transaction
from hub.ledger import pulses
from hub.ledger.tasks import Queue
from hub.migrations.schema import current_revision, head_revision
from hub.settings import get_settings

blueprint = Blueprint("health", __name__)
logger = logging.getLogger(__name__)
REDIS_TIMEOUT_S = 0.5  # a frozen Redis must not make us look dead
_DEFAULT_PORT = 6379


class Condition(StrEnum):
    """How a part is."""

    OK = "ok"
    DOWN = "down"
    BEHIND = "behind"
    NOT_SET = "not set"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Health:
    """How the parts are."""

    database: Condition
    schema: Condition
    redis: Condition
    relay: Condition
    workers: Mapping[str, Condition]  # of every queue
    outside: Condition  # whether calls and mails go out; somebody holds them on purpose

    @property
    def is_ready(self) -> bool:
        """Whether requests can be served."""
        return self.database is Condition.OK and self.schema is Condition.OK

    @property
    def word(self) -> str:
        """Return it in a word."""
        if not self.is_ready:
            return "unavailable"
        others = (self.redis, self.relay, *self.workers.values())
        return "ok" if all(each is Condition.OK for each in others) else "degraded"

    @property
    def parts(self) -> Mapping[str, object]:
        """Return how each part is."""
        return {
            "database": self.database,
            "schema": self.schema,
            "redis": self.redis,
            "relay": self.relay,
            "workers": self.workers,
            "outside": self.outside,
        }


def check() -> Health:
    """Look at all parts now."""
    database, schema, alive, outside_is = _check_database()
    return Health(
        database,
        schema,
        _check_redis(),
        relay=_heard(alive.relays),
        workers={queue.value: _heard(count) for queue, count in alive.workers.items()},
        outside=outside_is,
    )


@operation(
    blueprint, "GET", "/healthz", permission=PUBLIC, opens_transaction=False, documented=False
)
def show_liveness(call: Call) -> Response:
    """Say that this process answers."""
    del call
    return _json({"status": "ok"}, HTTPStatus.OK)


@operation(
    blueprint, "GET", "/readyz", permission=PUBLIC, opens_transaction=False, documented=False
)
def show_readiness(call: Call) -> Response:
    """Say whether requests can be served, and how each part is."""
    del call
    health = check()
    status = HTTPStatus.OK if health.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return _json({"status": health.word, "parts": health.parts}, status)


def _check_database() -> tuple[Condition, Condition, pulses.Alive, Condition]:
    """Return how the database and its schema are, who was heard by way of it, what is held."""
    nobody = pulses.Alive(0, dict.fromkeys(Queue, 0))
    try:
        with transaction() as session:
            if current_revision(session.connection()) != head_revision():
                return Condition.OK, Condition.BEHIND, nobody, Condition.DOWN
            held = Condition.HELD if outside.is_held(session) else Condition.OK
            return Condition.OK, Condition.OK, pulses.alive(session), held
    except SQLAlchemyError as error:
        logger.warning("health.database_down", exc_info=error)
        return Condition.DOWN, Condition.DOWN, nobody, Condition.DOWN


def _heard(count: int) -> Condition:
    return Condition.OK if count else Condition.DOWN


def _check_redis() -> Condition:
    url = get_settings().redis_url
    if url is None:
        return Condition.NOT_SET
    try:
        return Condition.OK if _ping(url.get_secret_value()) else Condition.DOWN
    except (OSError, ValueError):
        return Condition.DOWN


def _ping(url: str) -> bool:
    """Ask for a PONG in Redis' own protocol: the API knows no client of Redis (R-4)."""
    parts = urlsplit(url)
    with _open(url) as connection:
        if parts.password:
            secret = [unquote(parts.password)]
            user = [unquote(parts.username)] if parts.username else []
            connection.sendall(_command("AUTH", *user, *secret))
            if not connection.recv(512).startswith(b"+OK"):
                return False
        connection.sendall(_command("PING"))
        return connection.recv(512).startswith(b"+PONG")


def _open(url: str) -> socket.socket:
    parts = urlsplit(url)
    if parts.scheme in {"unix", "redis+socket"}:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(REDIS_TIMEOUT_S)
        try:
            connection.connect(unquote(parts.path))
        except OSError:
            connection.close()
            raise
        return connection
    host, port = parts.hostname or "127.0.0.1", parts.port or _DEFAULT_PORT
    connection = socket.create_connection((host, port), REDIS_TIMEOUT_S)
    if parts.scheme == "rediss":
        return ssl.create_default_context().wrap_socket(connection, server_hostname=host)
    return connection


def _command(*words: str) -> bytes:
    encoded = [word.encode() for word in words]
    bulk = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)
    return b"*%d\r\n%s" % (len(encoded), bulk)


def _json(document: object, status: HTTPStatus) -> Response:
    return Response(json.dumps(document), status, content_type="application/json")
